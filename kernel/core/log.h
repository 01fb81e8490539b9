// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel log: a ring of text, its positions running byte counts. LOCK_CONSOLE. (kernel_log:
// panic.h)

#pragma once

#include "abi/types.h"

void log_write(const char *text, size_t length);

#define LOG_OLDEST (~0ull) // as a position: ask for the oldest that is kept

// Copies what is there from `position` on; returns the bytes. -E_RANGE: that text has been
// overwritten.
int64_t log_copy(uint64_t position, char *buffer, size_t size);

void log_console_off(void); // a driver has the UART: panic only from now on
void log_console_on(void);
