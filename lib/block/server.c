// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The block library's face towards its driver (unit.h) and towards clients' control messages
// (abi/block.h).

#include "lib/block/server.h"

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "abi/message.h"
#include "lib/block/server_os.h"
#include "lib/driver/driver.h"

struct block_server block_server;

enum {
    SCRATCH_BYTES = 32 * 1024, // holds MBR, GPT and its usual array of entries at once
    TAKE_ROUNDS_MAX =
        8, // times one wake-up looks at the rings again before messages get their turn
};

// ---- units ----

void block_server_init(struct driver *driver)
{
    memset(&block_server, 0, sizeof(block_server));
    block_server.driver = driver;
}

static bool config_is_good(const struct block_unit_config *config)
{
    uint32_t block = config->block_bytes;
    return block >= BLOCK_SECTOR_BYTES && block <= BLOCK_PARTITION_BLOCK_MAX &&
           (block & (block - 1)) == 0 && config->depth > 0 &&
           config->depth <= BLOCK_UNIT_DEPTH_MAX &&
           config->pieces_max > 2 * BLOCK_REQUEST_SEGMENTS &&
           config->pieces_max <= BLOCK_UNIT_PIECES_MAX && config->piece_bytes_max >= PAGE_SIZE &&
           config->buffer_align > 0 && (config->buffer_align & (config->buffer_align - 1)) == 0;
}

// The longest request that always fits into pieces_max pieces: each segment may start and end
// inside a page.
static uint32_t longest_request(const struct block_unit_config *config)
{
    uint64_t bytes = (uint64_t)(config->pieces_max - 2 * BLOCK_REQUEST_SEGMENTS) * PAGE_SIZE;
    return bytes < BLOCK_REQUEST_BYTES_MAX ? (uint32_t)bytes : BLOCK_REQUEST_BYTES_MAX;
}

int block_server_add_unit(const struct block_unit_config *config, struct block_unit **result)
{
    if (!config_is_good(config))
        return -E_INVAL;
    if (block_server.units == BLOCK_UNITS_MAX)
        return -E_NOMEM;
    struct block_unit *unit = calloc(1, sizeof(*unit));
    if (unit == NULL)
        return -E_NOMEM;
    unit->config = *config;
    unit->config.name[BLOCK_NAME_MAX - 1] = '\0';
    unit->config.capacity &= ~(uint64_t)(config->block_bytes - 1);
    unit->number = block_server.units;
    unit->request_bytes_max = longest_request(config);
    for (unsigned i = config->depth; i-- > 0;)
        unit->free_commands[unit->free_count++] = i;
    block_server.unit[block_server.units++] = unit;
    *result = unit;
    return 0;
}

void *block_unit_context(const struct block_unit *unit)
{
    return unit->config.context;
}

void block_unit_set_capacity(struct block_unit *unit, uint64_t capacity)
{
    unit->config.capacity = capacity & ~(uint64_t)(unit->config.block_bytes - 1);
    block_os_log("%s: capacity is now %llu bytes", unit->config.name,
                 (unsigned long long)unit->config.capacity);
}

// ---- reading partition tables ----

struct own_read {
    struct block_unit *unit;
    struct block_pending pending;
};

static bool own_read_is_done(void *context)
{
    struct own_read *read = context;
    read->unit->config.ops->poll(read->unit);
    return read->pending.result != -E_INPROGRESS;
}

// Reads from the disk into the scratch buffer.
static int load_scratch(struct block_unit *unit, uint64_t offset, uint32_t bytes)
{
    static struct own_read read; // outlives this call if the device never answers
    read = (struct own_read){
        .unit = unit,
        .pending = {.op = BLOCK_READ, .offset = offset, .bytes = bytes, .result = -E_INPROGRESS},
    };
    unit->scratch_valid = 0;
    block_list_add(&unit->own, &read.pending);
    schedule_dispatch(unit);
    int status = driver_wait_until(own_read_is_done, &read, BLOCK_COMMAND_TIMEOUT_NS,
                                   "block: partition table");
    if (status < 0 || read.pending.result < 0)
        return status < 0 ? status : read.pending.result;
    unit->scratch_offset = offset;
    unit->scratch_valid = bytes;
    return 0;
}

static bool is_in_scratch(const struct block_unit *unit, uint64_t offset, uint32_t bytes)
{
    return bytes <= unit->scratch_valid && offset >= unit->scratch_offset &&
           offset - unit->scratch_offset <= unit->scratch_valid - bytes;
}

// Tables are read block by block, and each wait for the device costs a restarted driver time: so
// what follows is fetched, too.
static int read_disk(void *context, uint64_t offset, void *to, uint32_t bytes)
{
    struct block_unit *unit = context;
    if (bytes > unit->scratch.bytes || offset > unit->config.capacity)
        return -E_INVAL;
    uint64_t start = offset & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t left = unit->config.capacity - start;
    uint32_t ahead = left < SCRATCH_BYTES ? (uint32_t)left : SCRATCH_BYTES;
    int status = is_in_scratch(unit, offset, bytes) ? 0 : load_scratch(unit, start, ahead);
    if (status < 0 && status != -E_TIMEDOUT)
        status = load_scratch(unit, offset, bytes); // perhaps a bad block that nobody needs
    if (status < 0)
        return status;
    if (!is_in_scratch(unit, offset, bytes))
        return -E_INVAL;
    memcpy(to, (const uint8_t *)unit->scratch.memory + (offset - unit->scratch_offset), bytes);
    return 0;
}

