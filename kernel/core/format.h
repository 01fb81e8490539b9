// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// printf-style formatting: %c %s %d %u %x %p %% with l, ll, z, a width and 0.

#pragma once

#include <stdarg.h>
#include <stddef.h>

// Returns the length written, at most size - 1; always NUL-terminates.
size_t format_text(char *buffer, size_t size, const char *format, va_list arguments);
