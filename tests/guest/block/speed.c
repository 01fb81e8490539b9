// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Figures for people: throughput, requests a second at two depths, and what they cost the client
// and the driver; and the same without recoverability (bare.h). Nothing here can fail on a slow
// machine.

#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "tests/guest/block/bare.h"
#include "tests/guest/guest_test.h"

enum { LONG_BYTES = 256 * 1024, SHORT_BYTES = 4096, RUN_NS = 500000000, REQUESTS_LEAST = 128 };

struct run {
    struct test_disk *disk;
    struct bare_client *bare; // instead of the disk's client, or NULL
    enum block_request_op op;
    uint32_t bytes;
    bool random;
    unsigned in_flight;
    uint64_t next;
    uint64_t done;
    unsigned failed;
};

static void finish(void *context, int status, uint64_t bytes)
{
    struct run *run = context;
    run->in_flight--;
    run->done += bytes;
    run->failed += status != 0;
}

static void submit_one(struct run *run, uint64_t base)
{
    uint32_t slots = WRITE_BYTES / run->bytes;
    uint32_t slot = run->random ? test_random() % slots : (uint32_t)(run->next++ % slots);
    uint32_t at = (uint32_t)(slot % (MEMORY_BYTES / run->bytes)) * run->bytes;
    struct block_io io =
        block_io_range(run->op, base + (uint64_t)slot * run->bytes, 0, at, run->bytes);
    if (run->bare != NULL ? bare_submit(run->bare, &io)
                          : block_client_submit(run->disk->client, &io, finish, run, NULL) == 0)
        run->in_flight++;
}

static void wait_one(struct run *run)
{
    if (run->bare != NULL)
        run->in_flight -= bare_wait(run->bare, &run->done, &run->failed);
    else
        block_client_wait_any(run->disk->client, DEADLINE_NEVER);
}

// CPU time of this process and the disks' drivers, in the kernel too.
static uint64_t busy_ns(void)
{
    struct process_status process;
    uint64_t busy = 0;
    for (uint64_t i = 0; sys_info(INFO_PROCESSES, i, &process, sizeof(process)) > 0; i++) {
        if (strcmp(process.name, test_disk_service) == 0 ||
            strcmp(process.name, startup_page()->name) == 0)
            busy += process.cpu_ns;
    }
    return busy;
}

static void go_on(struct run *run, unsigned depth, time_ns_t ns, uint64_t requests)
{
    uint64_t base = run->op == BLOCK_READ ? READ_START : WRITE_START;
    time_ns_t start = sys_clock();
    run->done = 0;
    while (sys_clock() - start < ns || run->done < requests * run->bytes) {
        while (run->in_flight < depth)
            submit_one(run, base);
        wait_one(run);
    }
    while (run->in_flight > 0)
        wait_one(run);
}

static void measure_run(struct run run, const char *what, unsigned depth)
{
    uint32_t bytes = run.bytes;
    go_on(&run, depth, 0, REQUESTS_LEAST); // the driver maps the memory meanwhile
    uint64_t busy = busy_ns();
    time_ns_t start = sys_clock();
    go_on(&run, depth, RUN_NS, REQUESTS_LEAST);
    uint64_t us = (sys_clock() - start) / 1000;
    busy = busy_ns() - busy;
    uint64_t requests = run.done / bytes;
    CHECK_EQUAL(run.failed, 0);
    log_info("%s: %s, depth %u: %llu MB/s, %llu requests/s, %llu ns of CPU each",
             run.bare != NULL ? "bare" : "speed", what, depth, (unsigned long long)(run.done / us),
             (unsigned long long)(requests * 1000000 / us), (unsigned long long)(busy / requests));
}

static void measure(struct test_disk *disk, const char *what, enum block_request_op op,
                    uint32_t bytes, unsigned depth, bool random)
{
    measure_run((struct run){.disk = disk, .op = op, .bytes = bytes, .random = random}, what,
                depth);
}

// Some of the same rows by a client that could not outlive its driver.
static void measure_bare(struct test_disk *disk)
{
    struct bare_client bare;
    if (!CHECK(bare_open(&bare, test_disk_name, disk->memory)))
        return;
    struct run run = {.disk = disk, .bare = &bare, .op = BLOCK_READ, .bytes = SHORT_BYTES};
    run.random = true;
    measure_run(run, "random 4 KiB read", 1);
    measure_run(run, "random 4 KiB read", 32);
    run.op = BLOCK_WRITE;
    measure_run(run, "random 4 KiB write", 32);
    bare_close(&bare);
}

void test_speed(void)
{
    struct test_disk disk;
    if (!test_disk_open(&disk, test_disk_name, NULL))
        return;
    if (block_client_info(disk.client)->request_bytes_max >= LONG_BYTES) {
        measure(&disk, "sequential 256 KiB read", BLOCK_READ, LONG_BYTES, 1, false);
        measure(&disk, "sequential 256 KiB read", BLOCK_READ, LONG_BYTES, 8, false);
        measure(&disk, "sequential 256 KiB write", BLOCK_WRITE, LONG_BYTES, 8, false);
    }
    measure(&disk, "random 4 KiB read", BLOCK_READ, SHORT_BYTES, 1, true);
    measure(&disk, "random 4 KiB read", BLOCK_READ, SHORT_BYTES, 32, true);
    measure(&disk, "random 4 KiB write", BLOCK_WRITE, SHORT_BYTES, 32, true);
    measure_bare(&disk);
    test_disk_close(&disk);
}
