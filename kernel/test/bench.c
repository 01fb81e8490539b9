// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Kernel primitives, counted. Under QEMU's -icount shift=0 on one CPU the time-stamp counter counts instructions; loops
// and their own overhead are included, as in seL4's benchmarks. One line each: "bench NAME COUNT".

#include "kernel/test/ktest.h"

#include <string.h>

enum { ROUNDS = 10000 };

static handle_t endpoint;
static handle_t notification;
static handle_t paged;
static handle_t source;

static inline uint64_t counter(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static void report(const char *name, uint64_t total, uint64_t rounds)
{
    say("bench %s %llu\n", name, (unsigned long long)(total / rounds));
}

static void bench_null(void)
{
    uint64_t start = counter();
    for (unsigned i = 0; i < ROUNDS; i++) {
        sys_null();
    }
    report("null", counter() - start, ROUNDS);
}

static void server(uint64_t unused)
{
    (void)unused;
    struct ipc_frame frame = {0};
    ipc_receive(endpoint, &frame);
    for (;;) {
        frame.tag = message_tag(0, message_words(frame.tag), 0);
        ipc_reply_receive(endpoint, &frame);
    }
}

static void bench_call(const char *name, unsigned words, uint32_t server_priority)
{
    struct child child;
    struct ipc_frame frame = {.tag = message_tag(0, words, 0)};
    endpoint = new_endpoint();
    child_start(&child, 0, server, 0, (const handle_t[]){endpoint, HANDLE_NONE}, server_priority, 1);
    ipc_call(endpoint, &frame);
    uint64_t start = counter();
    for (unsigned i = 0; i < ROUNDS; i++) {
        ipc_call(endpoint, &frame);
    }
    report(name, counter() - start, ROUNDS);
    child_kill(&child);
    child_finish(&child, NULL);
    sys_handle_close(endpoint);
}

static void long_server(uint64_t words)
{
    struct message message;
    sys_receive(endpoint, &message);
    for (;;) {
        message.tag = message_tag(0, (unsigned)words, 0);
        sys_reply_receive(endpoint, &message);
    }
}

static void bench_long_call(unsigned words)
{
    struct child child;
    struct message message = {.tag = message_tag(0, words, 0)};
    endpoint = new_endpoint();
    child_start(&child, 0, long_server, words, (const handle_t[]){endpoint, HANDLE_NONE}, PRIORITY_MAX, 1);
    sys_call(endpoint, &message);
    uint64_t start = counter();
    for (unsigned i = 0; i < ROUNDS; i++) {
        message.tag = message_tag(0, words, 0);
        sys_call(endpoint, &message);
    }
    report("call-slow-path-10-words", counter() - start, ROUNDS);
    child_kill(&child);
    child_finish(&child, NULL);
    sys_handle_close(endpoint);
}

static void waiter(uint64_t unused)
{
    (void)unused;
    uint64_t bits;
    for (;;) {
        sys_wait(notification, DEADLINE_NEVER, &bits);
    }
}

static void bench_signal(void)
{
    uint64_t bits;
    notification = new_notification(1);
    uint64_t start = counter();
    for (unsigned i = 0; i < ROUNDS; i++) {
        sys_signal(notification);
    }
    report("signal-no-waiter", counter() - start, ROUNDS);
    sys_wait(notification, DEADLINE_NOW, &bits);
    // To a waiter of higher priority, which runs and waits again: there and back.
    struct child child;
    sys_thread_control(HANDLE_SELF, THREAD_SET_PRIORITY, PRIORITY_MAX - 1);
    sys_thread_control(HANDLE_SELF, THREAD_SET_AFFINITY, 1);
    child_start(&child, 0, waiter, 0, (const handle_t[]){notification, HANDLE_NONE}, PRIORITY_MAX - 1, 1);
    sys_wait(HANDLE_NONE, now() + 1000000, NULL);
    start = counter();
    for (unsigned i = 0; i < ROUNDS; i++) {
        sys_signal(notification);
        sys_yield();
    }
    report("signal-waiter-round-trip", counter() - start, ROUNDS);
    child_kill(&child);
    child_finish(&child, NULL);
    sys_handle_close(notification);
}

static void yielder(uint64_t unused)
{
    (void)unused;
    for (;;) {
        sys_yield();
    }
}

static void bench_yield(void)
{
    struct child child;
    child_start(&child, 0, yielder, 0, NULL, PRIORITY_MAX - 1, 1);
    sys_yield();
    uint64_t start = counter();
    for (unsigned i = 0; i < ROUNDS; i++) {
        sys_yield();
    }
    report("yield-two-switches", counter() - start, ROUNDS);
    child_kill(&child);
    child_finish(&child, NULL);
}

static void fault_server(uint64_t unused)
{
    (void)unused;
    struct ipc_frame frame = {0};
    ipc_receive(endpoint, &frame);
    for (;;) {
        sys_memory_supply(paged, frame.word[0], source, 0, PAGE_SIZE);
        frame.tag = 0;
        ipc_reply_receive(endpoint, &frame);
    }
}

static void bench_faults(void)
{
    enum { PAGES = 1000 };
    struct aspace_map_args args = {
        .bytes = PAGES * PAGE_SIZE, .prot = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE};
    volatile char *area = (volatile char *)sys_aspace_map(HANDLE_SELF, &args);
    uint64_t start = counter();
    for (unsigned i = 0; i < PAGES; i++) {
        area[i * PAGE_SIZE] = 1;
    }
    report("fault-anonymous", counter() - start, PAGES);
    start = counter();
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)area, PAGES * PAGE_SIZE);
    report("unmap-per-touched-page", counter() - start, PAGES);

    struct child child;
    endpoint = new_endpoint();
    handle_t badged = with_badge(endpoint, 1);
    source = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    paged = (handle_t)sys_memory_create(PAGES * PAGE_SIZE, MEMORY_PAGED, badged);
    child_start(&child, 0, fault_server, 0, (const handle_t[]){endpoint, paged, source, HANDLE_NONE}, PRIORITY_MAX - 1,
                1);
    args = (struct aspace_map_args){.bytes = PAGES * PAGE_SIZE, .memory = paged, .prot = PROT_READ};
    area = (volatile char *)sys_aspace_map(HANDLE_SELF, &args);
    (void)area[0];
    start = counter();
    for (unsigned i = 1; i < PAGES; i++) {
        (void)area[i * PAGE_SIZE];
    }
    report("fault-user-pager", counter() - start, PAGES - 1);
    child_kill(&child);
    child_finish(&child, NULL);
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)area, PAGES * PAGE_SIZE);
    sys_handle_close(paged);
    sys_handle_close(source);
    sys_handle_close(badged);
    sys_handle_close(endpoint);
}

