// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The system calls about signals: actions, masks, sending, waiting.

#include <string.h>

#include "abi/error.h"
#include "servers/posix/arch.h"
#include "servers/posix/clock.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/process.h"
#include "servers/posix/signal_set.h"
#include "servers/posix/user.h"

enum { SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2 };

static bool is_signal(uint64_t number)
{
    return number >= 1 && number <= SIGNAL_MAX;
}

// ---- actions and masks ----

static void install_action(struct task *task, int number, struct signal_action *action)
{
    struct proc *proc = task->proc;
    action->mask &= ~SIGNAL_UNBLOCKABLE_SET;
    proc->actions->action[number - 1] = *action;
    enum signal_default what = signal_default_of(number);
    bool ignored =
        action->handler == SIGNAL_IGNORE ||
        (action->handler == SIGNAL_DEFAULT && (what == SIGNAL_IGNORED || what == SIGNAL_CONTINUES));
    if (!ignored)
        return;
    // POSIX: what is pending and now ignored is thrown away.
    signal_pending_remove(&proc->pending, proc, SIGNAL_BIT(number));
    list_for_each(node, &proc->threads)
    {
        struct task *thread = list_entry(node, struct task, proc_node);
        signal_pending_remove(&thread->pending, proc, SIGNAL_BIT(number));
    }
}

int64_t linux_rt_sigaction(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct signal_action wanted, old;
    if (argument[3] != sizeof(signal_set_t) || !is_signal((uint32_t)argument[0]))
        return -E_INVAL;
    int number = (int)(uint32_t)argument[0];
    if (argument[1] != 0) {
        if (user_read(task, &wanted, argument[1], sizeof(wanted)) != 0)
            return -E_FAULT;
        if ((SIGNAL_BIT(number) & SIGNAL_UNBLOCKABLE_SET) != 0)
            return -E_INVAL;
    }
    old = task->proc->actions->action[number - 1];
    if (argument[1] != 0)
        install_action(task, number, &wanted);
    if (argument[2] != 0 && user_write(task, argument[2], &old, sizeof(old)) != 0)
        return -E_FAULT;
    return 0;
}

int64_t linux_rt_sigprocmask(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    signal_set_t set, old = task->blocked;
    if (argument[3] != sizeof(set))
        return -E_INVAL;
    if (argument[1] != 0) {
        if (user_read(task, &set, argument[1], sizeof(set)) != 0)
            return -E_FAULT;
        switch ((int)argument[0]) {
        case SIG_BLOCK:
            set |= old;
            break;
        case SIG_UNBLOCK:
            set = old & ~set;
            break;
        case SIG_SETMASK:
            break;
        default:
            return -E_INVAL;
        }
        signal_set_mask(task, set);
    }
    if (argument[2] != 0 && user_write(task, argument[2], &old, sizeof(old)) != 0)
        return -E_FAULT;
    return 0;
}

int64_t linux_rt_sigpending(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    signal_set_t set = (task->pending.set | task->proc->pending.set) & task->blocked;
    if (argument[1] > sizeof(set))
        return -E_INVAL;
    return user_write(task, argument[0], &set, argument[1]);
}

int64_t linux_rt_sigreturn(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    if (arch_signal_return(task) != 0) {
        struct siginfo_linux info = {.signo = SIGSEGV, .code = SI_KERNEL};
        signal_force(task, &info);
        arch_syscall_forget(&task->guest_state->registers);
    }
    return arch_syscall_result(&task->guest_state->registers);
}

int signal_mask_temporary(struct task *task, uint64_t set_address, uint64_t set_size)
{
    signal_set_t set;
    if (set_address == 0)
        return 0;
    if (set_size != sizeof(set))
        return -E_INVAL;
    if (user_read(task, &set, set_address, sizeof(set)) != 0)
        return -E_FAULT;
    task->saved_mask = task->blocked;
    __atomic_fetch_or(&task->work, TASK_RESTORE_MASK, __ATOMIC_SEQ_CST);
    signal_set_mask(task, set);
    return 0;
}

