// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The ext4 server: the format library behind the protocol of abi/fs.h. Several mounts in one
// process, one thread, one event loop (lib/fs/loop.c).
//
// Format: see disk.h and journal_disk.h for the specification; docs/ext4.md for what is carried.
//
// States of a mount: none -> (FS_MOUNT: device found, superblock good) mounted -> (FS_UNMOUNT, or
// FS_MOUNT again) none. Nothing else outlives a request but the cache of metadata.
//
// A block driver that dies is waited for inside lib/block's client; requests here only take longer.

#include "fs/ext4/ext4.h"
#include "fs/ext4/server.h"
#include "lib/block/client.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

#include <stdlib.h>
#include <string.h>

enum {
    CACHE_BYTES = EXT4_MEMORY_MIN_LARGE, // touched as it fills: small file systems use less
    TRANSFER_BYTES = 64 * 1024,          // one read of the device; the library asks for 32 KiB
    QUEUE_DEPTH = 4,                     // one thread waits for each request
};

// Longest wait for a device that devmgr does not know (yet).
#define DEVICE_WAIT_NS 5000000000ull
// Between two breaths of a wait (fs_server_breathe).
#define BREATH_NS 50000000ull

struct session {
    struct block_client *client;
    handle_t transfer; // memory object that the driver fills
    uint8_t *bytes;    // the same, mapped
    int number;        // of it, in requests
    uint32_t unit;     // requests are multiples of it
};

static void device_log(void *context, const char *format, va_list arguments)
{
    (void)context;
    sys_log_list(LOG_INFO, format, arguments);
}

static int memory_map(handle_t memory, uint64_t bytes, void **out)
{
    struct aspace_map_args args = {
        .memory = memory,
        .bytes = bytes,
        .prot = PROT_READ | PROT_WRITE,
    };
    int64_t status = sys_aspace_map(HANDLE_SELF, &args);
    if (status < 0)
        return (int)status;
    *out = (void *)(uintptr_t)status;
    return 0;
}

static void memory_unmap(void *address, uint64_t bytes)
{
    int64_t status = sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)address, bytes);
    if (status < 0)
        log_error("ext4: memory stays mapped: error %d", (int)status);
}

static int transfer(struct session *session, const struct block_io *io)
{
    block_ticket_t ticket;
    int status = block_client_submit(session->client, io, NULL, NULL, &ticket);
    if (status < 0)
        return status;
    while ((status = block_client_wait_complete(session->client, ticket, sys_clock() + BREATH_NS,
                                                NULL)) == -E_TIMEDOUT)
        fs_server_breathe();
    return status;
}

// A part of what is asked for that fits the transfer memory, widened to whole units of the device.
struct part {
    uint64_t start; // of the first unit, in bytes
    uint64_t whole; // units' bytes
    uint64_t skip;  // to what is asked for
    uint64_t wanted;
};

static struct part part_of(const struct session *session, uint64_t offset, size_t bytes)
{
    uint64_t skip = offset % session->unit;
    uint64_t wanted = bytes < TRANSFER_BYTES - skip ? bytes : TRANSFER_BYTES - skip;
    uint64_t whole = (skip + wanted + session->unit - 1) / session->unit * session->unit;
    return (struct part){offset - skip, whole, skip, wanted};
}

static int part_transfer(struct session *session, const struct part *part, enum block_request_op op)
{
    struct block_io io =
        block_io_range(op, part->start, (uint32_t)session->number, 0, (uint32_t)part->whole);
    return transfer(session, &io);
}

static int session_read(void *context, uint64_t offset, size_t bytes, void *buffer)
{
    struct session *session = context;
    uint8_t *to = buffer;
    while (bytes > 0) {
        struct part part = part_of(session, offset, bytes);
        int status = part_transfer(session, &part, BLOCK_READ);
        if (status < 0) {
            log_error("ext4: reading the device at byte %llu failed: error %d",
                      (unsigned long long)offset, status);
            return status;
        }
        memcpy(to, session->bytes + part.skip, part.wanted);
        offset += part.wanted;
        to += part.wanted;
        bytes -= part.wanted;
    }
    return 0;
}

// Units that are written in part are read first.
static int part_write(struct session *session, const struct part *part, const uint8_t *from)
{
    if (part->wanted != part->whole) {
        int status = part_transfer(session, part, BLOCK_READ);
        if (status < 0)
            return status;
    }
    memcpy(session->bytes + part->skip, from, part->wanted);
    return part_transfer(session, part, BLOCK_WRITE);
}

