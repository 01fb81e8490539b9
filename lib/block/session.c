// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Sessions of the block library (server.h): a client's rings and memory, checked at every step.
// What a client gets wrong in a request costs it that request; what it gets wrong in a ring costs
// it the session.

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "abi/syscall.h"
#include "lib/block/server.h"
#include "lib/block/server_os.h"

enum { SESSION_INDEX_BITS = 5 };
_Static_assert(1 << SESSION_INDEX_BITS == BLOCK_SESSIONS_MAX, "an id holds the index");

// ---- attach ----

static int find_range(struct block_session *session, const struct block_unit *unit,
                      uint32_t partition)
{
    session->start = 0;
    session->bytes = unit->config.capacity;
    if (partition == BLOCK_WHOLE)
        return 0;
    const struct block_partition *found = block_table_find(&unit->table, partition);
    if (found == NULL)
        return -E_NOENT;
    session->start = found->start;
    session->bytes = found->bytes;
    return 0;
}

static int map_queue(struct block_session *session)
{
    uint32_t depth = session->depth;
    int64_t bytes = block_os_memory_bytes(session->queue_memory);
    if (bytes < 0)
        return (int)bytes;
    if ((uint64_t)bytes < BLOCK_QUEUE_BYTES(depth) || bytes % PAGE_SIZE != 0)
        return -E_INVAL;
    int status = block_os_map(session->queue_memory, (uint64_t)bytes, &session->queue);
    if (status < 0)
        return status;
    session->queue_bytes = (uint64_t)bytes;
    uint8_t *completions =
        (uint8_t *)session->queue + RING_BYTES(depth, sizeof(struct block_request));
    status = ring_consumer_init(&session->requests, session->queue, (size_t)bytes, depth,
                                sizeof(struct block_request));
    if (status == 0)
        status = ring_producer_init(&session->completions, completions,
                                    RING_BYTES(depth, sizeof(struct block_completion)), depth,
                                    sizeof(struct block_completion));
    return status;
}

static int make_pool(struct block_session *session)
{
    session->pool = calloc(session->depth, sizeof(*session->pool));
    session->window = calloc(session->depth, sizeof(*session->window));
    if (session->pool == NULL || session->window == NULL)
        return -E_NOMEM;
    for (uint32_t i = session->depth; i-- > 0;) {
        session->pool[i].next = session->free;
        session->free = &session->pool[i];
    }
    return 0;
}

static void free_session(struct block_session *session)
{
    for (unsigned i = 0; i < session->memories; i++) {
        handle_t memory = session->memory[i].object;
        dma_window_destroy(&session->memory[i]);
        block_os_close(memory);
    }
    if (session->queue != NULL)
        block_os_unmap(session->queue, session->queue_bytes);
    free(session->pool);
    free(session->window);
    block_os_close(session->queue_memory);
    block_os_close(session->notification);
    if (session->detach_reply != HANDLE_NONE)
        block_os_reply(session->detach_reply, 0);
    memset(session, 0, sizeof(*session));
}

static struct block_session *take_free_session(void)
{
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++) {
        struct block_session *session = &block_server.session[i];
        if (session->in_use)
            continue;
        memset(session, 0, sizeof(*session));
        session->in_use = true;
        session->id = ++block_server.sessions_made << SESSION_INDEX_BITS | i;
        return session;
    }
    return NULL;
}

// The same client on the same partition again: what it had before is void. Returns the session
// whose commands are still in the device, 0 if there is none.
static uint32_t close_predecessor(const struct block_attach *attach)
{
    uint32_t draining = 0;
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++) {
        struct block_session *session = &block_server.session[i];
        if (!session->in_use || session->badge != attach->badge || session->unit != attach->unit ||
            session->partition != attach->partition)
            continue;
        if (!session->closing)
            session_close(session);
        if (session->in_use)
            draining = session->id;
    }
    return draining;
}

// S4: the same requests may be under way in the session before this one, with the same memory.
static bool waits_for_predecessor(const struct block_session *session)
{
    const struct block_session *before =
        &block_server.session[session->predecessor & (BLOCK_SESSIONS_MAX - 1)];
    return session->predecessor != 0 && before->in_use && before->id == session->predecessor;
}

static bool depth_is_good(uint32_t depth)
{
    return depth >= BLOCK_DEPTH_MIN && depth <= BLOCK_DEPTH_MAX && (depth & (depth - 1)) == 0;
}

int session_attach(const struct block_attach *attach, struct block_session **result)
{
    uint32_t predecessor = close_predecessor(attach);
    struct block_session *session = take_free_session();
    if (session == NULL) {
        block_os_close(attach->queue_memory);
        block_os_close(attach->notification);
        return -E_NOMEM;
    }
    session->predecessor = predecessor;
    session->badge = attach->badge;
    session->unit = attach->unit;
    session->partition = attach->partition;
    session->depth = attach->depth;
    session->generation = attach->generation;
    session->queue_memory = attach->queue_memory;
    session->notification = attach->notification;
    int status = depth_is_good(attach->depth) ? 0 : -E_INVAL;
    if (status == 0)
        status = find_range(session, attach->unit, attach->partition);
    if (status == 0)
        status = map_queue(session);
    if (status == 0)
        status = make_pool(session);
    if (status < 0) {
        free_session(session);
        return status;
    }
    *result = session;
    return 0;
}

