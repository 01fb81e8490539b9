// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Pipes and FIFOs (pipe(7)): a ring of bytes that grows to the pipe's capacity when it is full.
//
// A write of at most PIPE_BUF bytes goes in as one piece. `busy` is held around copies from and to
// programs, which may release posix_lock: so at most one reader or writer moves the ring's ends at
// a time.

#include "servers/posix/io/pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/posix/io/anonymous.h"
#include "servers/posix/signal.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"

enum { PIPE_START = 4096 };

enum { IOCTL_FIONREAD = 0x541b };

struct pipe {
    uint8_t *data;
    uint32_t size;                       // of data, a power of two, or 0
    uint32_t capacity;                   // what size may grow to, a power of two
    uint32_t head;                       // running count of bytes put in
    uint32_t tail;                       // taken out
    uint32_t readers, writers;           // open files
    uint32_t reader_opens, writer_opens; // ever: a FIFO's opener waits for one to come
    bool busy;
    struct wait_queue read_wait, write_wait, open_wait;
};

static inline uint32_t pipe_used(const struct pipe *pipe)
{
    return pipe->head - pipe->tail;
}

static void pipe_enter(struct pipe *pipe)
{
    while (pipe->busy)
        (void)wait_sleep(&pipe->open_wait, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
    pipe->busy = true;
}

static void pipe_leave(struct pipe *pipe)
{
    pipe->busy = false;
    if (!wait_queue_empty(&pipe->open_wait))
        wait_wake_all(&pipe->open_wait);
}

// Moves the contents to a ring of `size` bytes, which has room for them.
static int pipe_resize(struct pipe *pipe, uint32_t size)
{
    uint8_t *data = malloc(size);
    if (data == NULL)
        return -E_NOMEM;
    uint32_t used = pipe_used(pipe);
    if (used > 0) {
        uint32_t from = pipe->tail & (pipe->size - 1);
        uint32_t first = pipe->size - from < used ? pipe->size - from : used;
        memcpy(data, pipe->data + from, first);
        memcpy(data + first, pipe->data, used - first);
    }
    free(pipe->data);
    pipe->data = data;
    pipe->size = size;
    pipe->tail = 0;
    pipe->head = used;
    return 0;
}

// Room in the ring, which first grows towards the capacity if less than `wanted` is free.
static uint32_t pipe_room(struct pipe *pipe, uint64_t wanted)
{
    while (pipe->size - pipe_used(pipe) < wanted && pipe->size < pipe->capacity) {
        uint32_t size = pipe->size == 0 ? PIPE_START : pipe->size * 2;
        if (pipe_resize(pipe, size) != 0)
            break;
    }
    return pipe->size - pipe_used(pipe);
}

// ---- reading and writing ----

static int64_t pipe_take(struct pipe *pipe, struct user_buffer *out)
{
    int64_t total = 0;
    while (pipe_used(pipe) != 0 && user_buffer_left(out) != 0) {
        uint32_t from = pipe->tail & (pipe->size - 1);
        uint32_t piece = pipe->size - from;
        if (piece > pipe_used(pipe))
            piece = pipe_used(pipe);
        int64_t moved = user_buffer_put(out, pipe->data + from, piece);
        if (moved <= 0)
            return total > 0 ? total : moved;
        pipe->tail += (uint32_t)moved;
        total += moved;
    }
    return total;
}

static int64_t pipe_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    struct pipe *pipe = file->data;
    (void)position;
    if (user_buffer_left(out) == 0)
        return 0;
    while (pipe->busy || pipe_used(pipe) == 0) {
        int error = 0;
        if (pipe->busy) {
            error = wait_sleep(&pipe->open_wait, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
        } else {
            if (pipe->writers == 0)
                return 0;
            if (file->flags & LINUX_O_NONBLOCK)
                return -E_AGAIN;
            error = wait_sleep(&pipe->read_wait, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
        }
        if (error != 0)
            return error == -E_INTR ? -RESTART_SYS : error;
    }
    pipe->busy = true;
    int64_t moved = pipe_take(pipe, out);
    pipe_leave(pipe);
    if (moved > 0 && !wait_queue_empty(&pipe->write_wait))
        wait_wake_all(&pipe->write_wait);
    return moved;
}

static int64_t pipe_put(struct pipe *pipe, struct user_buffer *in, uint32_t room)
{
    int64_t total = 0;
    while (room != 0 && user_buffer_left(in) != 0) {
        uint32_t to = pipe->head & (pipe->size - 1);
        uint32_t piece = pipe->size - to;
        if (piece > room)
            piece = room;
        int64_t moved = user_buffer_get(in, pipe->data + to, piece);
        if (moved <= 0)
            return total > 0 ? total : moved;
        pipe->head += (uint32_t)moved;
        room -= (uint32_t)moved;
        total += moved;
    }
    return total;
}

static int64_t pipe_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    struct pipe *pipe = file->data;
    int64_t total = 0;
    (void)position;
    bool whole = user_buffer_left(in) <= LINUX_PIPE_BUF;
    while (user_buffer_left(in) != 0) {
        if (pipe->readers == 0)
            return total > 0 ? total : -E_PIPE;
        uint64_t left = user_buffer_left(in);
        uint32_t room = pipe->busy ? 0 : pipe_room(pipe, left);
        if (room == 0 || (whole && room < left)) {
            if (!pipe->busy && (file->flags & LINUX_O_NONBLOCK) != 0)
                return total > 0 ? total : -E_AGAIN;
            int error = wait_sleep(pipe->busy ? &pipe->open_wait : &pipe->write_wait,
                                   DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
            if (error != 0)
                return total > 0 ? total : error == -E_INTR ? -RESTART_SYS : error;
            continue;
        }
        pipe->busy = true;
        int64_t moved = pipe_put(pipe, in, room);
        pipe_leave(pipe);
        if (moved <= 0)
            return total > 0 ? total : moved;
        total += moved;
        if (!wait_queue_empty(&pipe->read_wait))
            wait_wake_all(&pipe->read_wait);
    }
    return total;
}

static uint32_t pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe *pipe = file->data;
    uint32_t mode = file->flags & LINUX_O_ACCMODE, events = 0;
    if (mode != LINUX_O_WRONLY) {
        poll_wait(table, &pipe->read_wait);
        if (pipe_used(pipe) != 0)
            events |= LINUX_POLLIN | LINUX_POLLRDNORM;
        // A FIFO's reader that found no writer is not told of a hang-up before there was one.
        if (pipe->writers == 0 && pipe->writer_opens != (uint32_t)file->position)
            events |= LINUX_POLLHUP;
    }
    if (mode != LINUX_O_RDONLY) {
        poll_wait(table, &pipe->write_wait);
        if (pipe->capacity - pipe_used(pipe) >= LINUX_PIPE_BUF)
            events |= LINUX_POLLOUT | LINUX_POLLWRNORM;
        if (pipe->readers == 0)
            events |= LINUX_POLLERR;
    }
    return events;
}

static int64_t pipe_ioctl(struct task *task, struct file *file, uint32_t command, uint64_t argument)
{
    const struct pipe *pipe = file->data;
    if (command != IOCTL_FIONREAD)
        return -E_NOTTY;
    return user_write_u32(task, argument, pipe_used(pipe));
}

static void pipe_release(struct file *file)
{
    struct pipe *pipe = file->data;
    uint32_t mode = file->flags & LINUX_O_ACCMODE;
    if (mode != LINUX_O_WRONLY)
        pipe->readers--;
    if (mode != LINUX_O_RDONLY)
        pipe->writers--;
    if (pipe->readers != 0 || pipe->writers != 0) {
        wait_wake_all(&pipe->read_wait);
        wait_wake_all(&pipe->write_wait);
        return;
    }
    file->inode->pipe = NULL;
    free(pipe->data);
    free(pipe);
}

static size_t pipe_describe(struct file *file, char *text, size_t size)
{
    int length = snprintf(text, size, "pipe:[%lu]", (unsigned long)file->inode->number);
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size;
}

static const struct file_operations pipe_operations = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
    .describe = pipe_describe,
};

