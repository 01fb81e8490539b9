// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Pseudo terminals (pty(7)); see pty.h. What the master writes is typed at the slave; what programs
// write to the slave, and its echo, is read at the master. Packet mode is not implemented.
//
// A pair lives until its master is closed and the last file of the slave, too. `open_files` counts
// both kinds.

#include "servers/posix/tty/pty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/posix/device.h"
#include "servers/posix/file.h"
#include "servers/posix/task.h"
#include "servers/posix/tty/tty.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"

enum {
    PTY_MAX = 256,
    OUTPUT_BYTES = 8192, // from the slave, not read by the master yet
    CHUNK = 1024,
    PATH_BYTES = 24,
    TTY_GROUP = 5, // Debian's "tty"
    PTMX_MINOR = 2,
};

struct pty {
    struct tty slave; // first
    struct device device;
    uint32_t index;
    uint32_t open_files; // master and slaves, hung up or not
    bool locked;         // TIOCSPTLCK
    bool master_open;
    bool slave_was_open;                // then closed: the master reads E_IO
    struct wait_queue readers, writers; // of the master
    uint32_t head, tail;                // running counts
    uint8_t output[OUTPUT_BYTES];
};

static struct pty *ptys[PTY_MAX];

static struct pty *pty_of(struct tty *tty)
{
    return (struct pty *)tty;
}

static void pty_put(struct pty *pty)
{
    if (--pty->open_files != 0)
        return;
    device_unregister(&pty->device);
    ptys[pty->index] = NULL;
    wait_queue_destroy(&pty->readers);
    wait_queue_destroy(&pty->writers);
    wait_queue_destroy(&pty->slave.readers);
    wait_queue_destroy(&pty->slave.writers);
    free(pty);
}

// ---- the slave's device below ----

static uint32_t slave_room(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    return OUTPUT_BYTES - (pty->head - pty->tail);
}

static void slave_put(struct tty *tty, const uint8_t *bytes, uint32_t count)
{
    struct pty *pty = pty_of(tty);

    for (uint32_t i = 0; i < count; i++)
        pty->output[pty->head++ % OUTPUT_BYTES] = bytes[i];
    wait_wake_all(&pty->readers);
}

// What the master has not read yet counts as sent: nobody may ever read it.
static bool slave_drained(struct tty *tty)
{
    (void)tty;
    return true;
}

static uint32_t slave_unsent(struct tty *tty)
{
    return pty_of(tty)->head - pty_of(tty)->tail;
}

static void slave_flush(struct tty *tty)
{
    pty_of(tty)->tail = pty_of(tty)->head;
    wait_wake_all(&tty->writers);
}

static void slave_more(struct tty *tty)
{
    wait_wake_all(&pty_of(tty)->writers);
}

static void slave_opened(struct tty *tty, bool open)
{
    struct pty *pty = pty_of(tty);

    pty->slave_was_open = !open;
    if (!open)
        wait_wake_all(&pty->readers);
}

static void slave_files(struct tty *tty, int change)
{
    struct pty *pty = pty_of(tty);

    if (change > 0)
        pty->open_files++;
    else
        pty_put(pty);
}

static const struct tty_ops slave_ops = {
    .room = slave_room,
    .put = slave_put,
    .drained = slave_drained,
    .unsent = slave_unsent,
    .flush = slave_flush,
    .more = slave_more,
    .opened = slave_opened,
    .files = slave_files,
};

static int slave_device_open(struct device *device, struct file *file, const struct vfs_caller *who,
                             uint32_t open_flags)
{
    struct pty *pty = device->data;

    if (pty->locked || !pty->master_open)
        return -E_IO;
    return tty_open(&pty->slave, file, who, open_flags);
}

// ---- the master ----

static int64_t master_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    struct pty *pty = file->data;
    uint8_t bytes[CHUNK];
    uint32_t count = 0;

    (void)position;
    while (pty->head == pty->tail) {
        int error;

        if (pty->slave_was_open)
            return -E_IO;
        if ((file->flags & LINUX_O_NONBLOCK) != 0)
            return -E_AGAIN;
        error = wait_sleep(&pty->readers, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
        if (error < 0)
            return -RESTART_SYS;
    }
    while (count < CHUNK && count < user_buffer_left(out) && pty->tail != pty->head)
        bytes[count++] = pty->output[pty->tail++ % OUTPUT_BYTES];
    tty_output_ready(&pty->slave);
    return user_buffer_put(out, bytes, count);
}

// Types one chunk. Bytes taken, fewer only when interrupted; or an error.
static int64_t type_chunk(struct file *file, const uint8_t *bytes, uint32_t count)
{
    struct pty *pty = file->data;
    uint32_t done = 0;

    while (done < count) {
        uint32_t room = ldisc_receive_room(&pty->slave.ldisc);
        uint32_t part = count - done < room ? count - done : room;
        int error;

        if (part > 0) {
            tty_receive(&pty->slave, bytes + done, part);
            done += part;
            continue;
        }
        if ((file->flags & LINUX_O_NONBLOCK) != 0)
            return done > 0 ? done : -E_AGAIN;
        error = wait_sleep(&pty->writers, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
        if (error < 0)
            return done > 0 ? done : -RESTART_SYS;
    }
    return done;
}

static int64_t master_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    int64_t done = 0;

    (void)position;
    while (user_buffer_left(in) > 0) {
        uint8_t bytes[CHUNK];
        int64_t count = user_buffer_get(in, bytes, sizeof bytes);
        int64_t typed = count < 0 ? count : type_chunk(file, bytes, (uint32_t)count);

        if (typed < 0)
            return done > 0 ? done : typed;
        done += typed;
        if (typed < count)
            break;
    }
    return done;
}

