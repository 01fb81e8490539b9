// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A real disk through client library, rings, driver and device: contents, geometry, partitions,
// every operation, errors, many requests in flight, several threads; then drivers that are killed
// under load (recovery.c).

#include "tests/guest/block/block_test.h"

#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/thread.h"
#include "tests/guest/guest_test.h"

enum { OPEN_TIMEOUT_NS = 2000000000 };

const char *test_disk_name = "vda", *test_disk_service = "virtio_blk.0";

// Its name with something behind it.
static const char *name_with(const char *suffix)
{
    static char name[BLOCK_NAME_MAX];
    strlcpy(name, test_disk_name, sizeof(name));
    strlcat(name, suffix, sizeof(name));
    return name;
}

// ---- shared ----

bool test_disk_open(struct test_disk *disk, const char *name, const struct block_client_lock *lock)
{
    struct block_client_options options = {
        .name = name,
        .depth = DEPTH,
        .lock = lock,
        .deadline = sys_clock() + OPEN_TIMEOUT_NS,
    };
    if (!CHECK_EQUAL(block_client_open(&options, &disk->client), 0))
        return false;
    disk->memory = (handle_t)sys_memory_create(MEMORY_BYTES, MEMORY_LARGE, HANDLE_NONE);
    struct aspace_map_args map = {
        .memory = disk->memory, .bytes = MEMORY_BYTES, .prot = PROT_READ | PROT_WRITE};
    disk->data = (uint8_t *)(uintptr_t)sys_aspace_map(HANDLE_SELF, &map);
    return CHECK_EQUAL(block_client_add_memory(disk->client, disk->memory, MEMORY_BYTES), 0);
}

void test_disk_close(struct test_disk *disk)
{
    block_client_close(disk->client);
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)disk->data, MEMORY_BYTES);
    sys_handle_close(disk->memory);
}

bool test_pattern_is(const uint8_t *memory, uint64_t offset, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i += 4) {
        uint32_t word;
        memcpy(&word, memory + i, sizeof(word));
        if (word != (uint32_t)offset + i)
            return false;
    }
    return true;
}

uint32_t test_random(void)
{
    static uint64_t seed = 1;
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33);
}

// ---- tests ----

static void test_names(void)
{
    struct block_client *client;
    struct block_client_options options = {.name = "vdz"};
    CHECK_EQUAL(block_client_open(&options, &client), -E_NODEV);
    options.name = name_with("9");
    CHECK_EQUAL(block_client_open(&options, &client), -E_NOENT);
}

static void test_info(struct test_disk *disk)
{
    const struct block_info *info = block_client_info(disk->client);
    CHECK_EQUAL(info->capacity, DISK_BYTES);
    CHECK_EQUAL(info->block_bytes, 512);
    CHECK_EQUAL(info->partitions, 2);
    CHECK(info->cylinders > 0 && info->heads > 0 && info->sectors > 0);
    CHECK((info->features & BLOCK_CAN_FLUSH) != 0);
    CHECK(strcmp(info->name, test_disk_name) == 0);
}

static void test_partition(void)
{
    struct test_disk disk;
    if (!test_disk_open(&disk, name_with("1"), NULL))
        return;
    const struct block_info *info = block_client_info(disk.client);
    CHECK_EQUAL(info->capacity, READ_BYTES);
    CHECK_EQUAL(info->start, READ_START);
    CHECK(strcmp(info->name, name_with("1")) == 0);
    CHECK(strcmp(info->label, "reading") == 0);
    CHECK_EQUAL(block_client_read(disk.client, 0, 0, 0, 4096), 0);
    CHECK(test_pattern_is(disk.data, READ_START, 4096));
    CHECK_EQUAL(block_client_read(disk.client, READ_BYTES - 512, 0, 0, 1024), -E_NXIO);
    test_disk_close(&disk);
}

static void test_reads(struct test_disk *disk)
{
    static const uint32_t lengths[] = {512, 1024, 4096, 12288, 65536, 262144};
    for (unsigned i = 0; i < 200; i++) {
        uint32_t bytes = lengths[i % 6];
        if (bytes > block_client_info(disk->client)->request_bytes_max)
            bytes = 4096;
        uint64_t offset = READ_START + test_random() % (READ_BYTES - bytes) / 512 * 512;
        uint32_t at = test_random() % (MEMORY_BYTES - bytes) / 512 * 512;
        CHECK_EQUAL(block_client_read(disk->client, offset, 0, at, bytes), 0);
        CHECK(test_pattern_is(disk->data + at, offset, bytes));
    }
    struct block_io io = {.op = BLOCK_READ, .offset = READ_START, .bytes = 6 * 4096, .segments = 6};
    for (unsigned i = 0; i < 6; i++)
        io.segment[i] = (struct block_segment){.offset = (5 - i) * 10240, .bytes = 4096};
    CHECK_EQUAL(block_client_transfer(disk->client, &io), 0);
    for (unsigned i = 0; i < 6; i++)
        CHECK(test_pattern_is(disk->data + (5 - i) * 10240, READ_START + i * 4096, 4096));
}

static void test_errors(struct test_disk *disk)
{
    CHECK_EQUAL(block_client_read(disk->client, 100, 0, 0, 512), -E_INVAL);
    CHECK_EQUAL(block_client_read(disk->client, DISK_BYTES, 0, 0, 512), -E_NXIO);
    CHECK_EQUAL(block_client_read(disk->client, 0, 0, MEMORY_BYTES, 512), -E_FAULT);
    CHECK_EQUAL(block_client_read(disk->client, 0, 7, 0, 512), -E_FAULT);
    struct block_io io = {.op = BLOCK_REQUEST_OPS};
    CHECK_EQUAL(block_client_transfer(disk->client, &io), -E_INVAL);
}