// ---- making and opening ----

static struct pipe *pipe_new(void)
{
    struct pipe *pipe = calloc(1, sizeof(*pipe));
    if (pipe == NULL)
        return NULL;
    pipe->capacity = PIPE_CAPACITY;
    wait_queue_init(&pipe->read_wait);
    wait_queue_init(&pipe->write_wait);
    wait_queue_init(&pipe->open_wait);
    return pipe;
}

// Counts the file as one of the pipe's.
static void pipe_join(struct pipe *pipe, struct file *file)
{
    uint32_t mode = file->flags & LINUX_O_ACCMODE;
    file->data = pipe;
    file->ops = &pipe_operations;
    file->kind = 0;
    if (mode != LINUX_O_WRONLY) {
        pipe->readers++;
        pipe->reader_opens++;
    }
    if (mode != LINUX_O_RDONLY) {
        pipe->writers++;
        pipe->writer_opens++;
    }
}

static const struct inode_operations pipe_inode_operations = {
    .set_attributes = NULL,
};

int pipe_create(uint32_t flags, struct file *file[2])
{
    struct superblock *superblock = anonymous_superblock(ANONYMOUS_PIPE);
    struct inode *inode = inode_create(superblock, anonymous_number(), LINUX_S_IFIFO | 0600);
    struct pipe *pipe = pipe_new();
    file[0] = file_create(&pipe_operations, LINUX_O_RDONLY | flags, NULL);
    file[1] = file_create(&pipe_operations, LINUX_O_WRONLY | flags, NULL);
    if (inode == NULL || pipe == NULL || file[0] == NULL || file[1] == NULL) {
        free(file[0]);
        free(file[1]);
        free(pipe);
        if (inode != NULL)
            inode_put(inode);
        return -E_NOMEM;
    }
    inode->ops = &pipe_inode_operations;
    inode->pipe = pipe;
    for (unsigned i = 0; i < 2; i++) {
        file[i]->inode = inode_hold(inode);
        pipe_join(pipe, file[i]);
    }
    inode_put(inode);
    return 0;
}

