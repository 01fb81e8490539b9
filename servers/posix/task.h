// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Tasks (Linux threads), processes, process groups, sessions, and what they share.
//
// A task is one kernel thread of this server plus a guest. Everything here is protected by
// posix_lock, except what is marked (own): touched only by the task's own thread, and (atomic).
//
// References: a structure with `references` is freed by its *_put when the last goes.

#pragma once

#include "abi/guest.h"
#include "abi/types.h"
#include "servers/posix/list.h"
#include "servers/posix/signal.h"
#include "servers/posix/wait.h"

struct file;
struct file_table; // file.h
struct fs_context; // vfs.h
struct tty;        // tty.h
struct mm;         // mm.h
struct timer_set;  // timer.h

typedef int32_t pid_linux_t;

enum { PID_MAX = 32768, GROUPS_MAX = 65536, TASK_NAME = 16 };

// ---- credentials: immutable once another can see them, so changes make a new one ----

struct cred {
    uint32_t references;
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint64_t cap_permitted, cap_effective, cap_inheritable;
    uint32_t groups;  // number of supplementary groups
    uint32_t group[]; // sorted
};

enum capability {
    CAP_CHOWN = 0,
    CAP_DAC_OVERRIDE = 1,
    CAP_DAC_READ_SEARCH = 2,
    CAP_FOWNER = 3,
    CAP_FSETID = 4,
    CAP_KILL = 5,
    CAP_SETGID = 6,
    CAP_SETUID = 7,
    CAP_SYS_CHROOT = 18,
    CAP_SYS_PTRACE = 19,
    CAP_SYS_ADMIN = 21,
    CAP_SYS_BOOT = 22,
    CAP_SYS_NICE = 23,
    CAP_SYS_RESOURCE = 24,
    CAP_SYS_TIME = 25,
    CAP_SYS_TTY_CONFIG = 26,
    CAP_MKNOD = 27,
    CAP_LAST = 40,
};

static inline bool cred_capable(const struct cred *cred, enum capability capability)
{
    return cred->cap_effective >> capability & 1;
}
// Is `gid` the file-system group or a supplementary group?
bool cred_in_group(const struct cred *cred, uint32_t gid);
struct cred *cred_get(struct cred *cred);
void cred_put(struct cred *cred);

// ---- resource limits ----

enum rlimit_kind {
    RLIMIT_CPU,
    RLIMIT_FSIZE,
    RLIMIT_DATA,
    RLIMIT_STACK,
    RLIMIT_CORE,
    RLIMIT_RSS,
    RLIMIT_NPROC,
    RLIMIT_NOFILE,
    RLIMIT_MEMLOCK,
    RLIMIT_AS,
    RLIMIT_LOCKS,
    RLIMIT_SIGPENDING,
    RLIMIT_MSGQUEUE,
    RLIMIT_NICE,
    RLIMIT_RTPRIO,
    RLIMIT_RTTIME,
    RLIMIT_KINDS,
};

#define RLIMIT_INFINITY (~0ull)

struct rlimit_linux {
    uint64_t current, maximum;
};

// ---- time and resources used ----

struct usage {
    uint64_t user_ns, system_ns;
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches;
    uint64_t max_resident_kib;
};

// ---- groups and sessions ----

struct session {
    uint32_t references; // its groups, its terminal
    pid_linux_t id;
    struct proc *leader; // NULL once it has exited
    struct tty *tty;     // controlling terminal or NULL; owned by tty.c
};

struct pgrp {
    uint32_t references; // members, terminals of which it is the foreground group
    pid_linux_t id;
    struct session *session;
    struct list members; // struct proc.pgrp_node
};

struct pgrp *pgrp_find(pid_linux_t id); // no reference taken; NULL if there is none
struct pgrp *pgrp_get(struct pgrp *pgrp);
void pgrp_put(struct pgrp *pgrp);
struct session *session_get(struct session *session);
void session_put(struct session *session);
// Has no member whose parent is outside the group but in the session: nobody could continue it when
// it stops.
bool pgrp_is_orphaned(const struct pgrp *pgrp);

// ---- processes ----

enum proc_state { PROC_RUNNING, PROC_STOPPED, PROC_ZOMBIE };

struct proc {
    pid_linux_t pid;
    enum proc_state state;
    uint32_t references;    // the table, and whoever holds it across a drop of posix_lock
    struct proc *parent;    // never NULL but for pid 1
    pid_linux_t parent_pid; // (atomic) its number, for getppid; 0 for pid 1
    struct list children;   // struct proc.sibling_node
    struct list sibling_node;
    struct list all_node;  // proc_list
    struct list threads;   // struct task.proc_node; empty for a zombie
    uint32_t thread_count; // of those that have not begun to end
    struct pgrp *pgrp;     // and so the session
    struct list pgrp_node;

