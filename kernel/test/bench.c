// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Kernel primitives, counted. Under QEMU's -icount shift=0 on one CPU the counter counts
// instructions (x86_64), or 16 at a time (aarch64); loops and their own overhead are included, as
// in seL4's benchmarks. One line each: "bench NAME COUNT NANOSECONDS"; a row that is summed up from
// parts of its rounds has no nanoseconds.

#include "kernel/test/bench.h"

#include <stdlib.h>
#include <string.h>

enum { FAULT_PAGES_MAX = 1000 };

unsigned rounds = ROUNDS_DEFAULT;

static handle_t endpoint;
static handle_t paged;
static handle_t source;

__attribute__((noinline)) struct bench_start bench_begin(void)
{
    time_ns_t time = now();
    return (struct bench_start){counter(), time};
}

void bench_report(const char *name, uint64_t ticks, uint64_t count)
{
    say("bench %s %llu -\n", name, (unsigned long long)(counter_instructions(ticks) / count));
}

__attribute__((noinline)) void bench_end(const char *name, struct bench_start start, uint64_t count)
{
    uint64_t ticks = counter_instructions(counter() - start.ticks);
    time_ns_t time = now() - start.time;
    say("bench %s %llu %llu\n", name, (unsigned long long)(ticks / count),
        (unsigned long long)(time / count));
}

volatile void *bench_shared_page(handle_t *memory)
{
    *memory = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    struct aspace_map_args args = {
        .bytes = PAGE_SIZE, .memory = *memory, .prot = PROT_READ | PROT_WRITE};
    volatile uint8_t *page = (volatile uint8_t *)sys_aspace_map(HANDLE_SELF, &args);
    page[0] = 0; // in place before anything is measured
    return page;
}

static void bench_null(void)
{
    struct bench_start start = bench_begin();
    for (unsigned i = 0; i < rounds; i++) {
        sys_null();
    }
    bench_end("null", start, rounds);
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

// By itself, so that the words stay in the registers they travel in.
static __attribute__((noinline)) void call_times(unsigned times, struct ipc_frame *frame)
{
    struct ipc_frame words = *frame;
    handle_t to = endpoint;
    for (unsigned i = 0; i < times; i++) {
        ipc_call(to, &words);
    }
    *frame = words;
}

static void bench_call(const char *name, unsigned words)
{
    struct child child;
    struct ipc_frame frame = {.tag = message_tag(0, words, 0)};
    endpoint = new_endpoint();
    child_start(&child, 0, server, 0, (const handle_t[]){endpoint, HANDLE_NONE}, PRIORITY_MAX, 1);
    ipc_call(endpoint, &frame);
    struct bench_start start = bench_begin();
    call_times(rounds, &frame);
    bench_end(name, start, rounds);
    child_kill(&child);
    child_finish(&child, NULL);
    sys_handle_close(endpoint);
}

// Out of the fast path for another reason than length: the flag of a deadline, here one that never
// comes.
static void slow_server(uint64_t unused)
{
    (void)unused;
    struct ipc_frame frame = {0};
    thread_self()->ipc.deadline = DEADLINE_NEVER;
    ipc_receive(endpoint, &frame);
    for (;;) {
        frame.tag = MESSAGE_DEADLINE;
        ipc_reply_receive(endpoint, &frame);
    }
}

static void bench_slow_call(void)
{
    struct child child;
    struct ipc_frame frame = {.tag = MESSAGE_DEADLINE};
    endpoint = new_endpoint();
    thread_self()->ipc.deadline = DEADLINE_NEVER;
    child_start(&child, 0, slow_server, 0, (const handle_t[]){endpoint, HANDLE_NONE}, PRIORITY_MAX,
                1);
    ipc_call(endpoint, &frame);
    struct bench_start start = bench_begin();
    for (unsigned i = 0; i < rounds; i++) {
        frame.tag = MESSAGE_DEADLINE;
        ipc_call(endpoint, &frame);
    }
    bench_end("call-reply-without-fast-path", start, rounds);
    child_kill(&child);
    child_finish(&child, NULL);
    sys_handle_close(endpoint);
}

// Ten words each way, in the stubs' general form: four of them pass through the threads' IPC
// buffers.
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
    child_start(&child, 0, long_server, words, (const handle_t[]){endpoint, HANDLE_NONE},
                PRIORITY_MAX, 1);
    sys_call(endpoint, &message);
    struct bench_start start = bench_begin();
    for (unsigned i = 0; i < rounds; i++) {
        message.tag = message_tag(0, words, 0);
        sys_call(endpoint, &message);
    }
    bench_end("call-reply-10-words", start, rounds);
    child_kill(&child);
    child_finish(&child, NULL);
    sys_handle_close(endpoint);
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
    child_start(&child, 0, yielder, 0, NULL, PRIORITY_MAX, 1);
    sys_yield();
    struct bench_start start = bench_begin();
    for (unsigned i = 0; i < rounds; i++) {
        sys_yield();
    }
    bench_end("yield-two-switches", start, rounds);
    child_kill(&child);
    child_finish(&child, NULL);
}

// Answers the first faults without the page, so they happen again at once; from then on supplies
// it.
static void fault_server(uint64_t empty_answers)
{
    struct ipc_frame frame = {0};
    ipc_receive(endpoint, &frame);
    for (; empty_answers != 0; empty_answers--) {
        frame.tag = 0;
        ipc_reply_receive(endpoint, &frame);
    }
    for (;;) {
        sys_memory_supply(paged, frame.word[0], source, 0, PAGE_SIZE);
        frame.tag = 0;
        ipc_reply_receive(endpoint, &frame);
    }
}