static void test_writes(struct test_disk *disk)
{
    for (unsigned i = 0; i < 65536; i++)
        disk->data[i] = (uint8_t)(i * 7);
    CHECK_EQUAL(block_client_write(disk->client, WRITE_START + 8192, 0, 0, 65536), 0);
    struct block_io io = block_io_range(BLOCK_WRITE, WRITE_START, 0, 0, 4096);
    io.flags = BLOCK_FUA;
    CHECK_EQUAL(block_client_transfer(disk->client, &io), 0);
    CHECK_EQUAL(block_client_flush(disk->client), 0);
    memset(disk->data + 65536, 0, 65536);
    CHECK_EQUAL(block_client_read(disk->client, WRITE_START + 8192, 0, 65536, 65536), 0);
    CHECK(memcmp(disk->data, disk->data + 65536, 65536) == 0);
}

// A driver either answers the question or has told before.
static void test_serial(struct test_disk *disk)
{
    const struct block_info *info = block_client_info(disk->client);
    struct block_io io = block_io_range(BLOCK_GET_ID, 0, 0, 0, 20);
    io.bytes = 0;
    int status = block_client_transfer(disk->client, &io);
    if (status == -E_OPNOTSUPP)
        CHECK(strcmp(info->serial, "block-test") == 0);
    else
        CHECK(status == 0 && memcmp(disk->data, "block-test", 11) == 0);
}

static void test_write_zeroes(struct test_disk *disk)
{
    bool can = (block_client_info(disk->client)->features & BLOCK_CAN_WRITE_ZEROES) != 0;
    struct block_io io = {.op = BLOCK_WRITE_ZEROES, .offset = WRITE_START + 8192, .bytes = 8192};
    CHECK_EQUAL(block_client_transfer(disk->client, &io), can ? 0 : -E_OPNOTSUPP);
    if (!can)
        return;
    CHECK_EQUAL(block_client_read(disk->client, WRITE_START + 8192, 0, 0, 16384), 0);
    CHECK(disk->data[0] == 0 && disk->data[8191] == 0 && disk->data[8193] == (uint8_t)(8193 * 7));
}

static void test_other_operations(struct test_disk *disk)
{
    struct block_io io = {.op = BLOCK_DISCARD, .offset = WRITE_START + 8192, .bytes = 8192};
    CHECK_EQUAL(block_client_transfer(disk->client, &io), 0);
    io = block_io_range(BLOCK_FORGET, 0, 0, 0, MEMORY_BYTES);
    io.bytes = 0;
    CHECK_EQUAL(block_client_transfer(disk->client, &io), 0);
    CHECK_EQUAL(block_client_read(disk->client, READ_START, 0, 0, 4096), 0);
    CHECK(test_pattern_is(disk->data, READ_START, 4096));
}

// ---- several threads over one client ----

enum { THREADS = 4, THREAD_READS = 100, THREAD_TIMEOUT_NS = 60 };

static struct mutex lock;
static struct semaphore finished;
static struct test_disk shared;
static uint32_t thread_failures;

static void lock_acquire(void *context)
{
    mutex_lock(context);
}

static void lock_release(void *context)
{
    mutex_unlock(context);
}

static void read_in_thread(void *argument)
{
    uint32_t number = (uint32_t)(uintptr_t)argument;
    uint32_t at = number * 65536;
    for (uint32_t i = 0; i < THREAD_READS; i++) {
        uint64_t offset = READ_START + (number * 7919 + i * 104729) % (READ_BYTES / 16384) * 16384;
        mutex_lock(&lock);
        int status = block_client_read(shared.client, offset, 0, at, 16384);
        mutex_unlock(&lock);
        if (status != 0 || !test_pattern_is(shared.data + at, offset, 16384))
            __atomic_add_fetch(&thread_failures, 1, __ATOMIC_RELAXED);
    }
    semaphore_post(&finished);
}

static void test_threads(void)
{
    static const struct block_client_lock hooks = {lock_acquire, lock_release, &lock};
    mutex_lock(&lock);
    bool open = test_disk_open(&shared, test_disk_name, &hooks);
    mutex_unlock(&lock);
    if (!open)
        return;
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK_EQUAL(thread_start(read_in_thread, (void *)i, PRIORITY_USER, 0, NULL), 0);
    time_ns_t deadline = sys_clock() + THREAD_TIMEOUT_NS * 1000000000ull;
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_EQUAL(semaphore_wait(&finished, deadline), 0);
    CHECK_EQUAL(thread_failures, 0);
    mutex_lock(&lock);
    test_disk_close(&shared);
    mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
    guest_test_begin();
    if (argc > 1) {
        test_disk_name = argv[0];
        test_disk_service = argv[1];
    }
    struct test_disk disk;
    if (test_disk_open(&disk, test_disk_name, NULL)) {
        test_names();
        test_info(&disk);
        test_partition();
        test_reads(&disk);
        test_errors(&disk);
        test_writes(&disk);
        test_serial(&disk);
        test_write_zeroes(&disk);
        test_other_operations(&disk);
        test_disk_close(&disk);
        test_threads();
        test_recovery();
        test_speed();
    }
    guest_test_end();
}
