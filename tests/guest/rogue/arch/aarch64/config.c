// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Through the memory-mapped space, where QEMU's virt has it and its interrupt translation service.

#include "tests/guest/rogue/config.h"

#include "lib/driver/mmio.h"
#include "lib/sys/sys.h"

#define ECAM       0x4010000000ull
#define BUS_BYTES  0x100000ull // of one bus
#define TRANSLATER 0x08090040u // GITS_TRANSLATER

enum { EVENT_FIRST = 0x30 }; // kernel/arch/irq_vectors.h

static uint8_t *bus;

static int64_t map(handle_t memory)
{
    struct aspace_map_args args = {
        .memory = memory, .bytes = BUS_BYTES, .prot = PROT_READ | PROT_WRITE};
    return sys_aspace_map(HANDLE_SELF, &args);
}

int config_init(handle_t root)
{
    int64_t resource = sys_resource_create(root, RESOURCE_MMIO, ECAM, BUS_BYTES);
    if (resource < 0)
        return (int)resource;
    int64_t memory = sys_memory_create_physical((handle_t)resource, ECAM, BUS_BYTES, MEMORY_DEVICE);
    if (memory < 0)
        return (int)memory;
    int64_t address = map((handle_t)memory);
    bus = (uint8_t *)address;
    return address < 0 ? (int)address : 0;
}

static uint8_t *word(uint32_t device, uint32_t at)
{
    return bus + (device << 15 | (at & ~3u));
}

uint32_t config_read(uint32_t device, uint32_t at)
{
    return mmio_read32(word(device, at)) >> (at & 3) * 8;
}

void config_write(uint32_t device, uint32_t at, uint32_t value)
{
    mmio_write32(word(device, at), value);
}

struct interrupt_message interrupt_message_of(uint32_t number)
{
    return (struct interrupt_message){TRANSLATER, EVENT_FIRST + number};
}
