// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Block client: slots, submission, completions, waiting (client.h, client_private.h).

#include "lib/block/client.h"

#include <stdlib.h>
#include <string.h>

#include "abi/devmgr.h"
#include "abi/error.h"
#include "lib/block/client_os.h"
#include "lib/block/client_private.h"

// ---- slots ----

static struct client_slot *find_slot(struct block_client *client, block_ticket_t ticket)
{
    uint32_t index = (uint32_t)ticket & (BLOCK_DEPTH_MAX - 1);
    if (index >= client->depth)
        return NULL;
    struct client_slot *slot = &client->slot[index];
    return slot->state != SLOT_FREE && slot->ticket == ticket ? slot : NULL;
}

static struct client_slot *take_slot(struct block_client *client)
{
    if (client->free == CLIENT_NO_SLOT)
        return NULL;
    uint16_t index = client->free;
    struct client_slot *slot = &client->slot[index];
    client->free = slot->next_free;
    slot->ticket = ++client->sequence << CLIENT_SLOT_BITS | index;
    return slot;
}

static void free_slot(struct block_client *client, struct client_slot *slot)
{
    slot->state = SLOT_FREE;
    slot->next_free = client->free;
    client->free = (uint16_t)(slot - client->slot);
}

static bool is_suspect(const struct client_slot *slot)
{
    return slot->deaths >= CLIENT_DEATHS_SUSPECT;
}

static void finish_slot(struct block_client *client, struct client_slot *slot, int status,
                        uint64_t bytes)
{
    client->in_flight--;
    client->waiting -= !slot->with_driver;
    client->suspects -= is_suspect(slot);
    client->stats.completed++;
    if (status < 0)
        client->stats.failed++;
    if (slot->callback == NULL) {
        slot->state = SLOT_DONE;
        slot->status = status;
        slot->bytes = bytes;
        return;
    }
    block_callback_t callback = slot->callback;
    void *context = slot->context;
    free_slot(client, slot); // before the callback, which may submit
    callback(context, status, bytes);
}

void client_fail_all(struct block_client *client, int status)
{
    for (uint32_t i = 0; i < client->depth; i++)
        if (client->slot[i].state == SLOT_IN_FLIGHT)
            finish_slot(client, &client->slot[i], status, 0);
    client_wake_waiters(client);
}

// ---- submission ----

static int check_segments(const struct block_client *client, const struct block_io *io)
{
    if (io->segments > BLOCK_REQUEST_SEGMENTS)
        return -E_INVAL;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < io->segments; i++) {
        const struct block_segment *segment = &io->segment[i];
        if (segment->memory >= client->memories)
            return -E_FAULT;
        uint64_t room = client->memory[segment->memory].bytes;
        if (segment->bytes > room || segment->offset > room - segment->bytes)
            return -E_FAULT;
        sum += segment->bytes;
    }
    bool transfers = io->op == BLOCK_READ || io->op == BLOCK_WRITE;
    return transfers && sum != io->bytes ? -E_INVAL : 0;
}

static int check_io(const struct block_client *client, const struct block_io *io)
{
    const struct block_info *info = &client->info;
    bool writes = io->op == BLOCK_WRITE || io->op == BLOCK_DISCARD || io->op == BLOCK_WRITE_ZEROES;
    if (writes && (info->features & BLOCK_READ_ONLY) != 0)
        return -E_ROFS;
    if ((io->offset | io->bytes) % info->block_bytes != 0)
        return -E_INVAL;
    if (io->bytes > info->capacity || io->offset > info->capacity - io->bytes)
        return -E_NXIO;
    bool transfers = io->op == BLOCK_READ || io->op == BLOCK_WRITE;
    if (transfers && io->bytes > info->request_bytes_max)
        return -E_INVAL;
    return check_segments(client, io);
}

static void push(struct block_client *client, struct client_slot *slot)
{
    if (slot->incarnation != client->incarnation)
        slot->look = client->looks;
    slot->incarnation = client->incarnation;
    slot->position = ring_producer_position(&client->requests);
    slot->with_driver = true;
    client->waiting--;
    // C2 leaves room; a driver that broke the ring is found by the next look at the completions.
    (void)ring_push(&client->requests, &slot->request);
}

static int compare_tickets(const void *a, const void *b)
{
    const struct client_slot *first = *(struct client_slot *const *)a;
    const struct client_slot *second = *(struct client_slot *const *)b;
    return first->ticket < second->ticket ? -1 : first->ticket > second->ticket;
}

