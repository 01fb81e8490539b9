// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a block driver does wrong when it is told to, for tests of recovery (abi/rs.h, RS_FAULT).

#include "abi/error.h"
#include "lib/block/server.h"
#include "lib/block/server_os.h"

enum {
    FORGED = 3,          // completions
    STRAY_INDEX = 12345, // added to the rings' indices
};

// Below all bus addresses that the kernel hands out.
#define STRAY_BUS 0x1000ull

static void forge_completions(struct block_session *session)
{
    for (uint64_t i = 0; i < FORGED; i++) {
        struct block_completion completion = {
            .cookie = i * 0x9e3779b97f4a7c15ull,
            .bytes = UINT64_MAX - i,
            .status = (int32_t)i * 100000,
            .generation = session->generation,
        };
        (void)ring_push(&session->completions, &completion); // full: the indices will do
    }
    (void)ring_publish(&session->completions);
}

static void break_indices(struct block_session *session)
{
    struct ring_shared *requests = session->requests.side.shared;
    struct ring_shared *completions = session->completions.side.shared;
    __atomic_add_fetch(&requests->tail, STRAY_INDEX, __ATOMIC_RELEASE);
    __atomic_add_fetch(&completions->head, STRAY_INDEX, __ATOMIC_RELEASE);
    block_os_signal(session->notification);
}

// One of the library's own reads, into memory that nobody mapped.
static int stray_read(struct block_unit *unit)
{
    static struct block_pending stray;
    stray = (struct block_pending){
        .op = BLOCK_READ, .bytes = unit->config.block_bytes, .result = -E_INPROGRESS};
    unit->scratch.bus = STRAY_BUS;
    block_list_add(&unit->own, &stray);
    schedule_dispatch(unit);
    return 0;
}

int block_server_inject(struct driver *driver, enum rs_fault fault)
{
    (void)driver;
    if (fault == RS_FAULT_BAD_DMA)
        return block_server.units > 0 ? stray_read(block_server.unit[0]) : -E_NODEV;
    if (fault != RS_FAULT_GARBAGE)
        return -E_OPNOTSUPP;
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++) {
        struct block_session *session = &block_server.session[i];
        if (!session->in_use || session->closing)
            continue;
        forge_completions(session);
        break_indices(session);
    }
    return 0;
}
