// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// How long an event takes to a thread that waits for it in another process: a signal, and a
// device's interrupt.
//
// One way is measured from the last reading of the counter before the event to the first one behind
// it. The interrupt is the UART's (bench_device.h). Until it comes this program spins and stores
// the counter, so what is reported starts up to one round of that loop (8 instructions) early.

#include "kernel/test/bench.h"
#include "kernel/test/bench_device.h"

enum { CPU_0 = 1, INTERRUPTS = 100 };

struct shared {
    uint64_t stamp; // the counter before the event
    uint64_t sum;   // of the ways
    uint64_t count;
};

static handle_t notification;
static volatile struct shared *shared;
static uint32_t own_priority = PRIORITY_MAX;

static void arrived(uint64_t at)
{
    shared->sum += at - shared->stamp;
    shared->count++;
}

static void waiter(uint64_t unused)
{
    (void)unused;
    uint64_t bits;
    for (;;) {
        sys_wait(notification, DEADLINE_NEVER, &bits);
        arrived(counter());
    }
}

static void handler(uint64_t unused)
{
    (void)unused;
    uint64_t bits;
    for (;;) {
        sys_wait(notification, DEADLINE_NEVER, &bits);
        uint64_t at = counter();
        bench_device_quiet();
        arrived(at);
    }
}

// Starts a child that is more urgent than this thread from now on, and lets it come to its wait.
static void start_above(struct child *child, void (*fn)(uint64_t), const handle_t *handles)
{
    child_start(child, 0, fn, 0, handles, own_priority, CPU_0);
    own_priority--;
    CHECK_EQUAL(sys_thread_control(HANDLE_SELF, THREAD_SET_PRIORITY, own_priority), 0);
    sys_wait(HANDLE_NONE, now() + 1000000, NULL);
    shared->sum = 0;
    shared->count = 0;
}

static void bench_signal(void)
{
    uint64_t bits;
    struct bench_start start = bench_begin();
    for (unsigned i = 0; i < rounds; i++) {
        sys_signal(notification);
    }
    bench_end("signal-no-waiter", start, rounds);
    sys_wait(notification, DEADLINE_NOW, &bits);

    struct child child;
    start_above(&child, waiter, (const handle_t[]){notification, HANDLE_NONE});
    start = bench_begin();
    for (unsigned i = 0; i < rounds; i++) {
        shared->stamp = counter();
        sys_signal(notification);
    }
    bench_end("signal-waiter-and-back", start, rounds);
    CHECK_EQUAL(shared->count, rounds);
    bench_report("signal-to-waiter", shared->sum, rounds);
    child_kill(&child);
    child_finish(&child, NULL);
}

static void bench_interrupt(void)
{
    struct child child;
    if (!bench_device_open(notification)) {
        say("bench: no UART to interrupt\n");
        return;
    }
    start_above(&child, handler,
                (const handle_t[]){notification, bench_device_handles[0], bench_device_handles[1],
                                   HANDLE_NONE});
    time_ns_t limit = now() + 10000000000;
    volatile struct shared *const page = shared;
    for (unsigned i = 0; i < INTERRUPTS && now() < limit; i++) {
        page->stamp = counter();
        bench_device_raise();
        for (unsigned spins = 0; page->count == i && spins < 10000000; spins++) {
            page->stamp = counter();
        }
    }
    child_kill(&child);
    child_finish(&child, NULL);
    bench_device_close();
    CHECK_EQUAL(shared->count, INTERRUPTS);
    if (shared->count != 0) {
        bench_report("interrupt-to-handler", shared->sum, shared->count);
    }
}

void bench_events(void)
{
    handle_t memory;
    notification = new_notification(1);
    shared = bench_shared_page(&memory);
    sys_thread_control(HANDLE_SELF, THREAD_SET_AFFINITY, CPU_0);
    bench_signal();
    bench_interrupt();
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)shared, PAGE_SIZE);
    sys_handle_close(memory);
    sys_handle_close(notification);
}
