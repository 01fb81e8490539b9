// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What /proc/<pid> tells of a process, and /proc/<pid>/task/<tid> of a thread (proc(5)).

#include <stdlib.h>
#include <string.h>

#include "lib/sys/sys.h"
#include "servers/posix/clock.h"
#include "servers/posix/fs/proc/proc.h"
#include "servers/posix/mm.h"
#include "servers/posix/process.h"
#include "servers/posix/terminals.h"

enum { MEMORY_MAX = 128 * 1024 }; // of arguments or environment that is shown

// ---- pieces ----

static char state_of(const struct proc_subject *subject)
{
    if (subject->task == NULL || subject->proc->state == PROC_ZOMBIE)
        return 'Z';
    if (subject->proc->state == PROC_STOPPED)
        return 'T';
    switch (subject->task->sleep_state) {
    case SLEEP_INTERRUPTIBLE:
        return 'S';
    case SLEEP_DEEP:
        return 'D';
    default:
        return 'R';
    }
}

static const char *name_of_subject(const struct proc_subject *subject)
{
    return subject->task != NULL ? subject->task->name : subject->proc->name;
}

static void usage_of(const struct proc_subject *subject, struct usage *usage)
{
    if (subject->thread) {
        *usage = subject->task->usage;
        task_add_times(subject->task, usage);
    } else {
        proc_usage(subject->proc, usage);
    }
}

static bool memory_of(const struct proc_subject *subject, struct aspace_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    return subject->task != NULL && subject->task->mm != NULL &&
           sys_aspace_stats(subject->task->mm->aspace, stats) >= 0;
}

static pid_linux_t parent_of(const struct proc *proc)
{
    return proc->parent != NULL ? proc->parent->pid : 0;
}

struct signal_sets {
    signal_set_t ignored, caught;
};

static struct signal_sets signal_sets_of(const struct proc *proc)
{
    struct signal_sets sets = {0, 0};
    if (proc->actions == NULL)
        return sets;
    for (int i = 0; i < SIGNAL_MAX; i++) {
        uint64_t handler = proc->actions->action[i].handler;
        if (handler == SIGNAL_IGNORE)
            sets.ignored |= SIGNAL_BIT(i + 1);
        else if (handler != SIGNAL_DEFAULT)
            sets.caught |= SIGNAL_BIT(i + 1);
    }
    return sets;
}

// ---- stat, statm, status ----

static int show_stat(struct proc_text *text, const struct proc_subject *subject,
                     const struct vfs_caller *who)
{
    const struct proc *proc = subject->proc;
    const struct task *task = subject->task;
    const struct mm *mm = task != NULL ? task->mm : NULL;
    struct usage usage;
    struct aspace_stats stats;
    const struct session *session = proc_session(proc);
    struct signal_sets sets = signal_sets_of(proc);
    int64_t terminal = 0, foreground = -1;
    terminal_describe(session->tty, &terminal, &foreground);
    usage_of(subject, &usage);
    (void)memory_of(subject, &stats);
    bool detailed = mm != NULL && proc_may_inspect(who, proc);
    proc_printf(text, "%d (%s) %c %d %d %d %ld %ld %u ",
                task != NULL && subject->thread ? task->tid : proc->pid, name_of_subject(subject),
                state_of(subject), parent_of(proc), proc->pgrp->id, session->id, (long)terminal,
                (long)foreground, 0x400000u);
    proc_printf(text, "%lu %lu %lu %lu %lu %lu %lu %lu ", (unsigned long)usage.minor_faults,
                (unsigned long)proc->children_usage.minor_faults, (unsigned long)usage.major_faults,
                (unsigned long)proc->children_usage.major_faults,
                (unsigned long)(usage.user_ns / NS_PER_TICK),
                (unsigned long)(usage.system_ns / NS_PER_TICK),
                (unsigned long)(proc->children_usage.user_ns / NS_PER_TICK),
                (unsigned long)(proc->children_usage.system_ns / NS_PER_TICK));
    time_ns_t start = subject->thread ? task->start_time : proc->start_time;
    proc_printf(text, "%d %d %u 0 %lu %lu %lu %lu ", 20 + proc->nice, proc->nice,
                proc->thread_count, (unsigned long)(start / NS_PER_TICK),
                (unsigned long)stats.mapped_bytes,
                (unsigned long)(stats.resident_bytes / PAGE_SIZE),
                (unsigned long)proc->rlimit[RLIMIT_RSS].current);
    proc_printf(text, "%lu %lu %lu 0 0 %lu %lu %lu %lu 0 0 0 %d 0 0 0 0 0 0 ",
                detailed ? (unsigned long)mm->code_start : 1ul,
                detailed ? (unsigned long)mm->code_end : 1ul,
                detailed ? (unsigned long)mm->stack_top : 0ul,
                task != NULL ? (unsigned long)(task->pending.set | proc->pending.set) : 0ul,
                task != NULL ? (unsigned long)task->blocked : 0ul, (unsigned long)sets.ignored,
                (unsigned long)sets.caught, proc->exit_signal);
    proc_printf(text, "%lu %lu %lu %lu %lu %lu %lu %d\n",
                detailed ? (unsigned long)mm->code_end : 0ul,
                detailed ? (unsigned long)mm->brk_start : 0ul,
                detailed ? (unsigned long)mm->brk_start : 0ul,
                detailed ? (unsigned long)mm->arguments_start : 0ul,
                detailed ? (unsigned long)mm->arguments_end : 0ul,
                detailed ? (unsigned long)mm->environment_start : 0ul,
                detailed ? (unsigned long)mm->environment_end : 0ul,
                detailed && proc->state == PROC_ZOMBIE ? proc->wait_status : 0);
    return 0;
}

