// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Terminals as files: opening, reading, writing, waiting; and what the device below brings. See
// tty.h.

#include "servers/posix/tty/tty.h"

#include <stdlib.h>
#include <string.h>

#include "servers/posix/clock.h"
#include "servers/posix/file.h"
#include "servers/posix/task.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"

enum { READ_CHUNK = 1024, WRITE_CHUNK = 512, DEFAULT_SPEED = 38400 };

#define TIME_UNIT_NS 100000000ull // VTIME counts tenths of a second

// An open file of a terminal.
struct tty_file {
    struct tty *tty;
    uint32_t generation;
    bool console; // opened as /dev/console
};

static struct tty_file *file_data(const struct file *file)
{
    return file->data;
}

struct tty *tty_of_file(struct file *file)
{
    struct tty_file *data = file_data(file);

    return data->console || data->generation == data->tty->generation ? data->tty : NULL;
}

bool tty_is_file(const struct file *file)
{
    return file->ops == &tty_file_ops;
}

// ---- the line discipline's callbacks ----

static uint32_t ldisc_room(struct ldisc *ldisc)
{
    struct tty *tty = tty_of(ldisc);

    return tty->gone ? 0 : tty->ops->room(tty);
}

static void ldisc_put(struct ldisc *ldisc, const uint8_t *bytes, uint32_t count)
{
    struct tty *tty = tty_of(ldisc);

    tty->ops->put(tty, bytes, count);
}

static void ldisc_signal(struct ldisc *ldisc, int number, bool flush)
{
    struct tty *tty = tty_of(ldisc);

    if (flush && tty->ops->flush != NULL)
        tty->ops->flush(tty);
    if (tty->foreground != NULL)
        signal_send_pgrp(tty->foreground, number, NULL);
}

static void ldisc_flow(struct ldisc *ldisc, bool stopped)
{
    if (!stopped)
        tty_output_ready(tty_of(ldisc));
}

static const struct ldisc_ops ldisc_ops = {
    .room = ldisc_room,
    .put = ldisc_put,
    .signal = ldisc_signal,
    .flow = ldisc_flow,
};

void tty_init(struct tty *tty, const struct tty_ops *ops, void *driver, const char *name,
              uint32_t major, uint32_t minor)
{
    memset(tty, 0, sizeof *tty);
    ldisc_init(&tty->ldisc, &ldisc_ops);
    tty->ops = ops;
    tty->driver = driver;
    tty->name = name;
    tty->major = major;
    tty->minor = minor;
    tty->speed = DEFAULT_SPEED;
    wait_queue_init(&tty->readers);
    wait_queue_init(&tty->writers);
}

// ---- what the device brings ----

void tty_receive(struct tty *tty, const uint8_t *bytes, uint32_t count)
{
    ldisc_receive(&tty->ldisc, bytes, count);
    if (ldisc_readable(&tty->ldisc, 1))
        wait_wake_all(&tty->readers);
}

void tty_output_ready(struct tty *tty)
{
    if (!tty->stopped)
        ldisc_echo_flush(&tty->ldisc);
    wait_wake_all(&tty->writers);
}

void tty_resize(struct tty *tty, const struct winsize_linux *winsize)
{
    if (memcmp(&tty->winsize, winsize, sizeof *winsize) == 0)
        return;
    tty->winsize = *winsize;
    if (tty->foreground != NULL)
        signal_send_pgrp(tty->foreground, SIGWINCH, NULL);
}

void tty_hangup(struct tty *tty)
{
    tty->generation++;
    tty->opens = tty->console_opens;
    tty->exclusive = tty->stopped = false;
    ldisc_flush_input(&tty->ldisc);
    ldisc_flush_output(&tty->ldisc);
    tty_release_session(tty, TTY_HUNG_UP);
    wait_wake_all(&tty->readers);
    wait_wake_all(&tty->writers);
    if (tty->opens == 0 && tty->ops->opened != NULL)
        tty->ops->opened(tty, false);
}

// ---- opening and closing ----

