// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/test/edu_device.h"

#include "kernel/test/ktest.h"

enum {
    CONFIG_PORTS = 0xcf8,
    CONFIG_COMMAND = 0x04,
    CONFIG_BAR0 = 0x10,
    CONFIG_CAPABILITIES = 0x34,
    CAPABILITIES_MAX = 48,
    CAPABILITY_MSI = 5,
    MSI_ADDRESS = 4, // after the capability's begin
    MSI_DATA = 12,
    MSI_ENABLE = 1 << 16,
    COMMAND_MEMORY_AND_MASTER = 6,
    DEVICES = 32,
    IDENTITY = 0x11e81234,
    REGISTERS_BYTES = 0x1000,
    RAISE = 0x60,
    ACKNOWLEDGE = 0x64,
    DMA_SOURCE = 0x80,
    DMA_DESTINATION = 0x88,
    DMA_COUNT = 0x90,
    DMA_COMMAND = 0x98,
    DMA_RUN = 1,
    DMA_TO_BUS = 2,
    DMA_BUFFER = 0x40000,
    WRITE_BYTES = 8,
};

static const uint64_t WRITE_NS = 3000000000; // a tenth of a second, by a slow machine

static uint32_t config(handle_t ports, uint32_t device, uint32_t at)
{
    sys_port_write(ports, 0, 4, 1u << 31 | device << 11 | at);
    return (uint32_t)sys_port_read(ports, 4, 4);
}

static void set_config(handle_t ports, uint32_t device, uint32_t at, uint32_t value)
{
    sys_port_write(ports, 0, 4, 1u << 31 | device << 11 | at);
    sys_port_write(ports, 4, 4, value);
}

static handle_t open_config(handle_t root_resource)
{
    return (handle_t)sys_resource_create(root_resource, RESOURCE_PORT, CONFIG_PORTS, 8);
}

bool edu_open(struct edu_device *edu, handle_t root_resource)
{
    handle_t ports = open_config(root_resource);
    uint32_t device = 0;
    while (device < DEVICES && config(ports, device, 0) != IDENTITY) {
        device++;
    }
    uint64_t bar = device < DEVICES ? config(ports, device, CONFIG_BAR0) & ~15u : 0;
    if (bar != 0) {
        (void)config(ports, device, CONFIG_COMMAND); // selects it
        sys_port_write(ports, 4, 2, COMMAND_MEMORY_AND_MASTER);
    }
    sys_handle_close(ports);
    if (bar == 0) {
        return false;
    }
    handle_t mmio =
        (handle_t)sys_resource_create(root_resource, RESOURCE_MMIO, bar, REGISTERS_BYTES);
    handle_t memory =
        (handle_t)sys_memory_create_physical(mmio, bar, REGISTERS_BYTES, MEMORY_DEVICE);
    struct aspace_map_args args = {
        .memory = memory, .bytes = REGISTERS_BYTES, .prot = PROT_READ | PROT_WRITE};
    int64_t mapped = sys_aspace_map(HANDLE_SELF, &args);
    sys_handle_close(memory);
    sys_handle_close(mmio);
    CHECK(mapped > 0);
    *edu = (struct edu_device){device << 3, (volatile uint8_t *)mapped};
    return mapped > 0;
}

void edu_close(struct edu_device *edu)
{
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)edu->registers, REGISTERS_BYTES), 0);
}

static void put(struct edu_device *edu, uint32_t at, uint64_t value)
{
    *(volatile uint64_t *)(edu->registers + at) = value;
}

void edu_write(struct edu_device *edu, uint64_t bus)
{
    put(edu, DMA_SOURCE, DMA_BUFFER);
    put(edu, DMA_DESTINATION, bus);
    put(edu, DMA_COUNT, WRITE_BYTES);
    put(edu, DMA_COMMAND, DMA_RUN | DMA_TO_BUS);
    time_ns_t end = now() + WRITE_NS;
    bool running = true;
    while (running && now() < end) {
        pause_ns(1000000);
        running = (*(volatile uint32_t *)(edu->registers + DMA_COMMAND) & DMA_RUN) != 0;
    }
    CHECK(!running);
}

void edu_set_message(struct edu_device *edu, handle_t root_resource, uint64_t address,
                     uint32_t data)
{
    handle_t ports = open_config(root_resource);
    uint32_t device = edu->device >> 3;
    uint32_t at = config(ports, device, CONFIG_CAPABILITIES) & 0xfc;
    for (unsigned i = 0; at != 0 && i < CAPABILITIES_MAX; i++) {
        uint32_t head = config(ports, device, at);
        if ((head & 0xff) == CAPABILITY_MSI) {
            set_config(ports, device, at + MSI_ADDRESS, (uint32_t)address);
            set_config(ports, device, at + MSI_ADDRESS + 4, (uint32_t)(address >> 32));
            set_config(ports, device, at + MSI_DATA, data);
            set_config(ports, device, at, head | MSI_ENABLE);
            break;
        }
        at = head >> 8 & 0xfc;
    }
    CHECK(at != 0);
    sys_handle_close(ports);
}

void edu_send_message(struct edu_device *edu)
{
    *(volatile uint32_t *)(edu->registers + RAISE) = 1;
    *(volatile uint32_t *)(edu->registers + ACKNOWLEDGE) = 1;
}
