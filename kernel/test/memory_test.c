// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/test/ktest.h"

#include <string.h>

static volatile uint32_t *area;
static handle_t pager_endpoint;
static handle_t paged;
static handle_t source;

enum { AREA_PAGES = 16, AREA_BYTES = AREA_PAGES * PAGE_SIZE, WORDS = PAGE_SIZE / 4 };

static int64_t map(handle_t memory, uint64_t bytes, uint32_t prot, uint32_t flags)
{
    struct aspace_map_args args = {.bytes = bytes, .memory = memory, .prot = prot, .flags = flags};
    return sys_aspace_map(HANDLE_SELF, &args);
}

static void change_area(uint64_t value)
{
    for (unsigned i = 0; i < AREA_PAGES; i++) {
        if (area[i * WORDS] != 1000 + i) {
            sys_process_exit(1);
        }
        area[i * WORDS] = (uint32_t)value;
    }
    sys_process_exit(0);
}

static void check_copy_on_write(void)
{
    area = (volatile uint32_t *)map(HANDLE_NONE, AREA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    for (unsigned i = 0; i < AREA_PAGES; i++) {
        area[i * WORDS] = 1000 + i;
    }
    for (unsigned round = 0; round < 20; round++) {
        struct child child;
        struct process_status status;
        child_start(&child, 0, change_area, 5, NULL, CHILD_PRIORITY, 0);
        area[3 * WORDS] = 1003; // written here while the child may read it
        child_finish(&child, &status);
        CHECK_EQUAL(status.code, 0);
        for (unsigned i = 0; i < AREA_PAGES; i++) {
            CHECK_EQUAL(area[i * WORDS], 1000 + i);
        }
    }
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)area, AREA_BYTES), 0);
}

static void check_other_space(void)
{
    handle_t space = (handle_t)sys_aspace_create();
    struct aspace_map_args args = {.address = 0x10000000,
                                   .bytes = AREA_BYTES,
                                   .prot = PROT_READ | PROT_WRITE,
                                   .flags = MAP_FIXED | MAP_PRIVATE};
    CHECK_EQUAL(sys_aspace_map(space, &args), 0x10000000);
    static char text[3 * PAGE_SIZE];
    static char back[3 * PAGE_SIZE];
    for (unsigned i = 0; i < sizeof(text); i++) {
        text[i] = (char)(i * 7);
    }
    CHECK_EQUAL(sys_aspace_write(space, 0x10000123, text, sizeof(text)), sizeof(text));
    CHECK_EQUAL(sys_aspace_read(space, 0x10000123, back, sizeof(back)), sizeof(back));
    CHECK_EQUAL(memcmp(text, back, sizeof(text)), 0);
    CHECK_EQUAL(sys_aspace_write(space, 0x20000000, text, 1), -E_FAULT);
    CHECK_EQUAL(sys_aspace_write(space, ~0ull - 4, text, 100), -E_FAULT);
    // Stops at the end of what is mapped, and says how far it came.
    CHECK_EQUAL(sys_aspace_write(space, 0x10000000 + AREA_BYTES - 10, text, 100), 10);
    CHECK_EQUAL(sys_aspace_protect(space, 0x10000000, PAGE_SIZE, PROT_READ), 0);
    CHECK_EQUAL(sys_aspace_write(space, 0x10000000, text, 1), -E_FAULT);
    struct region_info info;
    CHECK_EQUAL(sys_aspace_query(space, 0, &info), 0);
    CHECK_EQUAL(info.address, 0x10000000);
    CHECK_EQUAL(info.prot, PROT_READ);
    sys_handle_close(space);
}

static void check_rights(void)
{
    handle_t memory = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    handle_t read_only = (handle_t)sys_handle_duplicate(memory, RIGHT_READ, 0);
    CHECK_EQUAL(map(read_only, PAGE_SIZE, PROT_READ | PROT_WRITE, 0), -E_ACCES);
    int64_t at = map(read_only, PAGE_SIZE, PROT_READ, 0);
    CHECK(at > 0);
    CHECK_EQUAL(sys_aspace_protect(HANDLE_SELF, (uint64_t)at, PAGE_SIZE, PROT_READ | PROT_WRITE),
                -E_ACCES);
    CHECK_EQUAL(sys_memory_resize(read_only, 2 * PAGE_SIZE), -E_PERM);
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)at, PAGE_SIZE), 0);
    CHECK_EQUAL(sys_memory_create(1ull << 62, MEMORY_CONTIGUOUS, HANDLE_NONE), -E_INVAL);
    CHECK_EQUAL(map(HANDLE_NONE, 1ull << 60, PROT_READ, MAP_PRIVATE), -E_NOMEM);
    sys_handle_close(read_only);
    sys_handle_close(memory);
}

// All memory is asked for: the child dies alone or gets E_NOMEM, and we go on.
static void eat_memory(uint64_t unused)
{
    (void)unused;
    for (;;) {
        int64_t at = map(HANDLE_NONE, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE);
        if (at < 0) {
            sys_process_exit((int32_t)-at);
        }
        for (unsigned i = 0; i < 256; i++) {
            *(volatile char *)(at + i * PAGE_SIZE) = 1;
        }
    }
}

