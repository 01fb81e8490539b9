// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Which request goes to the device next, and which go together.
//
// - Between sessions: deficit round robin by bytes (Shreedhar & Varghese, "Efficient Fair Queueing
//   Using Deficit Round Robin", SIGCOMM 1995), so a client with long requests does not starve one
//   with short ones.
// - Within a session: C-LOOK. Reads and writes lie in a window sorted by offset; the sweep goes
//   upwards and starts again at the bottom. A request that PASSED_OVER_MAX commands have overtaken
//   goes next, whatever the sweep says.
// - Neighbours in the window that touch on the disk and are of the same kind become one command.
// - Everything else (flush, discard, write-zeroes, get-id) goes in order of arrival, before the
//   window.
//
// Requests that are in the queues together may be carried out in any order; clients that want one
// wait or use barriers.

#include <string.h>

#include "abi/error.h"
#include "lib/block/server.h"
#include "lib/block/server_os.h"

enum {
    QUANTUM_BYTES = 256 * 1024, // a session's turn: half of the longest command
    SMALL_BYTES = 4096,         // what a command without data counts as
    PASSED_OVER_MAX = 512,      // four times the usual depth
    LOOK_FOR_OLD_EVERY = 32,    // dispatches between two looks for such a request
    TRIES_MAX = 3,              // device resets that a request survives
};

// ---- lists ----

void block_list_add(struct block_list *list, struct block_pending *pending)
{
    pending->next = NULL;
    if (list->last != NULL)
        list->last->next = pending;
    else
        list->first = pending;
    list->last = pending;
}

struct block_pending *block_list_take(struct block_list *list)
{
    struct block_pending *first = list->first;
    if (first == NULL)
        return NULL;
    list->first = first->next;
    if (list->first == NULL)
        list->last = NULL;
    first->next = NULL;
    return first;
}

static bool is_sorted_op(const struct block_pending *pending)
{
    return pending->op == BLOCK_READ || (pending->op == BLOCK_WRITE && !pending->flushing);
}

