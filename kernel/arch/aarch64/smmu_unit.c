// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers, command queue and event queue. Commands go one at a time, each followed by one that
// waits (4.7.3): when the unit has taken that, what was to be forgotten is.
//
// A device may fault as fast as it can: see smmu_count_fault. Events that find the queue full are
// lost; what they tell is known by then.

#include "kernel/arch/aarch64/board.h"
#include "kernel/arch/aarch64/gic.h"
#include "kernel/arch/aarch64/smmu.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/irq_vectors.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/panic.h"
#include "kernel/dev/dma.h"

enum {
    COMMAND_BITS = 8, // a page of 16 bytes each
    EVENT_BITS = 7,   // a page of 32 bytes each
    WAIT_SPINS = 10000000,
};

static uint32_t read(uint32_t offset)
{
    return *(volatile uint32_t *)(smmu.registers + offset);
}

static void write(uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(smmu.registers + offset) = value;
}

static void write64(uint32_t offset, uint64_t value)
{
    *(volatile uint64_t *)(smmu.registers + offset) = value;
}

// A control register whose other half shows when the value counts.
static void control(uint32_t offset, uint32_t shown_at, uint32_t value)
{
    write(offset, value);
    for (unsigned i = 0; read(shown_at) != value; i++) {
        if (i == WAIT_SPINS) {
            panic("iommu: the SMMU does not take 0x%x over at 0x%x", value, offset);
        }
    }
}

void *smmu_pages(unsigned order)
{
    struct page *page = page_allocate(order, PAGE_ZEROED);
    return page == NULL ? NULL : physical_to_virtual(page_physical(page));
}

static void *boot_pages(unsigned order)
{
    void *pages = smmu_pages(order);
    if (pages == NULL) {
        panic("iommu: no memory for its tables");
    }
    return pages;
}

// ---- commands ----

static uint32_t put(uint64_t word0, uint64_t word1)
{
    struct smmu_command *command = &smmu.commands[smmu.command_next % (1u << COMMAND_BITS)];
    *command = (struct smmu_command){{word0, word1}};
    return ++smmu.command_next & ((2u << COMMAND_BITS) - 1);
}

void smmu_do(uint64_t word0, uint64_t word1)
{
    (void)put(word0, word1);
    uint32_t end = put(COMMAND_SYNC, 0);
    dsb_sy(); // entries and tables before the index
    write(SMMU_COMMANDS_PROD, end);
    for (unsigned i = 0;; i++) {
        uint32_t taken = read(SMMU_COMMANDS_CONS);
        if (SMMU_CONS_ERROR(taken) != 0 || i == WAIT_SPINS) {
            panic("iommu: the SMMU does not carry out command 0x%lx (error %u)", word0 & 0xff,
                  SMMU_CONS_ERROR(taken));
        }
        if (taken == end) {
            break;
        }
        cpu_relax_in_kernel();
    }
    dsb_sy();
}

// ---- events ----

static void take_event(const struct smmu_event *event)
{
    uint32_t device = EVENT_STREAM(event);
    bool addressed =
        EVENT_KIND(event) >= EVENT_TRANSLATION_FIRST && EVENT_KIND(event) <= EVENT_TRANSLATION_LAST;
    uint64_t bus = addressed ? event->word[2] & ~(uint64_t)(PAGE_SIZE - 1) : 0;
    dma_fault(device, bus, !EVENT_READ(event));
    smmu_count_fault(device);
}

void smmu_event_interrupt(void)
{
    uint32_t errors = read(SMMU_GERROR);
    if (errors != read(SMMU_GERRORN)) {
        kernel_log("iommu: SMMU errors 0x%x", errors ^ read(SMMU_GERRORN));
        write(SMMU_GERRORN, errors);
    }
    uint32_t mask = (2u << EVENT_BITS) - 1;
    for (unsigned n = 0; n < 1u << EVENT_BITS; n++) {
        if ((read(SMMU_EVENTS_PROD) & mask) == (smmu.event_next & mask)) {
            break;
        }
        dsb_sy();
        struct smmu_event event = smmu.events[smmu.event_next % (1u << EVENT_BITS)];
        smmu.event_next++;
        // The overflow flag is taken over with the index.
        write(SMMU_EVENTS_CONS,
              (smmu.event_next & mask) | (read(SMMU_EVENTS_PROD) & ~(mask | 0x7fffffffu)));
        take_event(&event);
    }
}