static void check_exhaustion(void)
{
    struct info_memory before;
    struct info_memory after;
    sys_info(INFO_MEMORY, 0, &before, sizeof(before));
    struct child child;
    handle_t dead = new_notification(1);
    uint64_t bits;
    child_start(&child, 0, eat_memory, 0, NULL, CHILD_PRIORITY, 0);
    CHECK_EQUAL(sys_process_watch(child.process, dead), 0);
    CHECK_EQUAL(sys_wait(dead, now() + 60000000000, &bits), 0);
    child_finish(&child, NULL);
    sys_handle_close(dead);
    sys_info(INFO_MEMORY, 0, &after, sizeof(after));
    CHECK(after.free_bytes + (1 << 20) > before.free_bytes);
}

void test_memory(void)
{
    check_copy_on_write();
    check_other_space();
    check_rights();
    check_exhaustion();
}

// ---- pager ----

// Supplies page n of `paged` from page n of `source`, `lives` times; then it dies while a fault may
// wait.
static void pager(uint64_t lives)
{
    struct message message;
    int64_t error = sys_receive(pager_endpoint, &message);
    while (error == 0 && lives-- > 0) {
        if ((message.tag & MESSAGE_FAULT) == 0 || message.badge != 0x77 ||
            sys_memory_supply(paged, message.word[0], source, message.word[0], PAGE_SIZE) != 0) {
            sys_process_exit(2);
        }
        error = sys_reply_receive(pager_endpoint, &message);
    }
    sys_process_exit(0);
}

static void read_paged(uint64_t first)
{
    for (unsigned i = 0; i < AREA_PAGES; i++) {
        unsigned page = ((unsigned)first + i) % AREA_PAGES;
        if (area[page * WORDS + 9] != 0xabc0 + page) {
            sys_process_exit(1);
        }
    }
    // Through a system call as well: the call starts again when the page has come.
    struct futex_wait_args args = {.aspace = HANDLE_SELF,
                                   .address = (uint64_t)&area[4],
                                   .expected = 1,
                                   .bitset = ~0u,
                                   .deadline = DEADLINE_NOW};
    sys_process_exit(sys_futex_wait(&args) == -E_AGAIN ? 0 : 3);
}

void test_pager(void)
{
    pager_endpoint = new_endpoint();
    handle_t badged = with_badge(pager_endpoint, 0x77);
    source = (handle_t)sys_memory_create(AREA_BYTES, 0, HANDLE_NONE);
    volatile uint32_t *fill =
        (volatile uint32_t *)map(source, AREA_BYTES, PROT_READ | PROT_WRITE, 0);
    for (unsigned i = 0; i < AREA_PAGES; i++) {
        fill[i * WORDS + 9] = 0xabc0 + i;
    }
    paged = (handle_t)sys_memory_create(AREA_BYTES, MEMORY_PAGED, badged);
    area = (volatile uint32_t *)map(paged, AREA_BYTES, PROT_READ | PROT_WRITE, 0);
    const handle_t handles[] = {pager_endpoint, paged, source, HANDLE_NONE};
    struct child server;
    struct child clients[2];
    struct process_status status;
    child_start(&server, 0, pager, 5, handles, CHILD_PRIORITY, 0);
    for (unsigned i = 0; i < 2; i++) {
        child_start(&clients[i], i + 1, read_paged, i * 7, NULL, CHILD_PRIORITY, 0);
    }
    // The first incarnation dies after five pages, with a fault in its hands; the second finishes.
    child_finish(&server, &status);
    child_start(&server, 0, pager, 1000, handles, CHILD_PRIORITY, 0);
    for (unsigned i = 0; i < 2; i++) {
        child_finish(&clients[i], &status);
        CHECK_EQUAL(status.cause, DEATH_EXIT);
        CHECK_EQUAL(status.code, 0);
    }
    // What was written is dirty, once.
    uint8_t bitmap[AREA_PAGES / 8] = {0};
    area[2 * WORDS] = 1;
    CHECK_EQUAL(sys_memory_dirty(paged, 0, AREA_PAGES, bitmap, true), 1);
    CHECK_EQUAL(bitmap[0], 1 << 2);
    CHECK_EQUAL(sys_memory_dirty(paged, 0, AREA_PAGES, bitmap, true), 0);
    area[2 * WORDS] = 2;
    CHECK_EQUAL(sys_memory_dirty(paged, 0, AREA_PAGES, bitmap, false), 1);
    // Dropped pages are fetched again.
    CHECK_EQUAL(sys_memory_decommit(paged, 0, AREA_BYTES), 0);
    CHECK_EQUAL(area[9], 0xabc0);
    child_kill(&server);
    child_finish(&server, NULL);
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)area, AREA_BYTES), 0);
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)fill, AREA_BYTES), 0);
    sys_handle_close(paged);
    sys_handle_close(source);
    sys_handle_close(badged);
    sys_handle_close(pager_endpoint);
}
