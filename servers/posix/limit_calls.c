// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Resource limits, priorities and scheduling parameters (getrlimit(2), setpriority(2), sched(7)).
//
// Programs run under one time-sharing policy: niceness and I/O priority are kept and inherited, and
// real-time policies are refused for want of privilege, as on a Linux without CAP_SYS_NICE.

#include <string.h>

#include "abi/error.h"
#include "lib/sys/sys.h"
#include "servers/posix/clock.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/process.h"
#include "servers/posix/user.h"

enum { PRIO_PROCESS = 0, PRIO_PGRP = 1, PRIO_USER = 2, NICE_MIN = -20, NICE_MAX = 19 };
enum {
    SCHED_OTHER = 0,
    SCHED_FIFO = 1,
    SCHED_RR = 2,
    SCHED_BATCH = 3,
    SCHED_IDLE = 5,
    SCHED_RESET_ON_FORK = 0x40000000
};
enum { CPUS_MAX = 64, OPEN_FILES_MOST = 65536 };

// ---- limits ----

static int set_limit(struct task *task, struct proc *proc, uint64_t kind,
                     const struct rlimit_linux *wanted)
{
    struct rlimit_linux *limit = &proc->rlimit[kind];
    if (wanted->current > wanted->maximum)
        return -E_INVAL;
    if (wanted->maximum > limit->maximum && !cred_capable(task->cred, CAP_SYS_RESOURCE))
        return -E_PERM;
    if (kind == RLIMIT_NOFILE && wanted->maximum > OPEN_FILES_MOST * 16ull)
        return -E_PERM;
    *limit = *wanted;
    return 0;
}

int64_t linux_prlimit64(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct rlimit_linux wanted, old;
    int32_t pid = (int32_t)argument[0];
    uint64_t kind = (uint32_t)argument[1];
    if (kind >= RLIMIT_KINDS)
        return -E_INVAL;
    if (argument[2] != 0 && user_read(task, &wanted, argument[2], sizeof(wanted)) != 0)
        return -E_FAULT;
    const struct task *target = pid == 0 ? task : task_find(pid);
    if (target == NULL)
        return -E_SRCH;
    struct proc *proc = target->proc;
    const struct cred *from = task->cred, *to = target->cred;
    bool same = from->uid == to->euid && from->uid == to->suid && from->uid == to->uid &&
                from->gid == to->egid && from->gid == to->sgid && from->gid == to->gid;
    if (proc != task->proc && !same && !cred_capable(from, CAP_SYS_RESOURCE))
        return -E_PERM;
    old = proc->rlimit[kind];
    if (argument[2] != 0) {
        int error = set_limit(task, proc, kind, &wanted);
        if (error)
            return error;
    }
    return argument[3] != 0 ? user_write(task, argument[3], &old, sizeof(old)) : 0;
}

int64_t linux_getrlimit(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t kind = (uint32_t)argument[0];
    if (kind >= RLIMIT_KINDS)
        return -E_INVAL;
    return user_write(task, argument[1], &task->proc->rlimit[kind], sizeof(struct rlimit_linux));
}

int64_t linux_setrlimit(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct rlimit_linux wanted;
    uint64_t kind = (uint32_t)argument[0];
    if (user_read(task, &wanted, argument[1], sizeof(wanted)) != 0)
        return -E_FAULT;
    return kind < RLIMIT_KINDS ? set_limit(task, task->proc, kind, &wanted) : -E_INVAL;
}

// ---- niceness ----

// Is `proc` one of those that setpriority and getpriority mean by `kind` and `who`?
static bool is_meant(const struct task *task, const struct proc *proc, uint32_t kind, uint32_t who)
{
    if (proc->state == PROC_ZOMBIE)
        return false;
    switch (kind) {
    case PRIO_PROCESS:
        return proc->pid == (who != 0 ? (pid_linux_t)who : task->proc->pid);
    case PRIO_PGRP:
        return proc->pgrp->id == (who != 0 ? (pid_linux_t)who : task->proc->pgrp->id);
    default:
        return proc->cred->uid == (who != 0 ? who : task->cred->uid);
    }
}