static void connect(uint32_t line)
{
    if (!gic_connect_own(line, IRQ_VECTOR_IOMMU)) {
        panic("iommu: the device tree names no interrupt for the SMMU's events; start without it "
              "(./run --no-iommu) or with iommu=off");
    }
}

// ---- boot ----

static void abort_everything(void)
{
    write(SMMU_GBPA, (uint32_t)GBPA_UPDATE | GBPA_ABORT);
    for (unsigned i = 0; (read(SMMU_GBPA) & (uint32_t)GBPA_UPDATE) != 0; i++) {
        if (i == WAIT_SPINS) {
            panic("iommu: the SMMU cannot be told to stop accesses");
        }
    }
    control(SMMU_CR0, SMMU_CR0ACK, 0);
}

static void check_features(void)
{
    uint32_t idr0 = read(SMMU_IDR0);
    uint32_t idr1 = read(SMMU_IDR1);
    uint32_t needed = IDR0_STAGE_1 | IDR0_COHERENT | IDR0_TWO_LEVELS;
    if ((idr0 & needed) != needed || (read(SMMU_IDR5) & IDR5_PAGES_4K) == 0 ||
        SMMU_IDR1_STREAM_BITS(idr1) < STREAM_BITS || SMMU_IDR1_EVENT_BITS(idr1) < EVENT_BITS ||
        SMMU_IDR1_COMMAND_BITS(idr1) < COMMAND_BITS) {
        panic("iommu: the SMMU lacks stage 1, coherent two-level stream tables of 16 bits or pages "
              "of 4 KiB; start without it (./run --no-iommu) or with iommu=off");
    }
    smmu.address_bits = read(SMMU_IDR5) & IDR5_ADDRESS_BITS;
}

void smmu_start(void)
{
    smmu.registers = mmu_map_device(board_info.smmu, SMMU_BYTES, MEMORY_DEVICE);
    abort_everything();
    check_features();
    smmu.buses = boot_pages(0);
    smmu.contexts = boot_pages(2); // SMMU_NUMBERS of 64 bytes
    smmu.commands = boot_pages(0);
    smmu.events = boot_pages(0);
    write(SMMU_CR1, CR1_CACHED);
    write(SMMU_CR2, CR2_NO_BROADCAST | CR2_UNKNOWN_RECORDED);
    write64(SMMU_STREAMS_BASE, SMMU_ALLOCATE | virtual_to_physical(smmu.buses));
    write(SMMU_STREAMS_FORMAT,
          STREAMS_TWO_LEVELS | STREAM_SPLIT << STREAMS_SPLIT_SHIFT | STREAM_BITS);
    write64(SMMU_COMMANDS_BASE, SMMU_ALLOCATE | virtual_to_physical(smmu.commands) | COMMAND_BITS);
    write(SMMU_COMMANDS_PROD, 0);
    write(SMMU_COMMANDS_CONS, 0);
    write64(SMMU_EVENTS_BASE, SMMU_ALLOCATE | virtual_to_physical(smmu.events) | EVENT_BITS);
    write(SMMU_EVENTS_PROD, 0);
    write(SMMU_EVENTS_CONS, 0);
    control(SMMU_CR0, SMMU_CR0ACK, CR0_COMMANDS);
    smmu_do(COMMAND_FORGET_STREAMS, COMMAND_ALL_STREAMS);
    smmu_do(COMMAND_FORGET_PAGES, 0);
    connect(board_info.smmu_events);
    if (board_info.smmu_errors != 0) {
        connect(board_info.smmu_errors);
    }
    control(SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK, IRQ_EVENTS | IRQ_GERROR);
}

void smmu_enable(void)
{
    control(SMMU_CR0, SMMU_CR0ACK, CR0_COMMANDS | CR0_EVENTS | CR0_ENABLED);
}