static void bench_copy(void)
{
    static uint8_t buffer[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    handle_t space = (handle_t)sys_aspace_create();
    struct aspace_map_args args = {.address = 0x10000000,
                                   .bytes = PAGE_SIZE,
                                   .prot = PROT_READ | PROT_WRITE,
                                   .flags = MAP_FIXED | MAP_PRIVATE};
    sys_aspace_map(space, &args);
    sys_aspace_write(space, 0x10000000, buffer, PAGE_SIZE);
    uint64_t start = counter();
    for (unsigned i = 0; i < ROUNDS; i++) {
        sys_aspace_write(space, 0x10000000, buffer, 1);
    }
    report("aspace-write-1", counter() - start, ROUNDS);
    start = counter();
    for (unsigned i = 0; i < ROUNDS; i++) {
        sys_aspace_write(space, 0x10000000, buffer, PAGE_SIZE);
    }
    report("aspace-write-4096", counter() - start, ROUNDS);
    sys_handle_close(space);
}

static void bench_guest(void)
{
    static const uint8_t code[] = {0x0f, 0x05, 0xeb, 0xfc}; // syscall; jmp back
    handle_t space = (handle_t)sys_aspace_create();
    struct aspace_map_args args = {.address = 0x400000,
                                   .bytes = PAGE_SIZE,
                                   .prot = PROT_READ | PROT_EXECUTE | PROT_WRITE,
                                   .flags = MAP_FIXED | MAP_PRIVATE};
    sys_aspace_map(space, &args);
    sys_aspace_write(space, 0x400000, code, sizeof(code));
    handle_t memory = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    struct aspace_map_args state_args = {.bytes = PAGE_SIZE, .memory = memory, .prot = PROT_READ | PROT_WRITE};
    struct guest_state *state = (struct guest_state *)sys_aspace_map(HANDLE_SELF, &state_args);
    handle_t guest = (handle_t)sys_guest_create(space, memory, 0);
    state->registers.rip = 0x400000;
    sys_guest_run(guest);
    uint64_t start = counter();
    for (unsigned i = 0; i < ROUNDS; i++) {
        sys_guest_run(guest);
    }
    report("guest-syscall-and-back", counter() - start, ROUNDS);
    sys_handle_close(guest);
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)state, PAGE_SIZE);
    sys_handle_close(memory);
    sys_handle_close(space);
}

void bench_all(void)
{
    bench_null();
    bench_call("call-reply-0-words", 0, PRIORITY_MAX);
    bench_call("call-reply-4-words", 4, PRIORITY_MAX);
    bench_call("call-reply-slow-path", 0, CHILD_PRIORITY);
    bench_long_call(10);
    bench_signal();
    bench_yield();
    bench_faults();
    bench_copy();
    bench_guest();
}
