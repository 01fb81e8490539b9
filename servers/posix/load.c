// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Load averages (load.h): a sample every five seconds, decayed exponentially.

#include "servers/posix/load.h"

#include "servers/posix/clock.h"
#include "servers/posix/task.h"
#include "servers/posix/timer.h"

#define SAMPLE_NS (5 * NS_PER_SECOND)

// exp(-5 s / 1, 5, 15 min) in fixed point.
static const uint64_t decay[3] = {60294, 64453, 65173};
static uint64_t average[3];

static uint64_t count_running(void)
{
    uint64_t running = 0;
    list_for_each(node, &proc_list)
    {
        const struct proc *proc = list_entry(node, struct proc, all_node);
        list_for_each(thread, &proc->threads)
        {
            if (list_entry(thread, struct task, proc_node)->sleep_state != SLEEP_INTERRUPTIBLE)
                running++;
        }
    }
    return running;
}

static void sample(struct timer_event *event)
{
    uint64_t running = count_running() << LOAD_SHIFT;
    const uint64_t one = 1ull << LOAD_SHIFT;
    for (int i = 0; i < 3; i++)
        average[i] = (average[i] * decay[i] + running * (one - decay[i])) >> LOAD_SHIFT;
    timer_event_set(event, event->deadline + SAMPLE_NS);
}

void load_averages(uint64_t out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = average[i];
}

int load_start(void)
{
    static struct timer_event event = {.function = sample};
    return timer_event_set(&event, clock_monotonic() + SAMPLE_NS);
}
