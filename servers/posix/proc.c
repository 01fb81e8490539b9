// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Processes: birth, end, and the family.
//
//   running <-> stopped -> zombie -> reaped
// Invariants: a zombie has no threads and no children; every process but pid 1 has a parent; a
// process stays in the number table until it is reaped.

#include <stdlib.h>
#include <string.h>

#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/posix/cred.h"
#include "servers/posix/process.h"

struct list proc_list = LIST_INIT(proc_list);
struct proc *proc_init;

void usage_add(struct usage *to, const struct usage *from)
{
    to->user_ns += from->user_ns;
    to->system_ns += from->system_ns;
    to->minor_faults += from->minor_faults;
    to->major_faults += from->major_faults;
    to->voluntary_switches += from->voluntary_switches;
    if (from->max_resident_kib > to->max_resident_kib)
        to->max_resident_kib = from->max_resident_kib;
}

static void init_fields(struct proc *proc)
{
    proc->references = 1;
    list_init(&proc->children);
    list_init(&proc->sibling_node);
    list_init(&proc->all_node);
    list_init(&proc->threads);
    list_init(&proc->pgrp_node);
    signal_pending_init(&proc->pending);
    wait_queue_init(&proc->child_wait);
    wait_queue_init(&proc->stop_wait);
    wait_queue_init(&proc->exec_wait);
    wait_queue_init(&proc->vfork_wait);
    proc->exit_signal = SIGCHLD;
    proc->start_time = sys_clock();
}

static void set_parent(struct proc *proc, struct proc *parent)
{
    proc->parent = parent;
    __atomic_store_n(&proc->parent_pid, parent->pid, __ATOMIC_RELAXED);
}

static void inherit(struct proc *proc, struct proc *parent)
{
    memcpy(proc->rlimit, parent->rlimit, sizeof(proc->rlimit));
    memcpy(proc->name, parent->name, sizeof(proc->name));
    proc->nice = parent->nice;
    proc->io_priority = parent->io_priority;
    proc->oom_score_adj = parent->oom_score_adj;
    proc->dumpable = parent->dumpable;
    proc->cred = cred_get(parent->cred);
    set_parent(proc, parent);
    list_add_tail(&parent->children, &proc->sibling_node);
    pgrp_join(proc, parent->pgrp);
}

int proc_create(struct proc *parent, struct proc **out)
{
    struct proc *proc = calloc(1, sizeof(*proc));
    if (proc == NULL)
        return -E_NOMEM;
    init_fields(proc);
    pid_linux_t pid = pid_allocate();
    if (pid < 0) {
        free(proc);
        return pid;
    }
    proc->pid = pid;
    pid_slot(pid)->proc = proc;
    if (parent != NULL)
        inherit(proc, parent);
    list_add_tail(&proc_list, &proc->all_node);
    *out = proc;
    return 0;
}

static void unlink_from_family(struct proc *proc)
{
    list_remove(&proc->sibling_node);
    list_remove(&proc->all_node);
    pid_slot(proc->pid)->proc = NULL;
    if (proc->pgrp != NULL)
        pgrp_leave(proc);
}

void proc_discard(struct proc *proc)
{
    unlink_from_family(proc);
    if (proc->actions != NULL)
        signal_actions_put(proc->actions);
    proc_put(proc);
}

struct proc *proc_get(struct proc *proc)
{
    proc->references++;
    return proc;
}

void proc_put(struct proc *proc)
{
    if (--proc->references > 0)
        return;
    wait_queue_destroy(&proc->child_wait);
    wait_queue_destroy(&proc->vfork_wait);
    if (proc->cred != NULL)
        cred_put(proc->cred);
    free(proc);
}

struct task *proc_any_task(const struct proc *proc)
{
    if (list_empty(&proc->threads))
        return NULL;
    struct task *task = list_entry(proc->threads.next, struct task, proc_node);
    return task->mm != NULL ? task : NULL;
}

uint32_t proc_count_of_user(uint32_t uid)
{
    uint32_t count = 0;
    list_for_each(node, &proc_list)
    {
        const struct proc *proc = list_entry(node, struct proc, all_node);
        if (proc->cred != NULL && proc->cred->uid == uid)
            count += proc->thread_count;
    }
    return count;
}

void proc_begin_exit(struct proc *proc, int32_t wait_status)
{
    if (proc->exiting || proc->state == PROC_ZOMBIE)
        return;
    proc->exiting = true;
    proc->wait_status = wait_status;
    list_for_each(node, &proc->threads)
    {
        task_notify(list_entry(node, struct task, proc_node), TASK_EXIT);
    }
    if (proc->state == PROC_STOPPED)
        proc->state = PROC_RUNNING;
    wait_wake_all(&proc->stop_wait);
}

