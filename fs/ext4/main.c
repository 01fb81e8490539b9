// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The ext4 server: the format library behind the protocol of abi/fs.h. Several mounts in one
// process, one thread, one event loop (lib/fs/loop.c).
//
// Format: see disk.h for the specification, docs/ext4.md for what is carried.
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

// A long row of transfers, such as a journal's replay, must not look like a hang.
static void breathe_in_time(void)
{
    static time_ns_t next;
    time_ns_t now = sys_clock();
    if (now < next)
        return;
    next = now + BREATH_NS;
    fs_server_breathe();
}

static int transfer(struct session *session, const struct block_io *io)
{
    block_ticket_t ticket;
    breathe_in_time();
    int status = block_client_submit(session->client, io, NULL, NULL, &ticket);
    if (status < 0)
        return status;
    while ((status = block_client_wait_complete(session->client, ticket, sys_clock() + BREATH_NS,
                                                NULL)) == -E_TIMEDOUT)
        fs_server_breathe();
    return status;
}

// A part of a request: what fits the transfer memory, widened to whole units of the device.
struct piece {
    uint64_t start; // on the device
    uint64_t skip;  // before what is wanted
    uint64_t wanted, whole;
};

static struct piece piece_at(const struct session *session, uint64_t offset, size_t bytes)
{
    struct piece piece = {.skip = offset % session->unit};
    piece.start = offset - piece.skip;
    piece.wanted = bytes < TRANSFER_BYTES - piece.skip ? bytes : TRANSFER_BYTES - piece.skip;
    piece.whole = (piece.skip + piece.wanted + session->unit - 1) / session->unit * session->unit;
    return piece;
}

static int move_piece(struct session *session, enum block_request_op op, const struct piece *piece)
{
    struct block_io io =
        block_io_range(op, piece->start, (uint32_t)session->number, 0, (uint32_t)piece->whole);
    int status = transfer(session, &io);
    if (status < 0)
        log_error("ext4: %s the device at byte %llu failed: error %d",
                  op == BLOCK_READ ? "reading" : "writing", (unsigned long long)piece->start,
                  status);
    return status;
}

static int session_read(void *context, uint64_t offset, size_t bytes, void *buffer)
{
    struct session *session = context;
    for (size_t done = 0; done < bytes;) {
        struct piece piece = piece_at(session, offset + done, bytes - done);
        int status = move_piece(session, BLOCK_READ, &piece);
        if (status < 0)
            return status;
        memcpy((uint8_t *)buffer + done, session->bytes + piece.skip, piece.wanted);
        done += piece.wanted;
    }
    return 0;
}

static int session_write(void *context, uint64_t offset, size_t bytes, const void *buffer)
{
    struct session *session = context;
    for (size_t done = 0; done < bytes;) {
        struct piece piece = piece_at(session, offset + done, bytes - done);
        int status = piece.wanted < piece.whole ? move_piece(session, BLOCK_READ, &piece) : 0;
        memcpy(session->bytes + piece.skip, (const uint8_t *)buffer + done, piece.wanted);
        if (status == 0)
            status = move_piece(session, BLOCK_WRITE, &piece);
        if (status < 0)
            return status;
        done += piece.wanted;
    }
    return 0;
}

static int session_flush(void *context)
{
    struct session *session = context;
    struct block_io io = {.op = BLOCK_FLUSH};
    if ((block_client_info(session->client)->features & BLOCK_CAN_FLUSH) == 0)
        return 0; // it has no cache
    int status = transfer(session, &io);
    if (status < 0)
        log_error("ext4: flushing the device's cache failed: error %d", status);
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
    if ((block_client_info(session->client)->features & BLOCK_READ_ONLY) == 0) {
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