static int show_statm(struct proc_text *text, const struct proc_subject *subject,
                      const struct vfs_caller *who)
{
    struct aspace_stats stats;
    (void)who;
    (void)memory_of(subject, &stats);
    uint64_t shared = stats.resident_bytes - stats.private_bytes;
    if (stats.private_bytes > stats.resident_bytes)
        shared = 0;
    proc_printf(text, "%lu %lu %lu 0 0 %lu 0\n", (unsigned long)(stats.mapped_bytes / PAGE_SIZE),
                (unsigned long)(stats.resident_bytes / PAGE_SIZE),
                (unsigned long)(shared / PAGE_SIZE),
                (unsigned long)(stats.private_bytes / PAGE_SIZE));
    return 0;
}

static const char *state_text(char state)
{
    switch (state) {
    case 'R':
        return "R (running)";
    case 'S':
        return "S (sleeping)";
    case 'D':
        return "D (disk sleep)";
    case 'T':
        return "T (stopped)";
    default:
        return "Z (zombie)";
    }
}

static void append_ids(struct proc_text *text, const struct proc_subject *subject)
{
    const struct cred *cred = subject->task != NULL ? subject->task->cred : subject->proc->cred;
    proc_printf(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", cred->uid, cred->euid,
                cred->suid, cred->fsuid, cred->gid, cred->egid, cred->sgid, cred->fsgid);
    proc_printf(text, "FDSize:\t%u\nGroups:\t", subject->task != NULL ? 64u : 0u);
    for (uint32_t i = 0; i < cred->groups; i++)
        proc_printf(text, "%u ", cred->group[i]);
    proc_printf(text, "\n");
}

static void append_memory(struct proc_text *text, const struct proc_subject *subject)
{
    struct aspace_stats stats;
    if (!memory_of(subject, &stats))
        return;
    unsigned long shared = stats.resident_bytes > stats.private_bytes
                               ? (unsigned long)(stats.resident_bytes - stats.private_bytes) / 1024
                               : 0;
    proc_printf(text,
                "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8lu kB\nVmPin:\t       0 kB\n"
                "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\nRssAnon:\t%8lu kB\nRssFile:\t%8lu "
                "kB\nRssShmem:\t       0 kB\n",
                (unsigned long)stats.mapped_bytes / 1024, (unsigned long)stats.mapped_bytes / 1024,
                (unsigned long)subject->task->mm->locked_bytes / 1024,
                (unsigned long)stats.resident_bytes / 1024,
                (unsigned long)stats.resident_bytes / 1024,
                (unsigned long)stats.private_bytes / 1024, shared);
    const struct mm *mm = subject->task->mm;
    proc_printf(text,
                "VmData:\t%8lu kB\nVmStk:\t     132 kB\nVmExe:\t%8lu kB\nVmLib:\t       0 kB\n"
                "VmPTE:\t%8lu kB\nVmSwap:\t       0 kB\n",
                (unsigned long)(mm->brk - mm->brk_start) / 1024,
                (unsigned long)(mm->code_end - mm->code_start) / 1024,
                (unsigned long)stats.page_table_bytes / 1024);
}