static void bench_faults(void)
{
    unsigned pages = rounds < FAULT_PAGES_MAX ? rounds : FAULT_PAGES_MAX;
    struct aspace_map_args args = {
        .bytes = (uint64_t)pages * PAGE_SIZE, .prot = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE};
    volatile char *area = (volatile char *)sys_aspace_map(HANDLE_SELF, &args);
    struct bench_start start = bench_begin();
    for (unsigned i = 0; i < pages; i++) {
        area[(uint64_t)i * PAGE_SIZE] = 1;
    }
    bench_end("fault-anonymous", start, pages);
    start = bench_begin();
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)area, (uint64_t)pages * PAGE_SIZE);
    bench_end("unmap-per-touched-page", start, pages);

    struct child child;
    endpoint = new_endpoint();
    handle_t badged = with_badge(endpoint, 1);
    source = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    paged = (handle_t)sys_memory_create((uint64_t)pages * PAGE_SIZE, MEMORY_PAGED, badged);
    child_start(&child, 0, fault_server, rounds,
                (const handle_t[]){endpoint, paged, source, HANDLE_NONE}, PRIORITY_MAX, 1);
    args = (struct aspace_map_args){
        .bytes = (uint64_t)pages * PAGE_SIZE, .memory = paged, .prot = PROT_READ};
    area = (volatile char *)sys_aspace_map(HANDLE_SELF, &args);
    start = bench_begin();
    (void)area[0];
    bench_end("fault-user-pager-and-back", start, rounds);
    start = bench_begin();
    for (unsigned i = 1; i < pages; i++) {
        (void)area[(uint64_t)i * PAGE_SIZE];
    }
    bench_end("fault-user-pager-supply", start, pages - 1);
    child_kill(&child);
    child_finish(&child, NULL);
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)area, (uint64_t)pages * PAGE_SIZE);
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
    struct bench_start start = bench_begin();
    for (unsigned i = 0; i < rounds; i++) {
        sys_aspace_write(space, 0x10000000, buffer, 1);
    }
    bench_end("aspace-write-1", start, rounds);
    start = bench_begin();
    for (unsigned i = 0; i < rounds; i++) {
        sys_aspace_write(space, 0x10000000, buffer, PAGE_SIZE);
    }
    bench_end("aspace-write-4096", start, rounds);
    sys_handle_close(space);
}

// A space like that of a small program: 20 regions, 100 private pages; the parent then writes each
// page again.
static void bench_clone(void)
{
    enum { REGIONS = 20, REGION_PAGES = 5, TIMES = 100 };
    static uint8_t buffer[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    handle_t space = (handle_t)sys_aspace_create();
    for (unsigned i = 0; i < REGIONS; i++) {
        struct aspace_map_args args = {.address = (i < REGIONS / 2 ? 0x400000 : 0x7f0000000000) +
                                                  i * 0x8000ull,
                                       .bytes = REGION_PAGES * PAGE_SIZE,
                                       .prot = PROT_READ | PROT_WRITE,
                                       .flags = MAP_FIXED | MAP_PRIVATE};
        sys_aspace_map(space, &args);
        for (unsigned page = 0; page < REGION_PAGES; page++) {
            sys_aspace_write(space, args.address + page * PAGE_SIZE, buffer, 1);
        }
    }
    uint64_t cloning = 0;
    uint64_t closing = 0;
    for (unsigned i = 0; i < TIMES; i++) {
        uint64_t start = counter();
        handle_t clone = (handle_t)sys_aspace_clone(space);
        uint64_t middle = counter();
        sys_handle_close(clone);
        cloning += middle - start;
        closing += counter() - middle;
    }
    bench_report("clone-20-regions-100-pages", cloning, TIMES);
    bench_report("close-clone", closing, TIMES);
    sys_handle_close(space);
}

static void bench_guest(void)
{
    handle_t space = (handle_t)sys_aspace_create();
    struct aspace_map_args args = {.address = 0x400000,
                                   .bytes = PAGE_SIZE,
                                   .prot = PROT_READ | PROT_EXECUTE | PROT_WRITE,
                                   .flags = MAP_FIXED | MAP_PRIVATE};
    sys_aspace_map(space, &args);
    sys_aspace_write(space, 0x400000, code_call, sizeof(code_call));
    handle_t memory = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    struct aspace_map_args state_args = {
        .bytes = PAGE_SIZE, .memory = memory, .prot = PROT_READ | PROT_WRITE};
    struct guest_state *state = (struct guest_state *)sys_aspace_map(HANDLE_SELF, &state_args);
    handle_t guest = (handle_t)sys_guest_create(space, memory, 0);
    GUEST_PC(&state->registers) = 0x400000;
    sys_guest_run(guest);
    struct bench_start start = bench_begin();
    for (unsigned i = 0; i < rounds; i++) {
        sys_guest_run(guest);
    }
    bench_end("guest-syscall-and-back", start, rounds);
    sys_handle_close(guest);
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)state, PAGE_SIZE);
    sys_handle_close(memory);
    sys_handle_close(space);
}

void bench_all(const char *option)
{
    if (*option == '=') {
        rounds = (unsigned)strtoul(option + 1, NULL, 10);
    }
    bench_null();
    bench_call("call-reply-0-words", 0);
    bench_call("call-reply-4-words", 4);
    bench_slow_call();
    bench_long_call(10);
    bench_yield();
    bench_faults();
    bench_copy();
    bench_clone();
    bench_guest();
    bench_events();
    bench_dma();
}
