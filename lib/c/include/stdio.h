// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Formatting into memory. Conversions: d i u x X o c s p %, flags - 0 + space #, width and
// precision (also *), lengths hh h l ll z t j. No floating point, no wide characters, no %n.
// Returns the length that the whole text has. Log lines: lib/sys/log.h.

#pragma once

#include <stdarg.h>
#include <stddef.h>

int snprintf(char *to, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *to, size_t bytes, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));
