// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The board's UART, made to interrupt whenever a measurement wants it to (arch/<cpu>/).

#pragma once

#include "kernel/test/ktest.h"

enum { BENCH_DEVICE_HANDLES = 3 };

// What another process needs to call bench_device_quiet, ended by HANDLE_NONE; its memory is
// cloned.
extern handle_t bench_device_handles[BENCH_DEVICE_HANDLES];

// False: the board has none.
bool bench_device_open(handle_t notification);

// It interrupts at once or soon.
void bench_device_raise(void);

// Takes the cause away and lets it interrupt again.
void bench_device_quiet(void);

void bench_device_close(void);