static int show_status(struct proc_text *text, const struct proc_subject *subject,
                       const struct vfs_caller *who)
{
    const struct proc *proc = subject->proc;
    const struct task *task = subject->task;
    struct signal_sets sets = signal_sets_of(proc);
    (void)who;
    proc_printf(text, "Name:\t%s\n", name_of_subject(subject));
    if (task != NULL)
        proc_printf(text, "Umask:\t%04o\n", task->fs->umask);
    proc_printf(text, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
                state_text(state_of(subject)), proc->pid, subject->thread ? task->tid : proc->pid,
                parent_of(proc));
    append_ids(text, subject);
    append_memory(text, subject);
    proc_printf(text, "Threads:\t%u\nSigQ:\t%u/%lu\n", proc->thread_count, proc->queued_signals,
                (unsigned long)proc->rlimit[RLIMIT_SIGPENDING].current);
    proc_printf(
        text,
        "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
        task != NULL ? (unsigned long)task->pending.set : 0ul, (unsigned long)proc->pending.set,
        task != NULL ? (unsigned long)task->blocked : 0ul, (unsigned long)sets.ignored,
        (unsigned long)sets.caught);
    const struct cred *cred = task != NULL ? task->cred : proc->cred;
    proc_printf(
        text,
        "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%016lx\n",
        (unsigned long)cred->cap_inheritable, (unsigned long)cred->cap_permitted,
        (unsigned long)cred->cap_effective, (1ul << (CAP_LAST + 1)) - 1, 0ul);
    proc_printf(text, "NoNewPrivs:\t0\nSeccomp:\t0\n");
    struct usage usage;
    usage_of(subject, &usage);
    proc_printf(text, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t0\n",
                (unsigned long)usage.voluntary_switches);
    return 0;
}

// ---- memory of the process ----

// Part of the process's memory, as much as is there.
static int append_program_memory(struct proc_text *text, const struct mm *mm, uint64_t start,
                                 uint64_t end)
{
    char piece[512];
    if (end - start > MEMORY_MAX)
        end = start + MEMORY_MAX;
    while (start < end) {
        uint64_t bytes = end - start < sizeof(piece) ? end - start : sizeof(piece);
        int64_t got = sys_aspace_read(mm->aspace, start, piece, bytes);
        if (got <= 0)
            break;
        proc_append(text, piece, (size_t)got);
        start += (uint64_t)got;
    }
    return 0;
}

static int show_cmdline(struct proc_text *text, const struct proc_subject *subject,
                        const struct vfs_caller *who)
{
    (void)who;
    if (subject->task == NULL || subject->task->mm == NULL)
        return 0;
    const struct mm *mm = subject->task->mm;
    return append_program_memory(text, mm, mm->arguments_start, mm->arguments_end);
}

static int show_environ(struct proc_text *text, const struct proc_subject *subject,
                        const struct vfs_caller *who)
{
    (void)who;
    if (subject->task == NULL || subject->task->mm == NULL)
        return 0;
    const struct mm *mm = subject->task->mm;
    return append_program_memory(text, mm, mm->environment_start, mm->environment_end);
}

static int show_auxv(struct proc_text *text, const struct proc_subject *subject,
                     const struct vfs_caller *who)
{
    (void)who;
    if (subject->task != NULL && subject->task->mm != NULL)
        proc_append(text, (const char *)subject->task->mm->auxv, subject->task->mm->auxv_bytes);
    return 0;
}

// ---- the rest ----

static int show_comm(struct proc_text *text, const struct proc_subject *subject,
                     const struct vfs_caller *who)
{
    (void)who;
    proc_printf(text, "%s\n", name_of_subject(subject));
    return 0;
}

static int write_comm(const struct proc_subject *subject, const struct vfs_caller *who,
                      const char *data, size_t bytes)
{
    if (subject->task == NULL || who->task == NULL || who->task->proc != subject->proc)
        return -E_INVAL;
    if (bytes > TASK_NAME - 1)
        bytes = TASK_NAME - 1;
    while (bytes > 0 && data[bytes - 1] == '\n')
        bytes--;
    memset(subject->task->name, 0, TASK_NAME);
    memcpy(subject->task->name, data, bytes);
    return 0;
}