void client_feed(struct block_client *client)
{
    if (client->waiting == 0 || (client->suspects > 0 && client->waiting < client->in_flight))
        return;
    size_t count = 0;
    for (uint32_t i = 0; i < client->depth; i++)
        if (client->slot[i].state == SLOT_IN_FLIGHT && !client->slot[i].with_driver)
            client->order[count++] = &client->slot[i];
    qsort(client->order, count, sizeof(client->order[0]), compare_tickets);
    if (client->suspects > 0)
        count = 1;
    for (size_t i = 0; i < count; i++)
        push(client, client->order[i]);
    block_client_kick(client);
}

void client_recall(struct block_client *client)
{
    for (uint32_t i = 0; i < client->depth; i++) {
        struct client_slot *slot = &client->slot[i];
        if (slot->state != SLOT_IN_FLIGHT || !slot->with_driver)
            continue;
        slot->taken = ring_producer_was_taken(&client->requests, slot->position);
        slot->with_driver = false;
        client->waiting++;
    }
}

void client_judge(struct block_client *client)
{
    for (uint32_t i = 0; i < client->depth; i++) {
        struct client_slot *slot = &client->slot[i];
        bool died = slot->taken && slot->incarnation != client->incarnation;
        slot->taken = false;
        if (slot->state != SLOT_IN_FLIGHT || !died)
            continue;
        client->suspects += ++slot->deaths == CLIENT_DEATHS_SUSPECT;
        if (slot->deaths < CLIENT_DEATHS_BUDGET)
            continue;
        client_os_log("%s: operation %u on %llu bytes at %llu is given up: %u drivers died of it",
                      client->device, slot->request.op, (unsigned long long)slot->request.bytes,
                      (unsigned long long)slot->request.offset, slot->deaths);
        client->stats.poisoned++;
        finish_slot(client, slot, -E_IO, 0);
        client_wake_waiters(client);
    }
}

int block_client_submit(struct block_client *client, const struct block_io *io,
                        block_callback_t callback, void *context, block_ticket_t *ticket)
{
    if (client->dead)
        return -E_NODEV;
    int status = check_io(client, io);
    if (status < 0)
        return status;
    struct client_slot *slot = take_slot(client);
    if (slot == NULL)
        return -E_AGAIN;
    slot->state = SLOT_IN_FLIGHT;
    slot->complaints = slot->deaths = 0;
    slot->with_driver = slot->taken = false;
    slot->look = client->looks;
    slot->incarnation = 0;
    slot->callback = callback;
    slot->context = context;
    slot->request = (struct block_request){
        .cookie = slot->ticket,
        .offset = io->offset,
        .bytes = io->bytes,
        .op = (uint16_t)io->op,
        .flags = (uint16_t)io->flags,
        .segments = io->segments,
    };
    memcpy(slot->request.segment, io->segment, sizeof(slot->request.segment));
    client->in_flight++;
    client->waiting++;
    client->stats.submitted++;
    // Else in its turn (C4).
    if (client->attached && client->suspects == 0 && client->waiting == 1)
        push(client, slot);
    if (ticket != NULL)
        *ticket = slot->ticket;
    return 0;
}

void block_client_kick(struct block_client *client)
{
    if (!client->attached)
        return;
    // Room for completions first: a driver that sees the requests and no room for their answers
    // leaves them alone.
    (void)ring_release(&client->completions);
    if (!ring_publish(&client->requests))
        return;
    client->stats.doorbells++;
    client_os_signal(client->doorbell);
}

// ---- completions ----

static bool take_completion(struct block_client *client, const struct block_completion *completion)
{
    struct client_slot *slot = find_slot(client, completion->cookie);
    if (slot == NULL || slot->state != SLOT_IN_FLIGHT || !slot->with_driver ||
        completion->generation != client->generation || completion->bytes > slot->request.bytes) {
        client->stats.stale++;
        return false;
    }
    int status = completion->status;
    if (status > 0 || status < -4095)
        status = -E_IO;
    finish_slot(client, slot, status, status < 0 ? 0 : completion->bytes);
    return true;
}

void client_wake_waiters(struct block_client *client)
{
    if (client->waiters == 0)
        return;
    __atomic_add_fetch(&client->progress, 1, __ATOMIC_RELEASE);
    client_os_futex_wake_all(&client->progress);
}

