// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// exit, exit_group, wait4 and waitid.

#include <string.h>

#include "abi/error.h"
#include "servers/posix/clock.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/process.h"
#include "servers/posix/rusage.h"
#include "servers/posix/user.h"
#include "servers/posix/wait_status.h"

enum wait_option {
    WNOHANG = 1,
    WUNTRACED = 2,
    WSTOPPED = 2,
    WEXITED = 4,
    WCONTINUED = 8,
    WNOWAIT = 0x1000000,
    WNOTHREAD = 0x20000000,
    WALL = 0x40000000,
};
#define WCLONE 0x80000000u

enum wait_id { P_ALL = 0, P_PID = 1, P_PGID = 2 };

// Which children are meant, and what about them.
struct wanted {
    enum wait_id kind;
    pid_linux_t id;
    uint32_t options;
};

// What was found.
struct found {
    pid_linux_t pid;
    uint32_t uid;
    int32_t wait_status; // as wait4 gives it
    int32_t code;        // as waitid gives it: CLD_*
    int32_t status;
    struct usage usage;
};

int64_t linux_exit(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    task->exit_status = wait_status_exited((int32_t)argument[0]);
    task_notify(task, TASK_EXIT);
    return 0;
}

int64_t linux_exit_group(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    proc_begin_exit(task->proc, wait_status_exited((int32_t)argument[0]));
    task_notify(task, TASK_EXIT);
    return 0;
}

static bool is_meant(const struct proc *child, const struct wanted *wanted)
{
    if (wanted->kind == P_PID && child->pid != wanted->id)
        return false;
    if (wanted->kind == P_PGID && (child->pgrp == NULL || child->pgrp->id != wanted->id))
        return false;
    if ((wanted->options & WALL) != 0)
        return true;
    bool clone_child = child->exit_signal != SIGCHLD;
    return clone_child == ((wanted->options & WCLONE) != 0);
}

static void describe(const struct proc *child, int32_t wait_status, int32_t code, int32_t status,
                     struct found *found)
{
    found->pid = child->pid;
    found->uid = child->cred->uid;
    found->wait_status = wait_status;
    found->code = code;
    found->status = status;
    proc_usage(child, &found->usage);
    usage_add(&found->usage, &child->children_usage);
}

// Does the child have something to tell? Then it is told, and taken unless WNOWAIT.
static bool take_news(struct proc *child, const struct wanted *wanted, struct found *found)
{
    bool keep = (wanted->options & WNOWAIT) != 0;
    if (child->state == PROC_ZOMBIE && (wanted->options & WEXITED) != 0) {
        int32_t status = child->wait_status;
        if (wait_status_is_exit(status))
            describe(child, status, CLD_EXITED, status >> 8 & 0xff, found);
        else
            describe(child, status, CLD_KILLED, status & 0x7f, found);
        if (!keep)
            proc_reap(child);
        return true;
    }
    if (child->stop_pending && child->state == PROC_STOPPED && (wanted->options & WSTOPPED) != 0) {
        describe(child, wait_status_stopped(child->stop_signal), CLD_STOPPED, child->stop_signal,
                 found);
        child->stop_pending = keep;
        return true;
    }
    if (child->continue_pending && child->state == PROC_RUNNING &&
        (wanted->options & WCONTINUED) != 0) {
        describe(child, WAIT_STATUS_CONTINUED, CLD_CONTINUED, SIGCONT, found);
        child->continue_pending = keep;
        return true;
    }
    return false;
}

// pid > 0: found; 0: WNOHANG and nothing to tell; -E_CHILD; -RESTART_SYS.
static int64_t wait_for_child(struct task *task, const struct wanted *wanted, struct found *found)
{
    struct proc *proc = task->proc;
    for (;;) {
        bool any = false;
        list_for_each(node, &proc->children)
        {
            struct proc *child = list_entry(node, struct proc, sibling_node);
            if (!is_meant(child, wanted))
                continue;
            any = true;
            if (take_news(child, wanted, found))
                return found->pid;
        }
        if (!any)
            return -E_CHILD;
        if ((wanted->options & WNOHANG) != 0)
            return 0;
        if (wait_sleep(&proc->child_wait, DEADLINE_NEVER, WAIT_INTERRUPTIBLE) == -E_INTR)
            return -RESTART_SYS;
    }
}

static int write_usage(struct task *task, uint64_t address, const struct usage *usage)
{
    struct rusage_linux out;
    if (address == 0)
        return 0;
    rusage_fill(&out, usage);
    return user_write(task, address, &out, sizeof(out));
}

int64_t linux_wait4(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int32_t pid = (int32_t)argument[0];
    uint32_t options = (uint32_t)argument[2];
    struct found found;
    if ((options & ~(uint32_t)(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE)) != 0)
        return -E_INVAL;
    if (pid == INT32_MIN)
        return -E_SRCH;
    struct wanted wanted = {.kind = P_ALL, .options = options | WEXITED};
    if (pid > 0)
        wanted = (struct wanted){P_PID, pid, wanted.options};
    else if (pid < -1)
        wanted = (struct wanted){P_PGID, -pid, wanted.options};
    else if (pid == 0)
        wanted = (struct wanted){P_PGID, task->proc->pgrp->id, wanted.options};
    int64_t result = wait_for_child(task, &wanted, &found);
    if (result <= 0)
        return result;
    if (argument[1] != 0 && user_write_u32(task, argument[1], (uint32_t)found.wait_status) != 0)
        return -E_FAULT;
    if (write_usage(task, argument[3], &found.usage) != 0)
        return -E_FAULT;
    return result;
}

static int wanted_from_waitid(struct task *task, uint64_t kind, int32_t id, struct wanted *wanted)
{
    switch (kind) {
    case P_ALL:
        break;
    case P_PID:
        if (id <= 0)
            return -E_INVAL;
        break;
    case P_PGID:
        if (id < 0)
            return -E_INVAL;
        if (id == 0)
            id = task->proc->pgrp->id;
        break;
    default:
        return -E_INVAL;
    }
    wanted->kind = (enum wait_id)kind;
    wanted->id = id;
    return 0;
}

int64_t linux_waitid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint32_t options = (uint32_t)argument[3];
    struct wanted wanted = {.options = options};
    struct found found;
    struct siginfo_linux info = {0};
    const uint32_t known =
        WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WNOTHREAD | WALL | WCLONE;
    if ((options & ~known) != 0 || (options & (WEXITED | WSTOPPED | WCONTINUED)) == 0)
        return -E_INVAL;
    int error = wanted_from_waitid(task, (uint32_t)argument[0], (int32_t)argument[1], &wanted);
    if (error)
        return error;
    int64_t result = wait_for_child(task, &wanted, &found);
    if (result < 0)
        return result;
    if (result > 0) {
        info.signo = SIGCHLD;
        info.code = found.code;
        info.child.pid = found.pid;
        info.child.uid = found.uid;
        info.child.status = found.status;
        if (write_usage(task, argument[4], &found.usage) != 0)
            return -E_FAULT;
    }
    // Linux writes only the fields it defines: the first 28 bytes.
    if (argument[2] != 0 && user_write(task, argument[2], &info, 28) != 0)
        return -E_FAULT;
    return 0;
}
