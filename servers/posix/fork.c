// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// clone in all its forms: fork, vfork, clone, clone3. A new task shares or copies each part of its
// maker as the flags say (clone(2)); a kept task (task.c) and SYS_ASPACE_CLONE are all that a plain
// fork asks of the kernel, with the copy of the extended registers and the wake.

#include <string.h>

#include "abi/error.h"
#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/file.h"
#include "servers/posix/mm.h"
#include "servers/posix/process.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"

enum clone_flag {
    CLONE_VM = 0x100,
    CLONE_FS = 0x200,
    CLONE_FILES = 0x400,
    CLONE_SIGHAND = 0x800,
    CLONE_PIDFD = 0x1000,
    CLONE_PTRACE = 0x2000,
    CLONE_VFORK = 0x4000,
    CLONE_PARENT = 0x8000,
    CLONE_THREAD = 0x10000,
    CLONE_NEWNS = 0x20000,
    CLONE_SYSVSEM = 0x40000,
    CLONE_SETTLS = 0x80000,
    CLONE_PARENT_SETTID = 0x100000,
    CLONE_CHILD_CLEARTID = 0x200000,
    CLONE_DETACHED = 0x400000,
    CLONE_UNTRACED = 0x800000,
    CLONE_CHILD_SETTID = 0x1000000,
    CLONE_NEWCGROUP = 0x2000000,
    CLONE_NEWUTS = 0x4000000,
    CLONE_NEWIPC = 0x8000000,
    CLONE_NEWUSER = 0x10000000,
    CLONE_NEWPID = 0x20000000,
    CLONE_NEWNET = 0x40000000,
};
#define CLONE_IO            0x80000000ull
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#define CLONE_NAMESPACES                                                                     \
    ((uint64_t)CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
     CLONE_NEWPID | CLONE_NEWNET)
#define CLONE_SIGNAL_MASK 0xffull

struct clone_request {
    uint64_t flags;
    uint64_t stack; // 0: the parent's
    uint64_t thread_pointer;
    uint64_t parent_tid, child_tid;
    int32_t exit_signal;
};

static int check(const struct clone_request *request)
{
    uint64_t flags = request->flags;
    if ((flags & CLONE_NAMESPACES) != 0)
        return -E_INVAL;
    if ((flags & CLONE_PIDFD) != 0)
        return -E_INVAL;
    if ((flags & CLONE_THREAD) != 0 && (flags & CLONE_SIGHAND) == 0)
        return -E_INVAL;
    if ((flags & CLONE_SIGHAND) != 0 && (flags & CLONE_VM) == 0)
        return -E_INVAL;
    if ((flags & CLONE_CLEAR_SIGHAND) != 0 && (flags & CLONE_SIGHAND) != 0)
        return -E_INVAL;
    if (request->exit_signal < 0 || request->exit_signal > SIGNAL_MAX)
        return -E_INVAL;
    return 0;
}

static int check_limits(const struct task *task)
{
    if (cred_capable(task->cred, CAP_SYS_RESOURCE) || task->cred->uid == 0)
        return 0;
    if (proc_count_of_user(task->cred->uid) >= task_rlimit(task, RLIMIT_NPROC))
        return -E_AGAIN;
    return 0;
}

// Files, directory and signal actions: shared or copied. On failure nothing is left behind.
static int give_shared_parts(struct task *child, const struct task *parent, uint64_t flags)
{
    child->files = (flags & CLONE_FILES) != 0 ? file_table_hold(parent->files)
                                              : file_table_clone(parent->files);
    if (child->files == NULL)
        return -E_NOMEM;
    child->fs =
        (flags & CLONE_FS) != 0 ? fs_context_hold(parent->fs) : fs_context_clone(parent->fs);
    if (child->fs == NULL) {
        file_table_put(child->files);
        return -E_NOMEM;
    }
    child->cred = cred_get(parent->cred);
    return 0;
}

static void take_shared_parts_back(struct task *child)
{
    cred_put(child->cred);
    fs_context_put(child->fs);
    file_table_put(child->files);
}

