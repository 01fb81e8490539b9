// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// DMA windows: random map and unmap on two CPUs against a model, what QEMU's edu device then really
// reaches (if it is there), and windows blocked and released while somebody maps. With and without
// an IOMMU: then bus addresses are physical ones and nothing is stopped.

#include "kernel/test/edu_device.h"
#include "kernel/test/ktest.h"

#include <string.h>

enum {
    THREADS = 2,
    OBJECTS = 4, // of each thread
    OBJECT_PAGES = 16,
    MAPPINGS = 24, // of each thread, at most
    SAMPLES = 6,
    ROUNDS = 3,
    RELEASES = 40,
    ANY_DEVICE = 0x1f << 3 | 2, // q35's disk controller, which has no driver here
    MARK = 0x5a,
};

static const uint64_t STRESS_NS = 400000000;
static const uint64_t END_NS = 10000000000;  // detects a thread that does not end
static const uint64_t FAULT_NS = 2000000000; // detects a fault that is not told

struct mapping {
    unsigned object, first, pages; // pages 0: none
    uint32_t rights;
    uint64_t bus[OBJECT_PAGES];
};

struct worker {
    handle_t object[OBJECTS];
    uint8_t *at[OBJECTS];
    struct mapping mapping[MAPPINGS];
    uint64_t random;
    volatile uint32_t *done;
};

static struct worker workers[THREADS];
static handle_t dma;
static bool confined;
static time_ns_t stress_end;

// ---- objects ----

static void objects_open(struct worker *worker, unsigned n)
{
    for (unsigned i = 0; i < OBJECTS; i++) {
        uint64_t bytes = (uint64_t)OBJECT_PAGES * PAGE_SIZE;
        worker->object[i] =
            (handle_t)sys_memory_create(bytes, i % 2 == 0 ? 0 : MEMORY_CONTIGUOUS, HANDLE_NONE);
        struct aspace_map_args args = {
            .memory = worker->object[i], .bytes = bytes, .prot = PROT_READ | PROT_WRITE};
        int64_t at = sys_aspace_map(HANDLE_SELF, &args);
        CHECK(at > 0);
        worker->at[i] = (uint8_t *)at;
    }
    memset(worker->mapping, 0, sizeof(worker->mapping));
    worker->random = run_seed * (2 * n + 3) | 1;
}

static void objects_close(struct worker *worker)
{
    for (unsigned i = 0; i < OBJECTS; i++) {
        uint64_t bytes = (uint64_t)OBJECT_PAGES * PAGE_SIZE;
        CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)worker->at[i], bytes), 0);
        sys_handle_close(worker->object[i]);
    }
}

static struct dma_status status_of(handle_t window)
{
    struct dma_status status = {0};
    CHECK_EQUAL(sys_dma_control(window, DMA_STATUS, (uint64_t)&status), 0);
    return status;
}

// ---- map and unmap against the model ----

// The kernel tells one address for a contiguous object, else one a page.
static void spread(const struct worker *worker, struct mapping *mapping)
{
    (void)worker;
    for (unsigned i = 1; mapping->object % 2 == 1 && i < mapping->pages; i++) {
        mapping->bus[i] = mapping->bus[0] + (uint64_t)i * PAGE_SIZE;
    }
    for (unsigned i = 1; confined && i < mapping->pages; i++) {
        CHECK_EQUAL(mapping->bus[i], mapping->bus[0] + (uint64_t)i * PAGE_SIZE);
    }
}

static void map_one(struct worker *worker, struct mapping *mapping)
{
    static const uint32_t rights[] = {RIGHT_READ, RIGHT_WRITE, RIGHT_READ | RIGHT_WRITE};
    uint64_t chance = random_next(&worker->random);
    mapping->object = (unsigned)(chance % OBJECTS);
    mapping->first = (unsigned)(chance >> 8) % OBJECT_PAGES;
    mapping->pages = 1 + (unsigned)(chance >> 16) % (OBJECT_PAGES - mapping->first);
    mapping->rights = rights[(chance >> 24) % 3];
    CHECK_EQUAL(sys_dma_map(dma, worker->object[mapping->object],
                            (uint64_t)mapping->first * PAGE_SIZE,
                            (uint64_t)mapping->pages * PAGE_SIZE, mapping->rights, mapping->bus),
                0);
    spread(worker, mapping);
}

static bool same_range(const struct mapping *a, const struct mapping *b)
{
    return a->pages == b->pages && a->first == b->first && a->object == b->object;
}

// The kernel takes the mapping of a range away that it made first or last: of equal ones any.
static bool is_ambiguous(const struct worker *worker, const struct mapping *mapping)
{
    for (unsigned i = 0; i < MAPPINGS; i++) {
        const struct mapping *other = &worker->mapping[i];
        if (other != mapping && same_range(other, mapping)) {
            return true;
        }
    }
    return false;
}

