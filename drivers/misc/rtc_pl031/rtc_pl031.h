// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The PL031 above its registers, which lib/driver/mmio.h reaches.

#pragma once

#include <stdint.h>

// No interrupts, counting on. -E_NODEV: it is not a PL031; -E_IO: its counter cannot be started.
int pl031_init(volatile uint8_t *registers);

// Seconds since 1970-01-01 UTC.
uint32_t pl031_read(volatile uint8_t *registers);
