// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Disks: sessions with block drivers (lib/block/client.h) over the page cache's pool.
//
// One thread follows devmgr and opens a session for each disk and each of its partitions when they
// first appear. A driver that dies and comes back is the session's business; the disk stays.

#include "servers/posix/io/disk_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/devmgr.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/posix/random.h"
#include "servers/posix/vfs/pagecache_internal.h"

enum {
    DISKS_PER_MAJOR_SHIFT = 4, // minors a disk: itself and 15 partitions
    DEVICES_MAX = 256,         // entries of devmgr's list that are looked at
};

static struct list disks = LIST_INIT(disks);
static struct waiter follower; // of the thread that follows devmgr

// ---- the session's lock is posix_lock ----

static void lock_acquire(void *context)
{
    (void)context;
    posix_lock();
}

static void lock_release(void *context)
{
    (void)context;
    posix_unlock();
}

static const struct block_client_lock client_lock = {
    .acquire = lock_acquire,
    .release = lock_release,
};

// ---- finding ----

struct disk *disk_find(const char *name)
{
    list_for_each(node, &disks)
    {
        struct disk *disk = list_entry(node, struct disk, node);
        if (strcmp(disk->name, name) == 0)
            return disk;
    }
    return NULL;
}

uint64_t disk_capacity(const struct disk *disk)
{
    return block_client_info(disk->client)->capacity;
}

uint64_t disk_device_number(const struct disk *disk)
{
    return linux_dev(disk->device.major, disk->device.minor);
}

void disk_each(void (*visit)(const struct disk *disk, const char *name, void *context),
               void *context)
{
    list_for_each(node, &disks)
    {
        const struct disk *disk = list_entry(node, struct disk, node);
        visit(disk, disk->name, context);
    }
}

// ---- appearing ----

// Opens the session; the disk is not in the list yet, for this sleeps.
static int disk_attach(const char *name, struct disk **out)
{
    struct disk *disk = calloc(1, sizeof(*disk));
    if (disk == NULL)
        return -E_NOMEM;
    (void)snprintf(disk->name, sizeof(disk->name), "%s", name);
    struct block_client_options options = {
        .name = disk->name,
        .lock = &client_lock,
        .deadline = DEADLINE_NOW,
    };
    int error = block_client_open(&options, &disk->client);
    if (error == 0) {
        error = block_client_add_memory(disk->client, pagecache_disk_pool.memory,
                                        pagecache_disk_pool.limit_pages * PAGE_SIZE);
        if (error < 0)
            block_client_close(disk->client);
    }
    if (error < 0) {
        free(disk);
        return error;
    }
    disk->memory = (uint32_t)error;
    list_add_tail(&disks, &disk->node);
    *out = disk;
    return 0;
}

// "vdb" is the second of its kind, "sr1", too.
static uint32_t disk_index(const char *name)
{
    uint32_t index = 0;
    if (name[2] >= '0' && name[2] <= '9')
        return (uint32_t)(name[2] - '0'); // more CDs than ten have no place
    for (const char *c = name + 2; *c >= 'a' && *c <= 'z'; c++)
        index = index * 26 + (uint32_t)(*c - 'a') + 1;
    return index == 0 ? 0 : index - 1;
}

static void disk_publish(struct disk *disk, const char *whole_name, uint32_t partition)
{
    uint32_t major = strncmp(whole_name, "sd", 2) == 0   ? MAJOR_SCSI_DISK
                     : strncmp(whole_name, "sr", 2) == 0 ? MAJOR_SCSI_CDROM
                                                         : MAJOR_VIRTIO_BLOCK;
    bool is_cd = major == MAJOR_SCSI_CDROM;
    uint32_t minor = (disk_index(whole_name) << (is_cd ? 0 : DISKS_PER_MAJOR_SHIFT)) + partition;
    int error = block_device_publish(disk, major, minor);
    if (error != 0)
        log_warning("%s: no device file: error %d", disk->name, -error);
}

static void disk_appears(const char *name)
{
    struct disk *disk;
    int error = disk_attach(name, &disk);
    if (error != 0) {
        if (error != -E_NODEV) // not ready yet: devmgr signals again
            log_warning("%s: cannot open: error %d", name, -error);
        return;
    }
    const struct block_info *info = block_client_info(disk->client);
    log_info("%s: %lu MiB, %u-byte blocks", name, (unsigned long)(info->capacity >> 20),
             info->block_bytes);
    disk_publish(disk, name, 0);
    uint32_t partitions = info->partitions < 1u << DISKS_PER_MAJOR_SHIFT
                              ? info->partitions
                              : (1u << DISKS_PER_MAJOR_SHIFT) - 1;
    for (uint32_t i = 1; i <= partitions; i++) {
        char part_name[BLOCK_NAME_MAX];
        struct disk *part;
        (void)snprintf(part_name, sizeof(part_name), "%s%u", name, i);
        if (disk_attach(part_name, &part) == 0)
            disk_publish(part, name, i);
    }
}