// ---- waiting ----

// Until a signal comes, or the deadline.
static int sleep_for_signal(struct task *task, time_ns_t deadline)
{
    waiter_prepare(&task->waiter);
    return waiter_sleep(&task->waiter, deadline, WAIT_INTERRUPTIBLE);
}

int64_t linux_pause(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    while (!signal_pending(task))
        sleep_for_signal(task, DEADLINE_NEVER);
    return -RESTART_NO_HANDLER;
}

int64_t linux_rt_sigsuspend(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    if (argument[1] != sizeof(signal_set_t))
        return -E_INVAL;
    if (argument[0] == 0)
        return -E_FAULT;
    int error = signal_mask_temporary(task, argument[0], argument[1]);
    return error ? error : linux_pause(task, argument);
}

int64_t linux_rt_sigtimedwait(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    signal_set_t set;
    struct siginfo_linux info;
    time_ns_t deadline = DEADLINE_NEVER;
    if (argument[3] != sizeof(set))
        return -E_INVAL;
    if (user_read(task, &set, argument[0], sizeof(set)) != 0)
        return -E_FAULT;
    if (argument[2] != 0) {
        struct timespec_linux timeout;
        uint64_t delay;
        if (user_read(task, &timeout, argument[2], sizeof(timeout)) != 0)
            return -E_FAULT;
        if (timespec_to_ns(&timeout, &delay) != 0)
            return -E_INVAL;
        deadline = deadline_after(clock_monotonic(), delay);
    }
    set &= ~SIGNAL_UNBLOCKABLE_SET;
    int number = signal_dequeue(task, set, &info);
    if (number == 0) {
        task->real_blocked = task->blocked;
        signal_set_mask(task, task->blocked & ~set);
        int error = sleep_for_signal(task, deadline);
        signal_set_t blocked = task->real_blocked;
        task->real_blocked = 0;
        number = signal_dequeue(task, set, &info);
        signal_set_mask(task, blocked);
        if (number == 0)
            return error == -E_INTR ? -E_INTR : -E_AGAIN;
    } else {
        signal_recalculate(task);
    }
    if (argument[1] != 0 && user_write(task, argument[1], &info, sizeof(info)) != 0)
        return -E_FAULT;
    return number;
}

// ---- sending ----

static struct siginfo_linux info_from(const struct task *task, int number, int32_t code)
{
    struct siginfo_linux info = {.signo = number, .code = code};
    info.sender.pid = task->proc->pid;
    info.sender.uid = task->cred->uid;
    return info;
}

// What kill does to one process. Number 0: only the checks.
static int kill_proc(struct task *task, struct proc *target, int number)
{
    int error = signal_check_permission(task, target, number);
    if (error || number == 0)
        return error;
    struct siginfo_linux info = info_from(task, number, SI_USER);
    signal_send_proc(target, number, &info);
    return 0;
}

// Success with one is success; else the last refusal; else nobody was there.
static int kill_pgrp(struct task *task, struct pgrp *pgrp, int number)
{
    int result = -E_SRCH;
    bool sent = false;
    if (pgrp == NULL)
        return -E_SRCH;
    list_for_each_safe(node, &pgrp->members)
    {
        int error = kill_proc(task, list_entry(node, struct proc, pgrp_node), number);
        if (error == 0)
            sent = true;
        else
            result = error;
    }
    return sent ? 0 : result;
}

static int kill_all(struct task *task, int number)
{
    int result = -E_SRCH;
    bool sent = false;
    list_for_each_safe(node, &proc_list)
    {
        struct proc *proc = list_entry(node, struct proc, all_node);
        if (proc == task->proc || proc == proc_init)
            continue;
        int error = kill_proc(task, proc, number);
        if (error == 0)
            sent = true;
        else
            result = error;
    }
    return sent ? 0 : result;
}