// Takes what is in the ring. *broken: the driver broke the protocol.
static int take_completions(struct block_client *client, bool *broken)
{
    int taken = 0;
    int status = 0;
    struct block_completion completion;
    while (client->attached && (status = ring_pop(&client->completions, &completion)) == 0)
        taken += take_completion(client, &completion);
    *broken =
        client->attached && (status == -E_PROTO || ring_side_is_broken(&client->requests.side));
    if (client->attached && !*broken) {
        (void)ring_release(&client->completions); // the driver never waits for room (C2)
        client_feed(client);
    }
    if (taken > 0)
        client_wake_waiters(client);
    return taken;
}

static void handle_broken(struct block_client *client)
{
    client->stats.faults++;
    client_os_log("%s: the driver broke its ring", client->device);
    client->attached = false;
    client_session_complain(client, client_os_clock());
    client_session_check(client);
}

static int process(struct block_client *client)
{
    bool broken;
    int taken = take_completions(client, &broken);
    if (broken && !client->attaching)
        handle_broken(client);
    return taken;
}

int block_client_process_completions(struct block_client *client)
{
    block_client_kick(client);
    int taken = 0;
    do {
        taken += process(client);
    } while (client->attached && !ring_consumer_may_sleep(&client->completions) &&
             !ring_side_is_broken(&client->completions.side));
    block_client_kick(client); // what callbacks submitted
    return taken;
}

void block_client_device_changed(struct block_client *client)
{
    client_session_check(client);
    block_client_process_completions(client);
}

// ---- waiting ----

// Sleeps as a follower: until another thread has made progress.
static void follow(struct block_client *client, time_ns_t deadline)
{
    uint32_t seen = client->progress;
    client->waiters++;
    client_unlock(client);
    client_os_futex_wait(&client->progress, seen, deadline);
    client_lock(client);
    client->waiters--;
}

static struct client_slot *find_overdue(struct block_client *client)
{
    uint32_t patience = client->deaf   ? 0
                        : client->mute ? CLIENT_PATIENCE_MUTE
                                       : CLIENT_PATIENCE_DEVICE;
    for (uint32_t i = 0; i < client->depth; i++) {
        struct client_slot *slot = &client->slot[i];
        if (slot->state == SLOT_IN_FLIGHT && slot->with_driver &&
            client->looks - slot->look > patience << slot->complaints)
            return slot;
    }
    return NULL;
}

// Is the driver there, and does it do what it is asked?
static void look(struct block_client *client, time_ns_t now)
{
    bool silent = client->stats.completed == client->completed_at_look;
    client->completed_at_look = client->stats.completed;
    client->look_at = now + CLIENT_LOOK_PERIOD_NS;
    client->looks++;
    client->deaf = client->mute = false; // until the check tells otherwise
    if (client->in_flight == 0)
        return;
    if (silent || !client->attached)
        client_session_check(client);
    struct client_slot *overdue = client->attached ? find_overdue(client) : NULL;
    if (overdue == NULL || client->attaching)
        return;
    if (overdue->complaints < CLIENT_COMPLAINTS_MAX)
        overdue->complaints++;
    client_os_log("%s: a request is not completed", client->device);
    client_session_complain(client, now - (client->looks - overdue->look) * CLIENT_LOOK_PERIOD_NS);
    client_session_check(client);
}

// When the next look is due. Time in which nobody waited does not count.
static time_ns_t plan_look(struct block_client *client, time_ns_t now)
{
    uint64_t period = client->attached ? CLIENT_LOOK_PERIOD_NS : CLIENT_RETRY_PERIOD_NS;
    if (client->look_at + period < now || client->look_at > now + period)
        client->look_at = now + period;
    return client->look_at;
}

// Sleeps on the notification, on behalf of all.
static void lead(struct block_client *client, time_ns_t deadline)
{
    if (client->attached && !ring_consumer_may_sleep(&client->completions))
        return;
    time_ns_t now = client_os_clock();
    time_ns_t look_at = plan_look(client, now);
    if (now >= look_at) {
        look(client, now);
        return;
    }
    uint64_t bits = 0;
    client->leader = true;
    client_unlock(client);
    // Its time-out is found by the next look, whoever leads then.
    (void)client_os_wait(client->notification, look_at < deadline ? look_at : deadline, &bits);
    client_lock(client);
    client->leader = false;
    process(client);
    if ((bits & CLIENT_DEVMGR_BIT) != 0)
        client_session_check(client);
    client_wake_waiters(client); // one of them leads from here
}

// Sleeps until something may have changed, at most until the deadline.
static void wait_for_progress(struct block_client *client, time_ns_t deadline)
{
    block_client_kick(client);
    if (client->leader || client->attaching || !client->own_notification)
        follow(client, deadline);
    else
        lead(client, deadline);
}

