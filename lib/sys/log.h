// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Log lines of a native process. A line goes into the ring the process shares with the log server
// (grants "log_ring" and "log_signal", abi/log.h), which puts time and name in front; a process
// with a log resource ("kernel_log") and no ring writes to the kernel's log. Never blocks on
// anybody: if the ring is full the line is dropped and counted. No newline at the end is needed.
// Formats: lib/c/include/stdio.h. Any thread may log.

#pragma once

#include "abi/log.h"

#include <stdarg.h>

// At LOG_INFO.
void sys_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

void sys_log_at(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sys_log_list(enum log_level level, const char *format, va_list list);

#define log_error(...)   sys_log_at(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) sys_log_at(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    sys_log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   sys_log_at(LOG_DEBUG, __VA_ARGS__)

// For rs, which starts before the log server, and for tests: from now on lines go to the kernel's
// log through this RESOURCE_LOG, with time and `name` in front. Call before there are other
// threads.
void sys_log_use_kernel(handle_t resource, const char *name);

// Leaves last words and dies.
__attribute__((noreturn)) void sys_panic(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
