// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Load averages: how many tasks wanted a processor over the last 1, 5 and 15 minutes.

#pragma once

#include <stdint.h>

enum { LOAD_SHIFT = 16 }; // fixed point of sysinfo(2)

// posix_lock held.
void load_averages(uint64_t out[3]);
int load_start(void);
