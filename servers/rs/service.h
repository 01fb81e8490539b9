// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A service as rs keeps it, and the table of all.
//
// States (enum rs_state) and what moves a service on:
//
//   STOPPED --start--> WAITING --all needs run--> STARTING --RS_READY--> RUNNING
//   RUNNING --stop, restart--> STOPPING (if it can be asked; else it is killed)
//   STARTING, RUNNING, STOPPING --death--> CLEARING (if owned: its device must be made safe)
//   CLEARING --RS_INSTANCE_CLEARED--> settled;  death without an owner --> settled
//   settled: RESTARTING --back-off over--> WAITING;  after a stop STOPPED;  after a restart or
//       update WAITING;  retries used up DEGRADED
//   STOPPED, FAILED, DEGRADED --start--> WAITING
//   WAITING --its binary is bad--> FAILED;  WAITING, RESTARTING --RS_INSTANCE_RENEW--> CLEARING
//
// Invariants:
//   S1  `process` is a handle exactly in STARTING, RUNNING and STOPPING (rs's own entry apart,
//       which has none).
//   S2  `deadline` is DEADLINE_NEVER except where the state waits for time: STARTING
//       (ready_timeout), STOPPING (stop_timeout), CLEARING (the owner is signalled again),
//       RESTARTING, and RUNNING with a heartbeat.
//   S3  endpoint, log ring and checkpoint are made once and stay.
//   S4  `down_since` is 0 exactly while nothing is missing: RUNNING (and nobody complained), or
//       stopped on request.
//   S5  `process` is noted, with the state still WAITING, before its first thread runs; so a
//       process that a new incarnation of rs finds in such a state is half born.

#pragma once

#include "abi/rs.h"
#include "abi/syscall.h"
#include "lib/svc/svc.h"
#include "servers/rs/outage.h"
#include "servers/rs/policy.h"

enum {
    SERVICES_MAX = 256,
    SERVICE_GRANTS_MAX = 24, // handles that an owner adds to an instance
};

struct service_grant {
    struct rs_grant grant;
    handle_t handle;
    uint32_t rights;
};

// Code and constants of a process of its own, for mutations (fault.c).
struct fault_text {
    handle_t memory;
    uint8_t *alias; // writable
    uint64_t bytes;
};

// What becomes of a service after the death that somebody asked for.
enum service_intent {
    INTENT_NONE, // nobody did: policy decides
    INTENT_STOP,
    INTENT_RESTART,
    INTENT_UPDATE,
};

struct image;

// A live update on its way (update.c).
struct update {
    enum { UPDATE_NONE, UPDATE_WANTED, UPDATE_TRIAL } state;
    struct image *image; // WANTED: the new one, TRIAL: the old one; NULL: the boot archive's
    handle_t reply;      // to whom it is told how it went
};

struct service {
    uint32_t id;   // never reused
    uint32_t slot; // its place in the saved state
    enum rs_state state;
    const struct svc_manifest *manifest;
    char name[RS_NAME_MAX];
    struct service *owner; // who made this instance; NULL: started by rs itself
    char key[RS_NAME_MAX]; // the owner's name for it

    handle_t endpoint, process, log_ring, checkpoint;
    handle_t watch;          // RS_WATCH: told of every change
    handle_t instance_watch; // RS_INSTANCE_WATCH: told of its instances' changes
    handle_t ping;           // RS_HEARTBEAT
    handle_t stop;           // RS_STOP_SIGNAL

    unsigned grants;
    struct service_grant grant[SERVICE_GRANTS_MAX];
    size_t arguments_bytes;
    char arguments[STARTUP_ARGUMENTS]; // added by the owner; NUL-terminated words

    time_ns_t deadline;
    enum service_intent intent;
    bool renewing;       // starts when all that need it have ended
    char reason[80];     // why rs killed it, or empty
    bool excused;        // killed on request
    time_ns_t pinged_at; // heartbeat that it has not answered yet; 0: none
    uint32_t late;       // ticks since then (heartbeat.c)

    struct image *image; // its binary; NULL: the boot archive's
    struct update update;

