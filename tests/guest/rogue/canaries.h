// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Nearly all of the machine's free memory, in which every word tells its own physical address: what
// a device wrote anywhere in it, and what it copied from one place to another, is seen.

#pragma once

#include "abi/types.h"

// Takes the memory, but for a few MiB that restarting drivers need. Call once, after pinned_init.
// 0 or an error.
int canaries_take(void);

uint64_t canaries_bytes(void);

// Some page of it, of `count` that lie evenly over all of it: its physical address.
uint64_t canaries_page(unsigned number, unsigned count);

// Has nobody written there since the last call? Names the first wrong word in the log, and puts all
// in order again.
bool canaries_are_whole(void);