int64_t linux_kill(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int32_t pid = (int32_t)argument[0];
    uint32_t number = (uint32_t)argument[1];
    if (number > SIGNAL_MAX)
        return -E_INVAL;
    if (pid > 0) {
        struct proc *target = proc_find(pid);
        if (target == NULL) {
            // Linux takes a thread's number too.
            struct task *thread = task_find(pid);
            target = thread != NULL ? thread->proc : NULL;
        }
        return target != NULL ? kill_proc(task, target, (int)number) : -E_SRCH;
    }
    if (pid == 0)
        return kill_pgrp(task, task->proc->pgrp, (int)number);
    if (pid == -1)
        return kill_all(task, (int)number);
    if (pid == INT32_MIN)
        return -E_SRCH;
    return kill_pgrp(task, pgrp_find(-pid), (int)number);
}

static int64_t send_to_thread(struct task *task, int32_t tgid, int32_t tid, uint32_t number,
                              const struct siginfo_linux *given)
{
    if (number > SIGNAL_MAX || tid <= 0)
        return -E_INVAL;
    struct task *target = task_find(tid);
    if (target == NULL || (tgid > 0 && target->proc->pid != tgid))
        return -E_SRCH;
    int error = signal_check_permission(task, target->proc, (int)number);
    if (error || number == 0)
        return error;
    struct siginfo_linux info = given != NULL ? *given : info_from(task, (int)number, SI_TKILL);
    signal_send_task(target, (int)number, &info);
    return 0;
}

int64_t linux_tkill(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return send_to_thread(task, 0, (int32_t)argument[0], (uint32_t)argument[1], NULL);
}

int64_t linux_tgkill(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    if ((int32_t)argument[0] <= 0)
        return -E_INVAL;
    return send_to_thread(task, (int32_t)argument[0], (int32_t)argument[1], (uint32_t)argument[2],
                          NULL);
}

// A program may not pretend to be the kernel or kill(), except towards itself.
static int read_queued_info(struct task *task, uint64_t address, int32_t pid, uint32_t number,
                            struct siginfo_linux *info)
{
    if (user_read(task, info, address, sizeof(*info)) != 0)
        return -E_FAULT;
    info->signo = (int32_t)number;
    if ((info->code >= 0 || info->code == SI_TKILL) && pid != task->proc->pid)
        return -E_PERM;
    return 0;
}

static bool queue_is_full(const struct proc *target, uint32_t number)
{
    return number >= SIGNAL_RT_MIN &&
           target->queued_signals >= target->rlimit[RLIMIT_SIGPENDING].current;
}

int64_t linux_rt_sigqueueinfo(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct siginfo_linux info;
    int32_t pid = (int32_t)argument[0];
    uint32_t number = (uint32_t)argument[1];
    int error = read_queued_info(task, argument[2], pid, number, &info);
    if (error)
        return error;
    if (number > SIGNAL_MAX)
        return -E_INVAL;
    struct proc *target = proc_find(pid);
    if (target == NULL)
        return -E_SRCH;
    error = signal_check_permission(task, target, (int)number);
    if (error || number == 0)
        return error;
    if (queue_is_full(target, number))
        return -E_AGAIN;
    signal_send_proc(target, (int)number, &info);
    return 0;
}

int64_t linux_rt_tgsigqueueinfo(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct siginfo_linux info;
    int32_t tgid = (int32_t)argument[0], tid = (int32_t)argument[1];
    uint32_t number = (uint32_t)argument[2];
    int error = read_queued_info(task, argument[3], tgid, number, &info);
    if (error)
        return error;
    if (tgid <= 0)
        return -E_INVAL;
    struct task *target = task_find(tid);
    if (target != NULL && queue_is_full(target->proc, number))
        return -E_AGAIN;
    return send_to_thread(task, tgid, tid, number, &info);
}
