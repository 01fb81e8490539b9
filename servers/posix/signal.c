// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Pending signals and sending (signal.h, process.h). After signal(7) and POSIX.1-2017, 2.4.
//
// A signal that would end its process anyway (default action, nobody blocks it) ends it when it is
// sent; the rest is left for the thread that picks it up in signal_work.c.

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "servers/posix/process.h"
#include "servers/posix/signal_set.h"

// ---- actions ----

struct signal_actions *signal_actions_create(void)
{
    struct signal_actions *actions = calloc(1, sizeof(*actions));
    if (actions != NULL)
        actions->references = 1;
    return actions;
}

struct signal_actions *signal_actions_clone(const struct signal_actions *actions)
{
    struct signal_actions *copy = malloc(sizeof(*copy));
    if (copy == NULL)
        return NULL;
    *copy = *actions;
    copy->references = 1;
    return copy;
}

struct signal_actions *signal_actions_get(struct signal_actions *actions)
{
    actions->references++;
    return actions;
}

void signal_actions_put(struct signal_actions *actions)
{
    if (--actions->references == 0)
        free(actions);
}

void signal_actions_reset(struct signal_actions *actions)
{
    for (int i = 0; i < SIGNAL_MAX; i++) {
        uint64_t handler =
            actions->action[i].handler == SIGNAL_IGNORE ? SIGNAL_IGNORE : SIGNAL_DEFAULT;
        actions->action[i] = (struct signal_action){.handler = handler};
    }
}

// ---- queues ----

void signal_pending_init(struct signal_pending *pending)
{
    pending->set = 0;
    list_init(&pending->queue);
}

void signal_pending_remove(struct signal_pending *pending, struct proc *owner, signal_set_t set)
{
    if ((pending->set & set) == 0)
        return;
    pending->set &= ~set;
    list_for_each_safe(node, &pending->queue)
    {
        struct signal_queued *queued = list_entry(node, struct signal_queued, node);
        if ((SIGNAL_BIT(queued->info.signo) & set) == 0)
            continue;
        list_remove(&queued->node);
        free(queued);
        owner->queued_signals--;
    }
}

void signal_pending_flush(struct signal_pending *pending, struct proc *owner)
{
    signal_pending_remove(pending, owner, ~0ull);
}

static void default_info(struct siginfo_linux *info, int number, int32_t code)
{
    memset(info, 0, sizeof(*info));
    info->signo = number;
    info->code = code;
}

// Takes the oldest entry of a signal; the signal stays pending if there is a second one.
static void take_queued(struct signal_pending *pending, struct proc *owner, int number,
                        struct siginfo_linux *info)
{
    struct signal_queued *found = NULL;
    bool more = false;
    list_for_each(node, &pending->queue)
    {
        struct signal_queued *queued = list_entry(node, struct signal_queued, node);
        if (queued->info.signo != number)
            continue;
        if (found != NULL) {
            more = true;
            break;
        }
        found = queued;
    }
    if (!more)
        pending->set &= ~SIGNAL_BIT(number);
    if (found == NULL) {
        default_info(info, number, SI_USER);
        return;
    }
    *info = found->info;
    list_remove(&found->node);
    free(found);
    owner->queued_signals--;
}

int signal_dequeue(struct task *task, signal_set_t set, struct siginfo_linux *info)
{
    struct signal_pending *pending = &task->pending;
    if ((pending->set & set) == 0)
        pending = &task->proc->pending;
    signal_set_t wanted = pending->set & set;
    if (wanted == 0)
        return 0;
    int number = signal_first(wanted);
    take_queued(pending, task->proc, number, info);
    return number;
}

static void enqueue(struct signal_pending *pending, struct proc *owner, int number,
                    const struct siginfo_linux *info)
{
    pending->set |= SIGNAL_BIT(number);
    if (owner->queued_signals >= owner->rlimit[RLIMIT_SIGPENDING].current)
        return;
    struct signal_queued *queued = malloc(sizeof(*queued));
    if (queued == NULL)
        return;
    if (info != NULL)
        queued->info = *info;
    else
        default_info(&queued->info, number, SI_KERNEL);
    queued->info.signo = number;
    list_add_tail(&pending->queue, &queued->node);
    owner->queued_signals++;
}

// ---- who notices ----

void signal_recalculate(struct task *task)
{
    signal_set_t set = (task->pending.set | task->proc->pending.set) & ~task->blocked;
    if (set != 0)
        task_notify(task, TASK_SIGNAL);
    else
        __atomic_fetch_and(&task->work, ~(uint32_t)TASK_SIGNAL, __ATOMIC_SEQ_CST);
}

void signal_set_mask(struct task *task, signal_set_t blocked)
{
    task->blocked = blocked & ~SIGNAL_UNBLOCKABLE_SET;
    signal_recalculate(task);
}

bool signal_pending(const struct task *task)
{
    uint32_t work = __atomic_load_n(&task->work, __ATOMIC_SEQ_CST);
    return (work & (TASK_SIGNAL | TASK_EXIT | TASK_STOP)) != 0;
}

bool signal_is_ignored_or_blocked(const struct task *task, int number)
{
    return (task->blocked & SIGNAL_BIT(number)) != 0 ||
           task->proc->actions->action[number - 1].handler == SIGNAL_IGNORE;
}