struct block_session *session_find(uint32_t id, uint32_t generation, uint64_t badge)
{
    struct block_session *session = &block_server.session[id & (BLOCK_SESSIONS_MAX - 1)];
    if (!session->in_use || session->closing || session->id != id ||
        session->generation != generation || session->badge != badge)
        return NULL;
    return session;
}

int session_add_memory(struct block_session *session, handle_t memory)
{
    int64_t bytes = block_os_memory_bytes(memory);
    int status = bytes < 0 ? (int)bytes : 0;
    if (session->memories == BLOCK_SESSION_MEMORIES)
        status = -E_NOMEM;
    if (status == 0)
        status = dma_window_create(&session->memory[session->memories], session->unit->config.dma,
                                   memory, (uint64_t)bytes, RIGHT_READ | RIGHT_WRITE);
    if (status < 0) {
        block_os_close(memory);
        return status;
    }
    return (int)session->memories++;
}

// ---- detach ----

static void give_back(struct block_session *session, struct block_pending *pending)
{
    pending->next = session->free;
    session->free = pending;
    session->taken--;
}

static void free_if_done(struct block_session *session)
{
    if (session->closing && session->taken == 0)
        free_session(session);
}

void session_close(struct block_session *session)
{
    session->closing = true;
    struct block_list dropped = schedule_remove_all(session);
    if (session->barrier != NULL && !session->barrier_running)
        block_list_add(&dropped, session->barrier);
    session->barrier = NULL;
    struct block_pending *pending;
    while ((pending = block_list_take(&dropped)) != NULL)
        give_back(session, pending);
    free_if_done(session);
}

// ---- requests in ----

static bool is_multiple(uint64_t value, uint32_t of)
{
    return (value & (of - 1)) == 0;
}

static int check_segments(const struct block_session *session, const struct block_request *request,
                          uint64_t *sum)
{
    *sum = 0;
    if (request->segments > BLOCK_REQUEST_SEGMENTS)
        return -E_INVAL;
    for (uint32_t i = 0; i < request->segments; i++) {
        const struct block_segment *segment = &request->segment[i];
        uint32_t align = session->unit->config.buffer_align;
        if (segment->memory >= session->memories)
            return -E_FAULT;
        uint64_t room = session->memory[segment->memory].bytes;
        if (segment->bytes == 0 || !is_multiple(segment->bytes, align) ||
            !is_multiple(segment->offset, align))
            return -E_INVAL;
        if (segment->bytes > room || segment->offset > room - segment->bytes)
            return -E_FAULT;
        *sum += segment->bytes;
    }
    return 0;
}

static int check_range(const struct block_session *session, const struct block_request *request)
{
    uint32_t block = session->unit->config.block_bytes;
    if (request->bytes == 0 || !is_multiple(request->offset, block) ||
        !is_multiple(request->bytes, block))
        return -E_INVAL;
    if (request->bytes > session->bytes || request->offset > session->bytes - request->bytes)
        return -E_NXIO;
    return 0;
}

static int check_transfer(const struct block_session *session, const struct block_request *request,
                          uint64_t sum)
{
    int status = check_range(session, request);
    if (status < 0)
        return status;
    if (request->bytes > session->unit->request_bytes_max || sum != request->bytes)
        return -E_INVAL;
    return 0;
}

static int check_erase(const struct block_session *session, const struct block_request *request,
                       uint32_t feature)
{
    if ((session->unit->config.features & feature) == 0)
        return -E_OPNOTSUPP;
    int status = check_range(session, request);
    if (status < 0)
        return status;
    if (request->segments != 0 || request->bytes > session->unit->config.discard_bytes_max)
        return -E_INVAL;
    return 0;
}

static int check_request(const struct block_session *session, const struct block_request *request)
{
    uint64_t sum;
    int status = check_segments(session, request, &sum);
    if (status < 0)
        return status;
    if ((request->flags & ~(uint32_t)BLOCK_REQUEST_FLAGS) != 0)
        return -E_INVAL;
    bool writes = request->op == BLOCK_WRITE || request->op == BLOCK_DISCARD ||
                  request->op == BLOCK_WRITE_ZEROES;
    if (writes && (session->unit->config.features & BLOCK_READ_ONLY) != 0)
        return -E_ROFS;
    switch (request->op) {
    case BLOCK_READ:
    case BLOCK_WRITE:
        return check_transfer(session, request, sum);
    case BLOCK_DISCARD:
        return check_erase(session, request, BLOCK_CAN_DISCARD);
    case BLOCK_WRITE_ZEROES:
        return check_erase(session, request, BLOCK_CAN_WRITE_ZEROES);
    case BLOCK_FLUSH:
        return sum == 0 && request->bytes == 0 ? 0 : -E_INVAL;
    case BLOCK_GET_ID:
        return request->segments == 1 && sum >= BLOCK_ID_BYTES ? 0 : -E_INVAL;
    case BLOCK_FORGET:
        return request->segments > 0 ? 0 : -E_INVAL;
    default:
        return -E_INVAL;
    }
}

