// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// One unit: its registers, and the queue by which it is told to forget (VT-d 3.3, 6.5.2). The queue
// is used for one request at a time, followed by a descriptor that has the unit write an answer.

#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/vtd.h"
#include "kernel/core/panic.h"
#include "kernel/mm/page.h"

enum {
    ANSWER_SPINS = 100000000, // polls of an answer or a status before the unit counts as broken
    QUEUE_ENTRIES = PAGE_SIZE / sizeof(struct vtd_descriptor),
    CACHE_LINE = 64,
};

uint32_t vtd_read(const struct iommu_unit *unit, uint32_t offset)
{
    return *(const volatile uint32_t *)(unit->registers + offset);
}

uint64_t vtd_read64(const struct iommu_unit *unit, uint32_t offset)
{
    return *(const volatile uint64_t *)(unit->registers + offset);
}

void vtd_write(struct iommu_unit *unit, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(unit->registers + offset) = value;
}

void vtd_write64(struct iommu_unit *unit, uint32_t offset, uint64_t value)
{
    *(volatile uint64_t *)(unit->registers + offset) = value;
}

void *vtd_page(void)
{
    struct page *page = page_allocate(0, PAGE_ZEROED);
    if (page == NULL) {
        panic("iommu: no memory for its tables");
    }
    return physical_to_virtual(page_physical(page));
}

void vtd_written(const struct iommu_unit *unit, const void *at, size_t bytes)
{
    if ((unit->extended & VTD_EXT_COHERENT) != 0) {
        return;
    }
    uintptr_t first = (uintptr_t)at & ~(uintptr_t)(CACHE_LINE - 1);
    for (uintptr_t line = first; line < (uintptr_t)at + bytes; line += CACHE_LINE) {
        __asm__ volatile("clflush %0" : : "m"(*(const volatile char *)line));
    }
    __asm__ volatile("mfence" : : : "memory");
}

void vtd_command(struct iommu_unit *unit, uint32_t command)
{
    uint32_t state = vtd_read(unit, VTD_STATUS) & (uint32_t)VTD_STATE;
    vtd_write(unit, VTD_COMMAND, state | command);
    for (unsigned i = 0; (vtd_read(unit, VTD_STATUS) & command) == 0; i++) {
        if (i == ANSWER_SPINS) {
            panic("iommu: the unit at 0x%lx does not carry out command 0x%x", unit->dmar->registers,
                  command);
        }
    }
}

// Once the unit is off: what a boot loader may have left on.
static void switch_off(struct iommu_unit *unit)
{
    const uint32_t on[] = {(uint32_t)VTD_ENABLE_TRANSLATION, VTD_ENABLE_REMAPPING,
                           VTD_ENABLE_QUEUE};
    for (unsigned i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
        uint32_t state = vtd_read(unit, VTD_STATUS) & (uint32_t)VTD_STATE;
        if ((state & on[i]) == 0) {
            continue;
        }
        vtd_write(unit, VTD_COMMAND, state & ~on[i]);
        for (unsigned spins = 0; (vtd_read(unit, VTD_STATUS) & on[i]) != 0; spins++) {
            if (spins == ANSWER_SPINS) {
                panic("iommu: the unit at 0x%lx cannot be switched off", unit->dmar->registers);
            }
        }
    }
}

void vtd_unit_start(struct iommu_unit *unit, const struct dmar_unit *dmar)
{
    unit->dmar = dmar;
    unit->registers = mmu_map_device(dmar->registers, VTD_REGISTER_BYTES, MEMORY_DEVICE);
    unit->capability = vtd_read64(unit, VTD_CAPABILITY);
    unit->extended = vtd_read64(unit, VTD_EXTENDED);
    if (vtd_read(unit, VTD_VERSION) == ~0u || (unit->extended & VTD_EXT_QUEUE) == 0 ||
        (unit->capability & (VTD_CAP_39_BITS | VTD_CAP_48_BITS)) == 0 ||
        VTD_CAP_FAULT_OFFSET(unit->capability) + VTD_CAP_FAULT_RECORDS(unit->capability) * 16ull >
            VTD_REGISTER_BYTES) {
        panic("iommu: the unit at 0x%lx lacks queued invalidation or 39- or 48-bit tables; start "
              "without it (./run --no-iommu) or with iommu=off",
              dmar->registers);
    }
    unit->levels = (unit->capability & VTD_CAP_39_BITS) != 0 ? 3 : 4;
    switch_off(unit);
    unit->root = vtd_page();
    unit->queue = vtd_page();
    unit->answer = vtd_page();
    vtd_write64(unit, VTD_QUEUE_TAIL, 0);
    vtd_write64(unit, VTD_QUEUE_ADDRESS, virtual_to_physical(unit->queue));
    vtd_command(unit, VTD_ENABLE_QUEUE);
}

static void put(struct iommu_unit *unit, uint64_t low, uint64_t high)
{
    struct vtd_descriptor *descriptor = &unit->queue[unit->queue_tail];
    *descriptor = (struct vtd_descriptor){low, high};
    vtd_written(unit, descriptor, sizeof(*descriptor));
    unit->queue_tail = (unit->queue_tail + 1) % QUEUE_ENTRIES;
}

void vtd_flush_writes(struct iommu_unit *unit)
{
    if ((unit->capability & VTD_CAP_WRITE_FLUSH) == 0) {
        return;
    }
    uint32_t state = vtd_read(unit, VTD_STATUS) & (uint32_t)VTD_STATE;
    vtd_write(unit, VTD_COMMAND, state | VTD_FLUSH_WRITES);
    for (unsigned i = 0; (vtd_read(unit, VTD_STATUS) & VTD_FLUSH_WRITES) != 0; i++) {
        if (i == ANSWER_SPINS) {
            panic("iommu: the unit at 0x%lx does not flush its writes", unit->dmar->registers);
        }
    }
}

void vtd_forget(struct iommu_unit *unit, uint64_t low, uint64_t high)
{
    vtd_flush_writes(unit);
    unit->asked++;
    put(unit, low, high);
    put(unit, (uint64_t)unit->asked << 32 | VTD_WRITE_STATUS | VTD_WAIT,
        virtual_to_physical((const void *)(uintptr_t)unit->answer));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    vtd_write64(unit, VTD_QUEUE_TAIL, unit->queue_tail * sizeof(struct vtd_descriptor));
    for (unsigned i = 0; *unit->answer != unit->asked; i++) {
        uint32_t status = vtd_read(unit, VTD_FAULT_STATUS);
        if (i == ANSWER_SPINS || (status & VTD_FAULT_QUEUE) != 0) {
            panic("iommu: the unit at 0x%lx does not carry out an invalidation (status 0x%x)",
                  unit->dmar->registers, status);
        }
        cpu_relax_in_kernel();
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}