static int64_t unmap(const struct worker *worker, const struct mapping *mapping)
{
    return sys_dma_unmap(dma, worker->object[mapping->object], (uint64_t)mapping->first * PAGE_SIZE,
                         (uint64_t)mapping->pages * PAGE_SIZE, 0);
}

static void step(struct worker *worker)
{
    struct mapping *mapping = &worker->mapping[random_next(&worker->random) % MAPPINGS];
    if (mapping->pages == 0) {
        map_one(worker, mapping);
        if (is_ambiguous(worker, mapping)) { // not twice: which of them would go?
            struct mapping both = *mapping;
            mapping->pages = 0;
            for (unsigned i = 0; i < MAPPINGS; i++) {
                if (same_range(&worker->mapping[i], &both)) {
                    worker->mapping[i].pages = 0;
                    CHECK_EQUAL(unmap(worker, &both), 0);
                }
            }
            CHECK_EQUAL(unmap(worker, &both), 0);
            CHECK_EQUAL(unmap(worker, &both), -E_NOENT);
        }
        return;
    }
    CHECK_EQUAL(unmap(worker, mapping), 0);
    CHECK_EQUAL(unmap(worker, mapping), -E_NOENT);
    mapping->pages = 0;
}

static void stress(uint64_t n)
{
    struct worker *worker = &workers[n];
    while (now() < stress_end) {
        step(worker);
    }
    __atomic_store_n(worker->done, 1, __ATOMIC_RELEASE);
}

static void second_thread(uint64_t n)
{
    stress(n);
    syscall0(SYS_THREAD_EXIT);
}

static void wait_done(volatile uint32_t *done)
{
    time_ns_t end = now() + END_NS;
    while (__atomic_load_n(done, __ATOMIC_ACQUIRE) == 0 && now() < end) {
        pause_ns(1000000);
    }
    CHECK_EQUAL(*done, 1);
    *done = 0;
}

// ---- what comes out ----

static void check_totals(void)
{
    uint64_t mappings = 0, bytes = 0;
    for (unsigned n = 0; n < THREADS; n++) {
        for (unsigned i = 0; i < MAPPINGS; i++) {
            mappings += workers[n].mapping[i].pages != 0;
            bytes += (uint64_t)workers[n].mapping[i].pages * PAGE_SIZE;
        }
    }
    struct dma_status status = status_of(dma);
    CHECK_EQUAL(status.mappings, mappings);
    CHECK_EQUAL(status.mapped_bytes, bytes);
}

static bool overlap(const struct mapping *a, const struct mapping *b)
{
    return a->bus[0] < b->bus[b->pages - 1] + 2 * PAGE_SIZE && // with the free page between
           b->bus[0] < a->bus[a->pages - 1] + 2 * PAGE_SIZE;
}

static void check_apart(void)
{
    for (unsigned i = 0; confined && i < THREADS * MAPPINGS; i++) {
        const struct mapping *a = &workers[i / MAPPINGS].mapping[i % MAPPINGS];
        for (unsigned j = 0; j < i; j++) {
            const struct mapping *b = &workers[j / MAPPINGS].mapping[j % MAPPINGS];
            CHECK(a->pages == 0 || b->pages == 0 || !overlap(a, b));
        }
    }
}

// A fault is counted by an interrupt, which may come after the transfer's end.
static bool faults_pass(uint64_t faults)
{
    time_ns_t end = now() + FAULT_NS;
    while (status_of(dma).faults <= faults && now() < end) {
        pause_ns(1000000);
    }
    return status_of(dma).faults > faults;
}

// The device writes through a mapping, and right behind its end.
static void check_reached(struct edu_device *edu, struct worker *worker,
                          const struct mapping *mapping)
{
    unsigned page = (unsigned)(random_next(&worker->random) % mapping->pages);
    uint8_t *at = worker->at[mapping->object] + (uint64_t)(mapping->first + page) * PAGE_SIZE;
    pause_ns(10000000); // what there was before is counted
    uint64_t faults = status_of(dma).faults;
    bool allowed = !confined || (mapping->rights & RIGHT_WRITE) != 0;
    memset(at, MARK, 16);
    edu_write(edu, mapping->bus[page]);
    CHECK_EQUAL(at[0] != MARK, allowed);
    CHECK_EQUAL(at[8], MARK);
    CHECK_EQUAL(allowed ? status_of(dma).faults > faults : faults_pass(faults), !allowed);
    if (confined) {
        uint64_t behind = mapping->bus[0] + (uint64_t)mapping->pages * PAGE_SIZE;
        pause_ns(10000000);
        faults = status_of(dma).faults;
        edu_write(edu, behind);
        CHECK(faults_pass(faults));
        CHECK_EQUAL(status_of(dma).fault_bus, behind);
        CHECK_EQUAL(status_of(dma).fault_access, PROT_WRITE);
    }
}

