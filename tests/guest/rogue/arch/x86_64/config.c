// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Through the configuration ports (PCI 3.0, 3.2.2.3.2): devmgr uses the memory-mapped space, so the
// two do not meet. Messages in VT-d's format (VT-d 3.3, 5.1.2.2).

#include "tests/guest/rogue/config.h"

#include "lib/sys/sys.h"

enum {
    PORTS = 0xcf8,
    ADDRESS = 0,
    DATA = 4,
    VECTOR_FIRST = 0x30, // kernel/arch/irq_vectors.h
    ENTRY_SHIFT = 5,
};

#define REMAPPABLE 0xfee00010u

static handle_t ports;

int config_init(handle_t root)
{
    int64_t resource = sys_resource_create(root, RESOURCE_PORT, PORTS, 8);
    ports = resource < 0 ? HANDLE_NONE : (handle_t)resource;
    return resource < 0 ? (int)resource : 0;
}

static void select(uint32_t device, uint32_t at)
{
    (void)sys_port_write(ports, ADDRESS, 4, 1u << 31 | device << 11 | at);
}

uint32_t config_read(uint32_t device, uint32_t at)
{
    select(device, at & ~3u);
    return (uint32_t)sys_port_read(ports, DATA, 4) >> (at & 3) * 8;
}

void config_write(uint32_t device, uint32_t at, uint32_t value)
{
    select(device, at);
    (void)sys_port_write(ports, DATA, 4, value);
}

struct interrupt_message interrupt_message_of(uint32_t number)
{
    return (struct interrupt_message){REMAPPABLE | (VECTOR_FIRST + number) << ENTRY_SHIFT, 0};
}
