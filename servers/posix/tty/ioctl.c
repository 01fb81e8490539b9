// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Terminal ioctls (ioctl_tty(2)); see tty.h. Not implemented: struct termio, locked settings,
// packet mode, line disciplines other than N_TTY. TIOCSTI is refused: it lets a program type into
// its parent's shell.

#include <string.h>

#include "servers/posix/task.h"
#include "servers/posix/tty/speed.h"
#include "servers/posix/tty/tty.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"

enum { BREAK_MS = 250, BREAK_UNIT_MS = 100 };

// ---- settings ----

// Writes the settings as TCGETS (termios) or TCGETS2 (with speeds) has them.
static int64_t get_settings(struct task *task, struct tty *tty, uint64_t address, bool speeds)
{
    struct termios2_linux settings = {
        .termios = tty->ldisc.termios, .ispeed = tty->speed, .ospeed = tty->speed};

    return user_write(task, address, &settings, speeds ? sizeof settings : sizeof settings.termios);
}

static void apply(struct tty *tty, const struct termios2_linux *settings)
{
    uint32_t speed = tty->speed;

    tty->speed = speed_of(settings->termios.cflag, settings->ospeed);
    if (tty->ops->line != NULL &&
        (speed != tty->speed || settings->termios.cflag != tty->ldisc.termios.cflag)) {
        tty->ldisc.termios.cflag = settings->termios.cflag;
        tty->ops->line(tty);
    }
    ldisc_set_termios(&tty->ldisc, &settings->termios);
    wait_wake_all(&tty->readers); // what counts as readable may be different now
}

enum set_when { SET_NOW, SET_DRAINED, SET_FLUSHED };

static int64_t set_settings(struct task *task, struct file *file, struct tty *tty, uint64_t address,
                            bool speeds, enum set_when when)
{
    struct termios2_linux settings = {.ispeed = tty->speed, .ospeed = tty->speed};
    int error = tty_job_check(tty, task, SIGTTOU);

    if (error < 0)
        return error;
    error = user_read(task, &settings, address, speeds ? sizeof settings : sizeof settings.termios);
    if (error < 0)
        return error;
    if (when != SET_NOW) {
        error = tty_drain(tty, file);
        if (error < 0)
            return error;
    }
    if (when == SET_FLUSHED)
        ldisc_flush_input(&tty->ldisc);
    apply(tty, &settings);
    return 0;
}

// ---- waiting, flushing, breaks ----

int tty_drain(struct tty *tty, struct file *file)
{
    uint32_t generation = tty->generation;

    while (tty->ops->drained != NULL && !tty->ops->drained(tty)) {
        int error = wait_sleep(&tty->writers, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);

        if (error < 0)
            return -RESTART_SYS;
        if (generation != tty->generation || (tty_is_file(file) && tty_of_file(file) == NULL))
            return -E_IO;
    }
    return 0;
}

static int64_t flush_queues(struct task *task, struct tty *tty, uint64_t which)
{
    int error = tty_job_check(tty, task, SIGTTOU);

    if (error < 0)
        return error;
    if (which > TCIOFLUSH)
        return -E_INVAL;
    if (which != TCOFLUSH) {
        ldisc_flush_input(&tty->ldisc);
        if (tty->ops->more != NULL)
            tty->ops->more(tty);
    }
    if (which != TCIFLUSH) {
        ldisc_flush_output(&tty->ldisc);
        if (tty->ops->flush != NULL)
            tty->ops->flush(tty);
        wait_wake_all(&tty->writers);
    }
    return 0;
}

static int64_t flow_control(struct task *task, struct tty *tty, uint64_t action)
{
    int error = tty_job_check(tty, task, SIGTTOU);
    uint8_t byte;

    if (error < 0)
        return error;
    switch (action) {
    case TCOOFF:
        tty->stopped = true;
        return 0;
    case TCOON:
        tty->stopped = false;
        tty_output_ready(tty);
        return 0;
    case TCIOFF:
    case TCION:
        byte = tty->ldisc.termios.cc[action == TCIOFF ? VSTOP : VSTART];
        if (byte != TTY_CONTROL_DISABLED && tty->ops->room(tty) > 0)
            tty->ops->put(tty, &byte, 1);
        return 0;
    default:
        return -E_INVAL;
    }
}

static int64_t send_break(struct task *task, struct file *file, struct tty *tty, uint32_t ms)
{
    int error = tty_job_check(tty, task, SIGTTOU);

    if (error == 0)
        error = tty_drain(tty, file);
    if (error < 0)
        return error;
    if (ms != 0 && tty->ops->send_break != NULL)
        tty->ops->send_break(tty, ms);
    return 0;
}

// ---- modem lines ----

static int64_t get_modem(struct task *task, struct tty *tty, uint64_t address)
{
    if (tty->ops->modem == NULL)
        return -E_NOTTY;
    return user_write_u32(task, address, tty->ops->modem(tty));
}

static int64_t set_modem(struct task *task, struct tty *tty, uint32_t command, uint64_t address)
{
    const uint32_t outputs = TIOCM_DTR | TIOCM_RTS;
    uint32_t lines, raise, lower;
    int error;

    if (tty->ops->set_modem == NULL)
        return -E_NOTTY;
    error = user_read_u32(task, &lines, address);
    if (error < 0)
        return error;
    raise = command == TIOCMBIC ? 0 : lines & outputs;
    lower = command == TIOCMBIC ? lines & outputs : 0;
    if (command == TIOCMSET)
        lower = ~lines & outputs;
    tty->ops->set_modem(tty, raise, lower);
    return 0;
}

