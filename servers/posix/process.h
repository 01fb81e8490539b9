// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the files about processes (pid.c, proc.c, task.c, fork.c, exec.c, exit.c, child_wait.c)
// share among themselves. Everything needs posix_lock.

#pragma once

#include "servers/posix/task.h"

// ---- numbers (pid.c) ----

// One number can at once be a thread's, a process's, a group's and a session's; it is free when it
// is none.
struct pid_slot {
    struct task *task;
    struct proc *proc;
    struct pgrp *pgrp;
    struct session *session;
};

// The slot of a number that is or was in use; NULL: never used, or out of range.
struct pid_slot *pid_slot(pid_linux_t pid);
// A free number > 0, the lowest after the last one given out. It is taken once its slot is filled.
// E_AGAIN: none left; E_NOMEM.
pid_linux_t pid_allocate(void);
pid_linux_t pid_last(void); // most recently given out, for /proc/loadavg

// A group in a session / a session with a group of the same number, one reference to the group for
// the caller. NULL: no memory.
struct pgrp *pgrp_create(pid_linux_t id, struct session *session);
struct pgrp *session_create(struct proc *leader);
// Moves a process to a group (of which it takes a reference of its own), out of the one it is in.
void pgrp_join(struct proc *proc, struct pgrp *pgrp);
void pgrp_leave(struct proc *proc);
// A group that lost a link to its session's other groups: if it is orphaned now and has stopped
// members, they get SIGHUP and SIGCONT. `leaving` is not counted as a parent (it is about to go) if
// not NULL.
void pgrp_check_orphaned(struct pgrp *pgrp, const struct proc *leaving);

// ---- processes (proc.c) ----

// A process with a number, without threads, as the child of `parent` (NULL: pid 1). E_AGAIN,
// E_NOMEM.
int proc_create(struct proc *parent, struct proc **out);
// Gives an unborn process back (proc_create's undo).
void proc_discard(struct proc *proc);
// The last thread is gone: zombie, children to a new parent, parent told.
void proc_die(struct proc *proc);
// Takes a zombie out of the table; its usage goes to the parent.
void proc_reap(struct proc *zombie);
// The process ends: every thread is told. The first status stays.
void proc_begin_exit(struct proc *proc, int32_t wait_status);
// SIGCHLD (or the like) to the parent, and wait4 wakes.
void proc_tell_parent(struct proc *proc, int32_t code, int32_t status);
// wait4 or vfork of somebody may be concerned.
void proc_vfork_done(struct proc *proc);
uint32_t proc_count_of_user(uint32_t uid); // its tasks, for RLIMIT_NPROC
void usage_add(struct usage *to, const struct usage *from);

// ---- tasks (task.c) ----

// A task whose kernel thread waits for task_start; its guest runs in mm's space (no reference is
// taken). NULL: no memory or handles.
struct task *task_allocate(struct mm *mm);
void task_free(struct task *task); // one that was never started
void task_start(struct task *task);
// The calling task ends, with posix_lock held, which it gives up; afterwards the task may be
// another's: return.
void task_end(struct task *task);
// Processor time of the task's thread so far; the same added to a usage, as user time what the
// program itself ran, as system time the rest.
uint64_t task_cpu_ns(const struct task *task);
void task_add_times(const struct task *task, struct usage *usage);
// Makes the task's guest run in another space.
int task_set_aspace(struct task *task, handle_t aspace);
int task_init(void);

// ---- robust lists and tid words (futex.c) ----

void futex_task_end(struct task *task);

// ---- signals inside the server (signal.c, signal_work.c) ----

struct signal_actions *signal_actions_create(void);
struct signal_actions *signal_actions_clone(const struct signal_actions *actions);
struct signal_actions *signal_actions_get(struct signal_actions *actions);
void signal_actions_put(struct signal_actions *actions);
// exec: handlers become default, ignored stays.
void signal_actions_reset(struct signal_actions *actions);
void signal_pending_init(struct signal_pending *pending);
void signal_pending_flush(struct signal_pending *pending, struct proc *owner);
void signal_pending_remove(struct signal_pending *pending, struct proc *owner, signal_set_t set);
// TASK_SIGNAL follows from what is pending and what is blocked.
void signal_recalculate(struct task *task);
void signal_set_mask(struct task *task, signal_set_t blocked);
// Takes one signal of `set` (a set of the wanted ones) off the task's or its process's queue: its
// number or 0.
int signal_dequeue(struct task *task, signal_set_t set, struct siginfo_linux *info);
// Does what task->work asks for: end, stop, deliver; and finishes an interrupted system call.
// posix_lock is held at entry and at return. False: the task has to end.
bool signal_work(struct task *task);

// ---- the processor's part (arch/<cpu>/) ----

// Writes a signal frame for the handler and points the registers at it. `mask` is what sigreturn
// brings back. -E_FAULT.
int arch_signal_frame(struct task *task, const struct signal_action *action,
                      const struct siginfo_linux *info, signal_set_t mask);
// Undoes it: registers, extended state, mask, alternate stack from the frame at the stack pointer.
// -E_FAULT: no frame.
int arch_signal_return(struct task *task);