static int read_table(struct block_unit *unit)
{
    if (unit->config.capacity == 0)
        return 0; // no medium
    int status = dma_buffer_create(unit->config.dma, SCRATCH_BYTES, DMA_ANYWHERE, &unit->scratch);
    if (status < 0)
        return status;
    unit->scratch_valid = 0;
    struct block_disk disk = {
        .read = read_disk,
        .context = unit,
        .capacity = unit->config.capacity,
        .block_bytes = unit->config.block_bytes,
    };
    status = block_table_read(&disk, &unit->table);
    if (status == -E_TIMEDOUT)
        return status; // the device may still write: the buffer stays, and the driver gives up
    dma_buffer_destroy(unit->config.dma, &unit->scratch);
    if (status < 0)
        block_os_log("%s: no partitions: the partition table cannot be read (error %d)",
                     unit->config.name, status);
    return 0;
}

int block_server_start(void)
{
    for (unsigned i = 0; i < block_server.units; i++) {
        int status = read_table(block_server.unit[i]);
        if (status < 0)
            return status;
        unit_log(block_server.unit[i]);
    }
    return 0;
}

// ---- control messages ----

static struct block_unit *find_unit(uint64_t number)
{
    return number < block_server.units ? block_server.unit[number] : NULL;
}

static int put_info(const struct block_unit *unit, uint32_t partition, struct message *reply,
                    unsigned first_word, unsigned handles)
{
    struct block_info info;
    int status = unit_info(unit, partition, &info);
    if (status < 0)
        return status;
    memcpy(&reply->word[first_word], &info, sizeof(info));
    unsigned words = first_word + sizeof(info) / sizeof(uint64_t);
    reply->tag = message_tag(0, words, handles);
    return 0;
}

static int handle_attach(struct driver *driver, struct message *request, struct message *reply)
{
    struct block_unit *unit = find_unit(request->word[0]);
    if (unit == NULL)
        return -E_NODEV;
    if (message_handles(request->tag) != 2 || request->word[1] > UINT32_MAX ||
        request->word[2] > UINT32_MAX)
        return -E_INVAL;
    struct block_attach attach = {
        .badge = request->badge,
        .unit = unit,
        .partition = (uint32_t)request->word[1],
        .depth = (uint32_t)request->word[2],
        .generation = (uint32_t)request->word[3],
        .queue_memory = driver_take_handle(request, 0),
        .notification = driver_take_handle(request, 1),
    };
    struct block_session *session;
    int status = session_attach(&attach, &session);
    if (status < 0)
        return status;
    status = driver_signal_create(driver, session_index(session), &reply->handle[0]);
    if (status == 0)
        status = put_info(unit, attach.partition, reply, 2, 1);
    if (status < 0) {
        session_close(session);
        return status;
    }
    reply->word[0] = session->id;
    reply->word[1] = block_os_incarnation();
    return 0;
}

static int handle_detach(struct driver *driver, struct block_session *session)
{
    if (session->taken == 0) {
        session_close(session);
        return 0;
    }
    int status = driver_defer(driver, &session->detach_reply);
    if (status < 0)
        return status;
    session_close(session);
    return DRIVER_DEFERRED;
}

static int handle_add_memory(struct block_session *session, struct message *request,
                             struct message *reply)
{
    handle_t memory = driver_take_handle(request, 0);
    if (memory == HANDLE_NONE)
        return -E_INVAL;
    int number = session_add_memory(session, memory);
    if (number < 0)
        return number;
    reply->word[0] = (uint64_t)number;
    reply->tag = message_tag(0, 1, 0);
    return 0;
}

static int handle_statistics(const struct message *request, struct message *reply)
{
    const struct block_unit *unit = find_unit(request->word[0]);
    if (unit == NULL)
        return -E_NODEV;
    if (message_handles(request->tag) != 1)
        return -E_INVAL;
    int64_t bytes = block_os_memory_bytes(request->handle[0]);
    uint64_t offset = request->word[1];
    uint64_t room = request->word[2];
    if (bytes < 0)
        return (int)bytes;
    if (room > (uint64_t)bytes || offset > (uint64_t)bytes - room)
        return -E_INVAL;
    void *mapped;
    int status = block_os_map(request->handle[0], (uint64_t)bytes, &mapped);
    if (status < 0)
        return status;
    reply->word[0] = unit_statistics_text(unit, (char *)mapped + offset, (size_t)room);
    reply->tag = message_tag(0, 1, 0);
    block_os_unmap(mapped, (uint64_t)bytes);
    return 0;
}

static int handle_rescan(struct block_unit *unit)
{
    if (unit == NULL)
        return -E_NODEV;
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++) {
        const struct block_session *session = &block_server.session[i];
        if (session->in_use && session->unit == unit && session->partition != BLOCK_WHOLE)
            return -E_BUSY;
    }
    return read_table(unit);
}

