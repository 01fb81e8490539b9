// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/io/eventfd.h"

#include <stdlib.h>
#include <string.h>

#include "servers/posix/signal.h"
#include "servers/posix/user.h"
#include "servers/posix/wait.h"

#define EVENTFD_MAX (UINT64_MAX - 1)

struct eventfd {
    uint64_t count;
    bool semaphore;
    struct wait_queue wait;
};

static int eventfd_sleep(struct file *file, struct eventfd *event)
{
    if (file->flags & LINUX_O_NONBLOCK)
        return -E_AGAIN;
    int error = wait_sleep(&event->wait, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
    return error == -E_INTR ? -RESTART_SYS : error;
}

static int64_t eventfd_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    struct eventfd *event = file->data;
    (void)position;
    if (user_buffer_left(out) < sizeof(uint64_t))
        return -E_INVAL;
    while (event->count == 0) {
        int error = eventfd_sleep(file, event);
        if (error != 0)
            return error;
    }
    uint64_t value = event->semaphore ? 1 : event->count;
    event->count -= value;
    wait_wake_all(&event->wait);
    return user_buffer_put(out, &value, sizeof(value));
}

static int64_t eventfd_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    struct eventfd *event = file->data;
    uint64_t value;
    (void)position;
    if (user_buffer_left(in) < sizeof(value))
        return -E_INVAL;
    int64_t moved = user_buffer_get(in, &value, sizeof(value));
    if (moved != (int64_t)sizeof(value))
        return -E_FAULT;
    if (value > EVENTFD_MAX)
        return -E_INVAL;
    while (value > EVENTFD_MAX - event->count) {
        int error = eventfd_sleep(file, event);
        if (error != 0)
            return error;
    }
    event->count += value;
    if (!wait_queue_empty(&event->wait))
        wait_wake_all(&event->wait);
    return moved;
}

static uint32_t eventfd_poll(struct file *file, struct poll_table *table)
{
    struct eventfd *event = file->data;
    poll_wait(table, &event->wait);
    return (event->count > 0 ? LINUX_POLLIN | LINUX_POLLRDNORM : 0u) |
           (event->count < EVENTFD_MAX ? LINUX_POLLOUT | LINUX_POLLWRNORM : 0u);
}

static void eventfd_release(struct file *file)
{
    struct eventfd *event = file->data;
    wait_queue_destroy(&event->wait);
    free(event);
}

static size_t eventfd_describe(struct file *file, char *text, size_t size)
{
    static const char name[] = "anon_inode:[eventfd]";
    (void)file;
    size_t length = sizeof(name) - 1 < size ? sizeof(name) - 1 : size;
    memcpy(text, name, length);
    return length;
}

static const struct file_operations eventfd_operations = {
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .release = eventfd_release,
    .describe = eventfd_describe,
};

int eventfd_create_file(uint32_t initial, bool semaphore, uint32_t flags, struct file **out)
{
    struct eventfd *event = calloc(1, sizeof(*event));
    struct file *file = file_create(&eventfd_operations, LINUX_O_RDWR | flags, event);
    if (event == NULL || file == NULL) {
        free(event);
        free(file);
        return -E_NOMEM;
    }
    event->count = initial;
    event->semaphore = semaphore;
    wait_queue_init(&event->wait);
    *out = file;
    return 0;
}