static int show_limits(struct proc_text *text, const struct proc_subject *subject,
                       const struct vfs_caller *who)
{
    static const struct {
        const char *name, *unit;
    } limits[RLIMIT_KINDS] = {
        [RLIMIT_CPU] = {"Max cpu time", "seconds"},
        [RLIMIT_FSIZE] = {"Max file size", "bytes"},
        [RLIMIT_DATA] = {"Max data size", "bytes"},
        [RLIMIT_STACK] = {"Max stack size", "bytes"},
        [RLIMIT_CORE] = {"Max core file size", "bytes"},
        [RLIMIT_RSS] = {"Max resident set", "bytes"},
        [RLIMIT_NPROC] = {"Max processes", "processes"},
        [RLIMIT_NOFILE] = {"Max open files", "files"},
        [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
        [RLIMIT_AS] = {"Max address space", "bytes"},
        [RLIMIT_LOCKS] = {"Max file locks", "locks"},
        [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
        [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
        [RLIMIT_NICE] = {"Max nice priority", ""},
        [RLIMIT_RTPRIO] = {"Max realtime priority", ""},
        [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
    };
    (void)who;
    proc_printf(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < RLIMIT_KINDS; i++) {
        const struct rlimit_linux *limit = &subject->proc->rlimit[i];
        uint64_t values[2] = {limit->current, limit->maximum};
        proc_printf(text, "%-25s ", limits[i].name);
        for (unsigned j = 0; j < 2; j++) {
            if (values[j] == RLIMIT_INFINITY)
                proc_printf(text, "%-20s ", "unlimited");
            else
                proc_printf(text, "%-20lu ", (unsigned long)values[j]);
        }
        proc_printf(text, "%-10s\n", limits[i].unit);
    }
    return 0;
}

static int show_cgroup(struct proc_text *text, const struct proc_subject *subject,
                       const struct vfs_caller *who)
{
    (void)subject;
    (void)who;
    proc_printf(text, "0::/\n");
    return 0;
}

static int show_oom_score(struct proc_text *text, const struct proc_subject *subject,
                          const struct vfs_caller *who)
{
    struct aspace_stats stats;
    struct info_memory memory;
    (void)who;
    uint64_t score = 0;
    if (memory_of(subject, &stats) && sys_info(INFO_MEMORY, 0, &memory, sizeof(memory)) >= 0 &&
        memory.total_bytes >= 1000)
        score = stats.resident_bytes / (memory.total_bytes / 1000);
    proc_printf(text, "%lu\n", (unsigned long)score);
    return 0;
}

static int show_oom_adjust(struct proc_text *text, const struct proc_subject *subject,
                           const struct vfs_caller *who)
{
    (void)who;
    proc_printf(text, "%d\n", subject->proc->oom_score_adj);
    return 0;
}

static int write_oom_adjust(const struct proc_subject *subject, const struct vfs_caller *who,
                            const char *data, size_t bytes)
{
    enum { MOST = 1000 };
    char *end;
    long value = strtol(data, &end, 10);
    (void)bytes;
    if (end == data || value < -MOST || value > MOST)
        return -E_INVAL;
    if (value < subject->proc->oom_score_adj && !who->privileged)
        return -E_ACCES;
    subject->proc->oom_score_adj = (int32_t)value;
    return 0;
}

static int show_wchan(struct proc_text *text, const struct proc_subject *subject,
                      const struct vfs_caller *who)
{
    (void)subject;
    (void)who;
    proc_append(text, "0", 1);
    return 0;
}

#define LINK_TO(entry_name, entry_kind)                                      \
    {                                                                        \
        .name = entry_name, .kind = entry_kind, .mode = LINUX_S_IFLNK | 0777 \
    }
#define FOLDER_OF(entry_name, entry_kind, bits)                                \
    {                                                                          \
        .name = entry_name, .kind = entry_kind, .mode = LINUX_S_IFDIR | (bits) \
    }

#define COMMON_ENTRIES                                                                        \
    PROC_MEMORY_TEXT("auxv", 0400, show_auxv), PROC_TEXT("cgroup", show_cgroup),              \
        PROC_TEXT("cmdline", show_cmdline), PROC_SETTING("comm", show_comm, write_comm),      \
        LINK_TO("cwd", PROC_CWD), PROC_MEMORY_TEXT("environ", 0400, show_environ),            \
        LINK_TO("exe", PROC_EXE), FOLDER_OF("fd", PROC_FDS, 0500),                            \
        FOLDER_OF("fdinfo", PROC_FDINFOS, 0500), PROC_TEXT("limits", show_limits),            \
        PROC_MEMORY_TEXT("maps", 0444, proc_show_maps),                                       \
        PROC_TEXT("mountinfo", proc_show_mountinfo), PROC_TEXT("mounts", proc_show_mounts),   \
        PROC_TEXT("oom_score", show_oom_score),                                               \
        PROC_SETTING("oom_score_adj", show_oom_adjust, write_oom_adjust),                     \
        LINK_TO("root", PROC_PROCESS_ROOT), PROC_MEMORY_TEXT("smaps", 0444, proc_show_smaps), \
        PROC_TEXT("stat", show_stat), PROC_TEXT("statm", show_statm),                         \
        PROC_TEXT("status", show_status), PROC_TEXT("wchan", show_wchan)

const struct proc_entry proc_process_entries[] = {
    COMMON_ENTRIES,
    FOLDER_OF("task", PROC_TASKS, 0555),
    {.name = NULL},
};

const struct proc_entry proc_thread_entries[] = {
    COMMON_ENTRIES,
    {.name = NULL},
};
