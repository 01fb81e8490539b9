// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The PL061 above its registers, which lib/driver/mmio.h reaches: edges on one input line.

#pragma once

#include <stdbool.h>
#include <stdint.h>

// This line interrupts at each press, no other does. -E_NODEV: it is not a PL061; -E_INVAL: it has
// no such line.
int pl061_init(volatile uint8_t *registers, uint32_t line, bool active_low);

// Takes note of an interrupt: whether the line's edge came since the last call.
bool pl061_take_edge(volatile uint8_t *registers, uint32_t line);

// Nothing interrupts any more.
void pl061_quiesce(volatile uint8_t *registers);
