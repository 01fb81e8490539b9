// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/arch/aarch64/gic.h"

#include "abi/error.h"
#include "kernel/arch/aarch64/board.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/irq_chip.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/cpu.h"
#include "kernel/core/panic.h"

enum {
    // Distributor
    GICD_CTLR = 0x000,
    GICD_TYPER = 0x004,
    GICD_IGROUPR = 0x080,
    GICD_ISENABLER = 0x100,
    GICD_ICENABLER = 0x180,
    GICD_ICPENDR = 0x280,
    GICD_IPRIORITYR = 0x400,
    GICD_ITARGETSR = 0x800, // version 2
    GICD_ICFGR = 0xc00,
    GICD_SGIR = 0xf00, // version 2
    GICD_IROUTER = 0x6000,
    CTLR_V2_ENABLE = 1,
    CTLR_V3_ENABLE = 0x2, // group 1, non-secure
    CTLR_V3_AFFINITY = 0x10,
    CTLR_V3_PENDING = 1u << 31,
    ICFGR_EDGE = 2,

    // CPU interface, version 2
    GICC_CTLR = 0x00,
    GICC_PMR = 0x04,
    GICC_IAR = 0x0c,
    GICC_EOIR = 0x10,

    // Redistributor, version 3: control frame, then the frame of private interrupts
    GICR_WAKER = 0x014,
    GICR_TYPER = 0x008,
    WAKER_PROCESSOR_SLEEP = 1 << 1,
    WAKER_CHILDREN_ASLEEP = 1 << 2,
    TYPER_VIRTUAL_LPIS = 1 << 1,
    TYPER_LAST = 1 << 4,
    GICR_FRAME = 0x10000,

    // Message frame
    MSI_TYPER = 0x008,
    MSI_SETSPI = 0x040,

    PRIORITY_ALL = 0xff, // every priority may interrupt
    PRIORITY = 0xa0,     // all interrupts have the same
    WAIT_SPINS = 1000000,
    NUMBERS = 1020,
};

static volatile uint32_t *distributor;
static volatile uint32_t *interface;         // version 2
static volatile uint32_t *private_[CPU_MAX]; // where private interrupts' registers are
static uint32_t lines;                       // interrupt numbers there are
static uint8_t vectors[NUMBERS];
static uint32_t message_first, message_count;
static unsigned message_cpu;

static inline bool version3(void)
{
    return board_info.gic_version == 3;
}

static void wait_distributor(void)
{
    for (unsigned i = 0; version3() && (distributor[GICD_CTLR / 4] & CTLR_V3_PENDING) != 0; i++) {
        if (i == WAIT_SPINS) {
            panic("gic: the distributor never takes a change over");
        }
    }
}

// ---- set-up ----

static void init_messages(void)
{
    if (version3() || board_info.gic_v2m == 0) {
        return;
    }
    volatile uint32_t *frame = mmu_map_device(board_info.gic_v2m, PAGE_SIZE, MEMORY_DEVICE);
    uint32_t type = frame[MSI_TYPER / 4];
    uint32_t first = type >> 16 & 0x3ff;
    uint32_t count = type & 0x3ff;
    if (first < GIC_SHARED || first >= lines || count > lines - first) {
        kernel_log("gic: the message frame claims %u interrupts from %u: not used", count, first);
        return;
    }
    message_first = first;
    message_count = count;
}

void gic_init(void)
{
    distributor = mmu_map_device(board_info.gic_distributor.base, board_info.gic_distributor.bytes,
                                 MEMORY_DEVICE);
    if (!version3()) {
        interface =
            mmu_map_device(board_info.gic_cpu.base, board_info.gic_cpu.bytes, MEMORY_DEVICE);
    }
    lines = ((distributor[GICD_TYPER / 4] & 31) + 1) * 32;
    lines = lines < NUMBERS ? lines : NUMBERS;
    distributor[GICD_CTLR / 4] = 0;
    wait_distributor();
    for (uint32_t n = GIC_SHARED; n < lines; n += 32) {
        distributor[GICD_ICENABLER / 4 + n / 32] = ~0u;
        distributor[GICD_ICPENDR / 4 + n / 32] = ~0u;
        if (version3()) {
            distributor[GICD_IGROUPR / 4 + n / 32] = ~0u;
        }
    }
    for (uint32_t n = GIC_SHARED; n < lines; n += 4) {
        distributor[GICD_IPRIORITYR / 4 + n / 4] = PRIORITY * 0x01010101u;
    }
    wait_distributor();
    distributor[GICD_CTLR / 4] =
        version3() ? (uint32_t)(CTLR_V3_ENABLE | CTLR_V3_AFFINITY) : (uint32_t)CTLR_V2_ENABLE;
    wait_distributor();
    init_messages();
    if (version3()) {
        its_init(distributor[GICD_TYPER / 4]);
    }
}