// ---- sizes, groups, sessions ----

static int64_t set_winsize(struct task *task, struct tty *tty, uint64_t address)
{
    struct winsize_linux winsize;
    int error = user_read(task, &winsize, address, sizeof winsize);

    if (error < 0)
        return error;
    tty_resize(tty, &winsize);
    return 0;
}

static int64_t get_group(struct task *task, struct tty *tty, uint64_t address)
{
    return user_write_u32(task, address,
                          tty->foreground == NULL ? 0 : (uint32_t)tty->foreground->id);
}

static int64_t get_session(struct task *task, struct tty *tty, uint64_t address)
{
    if (tty->session == NULL)
        return -E_NOTTY;
    return user_write_u32(task, address, (uint32_t)tty->session->id);
}

int64_t tty_set_group(struct task *task, struct tty *tty, uint64_t address)
{
    uint32_t id;
    int error = user_read_u32(task, &id, address);

    return error < 0 ? error : tty_set_foreground(tty, task, (int32_t)id);
}

static int64_t give_up(struct task *task, struct tty *tty)
{
    if (tty_controlling(task) != tty)
        return -E_NOTTY;
    if (proc_session(task->proc)->leader != task->proc)
        return -E_PERM; // a session's terminal is one here: a member cannot leave it alone
    tty_release_session(tty, TTY_GIVEN_UP);
    return 0;
}

// ---- dispatch ----

static int64_t ioctl_common(struct task *task, struct tty *tty, uint32_t command, uint64_t argument)
{
    switch (command) {
    case TCGETS:
        return get_settings(task, tty, argument, false);
    case TCGETS2:
        return get_settings(task, tty, argument, true);
    case TIOCGWINSZ:
        return user_write(task, argument, &tty->winsize, sizeof tty->winsize);
    case TIOCSWINSZ:
        return set_winsize(task, tty, argument);
    case TIOCGPGRP:
        return tty_controlling(task) == tty ? get_group(task, tty, argument) : -E_NOTTY;
    case TIOCGSID:
        return get_session(task, tty, argument);
    case TIOCGDEV:
        return user_write_u32(task, argument, (uint32_t)linux_dev(tty->major, tty->minor));
    case TIOCGETD:
        return user_write_u32(task, argument, 0);
    case TIOCSTI:
        return -E_IO;
    default:
        return -E_NOTTY;
    }
}

int64_t tty_ioctl_settings(struct task *task, struct file *file, struct tty *tty, uint32_t command,
                           uint64_t argument)
{
    switch (command) {
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_settings(task, file, tty, argument, false, (enum set_when)(command - TCSETS));
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return set_settings(task, file, tty, argument, true, (enum set_when)(command - TCSETS2));
    case TCSBRK:
        return send_break(task, file, tty, argument == 0 ? BREAK_MS : 0);
    case TCSBRKP:
        return send_break(task, file, tty,
                          argument == 0 ? BREAK_MS : (uint32_t)argument * BREAK_UNIT_MS);
    case TCXONC:
        return flow_control(task, tty, argument);
    case TCFLSH:
        return flush_queues(task, tty, argument);
    default:
        return ioctl_common(task, tty, command, argument);
    }
}

static int64_t set_discipline(struct task *task, uint64_t address)
{
    uint32_t number;
    int error = user_read_u32(task, &number, address);

    if (error < 0)
        return error;
    return number == 0 ? 0 : -E_INVAL;
}

static int64_t hang_up(struct task *task, struct tty *tty)
{
    if (!cred_capable(task->cred, CAP_SYS_ADMIN))
        return -E_PERM;
    tty_hangup(tty);
    return 0;
}

int64_t tty_ioctl(struct task *task, struct file *file, uint32_t command, uint64_t argument)
{
    struct tty *tty = tty_of_file(file);

    if (tty == NULL)
        return command == TIOCSPGRP ? -E_NOTTY : -E_IO;
    switch (command) {
    case TIOCEXCL:
    case TIOCNXCL:
        tty->exclusive = command == TIOCEXCL;
        return 0;
    case TIOCGEXCL:
        return user_write_u32(task, argument, tty->exclusive);
    case TIOCSCTTY:
        return tty_take(tty, task, argument == 1);
    case TIOCNOTTY:
        return give_up(task, tty);
    case TIOCSPGRP:
        return tty_set_group(task, tty, argument);
    case TIOCINQ:
        return user_write_u32(task, argument, ldisc_pending(&tty->ldisc));
    case TIOCOUTQ:
        return user_write_u32(task, argument, tty->ops->unsent == NULL ? 0 : tty->ops->unsent(tty));
    case TIOCMGET:
        return get_modem(task, tty, argument);
    case TIOCMSET:
    case TIOCMBIS:
    case TIOCMBIC:
        return set_modem(task, tty, command, argument);
    case TIOCSETD:
        return set_discipline(task, argument);
    case TIOCVHANGUP:
        return hang_up(task, tty);
    default:
        return tty_ioctl_settings(task, file, tty, command, argument);
    }
}
