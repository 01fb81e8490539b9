// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Out of memory (oom.h). Cached pages are given back first, but not over and over: what a starving
// program evicts is partly its own code, which it fetches again at once. So after one try in
// OOM_PERIOD_NS the largest process ends.

#include "servers/posix/oom.h"

#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/posix/clock.h"
#include "servers/posix/mm.h"
#include "servers/posix/pagecache.h"
#include "servers/posix/process.h"

enum { SHRINK_BYTES = 1 << 20, OOM_NEVER = -1000 };
#define OOM_PERIOD_NS 1000000000ull // between two shrinkings, and at most for one victim's end
#define OOM_PAUSE_NS  5000000ull    // for a victim to end, before the guest tries again

static time_ns_t shrunk_at, killed_at; // 0: never
static struct proc *victim;            // still ending, perhaps; a reference

static uint64_t size_of(const struct proc *proc)
{
    struct aspace_stats stats;
    const struct task *task = proc_any_task(proc);
    if (task == NULL || sys_aspace_stats(task->mm->aspace, &stats) < 0)
        return 0;
    return stats.resident_bytes;
}

// The largest that may be ended; one that is ending already is no use.
static struct proc *find_victim(void)
{
    struct proc *largest = NULL;
    uint64_t most = 0;
    list_for_each(node, &proc_list)
    {
        struct proc *proc = list_entry(node, struct proc, all_node);
        if (proc == proc_init || proc->exiting || proc->oom_score_adj == OOM_NEVER)
            continue;
        uint64_t size = size_of(proc);
        if (size > most) {
            most = size;
            largest = proc;
        }
    }
    return largest;
}

static bool victim_is_ending(time_ns_t now)
{
    if (victim == NULL)
        return false;
    if (victim->state != PROC_ZOMBIE && now - killed_at < OOM_PERIOD_NS)
        return true;
    proc_put(victim);
    victim = NULL;
    return false;
}

static void pause(struct task *task, time_ns_t now)
{
    waiter_prepare(&task->waiter);
    (void)waiter_sleep(&task->waiter, now + OOM_PAUSE_NS, WAIT_KILLABLE);
}

void oom_handle(struct task *task)
{
    time_ns_t now = clock_monotonic();
    if (task->proc->exiting)
        return;
    if (shrunk_at == 0 || now - shrunk_at > OOM_PERIOD_NS) {
        shrunk_at = now;
        if (pagecache_shrink(SHRINK_BYTES) > 0)
            return;
    }
    if (!victim_is_ending(now)) {
        struct proc *largest = find_victim();
        if (largest == NULL)
            largest = task->proc;
        log_warning("out of memory: ending %s (%d)", largest->name, largest->pid);
        victim = proc_get(largest);
        killed_at = now;
        proc_begin_exit(largest, SIGKILL);
    }
    if (!task->proc->exiting)
        pause(task, now);
}