// This CPU's redistributor: the one whose affinity is ours.
static volatile uint32_t *find_redistributor(void)
{
    uint64_t id = sysreg_read(mpidr_el1);
    uint32_t affinity = (uint32_t)(id & 0xffffff) | (uint32_t)(id >> 32 & 0xff) << 24;
    static volatile uint32_t *regions[BOARD_REGION_MAX];
    for (unsigned i = 0; i < board_info.gic_redistributor_count; i++) {
        uint64_t bytes = board_info.gic_redistributor[i].bytes;
        if (regions[i] == NULL) {
            regions[i] = mmu_map_device(board_info.gic_redistributor[i].base, bytes, MEMORY_DEVICE);
        }
        uint64_t step;
        for (uint64_t at = 0; at + 2 * GICR_FRAME <= bytes; at += step) {
            volatile uint32_t *frame = regions[i] + at / 4;
            uint32_t type = frame[GICR_TYPER / 4];
            if (frame[GICR_TYPER / 4 + 1] == affinity) {
                return frame;
            }
            if ((type & TYPER_LAST) != 0) {
                break;
            }
            step = (type & TYPER_VIRTUAL_LPIS) != 0 ? 4 * GICR_FRAME : 2 * GICR_FRAME;
        }
    }
    panic("gic: no redistributor for CPU %x", affinity);
}

static void init_interface3(void)
{
    sysreg_write(s3_0_c12_c12_5, sysreg_read(s3_0_c12_c12_5) | 1); // ICC_SRE_EL1
    isb();
    if ((sysreg_read(s3_0_c12_c12_5) & 1) == 0) {
        panic("gic: the CPU's system registers are switched off by the firmware");
    }
    sysreg_write(s3_0_c4_c6_0, PRIORITY_ALL); // ICC_PMR_EL1
    sysreg_write(s3_0_c12_c12_3, 0);          // ICC_BPR1_EL1
    sysreg_write(s3_0_c12_c12_4, 0);          // ICC_CTLR_EL1: EOI also deactivates
    sysreg_write(s3_0_c12_c12_7, 1);          // ICC_IGRPEN1_EL1
    isb();
}

void gic_init_cpu(void)
{
    volatile uint32_t *frame = distributor;
    if (version3()) {
        frame = find_redistributor();
        frame[GICR_WAKER / 4] &= ~(uint32_t)WAKER_PROCESSOR_SLEEP;
        for (unsigned i = 0; (frame[GICR_WAKER / 4] & WAKER_CHILDREN_ASLEEP) != 0; i++) {
            if (i == WAIT_SPINS) {
                panic("gic: CPU %u's redistributor does not wake up", cpu_index());
            }
        }
        its_init_cpu(frame);
        frame += GICR_FRAME / 4;
        frame[GICD_IGROUPR / 4] = ~0u;
    }
    private_[cpu_index()] = frame;
    frame[GICD_ICENABLER / 4] = 0xffff0000;
    frame[GICD_ICPENDR / 4] = 0xffff0000;
    frame[GICD_ISENABLER / 4] = 0xffff;
    for (unsigned n = 0; n < GIC_SHARED; n += 4) {
        frame[GICD_IPRIORITYR / 4 + n / 4] = PRIORITY * 0x01010101u;
    }
    if (version3()) {
        init_interface3();
    } else {
        interface[GICC_PMR / 4] = PRIORITY_ALL;
        interface[GICC_CTLR / 4] = 1;
    }
}

