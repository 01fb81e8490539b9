// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// disk DEVICE: the rows of tests/guest/block/speed.c by Linux's asynchronous I/O past its page
// cache, for the comparison of what an IOMMU costs Linux. Prints, as speed.c does:
// "WHAT: N MB/s, N requests/s, N ns of CPU each".

#include "tests/bench/program/bench.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Linux's ABI of io_submit(2), little-endian.
struct iocb {
    uint64_t data;
    uint32_t key, flags;
    uint16_t operation;
    int16_t priority;
    uint32_t file;
    uint64_t memory, bytes;
    int64_t offset;
    uint64_t reserved;
    uint32_t more_flags, signal_file;
};

struct io_event {
    uint64_t data, block;
    int64_t result, result2;
};

enum { IOCB_READ, IOCB_WRITE };

enum {
    LONG_BYTES = 256 * 1024,
    SHORT_BYTES = 4096,
    RUN_NS = 500000000,
    REQUESTS_LEAST = 128,
    DEPTH_MOST = 32,
    MEMORY_BYTES = 4 << 20,
    READ_START = 1 << 20,
    WRITE_START = 33 << 20,
    RANGE_BYTES = 16 << 20,
};

struct run {
    const char *what;
    unsigned operation;
    unsigned bytes;
    unsigned depth;
    bool random;
};

static const struct run runs[] = {
    {"sequential 256 KiB read, depth 1", IOCB_READ, LONG_BYTES, 1, false},
    {"sequential 256 KiB read, depth 8", IOCB_READ, LONG_BYTES, 8, false},
    {"sequential 256 KiB write, depth 8", IOCB_WRITE, LONG_BYTES, 8, false},
    {"random 4 KiB read, depth 1", IOCB_READ, SHORT_BYTES, 1, true},
    {"random 4 KiB read, depth 32", IOCB_READ, SHORT_BYTES, 32, true},
    {"random 4 KiB write, depth 32", IOCB_WRITE, SHORT_BYTES, 32, true},
};

static int device;
static unsigned long context;
static char *memory;
static uint64_t next_slot;

static uint64_t clock_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// What the only CPU did but wait, the kernel's interrupts too: the time less what the kernel's
// timers note as idle.
static uint64_t busy_ns(void)
{
    char line[256];
    uint64_t idle = 0;
    FILE *file = fopen("/proc/timer_list", "r");

    must(file == NULL ? -1 : 0, "/proc/timer_list");
    while (fgets(line, sizeof line, file) != NULL) {
        char *value = strstr(line, "_sleeptime");
        if (value != NULL)
            idle += strtoull(value + strcspn(value, "0123456789"), NULL, 10);
    }
    fclose(file);
    return clock_ns() - idle;
}

static void submit_one(const struct run *run, struct iocb *block)
{
    unsigned slots = RANGE_BYTES / run->bytes;
    uint64_t slot = (run->random ? (uint64_t)random() : next_slot++) % slots;
    uint64_t start = run->operation == IOCB_READ ? READ_START : WRITE_START;

    *block = (struct iocb){
        .data = (uintptr_t)block,
        .operation = (uint16_t)run->operation,
        .file = (uint32_t)device,
        .memory = (uintptr_t)memory + slot % (MEMORY_BYTES / run->bytes) * run->bytes,
        .bytes = run->bytes,
        .offset = (int64_t)(start + slot * run->bytes),
    };
    must(syscall(SYS_io_submit, context, 1, &block), "io_submit");
}

// Takes what is done, at least one; the blocks are free again.
static unsigned take(const struct run *run, struct iocb **blocks)
{
    struct io_event events[DEPTH_MOST];
    long count =
        must(syscall(SYS_io_getevents, context, 1, DEPTH_MOST, events, NULL), "io_getevents");

    for (long i = 0; i < count; i++) {
        if (events[i].result != run->bytes) {
            fprintf(stderr, "disk: a request ended with %lld\n", (long long)events[i].result);
            exit(1);
        }
        blocks[i] = (struct iocb *)(uintptr_t)events[i].data;
    }
    return (unsigned)count;
}

static uint64_t go_on(const struct run *run, uint64_t nanoseconds, uint64_t least)
{
    struct iocb blocks[DEPTH_MOST];
    struct iocb *done[DEPTH_MOST];
    uint64_t start = clock_ns();
    uint64_t requests = 0;

    for (unsigned i = 0; i < run->depth; i++)
        submit_one(run, &blocks[i]);
    unsigned in_flight = run->depth;
    while (in_flight > 0) {
        unsigned count = take(run, done);
        requests += count;
        in_flight -= count;
        bool more = clock_ns() - start < nanoseconds || requests < least;
        for (unsigned i = 0; more && i < count; i++, in_flight++)
            submit_one(run, done[i]);
    }
    return requests;
}

static void measure(const struct run *run)
{
    go_on(run, 0, REQUESTS_LEAST);
    uint64_t busy = busy_ns();
    uint64_t start = clock_ns();
    uint64_t requests = go_on(run, RUN_NS, REQUESTS_LEAST);
    uint64_t us = (clock_ns() - start) / 1000;

    busy = busy_ns() - busy;
    printf("%s: %llu MB/s, %llu requests/s, %llu ns of CPU each\n", run->what,
           (unsigned long long)(requests * run->bytes / us),
           (unsigned long long)(requests * 1000000 / us), (unsigned long long)(busy / requests));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: disk DEVICE\n");
        return 2;
    }
    device = (int)must(open(argv[1], O_RDWR | O_DIRECT), argv[1]);
    must(syscall(SYS_io_setup, DEPTH_MOST, &context), "io_setup");
    memory = aligned_alloc(MEMORY_BYTES, MEMORY_BYTES);
    must(memory == NULL ? -1 : 0, "memory");
    memset(memory, 1, MEMORY_BYTES);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        measure(&runs[i]);
    return 0;
}
