// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/arch/x86_64/apic.h"

#include "abi/error.h"
#include "kernel/arch/irq_chip.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/io.h"
#include "kernel/core/cpu.h"
#include "kernel/core/panic.h"

enum {
    MSR_APIC_BASE = 0x1b,
    APIC_BASE_X2APIC = 1 << 10,
    APIC_BASE_ENABLE = 1 << 11,
    MSR_X2APIC = 0x800, // + register / 16

    // Local APIC registers
    APIC_ID = 0x20,
    APIC_TASK_PRIORITY = 0x80,
    APIC_EOI = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_ICR_LOW = 0x300,
    APIC_ICR_HIGH = 0x310,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_CURRENT = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
    APIC_SOFTWARE_ENABLE = 1 << 8,
    APIC_LVT_MASKED = 1 << 16,
    APIC_LVT_TSC_DEADLINE = 2 << 17,
    APIC_DIVIDE_BY_1 = 0xb,
    APIC_ICR_PENDING = 1 << 12,
    APIC_ICR_SPINS = 1000000,

    // I/O APIC
    IOAPIC_SELECT = 0x00,
    IOAPIC_WINDOW = 0x10,
    IOAPIC_VERSION = 1,
    IOAPIC_REDIRECTION = 0x10,
    REDIRECTION_MASKED = 1 << 16,
    REDIRECTION_LEVEL = 1 << 15,
    REDIRECTION_ACTIVE_LOW = 1 << 13,

    PIC1_DATA = 0x21,
    PIC2_DATA = 0xa1,

    MSI_ADDRESS = (int)0xfee00000,
    CPUID_X2APIC = 1 << 21,
};

static volatile uint32_t *registers;
static bool x2apic;
static volatile uint32_t *ioapic[IOAPIC_MAX];
static uint32_t ioapic_lines[IOAPIC_MAX];

static inline void apic_write(unsigned reg, uint32_t value)
{
    if (x2apic) {
        msr_write(MSR_X2APIC + reg / 16, value);
    } else {
        registers[reg / 4] = value;
    }
}

static inline uint32_t apic_read(unsigned reg)
{
    return x2apic ? (uint32_t)msr_read(MSR_X2APIC + reg / 16) : registers[reg / 4];
}

uint32_t apic_id(void)
{
    uint32_t id = apic_read(APIC_ID);
    return x2apic ? id : id >> 24;
}

void apic_end_of_interrupt(void)
{
    apic_write(APIC_EOI, 0);
}

void apic_send(uint32_t target, uint32_t command)
{
    if (x2apic) {
        msr_write(MSR_X2APIC + APIC_ICR_LOW / 16, (uint64_t)target << 32 | command);
        return;
    }
    for (unsigned i = 0; (apic_read(APIC_ICR_LOW) & APIC_ICR_PENDING) != 0; i++) {
        if (i == APIC_ICR_SPINS) {
            panic("apic: an interrupt command was never delivered");
        }
    }
    apic_write(APIC_ICR_HIGH, target << 24);
    apic_write(APIC_ICR_LOW, command);
}

void apic_timer_start(uint32_t count)
{
    apic_write(APIC_TIMER_INITIAL, count);
}

uint32_t apic_timer_left(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}

void apic_timer_deadline_mode(void)
{
    apic_write(APIC_LVT_TIMER, IRQ_VECTOR_TIMER | APIC_LVT_TSC_DEADLINE);
}

static uint32_t ioapic_read(unsigned index, uint32_t reg)
{
    ioapic[index][IOAPIC_SELECT / 4] = reg;
    return ioapic[index][IOAPIC_WINDOW / 4];
}

static void ioapic_write(unsigned index, uint32_t reg, uint32_t value)
{
    ioapic[index][IOAPIC_SELECT / 4] = reg;
    ioapic[index][IOAPIC_WINDOW / 4] = value;
}

