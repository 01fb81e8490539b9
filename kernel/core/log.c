// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/log.h"

#include "abi/error.h"
#include "kernel/arch/arch.h"
#include "kernel/core/format.h"
#include "kernel/core/handlers.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/resource.h"
#include "kernel/core/syscall.h"

enum { LOG_BYTES = 64 * 1024, LOG_LINE = 256 };

static struct spinlock lock = SPINLOCK(LOCK_CONSOLE);
static char ring[LOG_BYTES];
static uint64_t written;
static bool console = true;

void log_write(const char *text, size_t length)
{
    spin_lock(&lock);
    for (size_t i = 0; i < length; i++) {
        ring[written++ % LOG_BYTES] = text[i];
    }
    if (console) {
        early_console_write(text, length);
    }
    spin_unlock(&lock);
}

void log_console_off(void)
{
    console = false;
}

void log_console_on(void)
{
    console = true;
}

int64_t log_copy(uint64_t position, char *buffer, size_t size)
{
    int64_t result = 0;
    spin_lock(&lock);
    uint64_t oldest = written > LOG_BYTES ? written - LOG_BYTES : 0;
    if (position == LOG_OLDEST) {
        result = (int64_t)oldest;
    } else if (position < oldest) {
        result = -E_RANGE;
    } else {
        while (position < written && (uint64_t)result < size) {
            buffer[result++] = ring[position++ % LOG_BYTES];
        }
    }
    spin_unlock(&lock);
    return result;
}

void kernel_log(const char *format, ...)
{
    char line[LOG_LINE];
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_text(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    log_write(line, length);
}

int64_t sys_log_write(struct thread *thread, const uint64_t *arg)
{
    char line[LOG_LINE];
    int64_t error = resource_check(thread, arg[0], RESOURCE_LOG, 0, 0);
    if (error != 0) {
        return error;
    }
    size_t length = arg[2] < sizeof(line) ? arg[2] : sizeof(line);
    error = user_get(thread, line, arg[1], length);
    if (error != 0) {
        return error;
    }
    log_write(line, length);
    return (int64_t)length;
}

int64_t sys_log_read(struct thread *thread, const uint64_t *arg)
{
    char buffer[LOG_LINE];
    int64_t error = resource_check(thread, arg[0], RESOURCE_LOG, 0, 0);
    if (error != 0) {
        return error;
    }
    int64_t length = log_copy(arg[1], buffer, arg[3] < sizeof(buffer) ? arg[3] : sizeof(buffer));
    if (length <= 0 || arg[1] == LOG_OLDEST) {
        return length;
    }
    error = user_put(thread, arg[2], buffer, (size_t)length);
    return error != 0 ? error : length;
}