// A thread's number means its process here.
static uint32_t process_of(uint32_t kind, uint32_t who)
{
    const struct task *thread =
        kind == PRIO_PROCESS && who != 0 ? task_find((pid_linux_t)who) : NULL;
    return thread != NULL ? (uint32_t)thread->proc->pid : who;
}

int64_t linux_getpriority(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint32_t kind = (uint32_t)argument[0], who = process_of(kind, (uint32_t)argument[1]);
    int32_t best = NICE_MAX + 1;
    if (kind > PRIO_USER)
        return -E_INVAL;
    list_for_each(node, &proc_list)
    {
        const struct proc *proc = list_entry(node, struct proc, all_node);
        if (is_meant(task, proc, kind, who) && proc->nice < best)
            best = proc->nice;
    }
    return best <= NICE_MAX ? 20 - best : -E_SRCH;
}

static int set_nice(const struct task *task, struct proc *proc, int32_t nice)
{
    const struct cred *from = task->cred, *to = proc->cred;
    if (from->euid != to->uid && from->euid != to->euid && !cred_capable(from, CAP_SYS_NICE))
        return -E_PERM;
    uint64_t limit = proc->rlimit[RLIMIT_NICE].current;
    if (nice < proc->nice && (uint64_t)(20 - nice) > limit && !cred_capable(from, CAP_SYS_NICE))
        return -E_ACCES;
    proc->nice = nice;
    return 0;
}

int64_t linux_setpriority(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint32_t kind = (uint32_t)argument[0], who = process_of(kind, (uint32_t)argument[1]);
    int32_t nice = (int32_t)argument[2];
    int64_t result = -E_SRCH;
    if (kind > PRIO_USER)
        return -E_INVAL;
    nice = nice < NICE_MIN ? NICE_MIN : nice > NICE_MAX ? NICE_MAX : nice;
    list_for_each(node, &proc_list)
    {
        struct proc *proc = list_entry(node, struct proc, all_node);
        if (!is_meant(task, proc, kind, who))
            continue;
        int error = set_nice(task, proc, nice);
        if (error != 0 || result == -E_SRCH)
            result = error;
    }
    return result;
}

// ---- I/O priorities (ioprio_set(2)): a class above 13 bits of level ----

enum { IOPRIO_CLASS_SHIFT = 13, IOPRIO_LEVELS = 8 };
enum { IOPRIO_NONE = 0, IOPRIO_REAL_TIME = 1, IOPRIO_BEST_EFFORT = 2, IOPRIO_IDLE = 3 };

static int check_io_priority(const struct task *task, uint32_t priority)
{
    uint32_t level = priority & ((1u << IOPRIO_CLASS_SHIFT) - 1);
    switch (priority >> IOPRIO_CLASS_SHIFT) {
    case IOPRIO_NONE:
        return level == 0 ? 0 : -E_INVAL;
    case IOPRIO_REAL_TIME:
        if (!cred_capable(task->cred, CAP_SYS_NICE))
            return -E_PERM;
        return level < IOPRIO_LEVELS ? 0 : -E_INVAL;
    case IOPRIO_BEST_EFFORT:
        return level < IOPRIO_LEVELS ? 0 : -E_INVAL;
    case IOPRIO_IDLE:
        return 0;
    default:
        return -E_INVAL;
    }
}

// The kinds are those of setpriority, counted from 1.
int64_t linux_ioprio_set(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint32_t kind = (uint32_t)argument[0] - 1, who = process_of(kind, (uint32_t)argument[1]);
    uint32_t priority = (uint32_t)argument[2];
    int64_t result = -E_SRCH;
    int error = check_io_priority(task, priority);
    if (error)
        return error;
    if (kind > PRIO_USER)
        return -E_INVAL;
    list_for_each(node, &proc_list)
    {
        struct proc *proc = list_entry(node, struct proc, all_node);
        if (!is_meant(task, proc, kind, who))
            continue;
        const struct cred *from = task->cred, *to = proc->cred;
        if (from->euid != to->uid && from->uid != to->uid && !cred_capable(from, CAP_SYS_NICE))
            return -E_PERM;
        proc->io_priority = (uint16_t)priority;
        result = 0;
    }
    return result;
}