static void check_device(struct edu_device *edu)
{
    unsigned samples = 0;
    for (unsigned i = 0; i < MAPPINGS && samples < SAMPLES; i++) {
        struct worker *worker = &workers[i % THREADS];
        if (worker->mapping[i].pages != 0) {
            check_reached(edu, worker, &worker->mapping[i]);
            samples++;
        }
    }
}

// Memory whose pages come together: one run of addresses, and each reaches its page.
static void check_large(struct edu_device *edu)
{
    static uint64_t bus[LARGE_BYTES / PAGE_SIZE];
    handle_t object = (handle_t)sys_memory_create(2 * LARGE_BYTES, MEMORY_LARGE, HANDLE_NONE);
    struct aspace_map_args args = {
        .memory = object, .bytes = 2 * LARGE_BYTES, .prot = PROT_READ | PROT_WRITE};
    int64_t at = sys_aspace_map(HANDLE_SELF, &args);
    CHECK(at > 0);
    CHECK_EQUAL(sys_dma_map(dma, object, LARGE_BYTES, LARGE_BYTES, RIGHT_WRITE, bus), 0);
    for (unsigned i = 1; i < LARGE_BYTES / PAGE_SIZE; i++) {
        CHECK_EQUAL(bus[i], bus[0] + (uint64_t)i * PAGE_SIZE);
    }
    uint8_t *last = (uint8_t *)at + 2 * LARGE_BYTES - PAGE_SIZE;
    memset(last, MARK, 16);
    edu_write(edu, bus[LARGE_BYTES / PAGE_SIZE - 1]);
    CHECK(last[0] != MARK);
    CHECK_EQUAL(sys_dma_unmap(dma, object, LARGE_BYTES, LARGE_BYTES, bus[0]), 0);
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)at, 2 * LARGE_BYTES), 0);
    sys_handle_close(object);
}

static void unmap_all(void)
{
    for (unsigned i = 0; i < THREADS * MAPPINGS; i++) {
        struct mapping *mapping = &workers[i / MAPPINGS].mapping[i % MAPPINGS];
        if (mapping->pages != 0) {
            CHECK_EQUAL(unmap(&workers[i / MAPPINGS], mapping), 0);
            mapping->pages = 0;
        }
    }
    CHECK_EQUAL(status_of(dma).mappings, 0);
    CHECK_EQUAL(status_of(dma).mapped_bytes, 0);
}

// ---- windows that end while they are used ----

static void map_until_released(uint64_t n)
{
    struct worker *worker = &workers[n];
    int64_t error = 0;
    for (uint64_t i = 0; error == 0; i++) {
        uint64_t bus[OBJECT_PAGES];
        handle_t object = worker->object[i % OBJECTS];
        error = sys_dma_map(dma, object, 0, (uint64_t)OBJECT_PAGES * PAGE_SIZE, RIGHT_WRITE, bus);
        if (error == 0 && i % 3 != 0) {
            int64_t gone = sys_dma_unmap(dma, object, 0, (uint64_t)OBJECT_PAGES * PAGE_SIZE, 0);
            error = gone == -E_NOENT ? 0 : gone; // released in between: the next map fails
        }
    }
    CHECK(error == -E_CANCELED || error == -E_NOMEM); // the quota, on a machine that is slow
    __atomic_store_n(worker->done, 1, __ATOMIC_RELEASE);
}

static void release_thread(uint64_t n)
{
    map_until_released(n);
    syscall0(SYS_THREAD_EXIT);
}

static void release_while_mapping(uint32_t device, handle_t resource)
{
    uint64_t random = run_seed;
    for (unsigned i = 0; i < RELEASES; i++) {
        dma = (handle_t)sys_dma_create(resource, device, 0);
        CHECK(dma > 0);
        handle_t thread = thread_begin(HANDLE_SELF, 1, release_thread, 1, CHILD_PRIORITY,
                                       cpus_online() > 1 ? 2 : 1);
        spin_ns(random_next(&random) % 300000);
        if (i % 2 == 0) {
            CHECK_EQUAL(sys_dma_control(dma, DMA_BLOCK, 0), 0);
        }
        CHECK_EQUAL(sys_dma_control(dma, DMA_RELEASE_QUARANTINE, 0), 0);
        wait_done(workers[1].done);
        CHECK_EQUAL(status_of(dma).mappings, 0);
        sys_handle_close(thread);
        sys_handle_close(dma);
    }
}

