// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Physical memory as devmgr reaches it: mappings of device registers and tables, made through its
// MMIO resource.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/memory.h"
#include "abi/types.h"
#include "servers/devmgr/acpi.h"

// devmgr's authority, as its manifest granted it. HANDLE_NONE: not granted (ports on a processor
// without them).
struct resources {
    handle_t mmio, port, irq, dma, machine;
};

extern struct resources resources;

// Maps [physical, physical + bytes), whole pages around it, readable and writable. *mapped is the
// address of the first byte asked for. Errors are the kernel's.
int physical_map(uint64_t physical, uint64_t bytes, enum memory_cache cache, void **mapped);

// Takes away a mapping made with the same `bytes`.
void physical_unmap(void *mapped, uint64_t bytes);

// Reads tables through a small window that moves. One at a time: the window is static.
struct acpi_memory physical_reader(void);