void apic_init(void)
{
    port_write8(PIC1_DATA, 0xff);
    port_write8(PIC2_DATA, 0xff);
    x2apic = (cpuid(1, 0).ecx & CPUID_X2APIC) != 0;
    if (!x2apic) {
        registers = mmu_map_device(acpi_info.local_apic, PAGE_SIZE, MEMORY_DEVICE);
    }
    for (unsigned i = 0; i < acpi_info.ioapic_count; i++) {
        ioapic[i] = mmu_map_device(acpi_info.ioapic[i].address, PAGE_SIZE, MEMORY_DEVICE);
        ioapic_lines[i] = (ioapic_read(i, IOAPIC_VERSION) >> 16 & 0xff) + 1;
        for (uint32_t line = 0; line < ioapic_lines[i]; line++) {
            ioapic_write(i, IOAPIC_REDIRECTION + line * 2, REDIRECTION_MASKED);
        }
    }
}

void apic_init_cpu(void)
{
    uint64_t base = msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE;
    msr_write(MSR_APIC_BASE, base);
    if (x2apic) {
        msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
    }
    apic_write(APIC_SPURIOUS, APIC_SOFTWARE_ENABLE | IRQ_VECTOR_SPURIOUS);
    apic_write(APIC_TASK_PRIORITY, 0);
    apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
    apic_write(APIC_LVT_LINT1, APIC_LVT_MASKED);
    apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
    apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER, IRQ_VECTOR_TIMER);
}

void ipi_send(unsigned cpu, enum ipi what)
{
    static const uint32_t vector[] = {[IPI_RESCHEDULE] = IRQ_VECTOR_RESCHEDULE,
                                      [IPI_TLB] = IRQ_VECTOR_TLB,
                                      [IPI_STOP] = IRQ_VECTOR_STOP};
    apic_send(cpus[cpu].hardware_id, APIC_COMMAND_FIXED | vector[what]);
}

// ---- device interrupts (kernel/arch/irq_chip.h) ----

// An I/O APIC and its redirection register for a global line; false: there is none.
static bool find_line(uint32_t line, unsigned *index, uint32_t *reg)
{
    for (unsigned i = 0; i < acpi_info.ioapic_count; i++) {
        uint32_t first = acpi_info.ioapic[i].first_line;
        if (line >= first && line - first < ioapic_lines[i]) {
            *index = i;
            *reg = IOAPIC_REDIRECTION + (line - first) * 2;
            return true;
        }
    }
    return false;
}

// ISA interrupts may be wired to another line and polarity (MADT overrides).
static uint32_t translate(uint32_t line)
{
    return line < ISA_IRQS ? acpi_info.isa[line].line : line;
}

int irq_chip_connect(uint32_t line, unsigned vector, uint32_t *flags)
{
    unsigned index;
    uint32_t reg;
    if (!find_line(translate(line), &index, &reg)) {
        return -E_NODEV;
    }
    uint32_t value = REDIRECTION_MASKED | vector;
    *flags |= line < ISA_IRQS && acpi_info.isa[line].level ? (uint32_t)IRQ_LEVEL : 0u;
    bool level = (*flags & IRQ_LEVEL) != 0;
    bool low =
        (*flags & IRQ_ACTIVE_LOW) != 0 || (line < ISA_IRQS && acpi_info.isa[line].active_low);
    value |= level ? (uint32_t)REDIRECTION_LEVEL : 0u;
    value |= low ? (uint32_t)REDIRECTION_ACTIVE_LOW : 0u;
    ioapic_write(index, reg + 1, cpus[0].hardware_id << 24);
    ioapic_write(index, reg, value);
    return 0;
}

static void set_masked(uint32_t line, bool masked)
{
    unsigned index;
    uint32_t reg;
    if (find_line(translate(line), &index, &reg)) {
        uint32_t value = ioapic_read(index, reg) & ~(uint32_t)REDIRECTION_MASKED;
        ioapic_write(index, reg, value | (masked ? (uint32_t)REDIRECTION_MASKED : 0u));
    }
}

void irq_chip_mask(uint32_t line)
{
    set_masked(line, true);
}

void irq_chip_unmask(uint32_t line)
{
    set_masked(line, false);
}

// Message-signalled interrupts (SDM volume 3, 11.11), spread over the CPUs in turn.
int irq_chip_message(unsigned vector, struct irq_args *args)
{
    static unsigned next;
    unsigned cpu = next++ % cpu_count();
    args->msi_address = (uint32_t)MSI_ADDRESS | cpus[cpu].hardware_id << 12;
    args->msi_data = vector;
    return 0;
}

// The vector is all there is.
void irq_chip_message_end(unsigned vector)
{
    (void)vector;
}