    struct policy_state policy;
    uint32_t crashes, restarts;
    uint32_t hangs;       // killed for a missing heartbeat
    uint32_t complaints;  // killed for what a client said
    uint64_t incarnation; // of the process there is, or was
    bool started_before;
    time_ns_t started_at, ready_at, died_at; // of the process there is, or was
    time_ns_t down_since;
    struct process_status last; // at its last death
    char last_reason[80];
    struct outage outage;    // from a death, or what was missed before it, to RS_READY
    struct outage detection; // from a death to rs's knowing; from a missed heartbeat to the kill
    struct rs_dma dma;       // of its device (RS_INSTANCE_DMA)

    enum rs_fault fault; // to be committed at its next heartbeat
    bool faulted;        // what this incarnation does is not its own fault
    struct fault_text text;
};

// ---- the table (service.c) ----

// Enters a service that was saved.
void service_enter(struct service *service);

// A new entry in state STOPPED with its endpoint, log ring and checkpoint. NULL: no memory, or the
// name is taken.
struct service *service_create(const struct svc_manifest *manifest, const char *name,
                               struct service *owner);

// Forgets a service without a process and closes its handles; the log ring stays with the log
// server.
void service_destroy(struct service *service);

struct service *service_by_id(uint32_t id);
struct service *service_by_name(const char *name);
struct service *service_by_index(uint32_t index); // NULL past the end
uint32_t service_count(void);
uint64_t service_changes(void);

// Moves to a state and tells watchers and owner.
void service_set_state(struct service *service, enum rs_state state);

// Forgets one of rs's own handles, if there is one; it is closed at the next commit.
void service_close_handle(handle_t *handle);

// Signals all who watch anything: they look anew.
void service_tell_all(void);

const char *service_state_name(enum rs_state state);

// ---- life (life.c) ----

// Starts it and, if they are stopped, what it needs. 0, or -E_BUSY in a state that cannot start.
int service_start(struct service *service);

// Ends it without a successor (state STOPPED when it is dead). -E_BUSY: a running service needs it.
int service_stop(struct service *service);

int service_restart(struct service *service);

// Has its process end, in good order if it can be asked to.
void service_end(struct service *service, enum service_intent intent, const char *reason);

// Ends it at once; `reason` goes into its last words. `excused`: not its own fault.
int service_kill(struct service *service, const char *reason, bool excused);

// A client waits since then for what it does not do. -E_BUSY: nothing is running.
int service_complaint(struct service *service, time_ns_t since);

// Its process, if it had one, is gone: its owner has to make the device safe.
void service_clear(struct service *service);

// The process is gone and its device safe: what next?
void service_settle(struct service *service);

// Those that declare to be restarted with it (`restart_with`).
void service_restart_bound(const struct service *server);

// As policy and manifest say when the retries are used up.
void service_give_up(struct service *service);

// After rs's own restart: does what was begun, and looks at it anew. `away`: how long rs was.
void service_resume(struct service *service, uint64_t away);

// Everything that waits and has what it needs.
void service_start_waiting(void);

void service_ready(struct service *service);                         // RS_READY
int service_cleared(struct service *service);                        // RS_INSTANCE_CLEARED
void service_dma(struct service *service, const struct rs_dma *dma); // RS_INSTANCE_DMA
void service_check_deadlines(time_ns_t now);
time_ns_t service_next_deadline(void);

// ---- update.c ----

// RS_UPDATE. HANDLE_NONE: the boot archive's binary. An error, or UPDATE_UNDER_WAY: the caller has
// been set aside and is answered later.
enum { UPDATE_UNDER_WAY = 1 };
int64_t update_begin(struct service *service, handle_t memory, uint64_t bytes);

void update_try(struct service *service);   // the old process is gone
void update_ready(struct service *service); // a process said RS_READY
// The update, if there is one, ends with this error, and the old binary is the service's again.
// False: there was none.
bool update_failed(struct service *service, int error);

// ---- death.c ----

void service_check_deaths(void); // a watched process died

// ---- heartbeat.c ----

void heartbeat_start(struct service *service);               // it is RUNNING now
void heartbeat_pass(struct service *service, time_ns_t now); // its deadline has passed
void heartbeat_answer(struct service *service);              // RS_HEARTBEAT
void heartbeat_check_memory(struct service *service);        // kills one that has too much