static int open_file(struct tty *tty, struct file *file, const struct vfs_caller *who, bool console)
{
    struct tty_file *data;

    if (tty->gone)
        return -E_IO;
    if (tty->exclusive && !who->privileged)
        return -E_BUSY;
    data = malloc(sizeof *data);
    if (data == NULL)
        return -E_NOMEM;
    *data = (struct tty_file){.tty = tty, .generation = tty->generation, .console = console};
    file->ops = &tty_file_ops;
    file->data = data;
    file->kind &= ~(uint32_t)FILE_POSITION;
    tty->console_opens += console;
    if (tty->ops->files != NULL)
        tty->ops->files(tty, 1);
    if (tty->opens++ == 0 && tty->ops->opened != NULL)
        tty->ops->opened(tty, true);
    return 0;
}

int tty_open(struct tty *tty, struct file *file, const struct vfs_caller *who, uint32_t open_flags)
{
    int error = open_file(tty, file, who, false);

    if (error == 0 && (open_flags & LINUX_O_NOCTTY) == 0 && who->task != NULL)
        tty_take_at_open(tty, who->task);
    return error;
}

int tty_open_console(struct tty *tty, struct file *file, const struct vfs_caller *who)
{
    return open_file(tty, file, who, true);
}

// The last file of those that are not hung up is closed.
static void last_closed(struct tty *tty)
{
    tty->exclusive = false;
    if (tty->ops->opened != NULL)
        tty->ops->opened(tty, false);
}

static void tty_release(struct file *file)
{
    struct tty_file *data = file_data(file);
    struct tty *tty = data->tty;
    bool alive = tty_of_file(file) != NULL;

    tty->console_opens -= data->console;
    free(data);
    if (alive && --tty->opens == 0)
        last_closed(tty);
    if (tty->ops->files != NULL)
        tty->ops->files(tty, -1);
}

// ---- reading ----

// How a read in non-canonical mode ends (POSIX.1-2017, 11.1.7).
struct raw_read {
    uint32_t minimum;
    uint64_t time; // ns; 0: none
    time_ns_t deadline;
};

static bool raw_is_done(struct raw_read *raw, uint64_t done)
{
    if (raw->minimum == 0)
        return done > 0 || raw->time == 0;
    if (done >= raw->minimum)
        return true;
    raw->deadline = raw->time != 0 && done > 0 ? clock_monotonic() + raw->time : DEADLINE_NEVER;
    return false;
}

// Moves what is there. Bytes, or -E_FAULT. *end: a line ended.
static int64_t read_some(struct tty *tty, struct user_buffer *out, bool *end)
{
    uint8_t bytes[READ_CHUNK];
    uint64_t left = user_buffer_left(out);
    uint32_t count = ldisc_read(&tty->ldisc, bytes,
                                left < sizeof bytes ? (uint32_t)left : (uint32_t)sizeof bytes, end);

    if (tty->ops->more != NULL)
        tty->ops->more(tty);
    return count == 0 ? 0 : user_buffer_put(out, bytes, count);
}

static int read_wait(struct file *file, struct tty *tty, time_ns_t deadline)
{
    if ((file->flags & LINUX_O_NONBLOCK) != 0)
        return -E_AGAIN;
    return wait_sleep(&tty->readers, deadline, WAIT_INTERRUPTIBLE);
}

static int64_t read_line(struct file *file, struct user_buffer *out)
{
    int64_t done = 0;

    for (;;) {
        struct tty *tty = tty_of_file(file);
        bool end = false;
        int64_t moved;

        if (tty == NULL)
            return 0;
        if (!ldisc_readable(&tty->ldisc, 1)) {
            int error;

            if (done > 0)
                return done;
            if (tty->gone)
                return -E_IO;
            error = read_wait(file, tty, DEADLINE_NEVER);
            if (error < 0)
                return error == -E_INTR ? -RESTART_SYS : error;
            continue;
        }
        moved = read_some(tty, out, &end);
        if (moved < 0)
            return done > 0 ? done : moved;
        done += moved;
        if (end || user_buffer_left(out) == 0)
            return done;
    }
}

static struct raw_read raw_begin(const struct tty *tty)
{
    struct raw_read raw = {.minimum = tty->ldisc.termios.cc[VMIN],
                           .time = tty->ldisc.termios.cc[VTIME] * TIME_UNIT_NS,
                           .deadline = DEADLINE_NEVER};

