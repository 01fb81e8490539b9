// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The PL011 of QEMU's virt (Arm DDI 0183, 3.3): since the console sent something its transmitter
// has asked for attention, so it interrupts as soon as that is unmasked.

#include "kernel/test/bench_device.h"

#define PL011 0x09000000ull

enum {
    PL011_LINE = 33,
    UARTIMSC = 0x38 / 4,
    TXIM = 1 << 5,
};

handle_t bench_device_handles[BENCH_DEVICE_HANDLES];
static handle_t interrupt;
static volatile uint32_t *registers;

bool bench_device_open(handle_t notification)
{
    struct irq_args irq = {.line = PL011_LINE, .flags = IRQ_LEVEL};
    int64_t mmio = sys_resource_create(root, RESOURCE_MMIO, PL011, PAGE_SIZE);
    int64_t memory = sys_memory_create_physical((handle_t)mmio, PL011, PAGE_SIZE, MEMORY_DEVICE);
    struct aspace_map_args map = {
        .memory = (handle_t)memory, .bytes = PAGE_SIZE, .prot = PROT_READ | PROT_WRITE};
    int64_t mapped = memory < 0 ? memory : sys_aspace_map(HANDLE_SELF, &map);
    sys_handle_close((handle_t)memory);
    sys_handle_close((handle_t)mmio);
    int64_t made = mapped < 0 ? mapped : sys_irq_create(root, &irq);
    if (made < 0) {
        return false;
    }
    registers = (volatile uint32_t *)mapped;
    interrupt = (handle_t)made;
    bench_device_handles[0] = interrupt;
    registers[UARTIMSC] = 0;
    CHECK_EQUAL(sys_irq_bind(interrupt, notification), 0);
    return true;
}

void bench_device_raise(void)
{
    registers[UARTIMSC] = TXIM;
}

void bench_device_quiet(void)
{
    registers[UARTIMSC] = 0;
    sys_irq_ack(interrupt);
}

void bench_device_close(void)
{
    registers[UARTIMSC] = 0;
    sys_handle_close(interrupt);
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)registers, PAGE_SIZE);
}