static void copy_thread_state(struct task *child, const struct task *parent,
                              const struct clone_request *request)
{
    struct guest_registers *registers = &child->guest_state->registers;
    memcpy(child->name, parent->name, sizeof(child->name));
    child->blocked = parent->blocked;
    child->personality = parent->personality;
    child->affinity = parent->affinity;
    if (child->affinity != 0)
        sys_thread_control(child->kept.thread, THREAD_SET_AFFINITY, child->affinity);
    if ((request->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM) {
        child->alternate_stack = parent->alternate_stack;
        child->alternate_stack_bytes = parent->alternate_stack_bytes;
        child->alternate_stack_flags = parent->alternate_stack_flags;
    }
    if ((request->flags & CLONE_VM) == 0)
        child->rseq = parent->rseq;
    child->start_time = sys_clock();

    *registers = parent->guest_state->registers;
    arch_syscall_set_result(registers, 0);
    arch_syscall_forget(registers);
    if (request->stack != 0)
        arch_set_stack(registers, request->stack);
    if ((request->flags & CLONE_SETTLS) != 0)
        arch_set_thread_pointer(registers, request->thread_pointer);
    if ((request->flags & CLONE_CHILD_CLEARTID) != 0)
        child->clear_tid = request->child_tid;
}

// The child's process: the parent's own for a thread, else a new one.
static int find_process(struct task *parent, const struct clone_request *request, struct proc **out)
{
    struct proc *maker = parent->proc, *proc;
    if ((request->flags & CLONE_THREAD) != 0) {
        *out = maker;
        return 0;
    }
    bool sibling = (request->flags & CLONE_PARENT) != 0;
    if (sibling && maker->parent == NULL)
        return -E_INVAL;
    int error = proc_create(sibling ? maker->parent : maker, &proc);
    if (error)
        return error;
    if (sibling) {
        memcpy(proc->rlimit, maker->rlimit, sizeof(proc->rlimit));
        pgrp_join(proc, maker->pgrp);
    }
    proc->exit_signal = sibling ? maker->exit_signal : request->exit_signal;
    memcpy(proc->name, parent->name, sizeof(proc->name));
    if ((request->flags & CLONE_SIGHAND) != 0)
        proc->actions = signal_actions_get(maker->actions);
    else
        proc->actions = signal_actions_clone(maker->actions);
    if (proc->actions == NULL) {
        proc_discard(proc);
        return -E_NOMEM;
    }
    if ((request->flags & CLONE_CLEAR_SIGHAND) != 0)
        signal_actions_reset(proc->actions);
    *out = proc;
    return 0;
}

static int number_thread(struct task *child, struct proc *proc, uint64_t flags)
{
    child->tid = proc->pid;
    if ((flags & CLONE_THREAD) != 0)
        child->tid = pid_allocate();
    if (child->tid < 0)
        return child->tid;
    pid_slot(child->tid)->task = child;
    child->proc = proc;
    list_add_tail(&proc->threads, &child->proc_node);
    proc->thread_count++;
    return 0;
}

// Builds the child up to the point where only task_start is missing.
static int build(struct task *parent, const struct clone_request *request, struct task **out)
{
    struct mm *mm;
    struct proc *proc;
    struct task *child;
    uint64_t flags = request->flags;
    int error = 0;
    if ((flags & CLONE_VM) != 0)
        mm = mm_get(parent->mm);
    else
        error = mm_clone(parent->mm, &mm);
    if (error)
        return error;
    child = task_allocate(mm);
    if (child == NULL) {
        error = -E_AGAIN;
        goto no_task;
    }
    child->mm = mm;
    error = give_shared_parts(child, parent, flags);
    if (error)
        goto no_parts;
    error = find_process(parent, request, &proc);
    if (error)
        goto no_process;
    error = number_thread(child, proc, flags);
    if (error)
        goto no_number;
    copy_thread_state(child, parent, request);
    sys_guest_fpu(child->guest, GUEST_FPU_COPY, parent->guest, 0);
    *out = child;
    return 0;

no_number:
    if ((flags & CLONE_THREAD) == 0)
        proc_discard(proc);
no_process:
    take_shared_parts_back(child);
no_parts:
    task_free(child);
no_task:
    mm_put(mm);
    return error;
}

// vfork: the parent sleeps until the child has another program or is gone; only a fatal signal ends
// that.
static void wait_for_vfork(struct proc *child)
{
    while (child->vfork_pending) {
        if (wait_sleep(&child->vfork_wait, DEADLINE_NEVER, WAIT_KILLABLE) == -E_INTR)
            break;
    }
    proc_put(child);
}

static int64_t clone(struct task *parent, const struct clone_request *request)
{
    struct task *child;
    int error = check(request);
    if (error == 0)
        error = check_limits(parent);
    if (error == 0 && signal_pending(parent) && (request->flags & CLONE_THREAD) == 0)
        error = -RESTART_ALWAYS; // a fork under a stream of signals would begin over and over in
                                 // the child
    if (error == 0)
        error = build(parent, request, &child);
    if (error)
        return error;
    pid_linux_t tid = child->tid;
    struct proc *proc = child->proc;
    bool vfork = (request->flags & CLONE_VFORK) != 0;
    if ((request->flags & CLONE_PARENT_SETTID) != 0)
        user_write_u32(parent, request->parent_tid, (uint32_t)tid);
    if ((request->flags & CLONE_CHILD_SETTID) != 0)
        user_write_u32(child, request->child_tid, (uint32_t)tid);
    if (vfork) {
        proc_get(proc);
        proc->vfork_pending = true;
    }
    signal_recalculate(child);
    if (proc->exiting)
        task_notify(child, TASK_EXIT);
    if (proc->state == PROC_STOPPED)
        task_notify(child, TASK_STOP);
    task_start(child);
    if (vfork)
        wait_for_vfork(proc);
    return tid;
}

int64_t linux_fork(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    struct clone_request request = {.exit_signal = SIGCHLD};
    return clone(task, &request);
}

int64_t linux_vfork(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    struct clone_request request = {.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD};
    return clone(task, &request);
}

int64_t linux_clone(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct clone_request request = {
        .flags = (uint32_t)argument[0] & ~CLONE_SIGNAL_MASK,
        .exit_signal = (int32_t)(argument[0] & CLONE_SIGNAL_MASK),
        .stack = argument[1],
        .parent_tid = argument[2],
        .child_tid = argument[ARCH_CLONE_CHILD_TID],
        .thread_pointer = argument[ARCH_CLONE_THREAD_POINTER],
    };
    request.flags &= ~(uint64_t)CLONE_DETACHED;
    return clone(task, &request);
}

struct clone_args_linux {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};

enum { CLONE_ARGS_FIRST = 64, CLONE_ARGS_MOST = 88 };
_Static_assert(sizeof(struct clone_args_linux) == CLONE_ARGS_MOST, "struct clone_args, version 2");

// A longer structure is fine as long as what this system does not know is 0.
static int read_clone_args(struct task *task, uint64_t address, uint64_t bytes,
                           struct clone_args_linux *args)
{
    memset(args, 0, sizeof(*args));
    if (bytes > PAGE_SIZE)
        return -E_2BIG;
    if (bytes < CLONE_ARGS_FIRST)
        return -E_INVAL;
    uint64_t known = bytes < sizeof(*args) ? bytes : sizeof(*args);
    if (user_read(task, args, address, known) != 0)
        return -E_FAULT;
    for (uint64_t at = known; at < bytes; at++) {
        uint8_t byte;
        if (user_read(task, &byte, address + at, 1) != 0)
            return -E_FAULT;
        if (byte != 0)
            return -E_2BIG;
    }
    return 0;
}

int64_t linux_clone3(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct clone_args_linux args;
    int error = read_clone_args(task, argument[0], argument[1], &args);
    if (error)
        return error;
    if (args.set_tid_size != 0 || args.cgroup != 0)
        return -E_INVAL;
    if ((args.flags & (CLONE_DETACHED | CLONE_SIGNAL_MASK)) != 0)
        return -E_INVAL;
    if ((args.flags & (CLONE_THREAD | CLONE_PARENT)) != 0 && args.exit_signal != 0)
        return -E_INVAL;
    if ((args.stack == 0) != (args.stack_size == 0) || args.exit_signal > SIGNAL_MAX)
        return -E_INVAL;
    struct clone_request request = {
        .flags = args.flags,
        .exit_signal = (int32_t)args.exit_signal,
        .stack = args.stack + args.stack_size,
        .parent_tid = args.parent_tid,
        .child_tid = args.child_tid,
        .thread_pointer = args.tls,
    };
    return clone(task, &request);
}