// Of several, the most urgent: the lowest class that is set, then the lowest level.
int64_t linux_ioprio_get(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint32_t kind = (uint32_t)argument[0] - 1, who = process_of(kind, (uint32_t)argument[1]);
    int64_t best = -E_SRCH;
    if (kind > PRIO_USER)
        return -E_INVAL;
    list_for_each(node, &proc_list)
    {
        const struct proc *proc = list_entry(node, struct proc, all_node);
        if (!is_meant(task, proc, kind, who))
            continue;
        if (best <= 0 || (proc->io_priority != 0 && proc->io_priority < best))
            best = proc->io_priority;
    }
    return best;
}

// ---- policies ----

static const struct task *find_task(const struct task *task, uint64_t pid)
{
    return (int32_t)pid == 0 ? task : task_find((pid_linux_t)pid);
}

int64_t linux_sched_yield(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)task;
    (void)argument;
    sys_yield();
    return 0;
}

int64_t linux_sched_getscheduler(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    if ((int32_t)argument[0] < 0)
        return -E_INVAL;
    return find_task(task, argument[0]) != NULL ? SCHED_OTHER : -E_SRCH;
}

static int check_policy(int32_t policy, int32_t priority)
{
    switch (policy & ~SCHED_RESET_ON_FORK) {
    case SCHED_OTHER:
    case SCHED_BATCH:
    case SCHED_IDLE:
        return priority == 0 ? 0 : -E_INVAL;
    case SCHED_FIFO:
    case SCHED_RR:
        return priority >= 1 && priority <= 99 ? -E_PERM : -E_INVAL;
    default:
        return -E_INVAL;
    }
}

int64_t linux_sched_setscheduler(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int32_t priority;
    if ((int32_t)argument[0] < 0 || argument[2] == 0)
        return -E_INVAL;
    if (user_read(task, &priority, argument[2], sizeof(priority)) != 0)
        return -E_FAULT;
    if (find_task(task, argument[0]) == NULL)
        return -E_SRCH;
    return check_policy((int32_t)argument[1], priority);
}

int64_t linux_sched_setparam(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int32_t priority;
    if ((int32_t)argument[0] < 0 || argument[1] == 0)
        return -E_INVAL;
    if (user_read(task, &priority, argument[1], sizeof(priority)) != 0)
        return -E_FAULT;
    if (find_task(task, argument[0]) == NULL)
        return -E_SRCH;
    return check_policy(SCHED_OTHER, priority);
}

int64_t linux_sched_getparam(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    if ((int32_t)argument[0] < 0 || argument[1] == 0)
        return -E_INVAL;
    if (find_task(task, argument[0]) == NULL)
        return -E_SRCH;
    return user_write_u32(task, argument[1], 0);
}

static int64_t priority_bound(uint64_t policy, int64_t real_time)
{
    switch ((int32_t)policy) {
    case SCHED_FIFO:
    case SCHED_RR:
        return real_time;
    case SCHED_OTHER:
    case SCHED_BATCH:
    case SCHED_IDLE:
        return 0;
    default:
        return -E_INVAL;
    }
}

int64_t linux_sched_get_priority_max(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)task;
    return priority_bound(argument[0], 99);
}

int64_t linux_sched_get_priority_min(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)task;
    return priority_bound(argument[0], 1);
}

int64_t linux_sched_rr_get_interval(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct timespec_linux slice = {0, 4000000};
    if ((int32_t)argument[0] < 0)
        return -E_INVAL;
    if (find_task(task, argument[0]) == NULL)
        return -E_SRCH;
    return user_write(task, argument[1], &slice, sizeof(slice));
}

struct sched_attr_linux {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};
_Static_assert(sizeof(struct sched_attr_linux) == 56, "struct sched_attr");
enum { SCHED_ATTR_FIRST_BYTES = 48 };

