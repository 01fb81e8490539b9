// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Results of a test program: one line each, counted.

#pragma once

#include <stdbool.h>

// Says "ok" or "FAIL", and what.
void check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Says "N passed, N failed": the program's exit status, 0 if none failed.
int results_end(void);