static uint32_t master_poll(struct file *file, struct poll_table *table)
{
    struct pty *pty = file->data;
    uint32_t events = 0;

    poll_wait(table, &pty->readers);
    poll_wait(table, &pty->writers);
    if (pty->head != pty->tail)
        events |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if (pty->slave_was_open)
        events |= LINUX_POLLHUP;
    if (ldisc_receive_room(&pty->slave.ldisc) > 0)
        events |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    return events;
}

// TIOCGPTPEER: the slave, as a new descriptor.
static int64_t open_peer(struct task *task, struct pty *pty, uint64_t flags)
{
    char path[PATH_BYTES];
    struct vfs_caller who;
    struct file *file;
    int error;

    vfs_caller_of(task, &who);
    snprintf(path, sizeof path, "/dev/pts/%u", (unsigned)pty->index);
    error = vfs_open(&who, NULL, path, (uint32_t)flags & ~(uint32_t)LINUX_O_CREAT, 0, &file);
    if (error < 0)
        return error;
    error = file_install(task, file, (flags & LINUX_O_CLOEXEC) != 0);
    if (error < 0)
        file_put(file);
    return error;
}

static int64_t set_lock(struct task *task, struct pty *pty, uint64_t address)
{
    uint32_t lock;
    int error = user_read_u32(task, &lock, address);

    if (error < 0)
        return error;
    pty->locked = lock != 0;
    return 0;
}

static int64_t master_ioctl(struct task *task, struct file *file, uint32_t command,
                            uint64_t argument)
{
    struct pty *pty = file->data;

    switch (command) {
    case TIOCGPTN:
        return user_write_u32(task, argument, pty->index);
    case TIOCSPTLCK:
        return set_lock(task, pty, argument);
    case TIOCGPTLCK:
        return user_write_u32(task, argument, pty->locked);
    case TIOCGPTPEER:
        return open_peer(task, pty, argument);
    case TIOCINQ:
        return user_write_u32(task, argument, pty->head - pty->tail);
    case TIOCGDEV: // of the master itself, as Linux numbers it
        return user_write_u32(task, argument, (uint32_t)linux_dev(MAJOR_PTS - 8, pty->index));
    case TIOCGPGRP:
        return user_write_u32(task, argument,
                              pty->slave.foreground == NULL ? 0
                                                            : (uint32_t)pty->slave.foreground->id);
    case TIOCSPGRP:
        return tty_set_group(task, &pty->slave, argument);
    default:
        return tty_ioctl_settings(task, file, &pty->slave, command, argument);
    }
}

static void master_release(struct file *file)
{
    struct pty *pty = file->data;

    pty->master_open = false;
    pty->slave.gone = true;
    devpts_remove(pty->index);
    tty_hangup(&pty->slave);
    pty_put(pty);
}

static const struct file_operations master_ops = {
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .ioctl = master_ioctl,
    .release = master_release,
};

// ---- opening /dev/ptmx ----

static int pty_create(struct pty **out)
{
    struct pty *pty;
    uint32_t index = 0;

    while (index < PTY_MAX && ptys[index] != NULL)
        index++;
    if (index == PTY_MAX)
        return -E_NOSPC;
    pty = calloc(1, sizeof *pty);
    if (pty == NULL)
        return -E_NOMEM;
    pty->index = index;
    pty->locked = true;
    pty->open_files = 1;
    wait_queue_init(&pty->readers);
    wait_queue_init(&pty->writers);
    tty_init(&pty->slave, &slave_ops, pty, "pts", MAJOR_PTS, index);
    pty->slave.pseudo = true;
    pty->slave.ldisc.termios.cflag = B38400 | CS8 | CREAD;
    pty->device = (struct device){
        .major = MAJOR_PTS,
        .minor = index,
        .mode = LINUX_S_IFCHR | 0620,
        .open = slave_device_open,
        .data = pty,
    };
    ptys[index] = pty;
    *out = pty;
    return 0;
}

static int ptmx_open(struct device *device, struct file *file, const struct vfs_caller *who,
                     uint32_t open_flags)
{
    struct pty *pty;
    int error = pty_create(&pty);

    (void)device;
    (void)open_flags;
    if (error < 0)
        return error;
    error = device_register(&pty->device);
    if (error == 0) {
        error = devpts_add(pty->index, who->uid, TTY_GROUP, 0620);
        if (error < 0)
            device_unregister(&pty->device);
    }
    if (error < 0) {
        ptys[pty->index] = NULL;
        free(pty);
        return error;
    }
    pty->master_open = true;
    file->ops = &master_ops;
    file->data = pty;
    file->kind &= ~(uint32_t)FILE_POSITION;
    return 0;
}

static struct device ptmx_device = {
    .name = "ptmx",
    .major = MAJOR_TTY_AUX,
    .minor = PTMX_MINOR,
    .mode = LINUX_S_IFCHR | 0666,
    .gid = TTY_GROUP,
    .open = ptmx_open,
};

int pty_init(void)
{
    return device_register(&ptmx_device);
}