int64_t linux_sched_getattr(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t bytes = argument[2];
    struct sched_attr_linux attr = {.policy = SCHED_OTHER};
    if ((int32_t)argument[0] < 0 || argument[1] == 0 || argument[3] != 0 ||
        bytes < SCHED_ATTR_FIRST_BYTES || bytes > PAGE_SIZE)
        return -E_INVAL;
    const struct task *target = find_task(task, argument[0]);
    if (target == NULL)
        return -E_SRCH;
    attr.nice = target->proc->nice;
    attr.size = bytes < sizeof(attr) ? (uint32_t)bytes : (uint32_t)sizeof(attr);
    return user_write(task, argument[1], &attr, attr.size);
}

int64_t linux_sched_setattr(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct sched_attr_linux attr;
    if ((int32_t)argument[0] < 0 || argument[1] == 0 || argument[2] != 0)
        return -E_INVAL;
    if (user_read(task, &attr, argument[1], SCHED_ATTR_FIRST_BYTES) != 0)
        return -E_FAULT;
    const struct task *target = find_task(task, argument[0]);
    if (target == NULL)
        return -E_SRCH;
    int error = check_policy((int32_t)attr.policy, (int32_t)attr.priority);
    if (error)
        return error;
    if (attr.nice < NICE_MIN || attr.nice > NICE_MAX)
        return -E_INVAL;
    return set_nice(task, target->proc, attr.nice);
}

// ---- processors ----

static uint64_t all_cpus(void)
{
    struct info_cpu cpus[CPUS_MAX];
    int64_t bytes = sys_info(INFO_CPUS, 0, cpus, sizeof(cpus));
    uint64_t count = bytes > 0 ? (uint64_t)bytes / sizeof(cpus[0]) : 1;
    return count >= 64 ? ~0ull : (1ull << count) - 1;
}

int64_t linux_sched_getaffinity(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    if (argument[1] < sizeof(uint64_t) || argument[1] % sizeof(uint64_t) != 0)
        return -E_INVAL;
    const struct task *target = find_task(task, argument[0]);
    if (target == NULL)
        return -E_SRCH;
    uint64_t mask = all_cpus();
    if (target->affinity != 0)
        mask &= target->affinity;
    if (user_write(task, argument[2], &mask, sizeof(mask)) != 0)
        return -E_FAULT;
    return sizeof(mask);
}

int64_t linux_sched_setaffinity(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t mask = 0, all = all_cpus();
    uint64_t bytes = argument[1] < sizeof(mask) ? argument[1] : sizeof(mask);
    if (user_read(task, &mask, argument[2], bytes) != 0)
        return -E_FAULT;
    struct task *target = (int32_t)argument[0] == 0 ? task : task_find((pid_linux_t)argument[0]);
    if (target == NULL)
        return -E_SRCH;
    const struct cred *from = task->cred, *to = target->cred;
    if (from->euid != to->uid && from->euid != to->euid && !cred_capable(from, CAP_SYS_NICE))
        return -E_PERM;
    mask &= all;
    if (mask == 0)
        return -E_INVAL;
    int64_t result = sys_thread_control(target->kept.thread, THREAD_SET_AFFINITY, (uint32_t)mask);
    if (result < 0)
        return -E_INVAL;
    target->affinity = mask;
    return 0;
}

// ---- memory policy, on a machine with one node ----

int64_t linux_set_mempolicy(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const uint64_t policies = 6, mode_flags = 0xe000;
    uint64_t nodes = 0;
    if ((argument[0] & ~mode_flags) >= policies)
        return -E_INVAL;
    if (argument[1] != 0 && argument[2] != 0 &&
        user_read(task, &nodes, argument[1], sizeof(nodes)) != 0)
        return -E_FAULT;
    return (nodes & ~1ull) != 0 ? -E_INVAL : 0;
}

int64_t linux_get_mempolicy(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const uint64_t flag_mask = 7;
    uint64_t nodes = 0;
    if ((argument[4] & ~flag_mask) != 0)
        return -E_INVAL;
    if (argument[0] != 0 && user_write_u32(task, argument[0], 0) != 0)
        return -E_FAULT;
    if (argument[1] != 0) {
        if (argument[2] < 1)
            return -E_INVAL;
        return user_write(task, argument[1], &nodes, sizeof(nodes));
    }
    return 0;
}