bool block_client_is_complete(struct block_client *client, block_ticket_t ticket)
{
    const struct client_slot *slot = find_slot(client, ticket);
    return slot == NULL || slot->state == SLOT_DONE;
}

int block_client_get_result(struct block_client *client, block_ticket_t ticket, uint64_t *bytes)
{
    struct client_slot *slot = find_slot(client, ticket);
    if (slot == NULL)
        return -E_INVAL;
    if (slot->state == SLOT_IN_FLIGHT)
        return -E_INPROGRESS;
    int status = slot->status;
    if (bytes != NULL)
        *bytes = slot->bytes;
    free_slot(client, slot);
    client_wake_waiters(client); // perhaps one waits for a slot
    return status;
}

int block_client_wait_complete(struct block_client *client, block_ticket_t ticket,
                               time_ns_t deadline, uint64_t *bytes)
{
    for (;;) {
        block_client_kick(client);
        process(client);
        int status = block_client_get_result(client, ticket, bytes);
        if (status != -E_INPROGRESS)
            return status;
        if (client_os_clock() >= deadline)
            return -E_TIMEDOUT;
        wait_for_progress(client, deadline);
    }
}

int block_client_wait_any(struct block_client *client, time_ns_t deadline)
{
    uint64_t completed = client->stats.completed;
    uint16_t free = client->free;
    for (;;) {
        block_client_kick(client);
        process(client);
        if (client->stats.completed != completed ||
            (free == CLIENT_NO_SLOT && client->free != free))
            return 0;
        if (client_os_clock() >= deadline)
            return -E_TIMEDOUT;
        wait_for_progress(client, deadline);
    }
}

// ---- synchronous ----

int block_client_transfer(struct block_client *client, const struct block_io *io)
{
    block_ticket_t ticket;
    int status;
    while ((status = block_client_submit(client, io, NULL, NULL, &ticket)) == -E_AGAIN)
        block_client_wait_any(client, DEADLINE_NEVER);
    if (status < 0)
        return status;
    return block_client_wait_complete(client, ticket, DEADLINE_NEVER, NULL);
}

int block_client_read(struct block_client *client, uint64_t offset, uint32_t memory,
                      uint64_t memory_offset, uint32_t bytes)
{
    struct block_io io = block_io_range(BLOCK_READ, offset, memory, memory_offset, bytes);
    return block_client_transfer(client, &io);
}

int block_client_write(struct block_client *client, uint64_t offset, uint32_t memory,
                       uint64_t memory_offset, uint32_t bytes)
{
    struct block_io io = block_io_range(BLOCK_WRITE, offset, memory, memory_offset, bytes);
    return block_client_transfer(client, &io);
}

int block_client_flush(struct block_client *client)
{
    struct block_io io = {.op = BLOCK_FLUSH};
    return block_client_transfer(client, &io);
}

// ---- open and close ----

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// "vda12" -> "vda", 12; "sr0" is counted in digits and has no partitions.
static int split_name(struct block_client *client, const char *name)
{
    size_t length = strlen(name);
    size_t letters = length;
    bool is_cd = strncmp(name, "sr", 2) == 0;
    while (!is_cd && letters > 0 && is_digit(name[letters - 1]))
        letters--;
    if (letters == 0 || letters >= sizeof(client->device) || length - letters > 3)
        return -E_INVAL;
    memcpy(client->device, name, letters);
    for (size_t i = letters; i < length; i++)
        client->partition = client->partition * 10 + (uint32_t)(name[i] - '0');
    if (length > letters && client->partition == 0)
        return -E_NOENT;
    return 0;
}

static int make_slots(struct block_client *client)
{
    client->slot = calloc(client->depth, sizeof(*client->slot));
    client->order = calloc(client->depth, sizeof(client->order[0]));
    if (client->slot == NULL || client->order == NULL)
        return -E_NOMEM;
    client->free = CLIENT_NO_SLOT;
    for (uint32_t i = client->depth; i-- > 0;)
        free_slot(client, &client->slot[i]);
    return 0;
}

static int make_events(struct block_client *client, const struct block_client_options *options)
{
    uint64_t completion = CLIENT_COMPLETION_BIT;
    uint64_t devmgr = CLIENT_DEVMGR_BIT;
    client->own_notification = (options->flags & BLOCK_CLIENT_EVENTS) == 0;
    if (client->own_notification) {
        int status = client_os_notification_create(&client->notification);
        if (status < 0)
            return status;
    } else {
        client->notification = options->notification;
        completion = options->completion_bit;
        devmgr = options->device_bit;
    }
    int status =
        client_os_signal_handle(client->notification, completion, &client->completion_signal);
    if (status < 0)
        return status;
    return client_os_signal_handle(client->notification, devmgr, &client->devmgr_signal);
}