// Index of the first request in the window at or beyond `offset`.
static unsigned window_find(const struct block_session *session, uint64_t offset)
{
    unsigned low = 0, high = session->window_count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (session->window[middle]->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void window_remove(struct block_session *session, unsigned first, unsigned count)
{
    session->window_count -= count;
    memmove(&session->window[first], &session->window[first + count],
            (session->window_count - first) * sizeof(session->window[0]));
}

void schedule_add(struct block_pending *pending)
{
    struct block_session *session = pending->session;
    if (!is_sorted_op(pending)) {
        block_list_add(&session->direct, pending);
        return;
    }
    unsigned at = window_find(session, pending->offset);
    memmove(&session->window[at + 1], &session->window[at],
            (session->window_count - at) * sizeof(session->window[0]));
    session->window[at] = pending;
    session->window_count++;
}

struct block_list schedule_remove_all(struct block_session *session)
{
    struct block_list all = session->direct;
    session->direct = (struct block_list){.first = NULL};
    for (unsigned i = 0; i < session->window_count; i++)
        block_list_add(&all, session->window[i]);
    session->window_count = 0;
    return all;
}

// ---- building a command ----

// Adds the memory of a request to unit->pieces. 0 or an error of dma_window_lookup.
static int add_pieces(struct block_unit *unit, const struct block_pending *pending, unsigned *count)
{
    if (pending->flushing)
        return 0;
    if (pending->session == NULL) {
        unit->pieces[(*count)++] =
            (struct dma_piece){.bus = unit->scratch.bus, .bytes = (uint32_t)pending->bytes};
        return 0;
    }
    for (unsigned i = 0; i < pending->segments; i++) {
        const struct block_segment *segment = &pending->segment[i];
        uint32_t bytes = pending->op == BLOCK_GET_ID ? BLOCK_ID_BYTES : segment->bytes;
        int added = dma_window_lookup(&pending->session->memory[segment->memory], segment->offset,
                                      bytes, unit->config.piece_bytes_max, unit->pieces + *count,
                                      unit->config.pieces_max - *count);
        if (added < 0)
            return added;
        *count += (unsigned)added;
    }
    return 0;
}

static struct block_command *take_command(struct block_unit *unit)
{
    unsigned index = unit->free_commands[--unit->free_count];
    struct block_command *command = &unit->command[index];
    *command = (struct block_command){.unit = unit, .index = index, .pieces = unit->pieces};
    return command;
}

static void give_command_back(struct block_command *command)
{
    struct block_unit *unit = command->unit;
    command->in_flight = false;
    command->first = command->last = NULL;
    unit->free_commands[unit->free_count++] = command->index;
}

static void command_add(struct block_command *command, struct block_pending *pending)
{
    if (command->requests++ == 0) {
        command->op = pending->flushing ? BLOCK_FLUSH : (enum block_request_op)pending->op;
        command->flags = pending->flags & BLOCK_MAY_UNMAP;
        command->offset = pending->offset;
    }
    if (!pending->flushing)
        command->bytes += pending->bytes;
    struct block_list list = {.first = command->first, .last = command->last};
    block_list_add(&list, pending);
    command->first = list.first;
    command->last = list.last;
}

static struct block_pending *command_take(struct block_command *command)
{
    struct block_list list = {.first = command->first, .last = command->last};
    struct block_pending *pending = block_list_take(&list);
    command->first = list.first;
    command->last = list.last;
    return pending;
}

// Back into the queues, unless nobody waits for it any more.
static void requeue(struct block_pending *pending)
{
    if (pending->session == NULL)
        pending->result = -E_IO; // the library's own is not worth a second try
    else if (pending->session->closing)
        session_finish(pending, -E_CANCELED);
    else
        schedule_add(pending);
}

// ---- choosing ----

static bool can_join(const struct block_pending *first, const struct block_pending *second)
{
    return first->op == second->op && first->offset + first->bytes == second->offset &&
           !first->alone && !second->alone;
}

// Index of a request that was overtaken too often, or window_count. Looked for at every
// LOOK_FOR_OLD_EVERY-th command only.
static unsigned find_overtaken(const struct block_session *session)
{
    uint64_t now = session->unit->dispatches;
    if (now % LOOK_FOR_OLD_EVERY != 0)
        return session->window_count;
    unsigned oldest = 0;
    for (unsigned i = 1; i < session->window_count; i++)
        if (session->window[i]->serial < session->window[oldest]->serial)
            oldest = i;
    bool overtaken = now - session->window[oldest]->serial > PASSED_OVER_MAX;
    return overtaken ? oldest : session->window_count;
}

// The run of requests around the next one that can make one command: window[first .. first + count
// - 1].
static unsigned choose_run(const struct block_session *session, unsigned *first)
{
    unsigned at = find_overtaken(session);
    if (at == session->window_count)
        at = window_find(session, session->position);
    if (at == session->window_count)
        at = 0; // the sweep starts again
    uint64_t room = session->unit->request_bytes_max - session->window[at]->bytes;
    unsigned low = at, high = at + 1;
    while (low > 0 && can_join(session->window[low - 1], session->window[low]) &&
           session->window[low - 1]->bytes <= room)
        room -= session->window[--low]->bytes;
    while (high < session->window_count &&
           can_join(session->window[high - 1], session->window[high]) &&
           session->window[high]->bytes <= room)
        room -= session->window[high++]->bytes;
    *first = low;
    return high - low;
}

// Moves a run from the window into the command. A request whose memory cannot be had, or has no
// room any more, ends the run; if it is the first, its error is returned and it stays.
static int take_run(struct block_session *session, struct block_command *command)
{
    struct block_unit *unit = session->unit;
    unsigned first, taken = 0, pieces = 0;
    unsigned count = choose_run(session, &first);
    int status = 0;
    while (taken < count) {
        unsigned before = pieces;
        status = add_pieces(unit, session->window[first + taken], &pieces);
        if (status < 0) {
            pieces = before;
            break;
        }
        taken++;
    }
    if (taken == 0) {
        struct block_pending *bad = session->window[first];
        window_remove(session, first, 1);
        session_finish(bad, status);
        return status;
    }
    command->piece_count = pieces;
    for (unsigned i = 0; i < taken; i++)
        command_add(command, session->window[first + i]);
    window_remove(session, first, taken);
    session->position = command->offset + command->bytes;
    unit->statistics.merged += taken - 1;
    return 0;
}

static int take_direct(struct block_list *list, struct block_unit *unit,
                       struct block_command *command)
{
    struct block_pending *pending = block_list_take(list);
    int status = add_pieces(unit, pending, &command->piece_count);
    if (status < 0)
        session_finish(pending, status);
    else
        command_add(command, pending);
    return status;
}

static bool has_work(const struct block_session *session, const struct block_unit *unit)
{
    return session->in_use && session->unit == unit &&
           (session->direct.first != NULL || session->window_count > 0);
}

// The session whose turn it is, or NULL if none has work.
static struct block_session *choose_session(struct block_unit *unit)
{
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++) {
        unsigned index = (unit->turn + i) % BLOCK_SESSIONS_MAX;
        struct block_session *session = &block_server.session[index];
        if (!has_work(session, unit))
            continue;
        if (i > 0 || session->credit == 0) {
            unit->turn = index;
            session->credit = QUANTUM_BYTES;
        }
        return session;
    }
    return NULL;
}

static void use_credit(struct block_session *session, uint64_t bytes)
{
    if (bytes < SMALL_BYTES)
        bytes = SMALL_BYTES;
    if (bytes < session->credit) {
        session->credit -= bytes;
        return;
    }
    session->credit = 0;
    session->unit->turn = (session_index(session) + 1) % BLOCK_SESSIONS_MAX;
}

// ---- to the device ----

static void fail_command(struct block_command *command, int status)
{
    struct block_pending *pending;
    while ((pending = command_take(command)) != NULL)
        session_finish(pending, status);
    give_command_back(command);
}

// False: the device has no room.
static bool submit(struct block_unit *unit, struct block_command *command)
{
    int status = unit->config.ops->submit(unit, command);
    command->pieces = NULL;
    if (status == -E_AGAIN && unit->in_flight > 0) {
        struct block_pending *pending;
        while ((pending = command_take(command)) != NULL)
            requeue(pending);
        give_command_back(command);
        unit->stalled = true;
        return false;
    }
    if (status < 0) {
        fail_command(command, status);
        return true;
    }
    command->in_flight = true;
    command->started = block_os_clock();
    unit->wants_kick = true;
    unit->dispatches++;
    unit->statistics.commands++;
    if (++unit->in_flight > unit->statistics.in_flight_max)
        unit->statistics.in_flight_max = unit->in_flight;
    return true;
}

// False: nothing (more) to do now.
static bool dispatch_one(struct block_unit *unit)
{
    struct block_session *session = NULL;
    if (unit->own.first == NULL) {
        session = choose_session(unit);
        if (session == NULL)
            return false;
    }
    struct block_command *command = take_command(unit);
    int status;
    if (session == NULL)
        status = take_direct(&unit->own, unit, command);
    else if (session->direct.first != NULL)
        status = take_direct(&session->direct, unit, command);
    else
        status = take_run(session, command);
    if (status < 0) {
        give_command_back(command);
        return true;
    }
    uint64_t bytes = command->bytes;
    if (!submit(unit, command))
        return false;
    if (session != NULL && session->in_use)
        use_credit(session, bytes);
    return true;
}

void schedule_dispatch(struct block_unit *unit)
{
    while (unit->in_flight < unit->config.depth && !unit->stalled && dispatch_one(unit))
        ;
    if (unit->wants_kick) {
        unit->wants_kick = false;
        unit->config.ops->kick(unit);
    }
}

// ---- back from the device ----

static void end_request(struct block_pending *pending, int status)
{
    struct block_session *session = pending->session;
    bool needs_flush = status == 0 && (pending->flags & BLOCK_FUA) != 0 && !pending->flushing &&
                       (pending->op == BLOCK_WRITE || pending->op == BLOCK_WRITE_ZEROES);
    if (needs_flush && !session->closing &&
        (session->unit->config.features & BLOCK_CAN_FLUSH) != 0) {
        pending->flushing = true;
        schedule_add(pending);
        return;
    }
    session_finish(pending, status);
}

void block_unit_complete(struct block_command *command, int status)
{
    struct block_unit *unit = command->unit;
    if (!command->in_flight)
        return; // a driver that completes twice; the first counted
    struct block_statistics *statistics = &unit->statistics;
    unit->in_flight--;
    unit->stalled = false;
    statistics->busy_ns += block_os_clock() - command->started;
    if (status == 0)
        statistics->bytes[command->op] += command->bytes;
    // One bad block must not fail its neighbours' requests: each of a merged command is tried by
    // itself.
    bool retry = status < 0 && command->requests > 1;
    struct block_pending *pending;
    while ((pending = command_take(command)) != NULL) {
        if (retry) {
            pending->alone = true;
            requeue(pending);
        } else {
            end_request(pending, status);
        }
    }
    give_command_back(command);
}

void schedule_restart_all(struct block_unit *unit)
{
    for (unsigned i = 0; i < unit->config.depth; i++) {
        struct block_command *command = &unit->command[i];
        if (!command->in_flight)
            continue;
        unit->in_flight--;
        unit->statistics.restarted++;
        struct block_pending *pending;
        while ((pending = command_take(command)) != NULL) {
            if (pending->tries++ == TRIES_MAX)
                session_finish(pending, -E_TIMEDOUT);
            else
                requeue(pending);
        }
        give_command_back(command);
    }
    unit->stalled = false;
}