static int forget_segments(struct block_session *session, const struct block_pending *pending)
{
    int result = 0;
    for (unsigned i = 0; i < pending->segments; i++) {
        const struct block_segment *segment = &pending->segment[i];
        int status =
            dma_window_forget(&session->memory[segment->memory], segment->offset, segment->bytes);
        if (status < 0)
            result = status;
    }
    return result;
}

static void start_request(struct block_pending *pending)
{
    struct block_session *session = pending->session;
    if (pending->op == BLOCK_FORGET)
        session_finish(pending, forget_segments(session, pending));
    else if (pending->op == BLOCK_FLUSH && (session->unit->config.features & BLOCK_CAN_FLUSH) == 0)
        session_finish(pending, 0); // no volatile cache: what is completed is on the medium
    else
        schedule_add(pending);
}

// Of the others, nobody has checked offset and length, and nobody needs them.
static bool has_range(const struct block_request *request)
{
    return request->op == BLOCK_READ || request->op == BLOCK_WRITE ||
           request->op == BLOCK_DISCARD || request->op == BLOCK_WRITE_ZEROES;
}

static void accept_request(struct block_session *session, const struct block_request *request)
{
    struct block_pending *pending = session->free;
    session->free = pending->next;
    session->taken++;
    *pending = (struct block_pending){
        .session = session,
        .cookie = request->cookie,
        .op = request->op,
        .flags = request->flags,
        .serial = session->unit->dispatches,
    };
    int status = check_request(session, request);
    if (status < 0) {
        session->unit->statistics.refused++;
        session_finish(pending, status);
        return;
    }
    if (has_range(request)) {
        pending->offset = session->start + request->offset;
        pending->bytes = request->bytes;
    }
    pending->segments = (uint16_t)request->segments;
    memcpy(pending->segment, request->segment, sizeof(pending->segment));
    session->unit->statistics.requests[request->op]++;
    if ((request->flags & BLOCK_BARRIER) != 0)
        session->barrier = pending;
    else
        start_request(pending);
}

// A barrier starts when nothing else of the session is left.
static void try_barrier(struct block_session *session)
{
    if (session->barrier == NULL || session->barrier_running || session->taken != 1)
        return;
    session->barrier_running = true;
    start_request(session->barrier);
}

// Nothing is taken that the completion ring has no room for: only a client that breaks its promise
// of at most `depth` requests runs into that, and waits for itself.
static bool can_take(struct block_session *session)
{
    int room = ring_producer_room(&session->completions);
    return !waits_for_predecessor(session) && session->barrier == NULL && session->free != NULL &&
           room > 0 && session->taken < (uint32_t)room;
}

void session_take_requests(struct block_session *session)
{
    int status = 0;
    try_barrier(session);
    while (status == 0 && can_take(session)) {
        struct block_request request;
        status = ring_pop(&session->requests, &request);
        if (status < 0)
            break;
        // At once: if the request kills us, the client must see that we had it.
        if (ring_release(&session->requests))
            block_os_signal(session->notification);
        accept_request(session, &request);
        try_barrier(session);
    }
    if (ring_side_is_broken(&session->requests.side) ||
        ring_side_is_broken(&session->completions.side)) {
        block_os_log("%s: client %llx broke its rings, session closed", session->unit->config.name,
                     (unsigned long long)session->badge);
        block_os_signal(session->notification);
        session_close(session);
    }
}

// ---- completions out ----

void session_finish(struct block_pending *pending, int status)
{
    struct block_session *session = pending->session;
    if (session == NULL) {
        pending->result = status;
        return;
    }
    struct block_completion completion = {
        .cookie = pending->cookie,
        .bytes = status < 0 ? 0 : pending->bytes,
        .status = status,
        .generation = session->generation,
    };
    if (status < 0)
        session->unit->statistics.errors++;
    if (session->barrier == pending) {
        session->barrier = NULL;
        session->barrier_running = false;
    }
    give_back(session, pending);
    if (!session->closing)
        (void)ring_push(&session->completions,
                        &completion); // a broken ring is seen by session_take_requests
    free_if_done(session);
}

bool session_settle(struct block_session *session)
{
    if (ring_publish(&session->completions))
        block_os_signal(session->notification);
    // A barrier or a full pool is not worth another look: the completion that ends it brings the
    // session back here.
    return !ring_consumer_may_sleep(&session->requests) && can_take(session);
}
