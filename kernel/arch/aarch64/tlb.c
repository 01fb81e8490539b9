// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Address-space identifiers and TLB maintenance.
//
// A space owns an ASID from creation to destruction, so switching spaces flushes nothing. Kernel
// mappings are global. TLBI ...IS reaches every CPU by itself: a flush needs no interrupt. Other
// CPUs must be asked only when a space is destroyed, because one of them may still have its root in
// TTBR0_EL1, as the space of a thread that has left.
//
// No stale translation: the changed entry is visible to all table walkers (DSB ISHST) before the
// TLBI, and DSB ISH waits until every CPU has carried it out and no access uses the old translation
// (DDI 0487, D8.14).
//
// No use of a destroyed root: a CPU switches (TTBR0, ISB) before it publishes, with release, that
// another space is loaded. tlb_unload asks every CPU that still shows the dying one, and waits.
// Nobody loads a dying space anew: loading needs a reference, and the last one is gone.
//
// No deadlock: a CPU waits here, or for a lock, only while it keeps answering; answering takes no
// lock and waits for nobody.

#include "kernel/arch/mmu.h"

#include "abi/error.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/aarch64/tlb.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"

enum {
    FLUSH_SINGLE_MAX = 32, // pages flushed one by one; more: the whole space
    ASID_SHIFT = 48,
    ASIDS_MAX = 1 << 16,
    BITS = 64,
};

// A CPU that does not answer within so many counter ticks (20 s and more) is lost.
#define ANSWER_TICKS_MAX (1ull << 36)

struct mmu_loaded mmu_loaded[CPU_MAX];

static uint64_t asid_used[ASIDS_MAX / BITS] = {1}; // bit n: ASID n; 0 is the kernel's own
static unsigned asids;
static unsigned asid_next; // where the search begins: the freed ones rest as long as possible

// The space each CPU wants the others to leave.
static struct mmu_space *unloading[CPU_MAX];
static uint32_t pending[CPU_MAX]; // atomic: CPUs that have not answered it
static uint32_t inbox[CPU_MAX];   // atomic: CPUs whose request concerns this one

void tlb_set_asid_bits(unsigned bits)
{
    asids = 1u << bits;
}

int mmu_root_attach(struct mmu_space *space, mmu_entry_t *root)
{
    (void)root;
    unsigned words = asids / BITS;
    unsigned first = __atomic_load_n(&asid_next, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < words; i++) {
        unsigned word = (first + i) % words;
        uint64_t used = __atomic_load_n(&asid_used[word], __ATOMIC_RELAXED);
        while (used != ~0ull) {
            unsigned bit = (unsigned)__builtin_ctzll(~used);
            if (__atomic_compare_exchange_n(&asid_used[word], &used, used | 1ull << bit, false,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
                space->context = word * BITS + bit;
                __atomic_store_n(&asid_next, bit == BITS - 1 ? (word + 1) % words : word,
                                 __ATOMIC_RELAXED);
                return 0;
            }
        }
    }
    return -E_NOMEM;
}

void mmu_root_detach(struct mmu_space *space, mmu_entry_t *root)
{
    (void)root;
    uint64_t asid = space->context;
    __asm__ volatile("dsb ishst\n\ttlbi aside1is, %0\n\tdsb ish"
                     :
                     : "r"(asid << ASID_SHIFT)
                     : "memory");
    __atomic_fetch_and(&asid_used[asid / BITS], ~(1ull << asid % BITS), __ATOMIC_RELEASE);
}

void mmu_space_switch(struct mmu_space *space)
{
    sysreg_write(ttbr0_el1, space->root | space->context << ASID_SHIFT);
    isb();
    __atomic_store_n(&mmu_loaded[cpu_index()].space, space, __ATOMIC_RELEASE);
}

void tlb_flush_range(struct mmu_space *space, uint64_t start, uint64_t end)
{
    uint64_t asid = space->context << ASID_SHIFT;
    __asm__ volatile("dsb ishst" : : : "memory");
    if ((end - start) >> PAGE_SHIFT > FLUSH_SINGLE_MAX) {
        __asm__ volatile("tlbi aside1is, %0" : : "r"(asid) : "memory");
    } else {
        for (uint64_t address = start; address < end; address += PAGE_SIZE) {
            __asm__ volatile("tlbi vae1is, %0" : : "r"(asid | address >> PAGE_SHIFT) : "memory");
        }
    }
    __asm__ volatile("dsb ish" : : : "memory");
}

void tlb_answer_requests(void)
{
    unsigned cpu = cpu_index();
    if (__atomic_load_n(&inbox[cpu], __ATOMIC_RELAXED) == 0) {
        return;
    }
    uint32_t from = __atomic_exchange_n(&inbox[cpu], 0, __ATOMIC_ACQUIRE);
    for (; from != 0; from &= from - 1) {
        unsigned asking = (unsigned)__builtin_ctz(from);
        if (mmu_loaded[cpu].space == unloading[asking]) {
            mmu_space_switch(&mmu_kernel_space);
        }
        __atomic_fetch_and(&pending[asking], ~(1u << cpu), __ATOMIC_RELEASE);
    }
}

static uint32_t others_with(const struct mmu_space *space)
{
    uint32_t found = 0;
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        if (cpu != cpu_index() &&
            __atomic_load_n(&mmu_loaded[cpu].space, __ATOMIC_ACQUIRE) == space) {
            found |= 1u << cpu;
        }
    }
    return found;
}

void tlb_unload(struct mmu_space *space)
{
    unsigned self = cpu_index();
    if (mmu_loaded[self].space == space) {
        mmu_space_switch(&mmu_kernel_space);
    }
    uint32_t targets = others_with(space);
    if (targets == 0) {
        return;
    }
    unloading[self] = space;
    __atomic_store_n(&pending[self], targets, __ATOMIC_RELEASE);
    for (uint32_t left = targets; left != 0; left &= left - 1) {
        unsigned target = (unsigned)__builtin_ctz(left);
        __atomic_fetch_or(&inbox[target], 1u << self, __ATOMIC_SEQ_CST);
        ipi_send(target, IPI_TLB);
    }
    uint64_t began = cpu_counter();
    while (__atomic_load_n(&pending[self], __ATOMIC_ACQUIRE) != 0) {
        tlb_answer_requests();
        __asm__ volatile("yield");
        if (cpu_counter() - began > ANSWER_TICKS_MAX) {
            panic("TLB shootdown: no answer from CPUs %#x", pending[self]);
        }
    }
}
