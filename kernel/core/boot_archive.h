// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The boot archive (cpio "newc"): the kernel takes from it the first process, rs, and its own
// symbols.

#pragma once

#include "abi/types.h"

// A member's bytes, in the direct map; NULL: not there, or the archive is damaged.
const void *boot_archive_find(const char *name, size_t *bytes);

// Name of the kernel function that holds the address, from the member kernel.sym (lines "address
// name", sorted); "?" if there is none.
void boot_archive_symbol(uint64_t address, char *name, size_t size, uint64_t *offset);