static int session_write(void *context, uint64_t offset, size_t bytes, const void *buffer)
{
    struct session *session = context;
    const uint8_t *from = buffer;
    while (bytes > 0) {
        struct part part = part_of(session, offset, bytes);
        int status = part_write(session, &part, from);
        if (status < 0) {
            log_error("ext4: writing the device at byte %llu failed: error %d",
                      (unsigned long long)offset, status);
            return status;
        }
        offset += part.wanted;
        from += part.wanted;
        bytes -= part.wanted;
    }
    return 0;
}

// A device without a volatile cache has nothing to flush.
static int session_flush(void *context)
{
    struct session *session = context;
    struct block_io io = {.op = BLOCK_FLUSH};
    if (!(block_client_info(session->client)->features & BLOCK_CAN_FLUSH))
        return 0;
    int status = transfer(session, &io);
    if (status < 0)
        log_error("ext4: flushing the device failed: error %d", status);
    return status;
}

// ---- sessions ----

static int transfer_create(struct session *session)
{
    int64_t memory = sys_memory_create(TRANSFER_BYTES, MEMORY_CONTIGUOUS, HANDLE_NONE);
    if (memory < 0)
        return (int)memory;
    session->transfer = (handle_t)memory;
    void *address;
    int status = memory_map(session->transfer, TRANSFER_BYTES, &address);
    if (status < 0) {
        sys_handle_close(session->transfer);
        return status;
    }
    session->bytes = address;
    return 0;
}

static void transfer_destroy(struct session *session)
{
    memory_unmap(session->bytes, TRANSFER_BYTES);
    sys_handle_close(session->transfer);
}

static int device_wait(struct session *session, const char *name)
{
    struct block_client_options options = {
        .name = name,
        .devmgr = startup_handle("devmgr"),
        .depth = QUEUE_DEPTH,
    };
    time_ns_t end = sys_clock() + DEVICE_WAIT_NS;
    int status;
    do {
        fs_server_breathe();
        options.deadline = sys_clock() + BREATH_NS;
        status = block_client_open(&options, &session->client);
        // An answer before the deadline is final.
    } while (status < 0 && sys_clock() >= options.deadline && sys_clock() < end);
    return status == -E_TIMEDOUT || status == -E_NOENT ? -E_NODEV : status;
}

static int client_open(struct session *session, const char *name)
{
    int status = device_wait(session, name);
    if (status < 0)
        return status;
    session->number = block_client_add_memory(session->client, session->transfer, TRANSFER_BYTES);
    session->unit = block_client_info(session->client)->block_bytes;
    if (session->number < 0 || session->unit == 0 || TRANSFER_BYTES % session->unit) {
        block_client_close(session->client);
        return session->number < 0 ? session->number : -E_INVAL;
    }
    return 0;
}

static int session_open(const char *name, struct session **out)
{
    struct session *session = calloc(1, sizeof(*session));
    if (!session)
        return -E_NOMEM;
    int status = transfer_create(session);
    if (status < 0)
        goto free_session;
    status = client_open(session, name);
    if (status < 0)
        goto destroy_transfer;
    *out = session;
    return 0;

destroy_transfer:
    transfer_destroy(session);
free_session:
    free(session);
    return status;
}

static void session_close(struct session *session)
{
    block_client_close(session->client);
    transfer_destroy(session);
    free(session);
}

static int device_open(const char *name, struct ext4_device *out)
{
    struct session *session;
    int status = session_open(name, &session);
    if (status < 0)
        return status;
    status = memory_map(HANDLE_NONE, CACHE_BYTES, &out->memory);
    if (status < 0) {
        session_close(session);
        return status;
    }
    out->memory_bytes = CACHE_BYTES;
    out->provider = session;
    out->source = (struct block_source){
        .context = session,
        .bytes = block_client_info(session->client)->capacity,
        .read = session_read,
    };
    if (!(block_client_info(session->client)->features & BLOCK_READ_ONLY)) {
        out->source.write = session_write;
        out->source.flush = session_flush;
    }
    return 0;
}

static void device_close(struct ext4_device *device)
{
    memory_unmap(device->memory, device->memory_bytes);
    session_close(device->provider);
}

int main(int argc, char **argv)
{
    static const struct ext4_provider block_devices = {device_open, device_close, device_log};
    (void)argc;
    (void)argv;
    return fs_server_run(ext4_format(&block_devices));
}
