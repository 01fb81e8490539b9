// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inside of the block library (drivers include unit.h). Life of a request:
//
//   request ring --session_take_requests--> window (sorted by offset) or direct list
//   --schedule_dispatch--> command --ops->submit--> device --block_unit_complete--> session_finish
//   --> completion ring
//
// A request is a struct block_pending in exactly one place at any time: its session's free list,
// window, direct list or barrier slot, or the list of one command.
//
// Invariants:
//   S1  session->taken == requests in window + direct + barrier + commands of this session, and is
//       at most its depth
//   S2  unit->in_flight == commands with in_flight set, and is at most unit->config.depth
//   S3  while a barrier is held back or under way no further request is taken from the ring
//   S4  while commands of the session that this one replaced are in the device, no request is
//       taken: a request that the client submitted again would else be carried out once more after
//       its completion, when its memory serves something else

#pragma once

#include "lib/block/partition.h"
#include "lib/block/unit.h"
#include "lib/ring/ring.h"

struct block_pending {
    struct block_session *session; // NULL: the library's own, into unit->scratch
    struct block_pending *next;
    uint64_t cookie;
    uint64_t offset; // into the unit
    uint64_t bytes;
    uint64_t serial; // dispatch count of the unit when it came
    uint16_t op;
    uint16_t flags;
    uint16_t segments;
    uint8_t tries; // device resets it has lived through
    bool alone;    // was part of a merged command that failed: not to be merged again
    bool flushing; // a FUA write that is done and waits for its flush
    int result;    // of the library's own, -E_INPROGRESS until done
    struct block_segment segment[BLOCK_REQUEST_SEGMENTS];
};

struct block_list {
    struct block_pending *first, *last;
};

struct block_session {
    bool in_use;
    bool closing; // detached or broken: nothing new is taken; freed when taken == 0
    uint32_t id;  // index with a sequence number, never reused soon
    uint32_t generation;
    uint32_t predecessor; // id of the session that this one replaced while it was busy, or 0
    uint64_t badge;       // of the client
    uint32_t partition;
    struct block_unit *unit;
    uint64_t start, bytes; // of the partition
    uint32_t depth;
    handle_t notification; // the client's
    handle_t detach_reply; // HANDLE_NONE, or who waits for the end of closing
    handle_t queue_memory;
    void *queue;
    uint64_t queue_bytes;
    struct ring_consumer requests;
    struct ring_producer completions;
    unsigned memories;
    struct dma_window memory[BLOCK_SESSION_MEMORIES];
    struct block_pending *pool; // depth of them
    struct block_pending *free;
    uint32_t taken;
    struct block_pending **window; // sorted by offset
    unsigned window_count;
    struct block_list direct;      // flush, discard, write-zeroes, get-id: in order of arrival
    struct block_pending *barrier; // waits for taken == 1
    bool barrier_running;
    uint64_t position; // where the last sweep stands
    uint64_t credit;   // bytes it may still dispatch in this turn
};

enum block_statistic_op { BLOCK_STATISTIC_OPS = BLOCK_REQUEST_OPS };

struct block_statistics {
    uint64_t requests[BLOCK_STATISTIC_OPS];
    uint64_t bytes[BLOCK_STATISTIC_OPS];
    uint64_t commands; // to the device
    uint64_t merged;   // requests that rode in another's command
    uint64_t errors;
    uint64_t refused; // bad requests
    uint64_t resets;
    uint64_t restarted; // commands started again after a reset
    uint64_t busy_ns;   // sum over commands
    uint32_t in_flight_max;
};

struct block_unit {
    struct block_unit_config config;
    unsigned number;
    struct block_table table;
    struct block_command command[BLOCK_UNIT_DEPTH_MAX];
    unsigned free_commands[BLOCK_UNIT_DEPTH_MAX]; // stack of indices
    unsigned free_count;
    unsigned in_flight;
    bool wants_kick;
    bool stalled;  // the device had no room: wait for a completion
    unsigned turn; // index of the session whose turn it is
    uint64_t dispatches;
    uint32_t request_bytes_max;
    struct dma_piece pieces[BLOCK_UNIT_PIECES_MAX]; // of the command being built
    struct block_list own;                          // the library's requests
    struct dma_buffer scratch;                      // while partition tables are read
    uint64_t scratch_offset;                        // what is in it: from there on the disk
    uint32_t scratch_valid;                         // so many bytes
    struct block_statistics statistics;
};

struct block_server {
    struct driver *driver;
    struct block_unit *unit[BLOCK_UNITS_MAX];
    unsigned units;
    bool timer_runs;
    uint32_t sessions_made;
    struct block_session session[BLOCK_SESSIONS_MAX];
};

extern struct block_server block_server;

// ---- session.c ----

// Makes a session; takes both handles, also on error. -E_NOMEM, -E_INVAL, -E_NOENT.
struct block_attach {
    uint64_t badge;
    struct block_unit *unit;
    uint32_t partition, depth, generation;
    handle_t queue_memory, notification;
};
int session_attach(const struct block_attach *attach, struct block_session **session);

// NULL: no such session of this client and generation.
struct block_session *session_find(uint32_t id, uint32_t generation, uint64_t badge);

// Adds a data memory; takes the handle. Returns its number, or -E_NOMEM, -E_INVAL.
int session_add_memory(struct block_session *session, handle_t memory);

// Stops taking requests, drops what is not under way, frees the session once the device is done
// with it.
void session_close(struct block_session *session);

// Takes requests from the ring into the queues. Safe to call at any time.
void session_take_requests(struct block_session *session);

// Ends a request: completion to the client, slot back to the pool.
void session_finish(struct block_pending *pending, int status);

// Publishes completions and signals the client if it sleeps; arms the doorbell. True: the session
// has to be looked at again, requests came meanwhile.
bool session_settle(struct block_session *session);

static inline unsigned session_index(const struct block_session *session)
{
    return (unsigned)(session - block_server.session);
}

// ---- schedule.c ----

void schedule_add(struct block_pending *pending);
// Takes all requests of the session out of the queues and gives them back as a list.
struct block_list schedule_remove_all(struct block_session *session);
void schedule_dispatch(struct block_unit *unit);
// After a device reset: every command in flight goes back into the queues, or fails if it was tried
// too often.
void schedule_restart_all(struct block_unit *unit);

void block_list_add(struct block_list *list, struct block_pending *pending);
struct block_pending *block_list_take(struct block_list *list);

// ---- info.c ----

// -E_NOENT no such partition.
int unit_info(const struct block_unit *unit, uint32_t partition, struct block_info *info);
// Statistics as text; returns its length, cut to `bytes`.
size_t unit_statistics_text(const struct block_unit *unit, char *text, size_t bytes);
void unit_log(const struct block_unit *unit);