    if (raw.minimum == 0 && raw.time != 0)
        raw.deadline = clock_monotonic() + raw.time;
    return raw;
}

static int64_t read_raw(struct file *file, struct tty *tty, struct user_buffer *out)
{
    struct raw_read raw = raw_begin(tty);
    int64_t done = 0;

    for (;;) {
        bool end;
        int64_t moved;
        int error;

        if (tty_of_file(file) == NULL)
            return done;
        moved = read_some(tty, out, &end);
        if (moved < 0)
            return done > 0 ? done : moved;
        done += moved;
        if (user_buffer_left(out) == 0 || (moved == 0 && raw_is_done(&raw, (uint64_t)done)))
            return done;
        if (moved > 0)
            continue;
        if (tty->gone)
            return done > 0 ? done : -E_IO;
        error = read_wait(file, tty, raw.deadline);
        if (error == -E_TIMEDOUT || (error < 0 && done > 0))
            return done;
        if (error < 0)
            return error == -E_INTR ? -RESTART_SYS : error;
    }
}

static int64_t tty_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    struct tty *tty = tty_of_file(file);
    int error;

    (void)position;
    if (tty == NULL)
        return 0;
    error = tty_job_check(tty, out->task, SIGTTIN);
    if (error < 0)
        return error;
    if (user_buffer_left(out) == 0)
        return 0;
    if ((tty->ldisc.termios.lflag & ICANON) != 0)
        return read_line(file, out);
    return read_raw(file, tty, out);
}

// ---- writing ----

// Sends one chunk, waiting for room. Bytes sent, fewer only when interrupted; or an error if none.
static int64_t write_chunk(struct file *file, const uint8_t *bytes, uint32_t count)
{
    uint32_t done = 0;

    while (done < count) {
        struct tty *tty = tty_of_file(file);
        int error;

        if (tty == NULL || tty->gone)
            return done > 0 ? done : -E_IO;
        if (!tty->stopped)
            done += ldisc_write(&tty->ldisc, bytes + done, count - done);
        if (done == count)
            break;
        if ((file->flags & LINUX_O_NONBLOCK) != 0)
            return done > 0 ? done : -E_AGAIN;
        error = wait_sleep(&tty->writers, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
        if (error < 0)
            return done > 0 ? done : -RESTART_SYS;
    }
    return done;
}

static int64_t tty_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    struct tty *tty = tty_of_file(file);
    int64_t done = 0;
    int error = 0;

    (void)position;
    if (tty == NULL)
        return -E_IO;
    if ((tty->ldisc.termios.lflag & TOSTOP) != 0)
        error = tty_job_check(tty, in->task, SIGTTOU);
    if (error < 0)
        return error;
    while (user_buffer_left(in) > 0) {
        uint8_t bytes[WRITE_CHUNK];
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

// ---- polling ----

static uint32_t tty_poll(struct file *file, struct poll_table *table)
{
    struct tty *tty = tty_of_file(file);
    const struct termios_linux *termios;
    uint32_t events = 0, minimum = 1;

    if (tty == NULL)
        return LINUX_POLLIN | LINUX_POLLOUT | LINUX_POLLERR | LINUX_POLLHUP | LINUX_POLLRDNORM |
               LINUX_POLLWRNORM;
    poll_wait(table, &tty->readers);
    poll_wait(table, &tty->writers);
    termios = &tty->ldisc.termios;
    if ((termios->lflag & ICANON) == 0 && termios->cc[VTIME] == 0 && termios->cc[VMIN] > 0)
        minimum = termios->cc[VMIN];
    if (ldisc_readable(&tty->ldisc, minimum))
        events |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if (tty->gone)
        events |= LINUX_POLLHUP | LINUX_POLLIN | LINUX_POLLRDNORM;
    else if (!tty->stopped && !tty->ldisc.stopped && tty->ops->room(tty) >= LDISC_WRITE_ROOM)
        events |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    return events;
}

const struct file_operations tty_file_ops = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .release = tty_release,
};
