// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Messages of devices, written by this program where a device would write them. Emulated boards
// take them from a CPU as well, as those of device 0.

#include "kernel/test/ktest.h"

enum { DEVICES = 40, OWN_DEVICE = 0 };

static const uint64_t ARRIVES_NS = 10000000000;
static const uint64_t STAYS_AWAY_NS = 3000000;

static volatile uint32_t *open_port(uint64_t address, handle_t *memory)
{
    uint64_t page = address & ~(uint64_t)(PAGE_SIZE - 1);
    int64_t made = sys_resource_create(root, RESOURCE_MMIO, page, PAGE_SIZE);
    CHECK(made > 0);
    handle_t range = (handle_t)made;
    *memory = (handle_t)sys_memory_create_physical(range, page, PAGE_SIZE, MEMORY_DEVICE);
    struct aspace_map_args args = {
        .bytes = PAGE_SIZE, .memory = *memory, .prot = PROT_READ | PROT_WRITE};
    int64_t mapped = sys_aspace_map(HANDLE_SELF, &args);
    sys_handle_close(range);
    CHECK(mapped > 0);
    return mapped > 0 ? (volatile uint32_t *)(mapped + (int64_t)(address % PAGE_SIZE)) : NULL;
}

static void close_port(volatile uint32_t *port, handle_t memory)
{
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)port & ~(uint64_t)(PAGE_SIZE - 1), PAGE_SIZE);
    sys_handle_close(memory);
}

// More messages than CPUs, so that each CPU takes some; each brings its own badge, and none after
// its end.
static void check_delivery(void)
{
    enum { MESSAGES = 12 };
    handle_t irq[MESSAGES];
    handle_t notification[MESSAGES];
    struct irq_args args[MESSAGES];
    handle_t memory;
    uint64_t bits;
    for (unsigned i = 0; i < MESSAGES; i++) {
        args[i] = (struct irq_args){.flags = IRQ_MSI, .device = OWN_DEVICE};
        int64_t made = sys_irq_create(root, &args[i]);
        CHECK(made > 0);
        irq[i] = (handle_t)made;
        notification[i] = new_notification(1ull << i);
        CHECK_EQUAL(sys_irq_bind(irq[i], notification[i]), 0);
    }
    for (unsigned i = 0; i < MESSAGES; i++) {
        volatile uint32_t *port = open_port(args[i].msi_address, &memory);
        if (port == NULL) {
            return;
        }
        for (unsigned times = 0; times < 3; times++) {
            bits = 0;
            *port = args[i].msi_data;
            CHECK_EQUAL(sys_wait(notification[i], now() + ARRIVES_NS, &bits), 0);
            CHECK_EQUAL(bits, 1ull << i);
        }
        CHECK_EQUAL(sys_wait(notification[i], DEADLINE_NOW, &bits), -E_TIMEDOUT);
        sys_handle_close(irq[i]);
        *port = args[i].msi_data;
        CHECK_EQUAL(sys_wait(notification[i], now() + STAYS_AWAY_NS, &bits), -E_TIMEDOUT);
        close_port(port, memory);
        sys_handle_close(notification[i]);
    }
}

// Many devices come and go; what one leaves behind is no other's.
static void check_devices(void)
{
    handle_t irq[DEVICES];
    for (unsigned round = 0; round < 2; round++) {
        unsigned made = 0;
        for (; made < DEVICES; made++) {
            struct irq_args args = {.flags = IRQ_MSI, .device = made * 0x421 % 0x10000};
            int64_t handle = sys_irq_create(root, &args);
            CHECK(handle > 0 || handle == -E_NODEV); // a board may have fewer
            if (handle < 0) {
                break;
            }
            irq[made] = (handle_t)handle;
        }
        CHECK(made > 0);
        while (made > 0) {
            sys_handle_close(irq[--made]);
        }
    }
}

void test_messages(void)
{
    check_delivery();
    check_devices();
}
