// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Signals: sets, pending queues, actions, delivery, stop and continue. Numbers and structures are
// Linux's. Every function needs posix_lock unless it says otherwise; none sleeps.

#pragma once

#include "abi/types.h"
#include "servers/posix/list.h"

struct task;
struct proc;
struct pgrp;

enum {
    SIGHUP = 1,
    SIGINT,
    SIGQUIT,
    SIGILL,
    SIGTRAP,
    SIGABRT,
    SIGBUS,
    SIGFPE,
    SIGKILL,
    SIGUSR1,
    SIGSEGV,
    SIGUSR2,
    SIGPIPE,
    SIGALRM,
    SIGTERM,
    SIGSTKFLT,
    SIGCHLD,
    SIGCONT,
    SIGSTOP,
    SIGTSTP,
    SIGTTIN,
    SIGTTOU,
    SIGURG,
    SIGXCPU,
    SIGXFSZ,
    SIGVTALRM,
    SIGPROF,
    SIGWINCH,
    SIGIO,
    SIGPWR,
    SIGSYS,
    SIGNAL_RT_MIN = 32,
    SIGNAL_MAX = 64,
};

// Signal n is bit n - 1.
typedef uint64_t signal_set_t;
#define SIGNAL_BIT(number) ((signal_set_t)1 << ((number)-1))

// Results of a system call that say how it ends if a signal interrupts it. Never seen by a program:
// signal delivery turns them into EINTR or runs the call again. A handler whose wait_sleep gives
// -E_INTR returns one of these.
enum restart {
    RESTART_SYS =
        1024, // again if no handler runs or the handler has SA_RESTART, else EINTR: most calls
    RESTART_NO_HANDLER, // again only if no handler runs, else EINTR: poll, select, pause,
                        // sigsuspend, epoll_wait
    RESTART_ALWAYS,     // again in any case
    RESTART_BLOCK, // through restart_syscall if no handler runs (task->restart is filled), else
                   // EINTR: nanosleep
};

// siginfo_t, as a program sees it.
struct siginfo_linux {
    int32_t signo;
    int32_t error;
    int32_t code; // enum siginfo_code
    int32_t pad;
    union {
        struct {
            int32_t pid;
            uint32_t uid;
            uint64_t value;
        } sender; // kill, sigqueue
        struct {
            int32_t id;
            int32_t overrun;
            uint64_t value;
        } timer;
        struct {
            int32_t pid;
            uint32_t uid;
            int32_t status;
            int32_t pad;
            int64_t utime, stime; // clock ticks
        } child;
        struct {
            uint64_t address;
        } fault;
        struct {
            int64_t band;
            int32_t fd;
        } poll;
        uint8_t bytes[112];
    };
};
_Static_assert(sizeof(struct siginfo_linux) == 128, "siginfo_t");

enum siginfo_code {
    SI_USER = 0,
    SI_KERNEL = 0x80,
    SI_QUEUE = -1,
    SI_TIMER = -2,
    SI_TKILL = -6,
    ILL_ILLOPC = 1,
    ILL_ILLOPN = 2,
    FPE_INTDIV = 1,
    FPE_INTOVF = 2,
    FPE_FLTINV = 7,
    SEGV_MAPERR = 1,
    SEGV_ACCERR = 2,
    BUS_ADRALN = 1,
    BUS_ADRERR = 2,
    BUS_OBJERR = 3,
    TRAP_BRKPT = 1,
    TRAP_TRACE = 2,
    TRAP_HWBKPT = 4,
    CLD_EXITED = 1,
    CLD_KILLED,
    CLD_DUMPED,
    CLD_TRAPPED,
    CLD_STOPPED,
    CLD_CONTINUED,
    POLL_IN = 1,
    POLL_OUT,
    POLL_MSG,
    POLL_ERR,
    POLL_PRI,
    POLL_HUP,
};

// One signal waiting for delivery.
struct signal_queued {
    struct list node;
    struct siginfo_linux info;
};

struct signal_pending {
    signal_set_t set;
    struct list queue; // struct signal_queued, oldest first; a signal in `set` without one has no
                       // information
};

// struct sigaction of rt_sigaction.
struct signal_action {
    uint64_t handler; // SIGNAL_DEFAULT, SIGNAL_IGNORE or an address
    uint64_t flags;   // SA_*
    uint64_t restorer;
    signal_set_t mask;
};

#define SIGNAL_DEFAULT 0ull
#define SIGNAL_IGNORE  1ull

#define SA_NOCLDSTOP 0x00000001ull
#define SA_NOCLDWAIT 0x00000002ull
#define SA_SIGINFO   0x00000004ull
#define SA_RESTORER  0x04000000ull
#define SA_ONSTACK   0x08000000ull
#define SA_RESTART   0x10000000ull
#define SA_NODEFER   0x40000000ull
#define SA_RESETHAND 0x80000000ull

// The actions of a process, shared by CLONE_SIGHAND.
struct signal_actions {
    uint32_t references;
    struct signal_action action[SIGNAL_MAX]; // [number - 1]
};

// ---- sending ----

// Sends as the kernel does (no permission check). `info` NULL: code SI_KERNEL. A signal that is
// ignored is dropped, one without memory for its information is still delivered. To a zombie:
// nothing happens. `number` 1 .. SIGNAL_MAX.
void signal_send_task(struct task *task, int number, const struct siginfo_linux *info);
void signal_send_proc(struct proc *proc, int number, const struct siginfo_linux *info);
void signal_send_pgrp(struct pgrp *pgrp, int number, const struct siginfo_linux *info);
// A fault of the task itself: cannot be blocked or ignored.
void signal_force(struct task *task, const struct siginfo_linux *info);

// ---- questions ----

// A signal is there that must be handled before the task goes on: what ends an interruptible wait.
bool signal_pending(const struct task *task);
// The task would not notice the signal: blocked or ignored (terminals ask this for SIGTTIN and
// SIGTTOU).
bool signal_is_ignored_or_blocked(const struct task *task, int number);
// May `sender` signal `target` (kill's permission rule)? 0 or -E_PERM.
int signal_check_permission(const struct task *sender, const struct proc *target, int number);

// The set of ppoll, pselect6 and epoll_pwait: swaps the mask for the call; the old one comes back
// when the call ends (or after the handler that interrupted it). `set` 0: none given. 0, -E_INVAL
// (size not 8), -E_FAULT.
int signal_mask_temporary(struct task *task, uint64_t set_address, uint64_t set_size);
