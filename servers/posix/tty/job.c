// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Job control: who owns a terminal, who is in its foreground (POSIX.1-2017, 11.1.2 to 11.1.4). See
// tty.h.

#include "servers/posix/task.h"
#include "servers/posix/terminals.h"
#include "servers/posix/tty/tty.h"
#include "servers/posix/vfs.h"

struct tty *tty_controlling(const struct task *task)
{
    return proc_session(task->proc)->tty;
}

int tty_job_check(struct tty *tty, struct task *task, int signal)
{
    struct pgrp *group;

    if (task == NULL || tty_controlling(task) != tty || tty->foreground == NULL)
        return 0;
    group = task->proc->pgrp;
    if (group == tty->foreground)
        return 0;
    if (signal_is_ignored_or_blocked(task, signal))
        return signal == SIGTTIN ? -E_IO : 0;
    if (pgrp_is_orphaned(group))
        return -E_IO;
    signal_send_pgrp(group, signal, NULL);
    return -RESTART_SYS;
}

// ---- whose terminal it is ----

static void own(struct tty *tty, struct proc *leader)
{
    struct session *session = proc_session(leader);

    tty->session = session_get(session);
    tty->foreground = pgrp_get(leader->pgrp);
    session->tty = tty;
}

static void tell_leader(struct session *session)
{
    if (session->leader == NULL)
        return;
    signal_send_proc(session->leader, SIGHUP, NULL);
    signal_send_proc(session->leader, SIGCONT, NULL);
}

void tty_release_session(struct tty *tty, enum tty_release_how how)
{
    struct session *session = tty->session;
    struct pgrp *foreground = tty->foreground;

    tty->session = NULL;
    tty->foreground = NULL;
    if (session != NULL) {
        session->tty = NULL;
        if (how == TTY_HUNG_UP)
            tell_leader(session);
        session_put(session);
    }
    if (foreground == NULL)
        return;
    if (how != TTY_QUIETLY)
        signal_send_pgrp(foreground, SIGHUP, NULL);
    if (how == TTY_GIVEN_UP || how == TTY_HUNG_UP)
        signal_send_pgrp(foreground, SIGCONT, NULL);
    pgrp_put(foreground);
}

int tty_take(struct tty *tty, struct task *task, bool steal)
{
    struct session *session = proc_session(task->proc);

    if (session->leader != task->proc)
        return -E_PERM;
    if (session->tty == tty && tty->session == session)
        return 0;
    if (session->tty != NULL)
        return -E_PERM;
    if (tty->session != NULL) {
        if (!steal || !cred_capable(task->cred, CAP_SYS_ADMIN))
            return -E_PERM;
        tty_release_session(tty, TTY_QUIETLY);
    }
    own(tty, task->proc);
    return 0;
}

void tty_take_at_open(struct tty *tty, const struct task *task)
{
    struct session *session = proc_session(task->proc);

    if (session->leader == task->proc && session->tty == NULL && tty->session == NULL)
        own(tty, task->proc);
}

int tty_set_foreground(struct tty *tty, struct task *task, int32_t id)
{
    struct pgrp *group;
    int error = tty_job_check(tty, task, SIGTTOU);

    if (error < 0)
        return error;
    if (tty_controlling(task) != tty || tty->session != proc_session(task->proc))
        return -E_NOTTY;
    if (id < 0)
        return -E_INVAL;
    group = pgrp_find(id);
    if (group == NULL)
        return -E_SRCH;
    if (group->session != tty->session)
        return -E_PERM;
    pgrp_get(group);
    if (tty->foreground != NULL)
        pgrp_put(tty->foreground);
    tty->foreground = group;
    return 0;
}

void tty_session_leader_exit(struct session *session)
{
    struct tty *tty = session->tty;

    session->leader = NULL; // it is on its way out and needs no SIGHUP
    if (tty == NULL)
        return;
    if (tty->pseudo) // its files stay good: the program at the master decides what comes next
        tty_release_session(tty, TTY_LEADER_EXIT);
    else
        tty_hangup(tty);
}

void terminal_describe(const struct tty *tty, int64_t *number, int64_t *foreground)
{
    if (tty == NULL)
        return;
    *number = (int64_t)linux_dev(tty->major, tty->minor);
    *foreground = tty->foreground == NULL ? -1 : tty->foreground->id;
}
