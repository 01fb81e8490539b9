// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The devices of Linux's major number 1 (mem(4), null(4), random(4), full(4)); kmsg can be written.

#include "servers/posix/io/memory_devices.h"

#include "abi/error.h"
#include "abi/rng.h"
#include "lib/sys/log.h"
#include "servers/posix/device.h"
#include "servers/posix/hwrng.h"
#include "servers/posix/random.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"

enum { MAJOR_MISC = 10, MINOR_HWRNG = 183 }; // Linux: devices.txt

static int64_t null_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    (void)file;
    (void)out;
    (void)position;
    return 0;
}

// Takes everything without looking.
static int64_t null_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    uint64_t bytes = user_buffer_left(in);
    (void)file;
    (void)position;
    in->left = 0;
    return (int64_t)bytes;
}

static int64_t null_seek(struct file *file, int64_t offset, int whence)
{
    (void)offset;
    (void)whence;
    file->position = 0;
    return 0;
}

static int64_t zero_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    (void)file;
    (void)position;
    int64_t total = 0;
    while (user_buffer_left(out) != 0) {
        int64_t moved = user_buffer_clear(out, user_buffer_left(out));
        if (moved <= 0)
            return total > 0 ? total : moved;
        total += moved;
    }
    return total;
}

static int zero_mmap(struct file *file, uint64_t offset, uint64_t bytes, struct file_mapping *out)
{
    (void)file;
    (void)offset;
    (void)bytes;
    *out = (struct file_mapping){.memory = HANDLE_NONE};
    return 0;
}

static int64_t full_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    (void)file;
    (void)position;
    return user_buffer_left(in) != 0 ? -E_NOSPC : 0;
}

static int64_t random_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    uint8_t bytes[512];
    int64_t total = 0;
    (void)file;
    (void)position;
    while (user_buffer_left(out) != 0) {
        uint64_t piece =
            user_buffer_left(out) < sizeof(bytes) ? user_buffer_left(out) : sizeof(bytes);
        random_bytes(bytes, (size_t)piece);
        int64_t moved = user_buffer_put(out, bytes, piece);
        if (moved <= 0)
            return total > 0 ? total : moved;
        total += moved;
    }
    return total;
}

static int64_t random_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    uint8_t bytes[512];
    int64_t total = 0;
    (void)file;
    (void)position;
    while (user_buffer_left(in) != 0) {
        int64_t moved = user_buffer_get(in, bytes, sizeof(bytes));
        if (moved <= 0)
            return total > 0 ? total : moved;
        random_mix(bytes, (size_t)moved);
        total += moved;
    }
    return total;
}

static int64_t hwrng_device_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    uint8_t bytes[RNG_BYTES_MAX];
    int64_t total = 0;
    (void)file;
    (void)position;
    while (user_buffer_left(out) != 0) {
        uint64_t left = user_buffer_left(out);
        int64_t got = hwrng_read(bytes, left < sizeof(bytes) ? (size_t)left : sizeof(bytes));
        int64_t moved = got < 0 ? got : user_buffer_put(out, bytes, (uint64_t)got);
        if (moved <= 0)
            return total > 0 ? total : moved;
        total += moved;
    }
    return total;
}

// A line for the log: "<priority>text".
static int64_t kmsg_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    char line[LOG_LINE_MAX + 1];
    uint64_t bytes = user_buffer_left(in);
    (void)file;
    (void)position;
    int64_t moved = user_buffer_get(in, line, LOG_LINE_MAX);
    if (moved < 0)
        return moved;
    line[moved] = '\0';
    enum log_level level = LOG_INFO;
    const char *text = line;
    if (line[0] == '<' && line[1] >= '0' && line[1] <= '9') {
        const char *end = text + 1;
        unsigned priority = 0;
        while (*end >= '0' && *end <= '9' && priority < 1000)
            priority = priority * 10 + (unsigned)(*end++ - '0');
        if (*end == '>') {
            text = end + 1;
            priority &= 7;
            level = priority <= LOG_ERROR     ? LOG_ERROR
                    : priority == LOG_WARNING ? LOG_WARNING
                    : priority == LOG_DEBUG   ? LOG_DEBUG
                                              : LOG_INFO;
        }
    }
    sys_log_at(level, "%s", text);
    in->left = 0;
    return (int64_t)bytes;
}

static const struct file_operations null_operations = {
    .read = null_read, .write = null_write, .seek = null_seek};
static const struct file_operations zero_operations = {
    .read = zero_read, .write = null_write, .seek = null_seek, .mmap = zero_mmap};
static const struct file_operations full_operations = {
    .read = zero_read, .write = full_write, .seek = null_seek};
static const struct file_operations random_operations = {
    .read = random_read, .write = random_write, .seek = null_seek};
static const struct file_operations hwrng_operations = {.read = hwrng_device_read,
                                                        .seek = null_seek};
static const struct file_operations kmsg_operations = {.write = kmsg_write};

static int memory_device_open(struct device *device, struct file *file,
                              const struct vfs_caller *who, uint32_t open_flags)
{
    (void)who;
    (void)open_flags;
    file->ops = device->data;
    file->kind = FILE_POSITION;
    return 0;
}

#define MEMORY_DEVICE(device_name, number, operations, permissions) \
    CHARACTER_DEVICE(device_name, MAJOR_MEMORY, number, operations, permissions)
#define CHARACTER_DEVICE(device_name, major_number, number, operations, permissions) \
    {                                                                                \
        .name = device_name, .major = major_number, .minor = number,                 \
        .mode = LINUX_S_IFCHR | (permissions), .open = memory_device_open,           \
        .data = (void *)(uintptr_t) & (operations)                                   \
    }

int memory_devices_init(void)
{
    static struct device devices[] = {
        MEMORY_DEVICE("null", 3, null_operations, 0666),
        MEMORY_DEVICE("zero", 5, zero_operations, 0666),
        MEMORY_DEVICE("full", 7, full_operations, 0666),
        MEMORY_DEVICE("random", 8, random_operations, 0666),
        MEMORY_DEVICE("urandom", 9, random_operations, 0666),
        MEMORY_DEVICE("kmsg", 11, kmsg_operations, 0644),
        CHARACTER_DEVICE("hwrng", MAJOR_MISC, MINOR_HWRNG, hwrng_operations, 0600),
    };
    for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        int error = device_register(&devices[i]);
        if (error != 0)
            return error;
    }
    return 0;
}