void gic_enable_timer(void)
{
    private_[cpu_index()][GICD_ISENABLER / 4] = 1u << board_info.timer;
}

// ---- taking interrupts ----

uint32_t gic_acknowledge(void)
{
    if (version3()) {
        uint32_t number = (uint32_t)sysreg_read(s3_0_c12_c12_0); // ICC_IAR1_EL1
        dsb_sy();
        return number;
    }
    return interface[GICC_IAR / 4];
}

void gic_end(uint32_t acknowledged)
{
    if (version3()) {
        sysreg_write(s3_0_c12_c12_1, acknowledged); // ICC_EOIR1_EL1
        isb();
    } else {
        interface[GICC_EOIR / 4] = acknowledged;
    }
}

unsigned gic_vector(uint32_t number)
{
    return number < NUMBERS                        ? vectors[number]
           : number - LPI_FIRST <= IRQ_VECTOR_LAST ? number - LPI_FIRST
                                                   : 0;
}

// The barrier: what was written for the other CPU is there before the interrupt is.
void ipi_send(unsigned cpu, enum ipi what)
{
    uint64_t id = cpus[cpu].hardware_id;
    dsb_sy();
    if (version3()) {
        uint64_t target = (id >> 16 & 0xff) << 32 | (id >> 8 & 0xff) << 16 | (id & 0xf0) << 40 |
                          1ull << (id & 15) | (uint64_t)what << 24;
        sysreg_write(s3_0_c12_c11_5, target); // ICC_SGI1R_EL1
        isb();
    } else {
        distributor[GICD_SGIR / 4] = 1u << (16 + id) | (uint32_t)what;
    }
}

// ---- device interrupts (kernel/arch/irq_chip.h) ----

static void route(uint32_t number, unsigned cpu)
{
    if (version3()) {
        volatile uint64_t *router = (volatile uint64_t *)(distributor + GICD_IROUTER / 4);
        router[number] = cpus[cpu].hardware_id;
    } else {
        ((volatile uint8_t *)distributor)[GICD_ITARGETSR + number] =
            (uint8_t)(1u << cpus[cpu].hardware_id);
    }
}

static void configure(uint32_t number, unsigned vector, bool edge)
{
    volatile uint32_t *configuration = &distributor[GICD_ICFGR / 4 + number / 16];
    uint32_t bit = (uint32_t)ICFGR_EDGE << number % 16 * 2;
    *configuration = edge ? *configuration | bit : *configuration & ~bit;
    vectors[number] = (uint8_t)vector;
}

int irq_chip_connect(uint32_t line, unsigned vector, uint32_t *flags)
{
    if (line < GIC_SHARED || line >= lines || line - message_first < message_count) {
        return -E_NODEV;
    }
    irq_chip_mask(line);
    configure(line, vector, (*flags & IRQ_LEVEL) == 0);
    route(line, 0);
    return 0;
}

void irq_chip_mask(uint32_t line)
{
    distributor[GICD_ICENABLER / 4 + line / 32] = 1u << line % 32;
    wait_distributor();
}

void irq_chip_unmask(uint32_t line)
{
    distributor[GICD_ISENABLER / 4 + line / 32] = 1u << line % 32;
}

// Spread over the CPUs in turn.
int irq_chip_message(unsigned vector, struct irq_args *args)
{
    if (version3()) {
        return its_message(vector, message_cpu++ % cpu_count(), args);
    }
    for (uint32_t number = message_first; number < message_first + message_count; number++) {
        if (vectors[number] == 0) {
            configure(number, vector, true);
            route(number, message_cpu++ % cpu_count());
            irq_chip_unmask(number);
            args->msi_address = board_info.gic_v2m + MSI_SETSPI;
            args->msi_data = number;
            return 0;
        }
    }
    return -E_NODEV;
}

void irq_chip_message_end(unsigned vector)
{
    if (version3()) {
        its_message_end(vector);
        return;
    }
    for (uint32_t number = message_first; number < message_first + message_count; number++) {
        if (vectors[number] == vector) {
            irq_chip_mask(number);
            vectors[number] = 0;
        }
    }
}
