// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The thread that makes things happen at their time (timer.h): a binary heap ordered by deadline,
// and a futex word that changes when an earlier event comes in.

#include <stdlib.h>

#include "abi/error.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/posix/clock.h"
#include "servers/posix/timer.h"
#include "servers/posix/wait.h"

enum { HEAP_FIRST_ROOM = 64 };

static struct timer_event **heap; // heap[1] is the earliest; [0] is not used
static uint32_t heap_count, heap_room;
static uint32_t heap_version; // futex word of the thread
static struct waiter timer_waiter;

static void place(struct timer_event *event, uint32_t at)
{
    heap[at] = event;
    event->place = at;
}

static void sift_up(struct timer_event *event, uint32_t at)
{
    while (at > 1 && heap[at / 2]->deadline > event->deadline) {
        place(heap[at / 2], at);
        at /= 2;
    }
    place(event, at);
}

static void sift_down(struct timer_event *event, uint32_t at)
{
    for (;;) {
        uint32_t child = at * 2;
        if (child > heap_count)
            break;
        if (child < heap_count && heap[child + 1]->deadline < heap[child]->deadline)
            child++;
        if (heap[child]->deadline >= event->deadline)
            break;
        place(heap[child], at);
        at = child;
    }
    place(event, at);
}

void timer_event_clear(struct timer_event *event)
{
    uint32_t at = event->place;
    if (at == 0)
        return;
    event->place = 0;
    struct timer_event *last = heap[heap_count--];
    if (last == event)
        return;
    if (at > 1 && heap[at / 2]->deadline > last->deadline)
        sift_up(last, at);
    else
        sift_down(last, at);
}

static int make_room(void)
{
    if (heap_count + 1 < heap_room)
        return 0;
    uint32_t room = heap_room != 0 ? heap_room * 2 : HEAP_FIRST_ROOM;
    struct timer_event **larger = realloc(heap, room * sizeof(*heap));
    if (larger == NULL)
        return -E_NOMEM;
    heap = larger;
    heap_room = room;
    return 0;
}

int timer_event_set(struct timer_event *event, time_ns_t deadline)
{
    timer_event_clear(event);
    int error = make_room();
    if (error)
        return error;
    event->deadline = deadline;
    sift_up(event, ++heap_count);
    if (event->place == 1) {
        __atomic_fetch_add(&heap_version, 1, __ATOMIC_SEQ_CST);
        sys_futex_wake(HANDLE_SELF, (uint64_t)&heap_version, 1, ~0u);
    }
    return 0;
}

// Runs what is due; the time to sleep until.
static time_ns_t run_due(void)
{
    while (heap_count > 0) {
        struct timer_event *first = heap[1];
        if (first->deadline > clock_monotonic())
            return first->deadline;
        timer_event_clear(first);
        first->function(first);
    }
    return DEADLINE_NEVER;
}

static void timer_thread(void *argument)
{
    (void)argument;
    thread_self()->user = &timer_waiter;
    struct futex_wait_args args = {
        .aspace = HANDLE_SELF, .address = (uint64_t)&heap_version, .bitset = ~0u};
    for (;;) {
        posix_lock();
        args.deadline = run_due();
        args.expected = __atomic_load_n(&heap_version, __ATOMIC_SEQ_CST);
        posix_unlock();
        sys_futex_wait(&args);
    }
}

int timer_thread_start(void)
{
    return (int)thread_start(timer_thread, NULL, PRIORITY_SERVER, 0, NULL);
}
