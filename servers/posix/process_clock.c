// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Clocks of processor time (process_clock.h). A negative clock number is ~pid << 3 | 4 if of a
// thread | what to count, which is 2 for all processor time.

#include "servers/posix/process_clock.h"

#include "servers/posix/clock.h"
#include "servers/posix/process.h"

enum { CLOCK_OF_THREAD = 4, CLOCK_WHAT = 3, CLOCK_ALL_TIME = 2 };

static uint64_t process_ns(const struct proc *proc)
{
    struct usage usage;
    proc_usage(proc, &usage);
    return usage.user_ns + usage.system_ns;
}

int process_clock_read(struct task *task, int32_t clock, uint64_t *ns)
{
    if (clock == CLOCK_PROCESS_CPUTIME_ID) {
        *ns = process_ns(task->proc);
        return 0;
    }
    if (clock == CLOCK_THREAD_CPUTIME_ID) {
        *ns = task_cpu_ns(task);
        return 0;
    }
    if (clock >= 0 || (clock & CLOCK_WHAT) > CLOCK_ALL_TIME)
        return -E_INVAL;
    pid_linux_t id = ~(clock >> 3);
    if ((clock & CLOCK_OF_THREAD) != 0) {
        const struct task *target = id == 0 ? task : task_find(id);
        if (target == NULL || target->proc != task->proc)
            return -E_INVAL;
        *ns = task_cpu_ns(target);
        return 0;
    }
    const struct proc *proc = id == 0 ? task->proc : proc_find(id);
    if (proc == NULL)
        return -E_INVAL;
    *ns = process_ns(proc);
    return 0;
}
