// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See vport.h. As Linux's virtio_console driver has it: one open file at a time (E_BUSY), reading
// gives 0 bytes while the other end is not open, and POLLHUP then.

#include "servers/posix/tty/vport.h"

#include <stdio.h>
#include <stdlib.h>

#include "servers/posix/device.h"
#include "servers/posix/file.h"
#include "servers/posix/signal.h"
#include "servers/posix/task.h"
#include "servers/posix/tty/chardev.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"
#include "servers/posix/wait.h"

enum { CHUNK = 2048, NAME_BYTES = 24 };

struct vport {
    struct device device;
    struct chardev_port *port;
    struct wait_queue readers, writers;
    bool open;
    char name[NAME_BYTES];
};

static bool peer_open(const struct vport *vport)
{
    return (vport->port->status.modem & CHAR_DCD) != 0;
}

static int sleep_on(struct file *file, struct wait_queue *queue)
{
    int error;

    if ((file->flags & LINUX_O_NONBLOCK) != 0)
        return -E_AGAIN;
    error = wait_sleep(queue, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
    return error == -E_INTR ? -RESTART_SYS : error;
}

static int64_t vport_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    struct vport *vport = file->data;
    uint8_t bytes[CHUNK];

    (void)position;
    while (user_buffer_left(out) > 0) {
        uint64_t left = user_buffer_left(out);
        uint32_t count =
            chardev_read(vport->port, bytes, left < CHUNK ? (uint32_t)left : (uint32_t)CHUNK);
        int error;

        if (count > 0)
            return user_buffer_put(out, bytes, count);
        if (!peer_open(vport))
            return 0;
        error = sleep_on(file, &vport->readers);
        if (error < 0)
            return error;
    }
    return 0;
}

// Bytes taken, waiting for room; fewer, or an error, only when interrupted.
static int64_t write_chunk(struct file *file, const uint8_t *bytes, uint32_t count)
{
    struct vport *vport = file->data;
    uint32_t done = 0;

    while (done < count) {
        uint32_t room = chardev_room(vport->port);
        int error;

        if (room > 0) {
            uint32_t part = count - done < room ? count - done : room;

            chardev_write(vport->port, bytes + done, part);
            done += part;
            continue;
        }
        error = sleep_on(file, &vport->writers);
        if (error < 0)
            return done > 0 ? done : error;
    }
    return done;
}

static int64_t vport_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    int64_t done = 0;

    (void)position;
    while (user_buffer_left(in) > 0) {
        uint8_t bytes[CHUNK];
        int64_t count = user_buffer_get(in, bytes, sizeof bytes);
        int64_t sent = count < 0 ? count : write_chunk(file, bytes, (uint32_t)count);

        if (sent < 0)
            return done > 0 ? done : sent;
        done += sent;
        if (sent < count)
            break;
    }
    return done;
}

static uint32_t vport_poll(struct file *file, struct poll_table *table)
{
    struct vport *vport = file->data;
    uint32_t events = 0;

    poll_wait(table, &vport->readers);
    poll_wait(table, &vport->writers);
    if (chardev_readable(vport->port) > 0)
        events |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if (!peer_open(vport))
        return events | LINUX_POLLHUP;
    if (chardev_room(vport->port) > 0)
        events |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    return events;
}

// What was written is with the driver's device.
static int vport_fsync(struct file *file, bool data_only)
{
    struct vport *vport = file->data;

    (void)data_only;
    while (!chardev_drained(vport->port)) {
        int error = wait_sleep(&vport->writers, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);

        if (error < 0)
            return -RESTART_SYS;
    }
    return 0;
}

static void set_open(struct vport *vport, bool open)
{
    vport->open = open;
    vport->port->opened = open;
    chardev_request(vport->port, CHARDEV_WORK_OPEN);
}

static void vport_release(struct file *file)
{
    set_open(file->data, false);
}

static const struct file_operations file_ops = {
    .read = vport_read,
    .write = vport_write,
    .poll = vport_poll,
    .fsync = vport_fsync,
    .release = vport_release,
};

static int device_open(struct device *device, struct file *file, const struct vfs_caller *who,
                       uint32_t open_flags)
{
    struct vport *vport = device->data;

    (void)who;
    (void)open_flags;
    if (vport->open)
        return -E_BUSY;
    file->ops = &file_ops;
    file->data = vport;
    file->kind &= ~(uint32_t)FILE_POSITION;
    set_open(vport, true);
    return 0;
}

// ---- what the port tells ----

static void port_receive(struct chardev_port *port)
{
    struct vport *vport = port->owner;

    if (chardev_readable(port) > 0)
        wait_wake_all(&vport->readers);
}

static void port_room(struct chardev_port *port)
{
    wait_wake_all(&((struct vport *)port->owner)->writers);
}

static void port_status(struct chardev_port *port)
{
    wait_wake_all(&((struct vport *)port->owner)->readers);
    wait_wake_all(&((struct vport *)port->owner)->writers);
}

static const struct chardev_events events = {
    .receive = port_receive,
    .room = port_room,
    .status = port_status,
};

int vport_create(struct chardev_port *port)
{
    struct vport *vport = calloc(1, sizeof *vport);
    int error;

    if (vport == NULL)
        return -E_NOMEM;
    vport->port = port;
    wait_queue_init(&vport->readers);
    wait_queue_init(&vport->writers);
    snprintf(vport->name, sizeof vport->name, "%sp%u", chardev_device(port), (unsigned)port->index);
    if (port->name[0] != '\0')
        vport->device.port_name = port->name;
    vport->device.name = vport->name;
    vport->device.major = MAJOR_VIRTIO_PORT;
    vport->device.minor = port->number;
    vport->device.mode = LINUX_S_IFCHR | 0600;
    vport->device.open = device_open;
    vport->device.data = vport;
    error = device_register(&vport->device);
    if (error < 0) {
        free(vport);
        return error;
    }
    port->owner = vport;
    port->events = &events;
    return 0;
}
