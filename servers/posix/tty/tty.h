// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Terminals: a line discipline, a device below it, programs above it, sessions and job control
// around it.
//
// posix_lock guards everything. References: a session and a foreground group are counted by the
// terminal they belong to.
//
// Hang-up: files opened before it are dead (tty->generation differs from theirs): reads end, writes
// give EIO. New opens work if the device does.

#pragma once

#include "servers/posix/device.h"
#include "servers/posix/signal.h"
#include "servers/posix/tty/ldisc.h"
#include "servers/posix/wait.h"

struct tty;
struct session;
struct pgrp;
struct task;

// The device below; always in this order. Only room and put are required.
struct tty_ops {
    uint32_t (*room)(struct tty *tty);
    void (*put)(struct tty *tty, const uint8_t *bytes, uint32_t count);
    // Everything given to put has left.
    bool (*drained)(struct tty *tty);
    uint32_t (*unsent)(struct tty *tty);
    // Forget what has not left.
    void (*flush)(struct tty *tty);
    // Programs have read: the line discipline has room.
    void (*more)(struct tty *tty);
    // The first program opened it, or the last closed it.
    void (*opened)(struct tty *tty, bool open);
    // Line speed and format in tty->ldisc.termios, tty->speed are new.
    void (*line)(struct tty *tty);
    uint32_t (*modem)(struct tty *tty); // enum tty_modem
    void (*set_modem)(struct tty *tty, uint32_t raise, uint32_t lower);
    void (*send_break)(struct tty *tty, uint32_t ms);
    // A file of the terminal came (+1) or went (-1), hung up or not. After the last the terminal
    // may be freed.
    void (*files)(struct tty *tty, int change);
};

struct tty {
    struct ldisc ldisc; // first: its callbacks find the terminal by it
    const struct tty_ops *ops;
    void *driver;     // the device's own
    const char *name; // "ttyS0"
    uint32_t major, minor;
    uint32_t speed; // baud, of output; input has the same
    struct winsize_linux winsize;
    struct session *session; // whose controlling terminal this is, or NULL
    struct pgrp *foreground; // or NULL
    struct wait_queue readers, writers;
    uint32_t opens;
    uint32_t console_opens; // of these, through /dev/console
    uint32_t generation;
    bool exclusive; // TIOCEXCL
    bool stopped;   // TCOOFF
    bool pseudo;    // the slave of a pseudo terminal
    bool gone;      // the device or the other end is away: I/O gives EIO
};

static inline struct tty *tty_of(struct ldisc *ldisc)
{
    return (struct tty *)ldisc;
}

extern const struct file_operations tty_file_ops;

// name must outlive the terminal.
void tty_init(struct tty *tty, const struct tty_ops *ops, void *driver, const char *name,
              uint32_t major, uint32_t minor);

// ---- tty.c: opening ----

// Makes `file` an open file of the terminal. E_BUSY (exclusive), E_IO (gone), E_NOMEM.
int tty_open(struct tty *tty, struct file *file, const struct vfs_caller *who, uint32_t open_flags);
// The same through /dev/console: it never becomes a controlling terminal that way, and the file
// survives hang-ups.
int tty_open_console(struct tty *tty, struct file *file, const struct vfs_caller *who);
// The terminal of an open file, NULL if it was hung up since.
struct tty *tty_of_file(struct file *file);
// Is it the file of a terminal at all?
bool tty_is_file(const struct file *file);

// ---- for the device below ----

// Bytes came in, `count` at most what ldisc_receive_room said.
void tty_receive(struct tty *tty, const uint8_t *bytes, uint32_t count);
// There is room for output, or everything has left.
void tty_output_ready(struct tty *tty);
// SIGWINCH to the foreground if the size is new.
void tty_resize(struct tty *tty, const struct winsize_linux *winsize);
// The line is gone: SIGHUP and SIGCONT, all files dead.
void tty_hangup(struct tty *tty);

// ---- job.c ----

// Reading from, or writing to or changing (`signal` SIGTTIN or SIGTTOU) one's controlling terminal
// from the background: 0 go on, -E_IO, or -RESTART_SYS after the signal was sent.
int tty_job_check(struct tty *tty, struct task *task, int signal);
// TIOCSCTTY. E_PERM.
int tty_take(struct tty *tty, struct task *task, bool steal);
// What open does for a session leader without a terminal.
void tty_take_at_open(struct tty *tty, const struct task *task);
enum tty_release_how { TTY_QUIETLY, TTY_LEADER_EXIT, TTY_GIVEN_UP, TTY_HUNG_UP };

// Nobody's terminal any more. The foreground group gets SIGHUP unless quietly, and SIGCONT where
// its session goes on; the session's leader gets both on a hang-up.
void tty_release_session(struct tty *tty, enum tty_release_how how);
int tty_set_foreground(struct tty *tty, struct task *task, int32_t group);
// NULL: none.
struct tty *tty_controlling(const struct task *task);

// ---- ioctl.c ----

int64_t tty_ioctl(struct task *task, struct file *file, uint32_t command, uint64_t argument);
// The part that a pseudo terminal's master shares: settings, queues, window size, sessions.
// E_NOTTY: none of these.
int64_t tty_ioctl_settings(struct task *task, struct file *file, struct tty *tty, uint32_t command,
                           uint64_t argument);
int64_t tty_set_group(struct task *task, struct tty *tty, uint64_t address);
// Waits until all output has left. Results as wait_sleep, -E_IO on hang-up.
int tty_drain(struct tty *tty, struct file *file);