static void look_at_devices(handle_t devmgr)
{
    for (uint64_t index = 0; index < DEVICES_MAX; index++) {
        struct message message = {.tag = message_tag(DEVMGR_DEVICE, 1, 0), .word = {index}};
        struct device_info info;
        posix_unlock();
        int64_t error = message_call_retry(devmgr, &message);
        posix_lock();
        if (error < 0 || message_get_bytes(&message, 0, &info, sizeof(info)) < 0)
            return;
        info.name[sizeof(info.name) - 1] = '\0';
        if (info.class == DEVICE_BLOCK && info.state == DEVICE_RUNNING && info.name[0] != '\0' &&
            disk_find(info.name) == NULL)
            disk_appears(info.name);
    }
}

static void follow_devices(void *argument)
{
    handle_t notification = (handle_t)(uintptr_t)argument;
    handle_t devmgr = startup_handle("devmgr");
    thread_self()->user = &follower;
    struct message message = {.tag = message_tag(DEVMGR_WATCH, 0, 1)};
    // Badge 1: any bit will do, there is one source.
    int64_t badged =
        sys_handle_duplicate(notification, RIGHT_SEND | RIGHT_TRANSFER | RIGHT_DUPLICATE, 1);
    message.handle[0] = badged < 0 ? HANDLE_NONE : (handle_t)badged;
    int64_t error = badged < 0 ? badged : message_call_retry(devmgr, &message);
    if (error < 0) {
        log_error("cannot follow devices: error %d", (int)-error);
        return;
    }
    for (;;) {
        posix_lock();
        look_at_devices(devmgr);
        posix_unlock();
        uint64_t bits;
        error = sys_wait(notification, DEADLINE_NEVER, &bits);
        if (error < 0) {
            log_error("lost devmgr: error %d", (int)-error);
            return;
        }
    }
}

int disk_init(void)
{
    int64_t notification = sys_notification_create();
    if (notification < 0)
        return (int)notification;
    handle_t thread;
    int64_t error =
        thread_start(follow_devices, (void *)(uintptr_t)notification, PRIORITY_USER, 0, &thread);
    return error < 0 ? (int)error : 0;
}

// ---- transfers ----

void disk_io_begin(struct disk_io *io, struct disk *disk, enum block_request_op op)
{
    io->disk = disk;
    io->op = op;
    io->error = 0;
    io->requests = 0;
    io->bytes = io->segments = 0;
}

static void io_wait_first(struct disk_io *io)
{
    int status = block_client_wait_complete(io->disk->client, io->ticket[0], DEADLINE_NEVER, NULL);
    random_add_timing();
    if (status != 0 && io->error == 0)
        io->error = status;
    io->requests--;
    memmove(io->ticket, io->ticket + 1, io->requests * sizeof(io->ticket[0]));
}

// Submits what has been put together.
static void io_submit(struct disk_io *io)
{
    struct block_io request = {
        .op = io->op, .offset = io->offset, .bytes = io->bytes, .segments = io->segments};
    if (io->bytes == 0)
        return;
    memcpy(request.segment, io->segment, io->segments * sizeof(io->segment[0]));
    io->bytes = io->segments = 0;
    if (io->requests == DISK_IO_REQUESTS)
        io_wait_first(io);
    block_ticket_t ticket;
    int status;
    while ((status = block_client_submit(io->disk->client, &request, NULL, NULL, &ticket)) ==
           -E_AGAIN)
        (void)block_client_wait_any(io->disk->client, DEADLINE_NEVER);
    if (status == 0)
        io->ticket[io->requests++] = ticket;
    else if (io->error == 0)
        io->error = status;
}

void disk_io_add(struct disk_io *io, uint64_t offset, const struct page *page, uint32_t page_offset,
                 uint32_t bytes)
{
    uint64_t memory_offset = page_pool_offset(page) + page_offset;
    uint32_t most = block_client_info(io->disk->client)->request_bytes_max;
    if (io->bytes != 0 && (io->offset + io->bytes != offset || bytes > most - io->bytes))
        io_submit(io);
    struct block_segment *last = io->segments > 0 ? &io->segment[io->segments - 1] : NULL;
    bool joins = last != NULL && last->offset + last->bytes == memory_offset;
    if (!joins && io->segments == BLOCK_REQUEST_SEGMENTS) {
        io_submit(io);
        last = NULL;
    }
    if (io->bytes == 0)
        io->offset = offset;
    io->bytes += bytes;
    if (joins && last != NULL)
        last->bytes += bytes;
    else
        io->segment[io->segments++] = (struct block_segment){
            .offset = memory_offset, .bytes = bytes, .memory = io->disk->memory};
}

int disk_io_end(struct disk_io *io)
{
    io_submit(io);
    block_client_kick(io->disk->client);
    while (io->requests > 0)
        io_wait_first(io);
    return io->error;
}

void disk_flush_all(void)
{
    list_for_each(node, &disks) // a disk stays: sleeping does not harm
    {
        struct disk *disk = list_entry(node, struct disk, node);
        if (disk->inode != NULL)
            (void)disk_flush(disk);
    }
}

int disk_flush(struct disk *disk)
{
    if ((block_client_info(disk->client)->features & BLOCK_CAN_FLUSH) == 0)
        return 0;
    return block_client_flush(disk->client);
}