    struct signal_actions *actions;
    struct signal_pending pending; // for the process as a whole
    uint32_t queued_signals;

    // Ending and stopping.
    bool exiting;        // exit_group or a fatal signal: every thread ends
    bool killed_by_exec; // every thread but exec_task ends
    struct task *exec_task;
    int32_t wait_status;                 // as wait4 gives it, once zombie; or what stopped it
    int32_t exit_signal;                 // to the parent, usually SIGCHLD; 0 none
    uint8_t stop_signal;                 // stopped by
    bool stop_pending, continue_pending; // what wait4 has still to tell
    uint32_t stopped_threads;
    bool dumpable, did_exec;
    bool child_subreaper;
    struct wait_queue child_wait; // wait4 of this process sleeps here
    struct wait_queue stop_wait;  // stopped threads sleep here
    struct wait_queue exec_wait;  // exec waits for the other threads to end
    struct wait_queue vfork_wait; // the parent of vfork sleeps here
    bool vfork_pending;           // until exec or exit

    struct rlimit_linux rlimit[RLIMIT_KINDS];
    struct usage usage;          // of ended threads
    struct usage children_usage; // of waited-for children
    time_ns_t start_time;
    struct timer_set *timers; // NULL: none
    int32_t nice;
    uint16_t io_priority; // class and level as of ioprio_set(2)
    int32_t oom_score_adj;
    struct cred *cred;    // of the first thread; stays for a zombie
    char name[TASK_NAME]; // of the first thread; stays for a zombie
};

// ---- tasks ----

// (atomic) Things to do before the task may go back into its guest; set by anybody.
enum task_work {
    TASK_SIGNAL = 1,       // a signal may be deliverable
    TASK_EXIT = 2,         // the process ends, or exec of another thread ends this one
    TASK_STOP = 4,         // the process is stopped
    TASK_RESTORE_MASK = 8, // task->saved_mask comes back after delivery
};

enum sleep_state { SLEEP_NONE, SLEEP_INTERRUPTIBLE, SLEEP_DEEP };

// What restart_syscall goes on with.
struct task_restart {
    int64_t (*function)(struct task *task);
    time_ns_t deadline;
    uint64_t argument[4];
};

struct task {
    // The guest loop's own line.
    struct guest_state *guest_state; // shared page with the kernel (own)
    struct proc *proc;
    uint32_t work; // (atomic) enum task_work
    handle_t guest;
    pid_linux_t tid;
    struct mm *mm;
    struct file_table *files;
    struct fs_context *fs;
    struct cred *cred;

    struct waiter waiter;
    struct list proc_node;
    signal_set_t blocked, saved_mask;
    signal_set_t real_blocked; // blocked ones that sigtimedwait takes just now
    struct signal_pending pending;
    uint64_t alternate_stack, alternate_stack_bytes; // sigaltstack
    uint32_t alternate_stack_flags;
    struct task_restart restart;                     // (own)
    uint64_t fault_address, fault_error, fault_trap; // (own) last fault, for signal frames
    uint64_t clear_tid;                              // set_tid_address
    uint64_t robust_list;
    uint64_t rseq;
    int32_t parent_death_signal;
    char name[TASK_NAME];
    enum sleep_state sleep_state; // for /proc
    int32_t personality;
    uint64_t affinity;   // CPUs it may run on; 0: all
    int32_t exit_status; // wait status that exit() of this thread gave
    struct usage usage;
    uint64_t cpu_base_ns, guest_base_ns; // of its kernel thread when the task began
    time_ns_t start_time;

    // What a task keeps when it is used again for another thread.
    struct {
        uint32_t run;        // futex: 1, the kernel thread has a task to run
        uint32_t state_page; // index of guest_state's page
        handle_t thread;
        void *fpu_area; // for signal frames; NULL until one is needed
    } kept;
    struct list free_node;
};

extern struct list proc_list;  // every process, struct proc.all_node, in order of creation
extern struct proc *proc_init; // pid 1

struct proc *proc_find(pid_linux_t pid); // NULL if none; zombies are found; no reference taken
struct task *task_find(pid_linux_t tid);
struct proc *proc_get(struct proc *proc);
void proc_put(struct proc *proc);
// Sets bits of task->work and makes the task notice: it leaves its guest, or an interruptible
// sleep.
void task_notify(struct task *task, uint32_t work);
// A thread of the process to ask about files, directory and memory; NULL for a zombie.
struct task *proc_any_task(const struct proc *proc);
// User and system time of all threads so far, and page faults.
void proc_usage(const struct proc *proc, struct usage *out);

static inline struct session *proc_session(const struct proc *proc)
{
    return proc->pgrp->session;
}

static inline uint64_t task_rlimit(const struct task *task, enum rlimit_kind kind)
{
    return task->proc->rlimit[kind].current;
}