void proc_vfork_done(struct proc *proc)
{
    if (!proc->vfork_pending)
        return;
    proc->vfork_pending = false;
    wait_wake_all(&proc->vfork_wait);
}

// The nearest living ancestor that asked for orphans, else pid 1.
static struct proc *find_reaper(const struct proc *proc)
{
    for (struct proc *ancestor = proc->parent; ancestor != NULL; ancestor = ancestor->parent) {
        if (ancestor->child_subreaper && ancestor->thread_count > 0)
            return ancestor;
    }
    return proc_init;
}

static void child_to_siginfo(const struct proc *child, int32_t code, int32_t status,
                             struct siginfo_linux *info)
{
    struct usage usage;
    proc_usage(child, &usage);
    memset(info, 0, sizeof(*info));
    info->signo = child->exit_signal != 0 ? child->exit_signal : SIGCHLD;
    info->code = code;
    info->child.pid = child->pid;
    info->child.uid = child->cred->uid;
    info->child.status = status;
    info->child.utime = (int64_t)(usage.user_ns / 10000000);
    info->child.stime = (int64_t)(usage.system_ns / 10000000);
}

void proc_tell_parent(struct proc *proc, int32_t code, int32_t status)
{
    struct proc *parent = proc->parent;
    if (parent == NULL)
        return;
    bool stop_or_continue = code == CLD_STOPPED || code == CLD_CONTINUED;
    const struct signal_action *action = &parent->actions->action[SIGCHLD - 1];
    bool wanted = proc->exit_signal != 0 || stop_or_continue;
    if (stop_or_continue &&
        (action->handler == SIGNAL_IGNORE || (action->flags & SA_NOCLDSTOP) != 0))
        wanted = false;
    if (wanted) {
        struct siginfo_linux info;
        child_to_siginfo(proc, code, status, &info);
        if (stop_or_continue)
            info.signo = SIGCHLD;
        signal_send_proc(parent, info.signo, &info);
    }
    wait_wake_all(&parent->child_wait);
}

// Does the parent not want to wait for it?
static bool reaped_at_once(const struct proc *proc)
{
    if (proc->exit_signal != SIGCHLD || proc->parent == NULL)
        return false;
    const struct signal_action *action = &proc->parent->actions->action[SIGCHLD - 1];
    return action->handler == SIGNAL_IGNORE || (action->flags & SA_NOCLDWAIT) != 0;
}

static void give_children_away(struct proc *proc)
{
    struct proc *reaper = find_reaper(proc);
    list_for_each_safe(node, &proc->children)
    {
        struct proc *child = list_entry(node, struct proc, sibling_node);
        list_remove(&child->sibling_node);
        set_parent(child, reaper);
        list_add_tail(&reaper->children, &child->sibling_node);
        struct task *task = proc_any_task(child);
        if (task != NULL && task->parent_death_signal != 0)
            signal_send_proc(child, task->parent_death_signal, NULL);
        if (child->pgrp != proc->pgrp && child->pgrp->session == proc->pgrp->session)
            pgrp_check_orphaned(child->pgrp, proc);
        if (child->state == PROC_ZOMBIE) {
            child->exit_signal = SIGCHLD;
            if (reaped_at_once(child))
                proc_reap(child);
            else
                proc_tell_parent(child, CLD_EXITED, child->wait_status >> 8);
        }
    }
}

static int32_t exit_code_of(int32_t wait_status, int32_t *status)
{
    if ((wait_status & 0x7f) == 0) {
        *status = wait_status >> 8 & 0xff;
        return CLD_EXITED;
    }
    *status = wait_status & 0x7f;
    return CLD_KILLED;
}

void proc_die(struct proc *proc)
{
    if (proc == proc_init)
        sys_panic("init ended with wait status 0x%x", (unsigned)proc->wait_status);
    proc->state = PROC_ZOMBIE;
    signal_pending_flush(&proc->pending, proc);
    give_children_away(proc);
    if (proc->pgrp != proc->parent->pgrp && proc_session(proc) == proc_session(proc->parent))
        pgrp_check_orphaned(proc->pgrp, proc);

    int32_t status;
    int32_t code = exit_code_of(proc->wait_status, &status);
    bool at_once = reaped_at_once(proc);
    proc_tell_parent(proc, code, status);
    if (at_once)
        proc_reap(proc);
}

void proc_reap(struct proc *zombie)
{
    if (zombie->parent != NULL) {
        usage_add(&zombie->parent->children_usage, &zombie->usage);
        usage_add(&zombie->parent->children_usage, &zombie->children_usage);
    }
    unlink_from_family(zombie);
    signal_actions_put(zombie->actions);
    zombie->actions = NULL;
    proc_put(zombie);
}
