// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inside of the block client (users include client.h). client.c: requests and waiting;
// client_session.c: finding the driver, attaching, and doing so again when it was replaced.
//
// Invariants, under the caller's lock:
//   C1  a slot IN_FLIGHT that is `with_driver` is in the request ring, with the driver, or in the
//       completion ring, exactly once; the others, `waiting` in number, wait for an attachment, or
//       for a suspect's end (C4)
//   C2  in_flight == slots IN_FLIGHT <= depth == ring capacity, so neither ring overflows
//   C3  rings, session and generation change only in the thread that has set `attaching`
//   C4  while one of the slots in flight is a suspect, at most one slot is `with_driver`, the
//       oldest; else, while the client is attached, none waits

#pragma once

#include "abi/rs.h"
#include "lib/block/client.h"
#include "lib/ring/ring.h"

enum {
    CLIENT_SLOT_BITS = 10,
    CLIENT_DEPTH_DEFAULT = 128,
    CLIENT_COMPLETION_BIT = 1, // of the library's own notification
    CLIENT_DEVMGR_BIT = 2,
};
_Static_assert(1 << CLIENT_SLOT_BITS == BLOCK_DEPTH_MAX, "a cookie holds a slot");

// All time-outs of the client.
#define CLIENT_CALL_TIMEOUT_NS  5000000000ull  // a control message to the driver, devmgr or rs
#define CLIENT_FIND_TIMEOUT_NS  300000000ull   // a question to devmgr that is asked again later
#define CLIENT_CHECK_TIMEOUT_NS 2000000000ull  // the question whether the driver is well
#define CLIENT_LOOK_PERIOD_NS   1000000000ull  // between two looks whether the driver is well
#define CLIENT_RETRY_PERIOD_NS  50000000ull    // between two looks for a driver that is not there
#define CLIENT_CLOSE_TIMEOUT_NS 60000000000ull // for the last requests at close

// A request that one driver has not completed for so many looks makes the client complain of it to
// rs: sooner if the driver says that it has taken none (it does not look at the ring), later if it
// has: it may be the device that is slow, and it resets that after BLOCK_COMMAND_TIMEOUT_NS.
// Patience doubles with each complaint about the same request.
enum { CLIENT_PATIENCE_MUTE = 4, CLIENT_PATIENCE_DEVICE = 15, CLIENT_COMPLAINTS_MAX = 4 };

// Attachments that one driver may refuse, for reasons that may pass, before the client complains.
enum { CLIENT_REFUSALS_MAX = 20 };

// The retry budget of one request. A request that SUSPECT drivers had taken when they died is a
// suspect: from then on the driver gets one request at a time, so that a suspect's further deaths
// are its own. After BUDGET deaths it ends with E_IO. The first number is low, because being alone
// costs only time; the second is high, because a driver may also be killed from outside again and
// again. A driver's own budget (`retries`) must be larger.
enum { CLIENT_DEATHS_SUSPECT = 3, CLIENT_DEATHS_BUDGET = 8 };

enum client_slot_state { SLOT_FREE, SLOT_IN_FLIGHT, SLOT_DONE };

struct client_slot {
    enum client_slot_state state;
    uint16_t next_free;
    uint8_t complaints;
    uint8_t deaths;       // of drivers that had taken it
    bool with_driver;     // in the present session's ring, or taken from it
    bool taken;           // by the driver of an earlier session, which may be dead
    uint32_t position;    // in the request ring
    uint32_t look;        // client->looks when it went to its driver first
    uint64_t incarnation; // of that driver
    block_ticket_t ticket;
    block_callback_t callback;
    void *context;
    int status;
    uint64_t bytes;
    struct block_request request; // kept for a successor
};

struct client_memory {
    handle_t handle;
    uint64_t bytes;
};

struct block_client {
    // who and where
    char device[BLOCK_NAME_MAX]; // "vda"
    char service[RS_NAME_MAX];   // of its driver
    uint32_t partition;
    handle_t devmgr, rs;
    handle_t endpoint;
    uint32_t unit;
    // the session
    bool attached;
    bool attaching;
    bool dead;            // devmgr has given the device up
    uint64_t denied_by;   // 1 + first incarnation that denied that there is such a disk; 0: none
    uint32_t refusals;    // attachments that the present driver refused
    bool changed;         // devmgr signalled while somebody was attaching: look again
    uint64_t incarnation; // of the driver attached to
    uint64_t told;        // incarnation that devmgr spoke of last
    bool shuns;           // `shunned` and earlier ones: rs was told of its fault and replaces it
    uint64_t shunned;
    uint32_t session;
    uint32_t generation;
    handle_t doorbell;
    handle_t queue_memory;
    void *queue;
    uint64_t queue_bytes;
    struct ring_producer requests;
    struct ring_consumer completions;
    struct block_info info;
    struct block_info doubtful; // what a driver said that differs; 0: none did
    uint64_t doubtful_incarnation;
    uint32_t memories;
    struct client_memory memory[BLOCK_SESSION_MEMORIES];
    // events
    bool own_notification;
    handle_t notification;      // waited for; ours or the caller's
    handle_t completion_signal; // what the driver signals
    handle_t devmgr_signal;
    time_ns_t look_at; // next look whether the driver is well
    uint32_t looks;
    uint64_t completed_at_look;
    bool deaf;         // the driver does not answer messages either
    bool mute;         // the driver has taken no request
    bool leader;       // a thread sleeps on the notification
    uint32_t waiters;  // threads on the futex
    uint32_t progress; // futex: changes when waiters should look again
    struct block_client_lock lock;
    // requests
    uint32_t depth;
    uint32_t in_flight;
    uint32_t waiting;  // of them, not with a driver
    uint32_t suspects; // of them, with so many deaths
    uint64_t sequence;
    uint16_t free;
    struct client_slot *slot;
    struct client_slot **order; // room for client_feed
    struct block_client_stats stats;
};

enum { CLIENT_NO_SLOT = 0xffff };

static inline void client_lock(struct block_client *client)
{
    if (client->lock.acquire != NULL)
        client->lock.acquire(client->lock.context);
}

static inline void client_unlock(struct block_client *client)
{
    if (client->lock.release != NULL)
        client->lock.release(client->lock.context);
}

// ---- client.c ----

// Puts waiting slots into the ring, the oldest first: all, or one if there is a suspect (C4).
void client_feed(struct block_client *client);
// For a new session: takes all slots out of the old one's ring, which still stands.
void client_recall(struct block_client *client);
// The driver attached to is another one: counts the death of their last one for slots that it had
// taken, and ends those whose budget is used up.
void client_judge(struct block_client *client);
// Ends all requests in flight with `status`.
void client_fail_all(struct block_client *client, int status);
// Lets all threads that sleep on the futex look again.
void client_wake_waiters(struct block_client *client);

// ---- client_session.c ---- (all block and release the lock meanwhile)

// Finds device and driver, waiting until the deadline.
int client_session_find(struct block_client *client, time_ns_t deadline);
// Attaches to the driver found: fresh rings, next generation, all memories, then all requests in
// flight.
int client_session_attach(struct block_client *client);
// Is this still the driver we are attached to? If not, finds and attaches to the next one. Bounded:
// after about one call's time-out it returns without; whoever waits comes back.
void client_session_check(struct block_client *client);
// Tells rs that the driver has been at fault since then. If rs believes it, the session waits for a
// successor.
void client_session_complain(struct block_client *client, time_ns_t since);
int client_session_send_memory(struct block_client *client, uint32_t index);
void client_session_detach(struct block_client *client);
