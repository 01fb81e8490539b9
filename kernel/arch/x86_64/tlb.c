// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// TLB shootdown.
//
// Each CPU owns one request (what is to be forgotten, and a mask of the CPUs that still have to)
// and one inbox (a mask of the CPUs whose request concerns it). To flush: fill the own request, set
// the own bit in each target's inbox, send IPI_TLB, wait until the request's mask is empty.
//
// No deadlock. A CPU waits here, or spins for a lock (cpu_relax_in_kernel), only while it keeps
// answering its inbox; answering takes no lock and waits for nobody. Every other stretch of kernel
// code is bounded, runs with interrupts off, and ends in user mode or idle, where the IPI arrives.
// So each target answers, whatever locks the requester holds. Two CPUs that ask each other answer
// each other in their wait loops.
//
// No stale translation. A space's `cpus` has the bit of every CPU that may hold translations of it:
//   loading CPU:   (1) set own bit [locked RMW]  (2) write CR3  (3) walks tables
//   flushing CPU:  (1) change the entry          (2) full fence (3) read `cpus`
// One of the two second accesses comes later in the order of the fenced ones. If the loader's bit
// is missing from what the flusher read, the loader's walk comes after the change; else the loader
// is asked and answers after its CR3 write or before it, with no translation of that space either
// way. Without PCID, writing CR3 drops all translations of the space left, so a CPU clears its bit
// there only after that (mmu_space_switch).
//
// No use after free of a space. The last thing a CPU does to the space it leaves is clearing its
// bit. tlb_unload returns once every CPU whose bit it saw has answered; a CPU answers between two
// switches, never inside one.
//
// The answer is a release, the requester's look at its mask an acquire: what the requester frees is
// not used by a translation that was still in use before the answer.

#include "kernel/arch/mmu.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"

enum {
    FLUSH_SINGLE_MAX = 32, // pages flushed one by one; more: the whole TLB but for global pages
};

// A CPU that does not answer within so many counter ticks (20 s and more) is lost.
#define ANSWER_TICKS_MAX (1ull << 36)

enum request_kind { REQUEST_FLUSH, REQUEST_UNLOAD };

struct request {
    uint32_t pending; // atomic
    uint32_t kind;
    uint64_t start, end;
    struct mmu_space *space;
} __attribute__((aligned(64)));

struct inbox {
    uint32_t from; // atomic
} __attribute__((aligned(64)));

struct mmu_loaded mmu_loaded[CPU_MAX];

static struct request requests[CPU_MAX];
static struct inbox inboxes[CPU_MAX];

static void write_root(physical_t root)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(root) : "memory");
}

static void flush_local(uint64_t start, uint64_t end)
{
    if ((end - start) >> PAGE_SHIFT > FLUSH_SINGLE_MAX) {
        uint64_t root;
        __asm__ volatile("mov %%cr3, %0" : "=r"(root));
        write_root(root);
        return;
    }
    for (uint64_t address = start; address < end; address += PAGE_SIZE) {
        __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
    }
}

void mmu_space_switch(struct mmu_space *space)
{
    struct mmu_loaded *loaded = &mmu_loaded[cpu_index()];
    uint32_t self = 1u << cpu_index();
    struct mmu_space *old = loaded->space;
    __atomic_fetch_or(&space->cpus, self, __ATOMIC_SEQ_CST);
    write_root(space->root);
    loaded->space = space;
    __atomic_fetch_and(&old->cpus, ~self, __ATOMIC_RELEASE);
}

void tlb_answer_requests(void)
{
    unsigned cpu = cpu_index();
    if (__atomic_load_n(&inboxes[cpu].from, __ATOMIC_RELAXED) == 0) {
        return;
    }
    uint32_t from = __atomic_exchange_n(&inboxes[cpu].from, 0, __ATOMIC_ACQUIRE);
    for (; from != 0; from &= from - 1) {
        struct request *request = &requests[__builtin_ctz(from)];
        if (request->kind == REQUEST_FLUSH) {
            flush_local(request->start, request->end);
        } else if (mmu_loaded[cpu].space == request->space) {
            mmu_space_switch(&mmu_kernel_space);
        }
        __atomic_fetch_and(&request->pending, ~(1u << cpu), __ATOMIC_RELEASE);
    }
}

static void ask(uint32_t targets, const struct request *what)
{
    unsigned cpu = cpu_index();
    struct request *request = &requests[cpu];
    request->kind = what->kind;
    request->start = what->start;
    request->end = what->end;
    request->space = what->space;
    __atomic_store_n(&request->pending, targets, __ATOMIC_RELEASE);
    for (uint32_t left = targets; left != 0; left &= left - 1) {
        unsigned target = (unsigned)__builtin_ctz(left);
        __atomic_fetch_or(&inboxes[target].from, 1u << cpu, __ATOMIC_SEQ_CST);
        ipi_send(target, IPI_TLB);
    }
    uint64_t began = cpu_counter();
    while (__atomic_load_n(&request->pending, __ATOMIC_ACQUIRE) != 0) {
        tlb_answer_requests();
        __builtin_ia32_pause();
        if (cpu_counter() - began > ANSWER_TICKS_MAX) {
            panic("TLB shootdown: no answer from CPUs %#x", request->pending);
        }
    }
}

void tlb_flush_range(struct mmu_space *space, uint64_t start, uint64_t end)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint32_t cpus = __atomic_load_n(&space->cpus, __ATOMIC_RELAXED);
    uint32_t self = 1u << cpu_index();
    if ((cpus & self) != 0) {
        flush_local(start, end);
    }
    if ((cpus & ~self) != 0) {
        const struct request what = {
            .kind = REQUEST_FLUSH, .start = start, .end = end, .space = space};
        ask(cpus & ~self, &what);
    }
}

void tlb_unload(struct mmu_space *space)
{
    if (mmu_loaded[cpu_index()].space == space) {
        mmu_space_switch(&mmu_kernel_space);
    }
    uint32_t cpus = __atomic_load_n(&space->cpus, __ATOMIC_ACQUIRE);
    if (cpus != 0) {
        const struct request what = {.kind = REQUEST_UNLOAD, .space = space};
        ask(cpus, &what);
    }
}
