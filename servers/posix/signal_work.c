// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a task does between leaving its guest and going back, when task->work is not 0: it ends,
// stops, or delivers signals; and it decides whether an interrupted system call runs again (enum
// restart).

#include "abi/error.h"
#include "servers/posix/arch.h"
#include "servers/posix/process.h"
#include "servers/posix/signal_set.h"

static bool work_has(const struct task *task, uint32_t bits)
{
    return (__atomic_load_n(&task->work, __ATOMIC_SEQ_CST) & bits) != 0;
}

static bool is_restart(int64_t result)
{
    return result <= -(int64_t)RESTART_SYS && result >= -(int64_t)RESTART_BLOCK;
}

// The call was interrupted and a handler is about to run.
static void finish_call_for_handler(struct guest_registers *registers,
                                    const struct signal_action *action)
{
    uint64_t number = arch_syscall_number(registers);
    int64_t result = arch_syscall_result(registers);
    if (number == ARCH_NO_SYSCALL || !is_restart(result))
        return;
    bool again =
        result == -RESTART_ALWAYS || (result == -RESTART_SYS && (action->flags & SA_RESTART) != 0);
    if (again)
        arch_syscall_again(registers, number);
    else
        arch_syscall_set_result(registers, -E_INTR);
}

static void finish_call_without_handler(struct guest_registers *registers)
{
    uint64_t number = arch_syscall_number(registers);
    int64_t result = arch_syscall_result(registers);
    if (number == ARCH_NO_SYSCALL || !is_restart(result))
        return;
    arch_syscall_again(registers, result == -RESTART_BLOCK ? ARCH_RESTART_SYSCALL : number);
}

// ---- stopping ----

static void begin_stop(struct proc *proc, int number)
{
    if (proc->state == PROC_STOPPED || proc->exiting)
        return;
    proc->state = PROC_STOPPED;
    proc->stop_signal = (uint8_t)number;
    proc->stopped_threads = 0;
    proc->stop_pending = false;
    proc->continue_pending = false;
    list_for_each(node, &proc->threads)
    {
        task_notify(list_entry(node, struct task, proc_node), TASK_STOP);
    }
}

// The last thread to stop tells the parent.
static void stay_stopped(struct task *task)
{
    struct proc *proc = task->proc;
    if (proc->state != PROC_STOPPED) {
        __atomic_fetch_and(&task->work, ~(uint32_t)TASK_STOP, __ATOMIC_SEQ_CST);
        return;
    }
    if (++proc->stopped_threads == proc->thread_count) {
        proc->stop_pending = true;
        proc_tell_parent(proc, CLD_STOPPED, proc->stop_signal);
    }
    while (proc->state == PROC_STOPPED && !work_has(task, TASK_EXIT))
        wait_sleep(&proc->stop_wait, DEADLINE_NEVER, WAIT_KILLABLE);
}

// ---- delivery ----

static void deliver(struct task *task, int number, const struct siginfo_linux *info)
{
    struct signal_action *shared = &task->proc->actions->action[number - 1];
    struct signal_action action = *shared;
    struct guest_registers *registers = &task->guest_state->registers;
    signal_set_t mask = work_has(task, TASK_RESTORE_MASK) ? task->saved_mask : task->blocked;

    finish_call_for_handler(registers, &action);
    arch_syscall_forget(registers);
    if ((action.flags & SA_RESETHAND) != 0)
        shared->handler = SIGNAL_DEFAULT;
    if (arch_signal_frame(task, &action, info, mask) != 0) {
        struct siginfo_linux fault = {.signo = SIGSEGV, .code = SI_KERNEL};
        if (number == SIGSEGV)
            task->proc->actions->action[SIGSEGV - 1].handler = SIGNAL_DEFAULT;
        signal_force(task, &fault);
        return;
    }
    __atomic_fetch_and(&task->work, ~(uint32_t)TASK_RESTORE_MASK, __ATOMIC_SEQ_CST);
    signal_set_t blocked = task->blocked | action.mask;
    if ((action.flags & SA_NODEFER) == 0)
        blocked |= SIGNAL_BIT(number);
    signal_set_mask(task, blocked);
}

// Takes one signal and does what it asks for. False: there was none to take.
static bool handle_one(struct task *task)
{
    struct siginfo_linux info;
    struct proc *proc = task->proc;
    int number = signal_dequeue(task, ~task->blocked, &info);
    if (number == 0)
        return false;
    uint64_t handler = proc->actions->action[number - 1].handler;
    enum signal_default what = signal_default_of(number);
    if (handler == SIGNAL_IGNORE)
        return true;
    if (handler != SIGNAL_DEFAULT) {
        deliver(task, number, &info);
        return true;
    }
    if (what == SIGNAL_ENDS && proc != proc_init)
        proc_begin_exit(proc, number);
    else if (what == SIGNAL_STOPS && proc != proc_init &&
             (number == SIGSTOP || !pgrp_is_orphaned(proc->pgrp)))
        begin_stop(proc, number);
    return true;
}

static void restore_mask(struct task *task)
{
    if (!work_has(task, TASK_RESTORE_MASK))
        return;
    __atomic_fetch_and(&task->work, ~(uint32_t)TASK_RESTORE_MASK, __ATOMIC_SEQ_CST);
    signal_set_mask(task, task->saved_mask);
}

// A call that did not get interrupted gives its temporary mask back before anything is delivered.
static void restore_mask_after_success(struct task *task)
{
    int64_t result = arch_syscall_result(&task->guest_state->registers);
    if (!is_restart(result) && result != -E_INTR)
        restore_mask(task);
}

// Handlers of several signals nest: each delivery makes a frame, the last delivered runs first.
bool signal_work(struct task *task)
{
    restore_mask_after_success(task);
    for (;;) {
        if (work_has(task, TASK_EXIT))
            return false;
        if (work_has(task, TASK_STOP)) {
            stay_stopped(task);
            continue;
        }
        if (work_has(task, TASK_SIGNAL)) {
            if (!handle_one(task))
                signal_recalculate(task);
            continue;
        }
        if (work_has(task, TASK_RESTORE_MASK)) {
            restore_mask(task);
            continue;
        }
        break;
    }
    finish_call_without_handler(&task->guest_state->registers);
    arch_syscall_forget(&task->guest_state->registers);
    return true;
}