static bool is_ignored(const struct proc *proc, int number)
{
    uint64_t handler = proc->actions->action[number - 1].handler;
    if (handler == SIGNAL_IGNORE)
        return number != SIGKILL && number != SIGSTOP;
    if (handler != SIGNAL_DEFAULT)
        return false;
    enum signal_default what = signal_default_of(number);
    // pid 1 gets only what it handles.
    return what == SIGNAL_IGNORED || what == SIGNAL_CONTINUES || proc == proc_init;
}

static bool is_fatal(const struct proc *proc, int number)
{
    return proc->actions->action[number - 1].handler == SIGNAL_DEFAULT &&
           signal_default_of(number) == SIGNAL_ENDS;
}

// A thread that takes the signal now; NULL: all block it.
static struct task *find_taker(struct proc *proc, int number)
{
    list_for_each(node, &proc->threads)
    {
        struct task *task = list_entry(node, struct task, proc_node);
        if ((task->blocked & SIGNAL_BIT(number)) == 0 && task->mm != NULL)
            return task;
    }
    return NULL;
}

// ---- stop and continue ----

static void remove_everywhere(struct proc *proc, signal_set_t set)
{
    signal_pending_remove(&proc->pending, proc, set);
    list_for_each(node, &proc->threads)
    {
        signal_pending_remove(&list_entry(node, struct task, proc_node)->pending, proc, set);
    }
}

static void continue_proc(struct proc *proc)
{
    remove_everywhere(proc, SIGNAL_STOP_SET);
    if (proc->state != PROC_STOPPED)
        return;
    bool was_reported_stopped = proc->stopped_threads >= proc->thread_count;
    proc->state = PROC_RUNNING;
    proc->stop_pending = false;
    list_for_each(node, &proc->threads)
    {
        struct task *task = list_entry(node, struct task, proc_node);
        __atomic_fetch_and(&task->work, ~(uint32_t)TASK_STOP, __ATOMIC_SEQ_CST);
    }
    wait_wake_all(&proc->stop_wait);
    if (was_reported_stopped) {
        proc->continue_pending = true;
        proc_tell_parent(proc, CLD_CONTINUED, SIGCONT);
    }
}

// ---- sending ----

static void send(struct proc *proc, struct task *task, int number, const struct siginfo_linux *info)
{
    struct signal_pending *pending = task != NULL ? &task->pending : &proc->pending;
    if (proc->state == PROC_ZOMBIE || proc->exiting)
        return;
    if (number == SIGCONT)
        continue_proc(proc);
    else if ((SIGNAL_BIT(number) & SIGNAL_STOP_SET) != 0)
        remove_everywhere(proc, SIGNAL_BIT(SIGCONT));

    struct task *taker = task;
    if (taker == NULL || (taker->blocked & SIGNAL_BIT(number)) != 0)
        taker = task == NULL ? find_taker(proc, number) : NULL;
    // What sigtimedwait waits for is neither ignored nor fatal.
    bool awaited = taker != NULL && (taker->real_blocked & SIGNAL_BIT(number)) != 0;
    if (taker != NULL && !awaited && is_ignored(proc, number))
        return;
    if (taker != NULL && !awaited && is_fatal(proc, number)) {
        proc_begin_exit(proc, number);
        return;
    }
    if (number < SIGNAL_RT_MIN && (pending->set & SIGNAL_BIT(number)) != 0)
        return;
    enqueue(pending, proc, number, info);
    if (taker != NULL)
        task_notify(taker, TASK_SIGNAL);
}

void signal_send_task(struct task *task, int number, const struct siginfo_linux *info)
{
    send(task->proc, task, number, info);
}

void signal_send_proc(struct proc *proc, int number, const struct siginfo_linux *info)
{
    send(proc, NULL, number, info);
}

void signal_send_pgrp(struct pgrp *pgrp, int number, const struct siginfo_linux *info)
{
    pgrp_get(pgrp);
    list_for_each_safe(node, &pgrp->members)
    {
        send(list_entry(node, struct proc, pgrp_node), NULL, number, info);
    }
    pgrp_put(pgrp);
}

void signal_force(struct task *task, const struct siginfo_linux *info)
{
    int number = info->signo;
    struct signal_action *action = &task->proc->actions->action[number - 1];
    bool blocked = (task->blocked & SIGNAL_BIT(number)) != 0;
    if (blocked || action->handler == SIGNAL_IGNORE) {
        *action = (struct signal_action){.handler = SIGNAL_DEFAULT};
        signal_set_mask(task, task->blocked & ~SIGNAL_BIT(number));
    }
    if (action->handler == SIGNAL_DEFAULT) {
        proc_begin_exit(task->proc, number);
        return;
    }
    if ((task->pending.set & SIGNAL_BIT(number)) == 0)
        enqueue(&task->pending, task->proc, number, info);
    task_notify(task, TASK_SIGNAL);
}

int signal_check_permission(const struct task *sender, const struct proc *target, int number)
{
    const struct cred *from = sender->cred, *to = target->cred;
    if (sender->proc == target || cred_capable(from, CAP_KILL))
        return 0;
    if (from->euid == to->suid || from->euid == to->uid || from->uid == to->suid ||
        from->uid == to->uid)
        return 0;
    if (number == SIGCONT && proc_session(sender->proc) == proc_session(target))
        return 0;
    return -E_PERM;
}
