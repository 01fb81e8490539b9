// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Log rings: one a service name, made once. They outlive processes and removed instances, so the
// log server need not be told when one goes: none does.

#include "abi/log.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

#include <string.h>

struct log_ring_entry log_rings[LOG_RINGS_MAX];

// Writes the ring's header: the process finds it empty.
static int format_ring(handle_t memory)
{
    struct aspace_map_args args = {
        .bytes = LOG_RING_BYTES, .memory = memory, .prot = PROT_READ | PROT_WRITE};
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0)
        return (int)address;
    struct log_ring *ring = (struct log_ring *)address;
    ring->magic = LOG_RING_MAGIC;
    ring->data_bytes = LOG_RING_DATA;
    ring->signal = 1; // the log server has not looked yet
    return (int)sys_aspace_unmap(HANDLE_SELF, (uint64_t)address, LOG_RING_BYTES);
}

handle_t log_ring_get(uint32_t id, const char *name)
{
    for (uint32_t i = 0; i < rs.kept.rings; i++)
        if (!strcmp(log_rings[i].name, name))
            return log_rings[i].memory;
    if (rs.kept.rings == LOG_RINGS_MAX)
        return HANDLE_NONE;
    int64_t memory = sys_memory_create(LOG_RING_BYTES, 0, HANDLE_NONE);
    if (memory < 0)
        return HANDLE_NONE;
    if (format_ring((handle_t)memory) < 0) {
        (void)sys_handle_close((handle_t)memory); // just made
        return HANDLE_NONE;
    }
    struct log_ring_entry *ring = &log_rings[rs.kept.rings++];
    ring->id = id;
    ring->memory = (handle_t)memory;
    strlcpy(ring->name, name, sizeof(ring->name));
    (void)sys_signal(rs.kept.log_sources); // without it the log server looks later
    return ring->memory;
}

bool log_ring_at(uint64_t index, uint32_t *id, const char **name, handle_t *ring)
{
    if (index >= rs.kept.rings)
        return false;
    *id = log_rings[index].id;
    *name = log_rings[index].name;
    *ring = log_rings[index].memory;
    return true;
}