// ---- all ----

static void check_arguments(handle_t resource, uint32_t device)
{
    uint64_t bus[1];
    handle_t object = workers[0].object[1];
    const uint64_t bytes = (uint64_t)OBJECT_PAGES * PAGE_SIZE;
    CHECK_EQUAL(sys_dma_map(dma, object, 0, 0, RIGHT_READ, bus), -E_INVAL);
    CHECK_EQUAL(sys_dma_map(dma, object, 1, PAGE_SIZE, RIGHT_READ, bus), -E_INVAL);
    CHECK_EQUAL(sys_dma_map(dma, object, PAGE_SIZE, bytes, RIGHT_READ, bus), -E_INVAL);
    CHECK_EQUAL(sys_dma_map(dma, object, 0ull - PAGE_SIZE, bytes, RIGHT_READ, bus), -E_INVAL);
    CHECK_EQUAL(sys_dma_map(dma, object, 0, 0ull - PAGE_SIZE, RIGHT_READ, bus), -E_INVAL);
    CHECK_EQUAL(sys_dma_map(dma, object, 0, bytes, 0, bus), -E_INVAL);
    CHECK_EQUAL(sys_dma_map(dma, object, 0, bytes, RIGHT_MANAGE, bus), -E_INVAL);
    CHECK_EQUAL(sys_dma_map(dma, object, 0, bytes, RIGHT_READ, (uint64_t *)8), -E_FAULT);
    CHECK_EQUAL(sys_dma_control(dma, (enum dma_op)99, 0), -E_INVAL);
    CHECK_EQUAL(sys_dma_create(resource, 0x10000, 0), -E_INVAL);
    CHECK_EQUAL(sys_dma_create(resource, device, (enum dma_flag)2), -E_INVAL);
    int64_t second = sys_dma_create(resource, device, 0);
    CHECK_EQUAL(second == -E_BUSY, confined);
    if (second > 0) {
        sys_handle_close((handle_t)second);
    }
    handle_t narrow = (handle_t)sys_handle_duplicate(dma, RIGHT_READ | RIGHT_WRITE, 0);
    CHECK_EQUAL(sys_dma_control(narrow, DMA_RELEASE_QUARANTINE, 0), -E_PERM); // a driver's handle
    CHECK_EQUAL(sys_dma_control(narrow, DMA_BLOCK, 0), -E_PERM);
    sys_handle_close(narrow);
    CHECK_EQUAL(status_of(dma).mappings, 0);
}

static void stress_round(struct edu_device *edu)
{
    stress_end = now() + STRESS_NS;
    handle_t thread =
        thread_begin(HANDLE_SELF, 1, second_thread, 1, CHILD_PRIORITY, cpus_online() > 1 ? 2 : 1);
    stress(0);
    wait_done(workers[0].done);
    wait_done(workers[1].done);
    sys_handle_close(thread);
    check_totals();
    check_apart();
    if (edu != NULL) {
        check_device(edu);
        check_large(edu);
    }
    unmap_all();
}

static uint64_t free_bytes(void)
{
    struct info_memory memory;
    sys_info(INFO_MEMORY, 0, &memory, sizeof(memory));
    return memory.free_bytes;
}

void test_dma(void)
{
    struct edu_device edu;
    bool has_edu = edu_open(&edu, root);
    uint32_t device = has_edu ? edu.device : ANY_DEVICE;
    handle_t resource = (handle_t)sys_resource_create(root, RESOURCE_DMA, 0, 0x10000);
    volatile uint32_t *done = shared_page();
    for (unsigned n = 0; n < THREADS; n++) {
        workers[n].done = &done[n];
        objects_open(&workers[n], n);
    }
    uint64_t free_before = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        dma = (handle_t)sys_dma_create(resource, device, 0);
        CHECK(dma > 0);
        confined = status_of(dma).confined != 0;
        check_arguments(resource, device);
        stress_round(has_edu && i == 0 ? &edu : NULL);
        sys_handle_close(dma);
        release_while_mapping(device, resource);
        if (i == 0) {
            free_before = free_bytes(); // the heap has what it needs
        }
    }
    pause_ns(20000000);
    CHECK(free_bytes() + 64 * PAGE_SIZE >= free_before); // a leak of each window's tables is more
    say("dma: %s, %s device\n", confined ? "confined" : "unprotected", has_edu ? "with a" : "no");
    for (unsigned n = 0; n < THREADS; n++) {
        objects_close(&workers[n]);
    }
    shared_page_end((void *)done);
    sys_handle_close(resource);
    if (has_edu) {
        edu_close(&edu);
    }
}
