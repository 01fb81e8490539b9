// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The driver is killed again and again while many requests are in flight. Every request must be
// carried out, none may fail, and what was written must be there.

#include <string.h>

#include "abi/error.h"
#include "abi/rs.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "tests/guest/block/block_test.h"
#include "tests/guest/guest_test.h"

enum {
    KILLS = 3, // within the manifest's retries
    PIECE = 16384,
    PIECES = MEMORY_BYTES / PIECE,
};

static unsigned completed, failed;

static void note(void *context, int status, uint64_t bytes)
{
    (void)context;
    completed++;
    if (status != 0 || bytes != PIECE)
        failed++;
}

static int64_t kill_driver(void)
{
    struct message message = {.tag = message_tag(RS_CONTROL, 1 + RS_NAME_WORDS, 0),
                              .word = {RS_CONTROL_KILL}};
    strncpy((char *)&message.word[1], test_disk_service, RS_NAME_MAX);
    return message_call_retry(startup_handle("rs"), &message);
}

static void submit(struct test_disk *disk, enum block_request_op op, uint32_t piece)
{
    struct block_io io =
        block_io_range(op, WRITE_START + piece * PIECE * 3ull, 0, piece * PIECE, PIECE);
    int status;
    while ((status = block_client_submit(disk->client, &io, note, NULL, NULL)) == -E_AGAIN)
        block_client_wait_any(disk->client, DEADLINE_NEVER);
    CHECK_EQUAL(status, 0);
}

// All pieces in one direction, with the driver killed after some of them are submitted.
static void transfer_all(struct test_disk *disk, enum block_request_op op, uint32_t kill_at)
{
    completed = failed = 0;
    for (uint32_t i = 0; i < PIECES; i++) {
        submit(disk, op, i);
        if (i != kill_at)
            continue;
        block_client_kick(disk->client);
        CHECK_EQUAL(kill_driver(), 0);
    }
    time_ns_t start = sys_clock();
    while (completed < PIECES)
        if (block_client_wait_any(disk->client, start + 60000000000ull) < 0)
            break;
    CHECK_EQUAL(completed, PIECES);
    CHECK_EQUAL(failed, 0);
}

static void fill(struct test_disk *disk, uint32_t seed)
{
    for (uint32_t i = 0; i < MEMORY_BYTES; i += 4) {
        uint32_t word = i * 2654435761u + seed;
        memcpy(disk->data + i, &word, sizeof(word));
    }
}

static bool is_filled(const struct test_disk *disk, uint32_t seed)
{
    for (uint32_t i = 0; i < MEMORY_BYTES; i += 4) {
        uint32_t word;
        memcpy(&word, disk->data + i, sizeof(word));
        if (word != i * 2654435761u + seed)
            return false;
    }
    return true;
}

void test_recovery(void)
{
    struct test_disk disk;
    if (!test_disk_open(&disk, test_disk_name, NULL))
        return;
    struct block_client_stats stats;
    for (uint32_t round = 0; round < KILLS; round++) {
        fill(&disk, round);
        transfer_all(&disk, BLOCK_WRITE, 20 + round * 60);
        CHECK_EQUAL(block_client_flush(disk.client), 0);
        memset(disk.data, 0, MEMORY_BYTES);
        transfer_all(&disk, BLOCK_READ, PIECES); // no kill
        CHECK(is_filled(&disk, round));
    }
    block_client_get_stats(disk.client, &stats);
    CHECK_EQUAL(stats.reattached, KILLS);
    CHECK_EQUAL(stats.failed, 0);
    log_info("recovery: %u drivers replaced, %u requests submitted again",
             (unsigned)stats.reattached, (unsigned)stats.resubmitted);
    test_disk_close(&disk);
}