static int handle_session_message(struct driver *driver, struct message *request,
                                  struct message *reply)
{
    struct block_session *session =
        session_find((uint32_t)request->word[0], (uint32_t)request->word[1], request->badge);
    if (session == NULL)
        return -E_BADF;
    switch (message_label(request->tag)) {
    case BLOCK_ADD_MEMORY:
        return handle_add_memory(session, request, reply);
    case BLOCK_DETACH:
        return handle_detach(driver, session);
    default: // BLOCK_CHECK
        reply->word[0] = session->taken;
        reply->tag = message_tag(0, 1, 0);
        return 0;
    }
}

int block_server_handle_message(struct driver *driver, struct message *request,
                                struct message *reply)
{
    switch (message_label(request->tag)) {
    case BLOCK_UNITS:
        reply->word[0] = block_server.units;
        reply->tag = message_tag(0, 1, 0);
        return 0;
    case BLOCK_INFO: {
        const struct block_unit *unit = find_unit(request->word[0]);
        if (unit == NULL)
            return -E_NODEV;
        return request->word[1] > UINT32_MAX
                   ? -E_NOENT
                   : put_info(unit, (uint32_t)request->word[1], reply, 0, 0);
    }
    case BLOCK_ATTACH:
        return handle_attach(driver, request, reply);
    case BLOCK_ADD_MEMORY:
    case BLOCK_DETACH:
    case BLOCK_CHECK:
        return handle_session_message(driver, request, reply);
    case BLOCK_STATISTICS:
        return handle_statistics(request, reply);
    case BLOCK_RESCAN:
        return handle_rescan(find_unit(request->word[0]));
    default:
        return -E_NOSYS;
    }
}

// ---- events ----

void block_server_handle_signal(struct driver *driver, uint64_t bits)
{
    (void)driver;
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++)
        if ((bits & DRIVER_SIGNAL_BIT(i)) != 0 && block_server.session[i].in_use)
            session_take_requests(&block_server.session[i]);
}

static bool settle_sessions(void)
{
    bool again = false;
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++) {
        struct block_session *session = &block_server.session[i];
        if (session->in_use && !session->closing)
            again |= session_settle(session);
    }
    return again;
}

static void take_all_requests(void)
{
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++) {
        struct block_session *session = &block_server.session[i];
        if (session->in_use && !session->closing)
            session_take_requests(session);
    }
}

static unsigned count_in_flight(void)
{
    unsigned in_flight = 0;
    for (unsigned i = 0; i < block_server.units; i++)
        in_flight += block_server.unit[i]->in_flight;
    return in_flight;
}

void block_server_before_wait(struct driver *driver)
{
    bool again = true;
    for (unsigned round = 0; round < TAKE_ROUNDS_MAX && again; round++) {
        take_all_requests();
        for (unsigned i = 0; i < block_server.units; i++)
            schedule_dispatch(block_server.unit[i]);
        again = settle_sessions();
    }
    if (again)
        driver_wake(driver); // others get their turn, then this goes on
    if (count_in_flight() > 0 && !block_server.timer_runs) {
        block_server.timer_runs = true;
        driver_set_timer(driver, block_os_clock() + BLOCK_CHECK_PERIOD_NS);
    }
}

// ---- time-outs ----

static bool has_older(const struct block_unit *unit, time_ns_t now, uint64_t age)
{
    for (unsigned i = 0; i < unit->config.depth; i++) {
        const struct block_command *command = &unit->command[i];
        if (command->in_flight && now - command->started > age)
            return true;
    }
    return false;
}

void block_unit_restart(struct block_unit *unit, const char *reason)
{
    block_os_log("%s: %s; resetting the device, %u commands in flight", unit->config.name, reason,
                 unit->in_flight);
    unit->statistics.resets++;
    int status = unit->config.ops->reset(unit);
    if (status < 0)
        driver_fail(block_server.driver, "%s does not come up after a reset: error %d",
                    unit->config.name, status);
    schedule_restart_all(unit);
}

void block_server_handle_timer(struct driver *driver)
{
    (void)driver;
    block_server.timer_runs = false; // before_wait starts it again
    for (unsigned i = 0; i < block_server.units; i++) {
        struct block_unit *unit = block_server.unit[i];
        time_ns_t now = block_os_clock();
        if (has_older(unit, now, BLOCK_POLL_NS))
            unit->config.ops->poll(unit); // perhaps only the interrupt was lost
        if (has_older(unit, now, BLOCK_COMMAND_TIMEOUT_NS))
            block_unit_restart(unit, "a command timed out");
    }
}

bool block_server_is_healthy(struct driver *driver)
{
    (void)driver;
    // A reset would have helped against one time-out; twice the time means that nothing moves.
    time_ns_t now = block_os_clock();
    for (unsigned i = 0; i < block_server.units; i++)
        if (has_older(block_server.unit[i], now, 2 * BLOCK_COMMAND_TIMEOUT_NS))
            return false;
    return true;
}
