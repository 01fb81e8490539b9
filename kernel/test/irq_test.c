// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Messages of devices, written by this program where a device would write them: emulated boards
// take them from a CPU as well, as those of device 0. Those that an IOMMU remaps, QEMU's edu device
// sends.

#include "kernel/test/edu_device.h"
#include "kernel/test/ktest.h"
#include "kernel/test/machine.h"

enum { DEVICES = 40, OWN_DEVICE = 0 };

static const uint64_t ARRIVES_NS = 10000000000;
static const uint64_t STAYS_AWAY_NS = 3000000;

static struct edu_device edu;
static bool has_edu;

// Where one message goes.
struct sender {
    volatile uint32_t *port; // NULL: edu sends
    handle_t memory;
    uint32_t data;
};

static bool sender_open(struct sender *sender, const struct irq_args *args)
{
    uint64_t address = args->msi_address;
    *sender = (struct sender){.data = args->msi_data};
    if (!CPU_CAN_SEND(address)) {
        edu_set_message(&edu, root, address, args->msi_data);
        return true;
    }
    uint64_t page = address & ~(uint64_t)(PAGE_SIZE - 1);
    int64_t made = sys_resource_create(root, RESOURCE_MMIO, page, PAGE_SIZE);
    CHECK(made > 0);
    handle_t range = (handle_t)made;
    sender->memory = (handle_t)sys_memory_create_physical(range, page, PAGE_SIZE, MEMORY_DEVICE);
    struct aspace_map_args map = {
        .bytes = PAGE_SIZE, .memory = sender->memory, .prot = PROT_READ | PROT_WRITE};
    int64_t mapped = sys_aspace_map(HANDLE_SELF, &map);
    sys_handle_close(range);
    CHECK(mapped > 0);
    sender->port = (volatile uint32_t *)(mapped + (int64_t)(address % PAGE_SIZE));
    return mapped > 0;
}

static void sender_send(struct sender *sender)
{
    if (sender->port == NULL) {
        edu_send_message(&edu);
    } else {
        *sender->port = sender->data;
    }
}

static void sender_close(struct sender *sender)
{
    if (sender->port != NULL) {
        uint64_t page = (uint64_t)sender->port & ~(uint64_t)(PAGE_SIZE - 1);
        sys_aspace_unmap(HANDLE_SELF, page, PAGE_SIZE);
        sys_handle_close(sender->memory);
    }
}

static void check_arrival(const struct irq_args *args, handle_t irq, handle_t notification,
                          uint64_t badge)
{
    struct sender sender;
    uint64_t bits;
    if (!sender_open(&sender, args)) {
        return;
    }
    for (unsigned times = 0; times < 3; times++) {
        bits = 0;
        sender_send(&sender);
        CHECK_EQUAL(sys_wait(notification, now() + ARRIVES_NS, &bits), 0);
        CHECK_EQUAL(bits, badge);
    }
    CHECK_EQUAL(sys_wait(notification, DEADLINE_NOW, &bits), -E_TIMEDOUT);
    sys_handle_close(irq);
    sender_send(&sender);
    CHECK_EQUAL(sys_wait(notification, now() + STAYS_AWAY_NS, &bits), -E_TIMEDOUT);
    sender_close(&sender);
}

// More messages than CPUs, so that each CPU takes some; each brings its own badge, and none after
// its end.
static void check_delivery(void)
{
    enum { MESSAGES = 12 };
    handle_t irq[MESSAGES];
    handle_t notification[MESSAGES];
    struct irq_args args[MESSAGES];
    for (unsigned i = 0; i < MESSAGES; i++) {
        args[i] = (struct irq_args){.flags = IRQ_MSI, .device = has_edu ? edu.device : OWN_DEVICE};
        int64_t made = sys_irq_create(root, &args[i]);
        CHECK(made > 0);
        irq[i] = (handle_t)made;
        notification[i] = new_notification(1ull << i);
        CHECK_EQUAL(sys_irq_bind(irq[i], notification[i]), 0);
    }
    bool sendable = has_edu || CPU_CAN_SEND(args[0].msi_address);
    for (unsigned i = 0; i < MESSAGES; i++) {
        if (sendable) {
            check_arrival(&args[i], irq[i], notification[i], 1ull << i);
        } else {
            sys_handle_close(irq[i]);
        }
        sys_handle_close(notification[i]);
    }
    if (!sendable) {
        say("messages: remapped, and no device to send them\n");
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
    has_edu = edu_open(&edu, root);
    check_delivery();
    check_devices();
    if (has_edu) {
        edu_close(&edu);
    }
}
