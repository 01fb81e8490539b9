// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Threads and locks of a native process.
//
// Stacks lie in slots of NATIVE_STACK_BYTES in NATIVE_STACK_AREA. `slot_used` has a bit for each
// slot a thread runs on, claimed by thread_start and cleared by the thread's last instructions
// (thread_leave, assembly); `slot_mapped` one for each slot whose memory exists, written under
// thread_mutex only. A slot is never unmapped: it waits for the next thread.

#include "lib/sys/thread.h"
#include "lib/sys/layout.h"

#include <string.h>

enum { SLOT_WORDS = NATIVE_STACK_SLOTS / 64 };

static struct mutex thread_mutex;            // rank: above nothing but the kernel
static uint64_t slot_used[SLOT_WORDS] = {1}; // slot 0 is the first thread's
static uint64_t slot_mapped[SLOT_WORDS] = {1};

void thread_entry(void);
void thread_run(void (*fn)(void *), void *argument);
__attribute__((noreturn)) void thread_leave(uint64_t *word, uint64_t mask);

static uint64_t slot_base(uint32_t slot)
{
    return NATIVE_STACK_AREA + (uint64_t)slot * NATIVE_STACK_BYTES;
}

static int64_t slot_claim(uint32_t *slot)
{
    for (uint32_t i = 0; i < SLOT_WORDS; i++) {
        uint64_t word = __atomic_load_n(&slot_used[i], __ATOMIC_RELAXED);
        while (word != ~0ull) {
            uint64_t bit = ~word & (word + 1);
            if (__atomic_compare_exchange_n(&slot_used[i], &word, word | bit, false,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
                *slot = i * 64 + (uint32_t)__builtin_ctzll(bit);
                return 0;
            }
        }
    }
    return -E_NOMEM;
}

static void slot_release(uint32_t slot)
{
    __atomic_fetch_and(&slot_used[slot / 64], ~(1ull << slot % 64), __ATOMIC_RELEASE);
}

static int64_t slot_map(uint32_t slot)
{
    struct aspace_map_args args = {
        .address = slot_base(slot) + NATIVE_STACK_GUARD,
        .bytes = NATIVE_STACK_BYTES - NATIVE_STACK_GUARD,
        .memory = HANDLE_NONE,
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_FIXED | MAP_NOREPLACE | MAP_PRIVATE,
    };
    uint64_t bit = 1ull << slot % 64;
    mutex_lock(&thread_mutex);
    int64_t status = 0;
    if (!(slot_mapped[slot / 64] & bit)) {
        status = sys_aspace_map(HANDLE_SELF, &args);
        if (status >= 0) {
            slot_mapped[slot / 64] |= bit;
            status = 0;
        }
    }
    mutex_unlock(&thread_mutex);
    return status;
}

int64_t thread_start(void (*fn)(void *), void *argument, uint32_t priority, uint32_t affinity,
                     handle_t *thread)
{
    uint32_t slot;
    int64_t status = slot_claim(&slot);
    if (status < 0)
        return status;
    status = slot_map(slot);
    if (status < 0)
        goto release;

    uint64_t top = slot_base(slot) + NATIVE_STACK_BYTES - THREAD_LOCAL_BYTES;
    struct thread_block *block = (struct thread_block *)top;
    memset(block, 0, sizeof(*block));
    block->slot = slot;
    struct thread_args args = {
        .entry = (uint64_t)thread_entry,
        .stack = top,
        .argument = {(uint64_t)fn, (uint64_t)argument},
        .ipc_buffer = (uint64_t)&block->ipc,
        .priority = priority,
        .affinity = affinity,
    };
    status = sys_thread_create(HANDLE_SELF, &args);
    if (status < 0)
        goto release;
    if (thread)
        *thread = (handle_t)status;
    else
        (void)sys_handle_close((handle_t)status); // just made: it is ours
    return 0;

release:
    slot_release(slot);
    return status;
}

void thread_run(void (*fn)(void *), void *argument)
{
    fn(argument);
    thread_exit();
}

void thread_exit(void)
{
    static uint64_t nothing;
    uint32_t slot = thread_self()->slot;
    if (!slot)
        thread_leave(&nothing, ~0ull); // the first thread's stack is kept
    thread_leave(&slot_used[slot / 64], ~(1ull << slot % 64));
}

void thread_sleep_until(time_ns_t deadline)
{
    uint64_t bits;
    while (sys_wait(HANDLE_NONE, deadline, &bits) == -E_INTR)
        ;
}