enum { CLIENT_WATCH_TRIES = 3 };

// Without it the library still notices a new driver, by asking when it hears nothing.
static void watch_devmgr(struct block_client *client)
{
    int status = -E_RESTARTED;
    client_unlock(client);
    for (int tries = 0; status == -E_RESTARTED && tries < CLIENT_WATCH_TRIES; tries++) {
        struct message message = {
            .tag = message_tag(DEVMGR_WATCH, 0, 1),
            .handle = {client->devmgr_signal},
        };
        status =
            client_os_call(client->devmgr, &message, client_os_clock() + CLIENT_FIND_TIMEOUT_NS);
        client_os_close_handles(&message);
    }
    client_lock(client);
    if (status < 0)
        client_os_log("%s: devmgr cannot be watched: error %d", client->device, status);
}

static void destroy(struct block_client *client)
{
    for (uint32_t i = 0; i < client->memories; i++)
        client_os_close(client->memory[i].handle);
    if (client->queue != NULL)
        client_os_queue_destroy(client->queue_bytes, client->queue_memory, client->queue);
    client_os_close(client->doorbell);
    client_os_close(client->endpoint);
    client_os_close(client->completion_signal);
    client_os_close(client->devmgr_signal);
    if (client->own_notification)
        client_os_close(client->notification);
    free(client->order);
    free(client->slot);
    free(client);
}

static int set_up(struct block_client *client, const struct block_client_options *options)
{
    client->depth = options->depth != 0 ? options->depth : CLIENT_DEPTH_DEFAULT;
    if (client->depth < BLOCK_DEPTH_MIN || client->depth > BLOCK_DEPTH_MAX ||
        (client->depth & (client->depth - 1)) != 0)
        return -E_INVAL;
    if (options->lock != NULL)
        client->lock = *options->lock;
    client->devmgr =
        options->devmgr != HANDLE_NONE ? options->devmgr : client_os_startup_handle("devmgr");
    client->rs = options->rs != HANDLE_NONE ? options->rs : client_os_startup_handle("rs");
    int status = split_name(client, options->name);
    if (status == 0)
        status = make_slots(client);
    if (status == 0)
        status = make_events(client, options);
    if (status < 0)
        return status;
    client->queue_bytes = (BLOCK_QUEUE_BYTES(client->depth) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1u);
    return client_os_queue_create(client->queue_bytes, &client->queue_memory, &client->queue);
}

int block_client_open(const struct block_client_options *options, struct block_client **result)
{
    struct block_client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return -E_NOMEM;
    int status = set_up(client, options);
    if (status == 0)
        status = client_session_find(client, options->deadline);
    if (status == 0)
        status = client_session_attach(client);
    if (status < 0) {
        destroy(client);
        return status;
    }
    watch_devmgr(client);
    *result = client;
    return 0;
}

void block_client_close(struct block_client *client)
{
    time_ns_t deadline = client_os_clock() + CLIENT_CLOSE_TIMEOUT_NS;
    while (client->in_flight > 0 && !client->dead)
        if (block_client_wait_any(client, deadline) < 0)
            break;
    client_session_detach(client);
    destroy(client);
}

const struct block_info *block_client_info(const struct block_client *client)
{
    return &client->info;
}

int block_client_add_memory(struct block_client *client, handle_t memory, uint64_t bytes)
{
    if (bytes == 0 || bytes % PAGE_SIZE != 0)
        return -E_INVAL;
    while (client->attaching)
        follow(client, DEADLINE_NEVER); // one exchange with the driver at a time, so numbers agree
    if (client->memories == BLOCK_SESSION_MEMORIES)
        return -E_NOMEM;
    uint32_t index = client->memories;
    int status = client_os_duplicate(memory, &client->memory[index].handle);
    if (status < 0)
        return status;
    client->memory[index].bytes = bytes;
    client->memories++;
    if (!client->attached)
        return (int)index; // the next attach sends it
    client->attaching = true;
    status = client_session_send_memory(client, index);
    client->attaching = false;
    client_wake_waiters(client);
    if (status == 0 || status == -E_RESTARTED || status == -E_BADF || status == -E_TIMEDOUT)
        return (int)index; // with a driver that is going away: sent to its successor
    client->memories--;
    client_os_close(client->memory[index].handle);
    return status;
}

void block_client_get_stats(const struct block_client *client, struct block_client_stats *stats)
{
    *stats = client->stats;
}