// Sleeps until `*opens` has moved on, or the other end is open.
static int pipe_wait_for(struct pipe *pipe, const uint32_t *opens, const uint32_t *present)
{
    uint32_t seen = *opens;
    while (*opens == seen && *present == 0) {
        int error = wait_sleep(&pipe->open_wait, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
        if (error != 0)
            return error == -E_INTR ? -RESTART_SYS : error;
    }
    return 0;
}

int pipe_open_fifo(struct file *file)
{
    struct inode *inode = file->inode;
    uint32_t mode = file->flags & LINUX_O_ACCMODE;
    // An unnamed pipe (through /proc/<pid>/fd/N) waits for nobody: its other end may have come and
    // gone.
    bool named = inode->superblock != anonymous_superblock(ANONYMOUS_PIPE);
    bool wait = named && (file->flags & LINUX_O_NONBLOCK) == 0;
    struct pipe *pipe = inode->pipe;
    if (mode == LINUX_O_WRONLY && named && !wait && (pipe == NULL || pipe->readers == 0))
        return -E_NXIO;
    if (pipe == NULL) {
        pipe = inode->pipe = pipe_new();
        if (pipe == NULL)
            return -E_NOMEM;
    }
    if (named && pipe->writers == 0)
        file->position = pipe->writer_opens; // see pipe_poll
    pipe_join(pipe, file);
    wait_wake_all(&pipe->open_wait);
    int error = 0;
    if (wait && mode == LINUX_O_RDONLY)
        error = pipe_wait_for(pipe, &pipe->writer_opens, &pipe->writers);
    else if (wait && mode == LINUX_O_WRONLY)
        error = pipe_wait_for(pipe, &pipe->reader_opens, &pipe->readers);
    if (error != 0)
        pipe_release(file);
    return error;
}

bool file_is_pipe(const struct file *file)
{
    return file->ops == &pipe_operations;
}

uint32_t pipe_capacity(const struct file *file)
{
    return ((const struct pipe *)file->data)->capacity;
}

int64_t pipe_set_capacity(struct file *file, uint64_t bytes)
{
    struct pipe *pipe = file->data;
    if (bytes > PIPE_CAPACITY_MAX)
        return -E_PERM;
    uint32_t capacity = PIPE_START;
    while (capacity < bytes)
        capacity *= 2;
    pipe_enter(pipe);
    int error = 0;
    if (capacity < pipe_used(pipe))
        error = -E_BUSY;
    else if (capacity < pipe->size)
        error = pipe_resize(pipe, capacity);
    if (error == 0)
        pipe->capacity = capacity;
    pipe_leave(pipe);
    if (error != 0)
        return error;
    wait_wake_all(&pipe->write_wait);
    return capacity;
}
