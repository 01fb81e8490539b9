// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The form of a line: "<level>[seconds.micros] name: text\n". Pure.

#pragma once

#include "abi/log.h"

enum { LINE_NAME_MAX = 32, LINE_MAX = LINE_NAME_MAX + LOG_LINE_MAX + 40 };

// Writes the line into `to` (LINE_MAX bytes); returns its length with the newline.
size_t line_format(char *to, enum log_level level, time_ns_t time, const char *name,
                   const char *text, size_t bytes);

// A line of the kernel's log without its newline: those that a process wrote have the form above
// already, the kernel's own get it. *name receives whom it is from, cut to LINE_NAME_MAX.
size_t line_from_kernel(char *to, time_ns_t now, const char *line, size_t bytes,
                        char name[LINE_NAME_MAX]);
