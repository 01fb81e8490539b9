// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Log lines into the ring shared with the log server (abi/log.h).

#include "lib/sys/log.h"
#include "lib/log_ring/log_ring.h"
#include "lib/sys/log_private.h"
#include "lib/sys/start.h"
#include "lib/sys/thread.h"

#include <stdio.h>
#include <string.h>

static struct mutex log_mutex;   // rank: innermost; nothing is called under it that locks
static struct log_writer writer; // .ring NULL: none was granted
static handle_t ring_signal, kernel_log;
static const char *kernel_name = "";
static enum log_level threshold = LOG_INFO;

void sys_log_use_kernel(handle_t resource, const char *name)
{
    writer.ring = NULL;
    kernel_log = resource;
    kernel_name = name;
}

void log_open(void)
{
    sys_log_use_kernel(startup_handle("kernel_log"), startup_page()->name);
    const struct startup_grant *grant = startup_grant("log_ring");
    if (!grant || grant->value < LOG_ERROR || grant->value > LOG_DEBUG)
        return;
    threshold = (enum log_level)grant->value;
    struct aspace_map_args args = {
        .bytes = LOG_RING_BYTES,
        .memory = grant->handle,
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_POPULATE,
    };
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0)
        return; // a process that cannot log can still work
    log_writer_open(&writer, (struct log_ring *)address);
    ring_signal = startup_handle("log_signal");
}

// One line with the process's name in front, at once, so that lines of several processes do not
// mix.
static void kernel_write(enum log_level level, const char *text, size_t bytes)
{
    char line[PROCESS_NAME_MAX + LOG_LINE_MAX + 40];
    time_ns_t now = sys_clock();
    int length = snprintf(line, sizeof(line), "<%d>[%5llu.%06llu] %.*s: %.*s\n", (int)level,
                          (unsigned long long)(now / 1000000000),
                          (unsigned long long)(now % 1000000000 / 1000), PROCESS_NAME_MAX,
                          kernel_name, (int)bytes, text);
    (void)sys_log_write(kernel_log, line, (size_t)length); // nobody is left to tell
}

static void ring_write(enum log_level level, const char *text, size_t bytes)
{
    mutex_lock(&log_mutex);
    bool wanted = log_writer_put(&writer, sys_clock(), level, text, bytes);
    mutex_unlock(&log_mutex);
    if (wanted)
        (void)sys_signal(ring_signal); // if it fails the line waits in the ring
}

void sys_log_list(enum log_level level, const char *format, va_list list)
{
    if (level > threshold)
        return;
    char text[LOG_LINE_MAX + 1];
    int length = vsnprintf(text, sizeof(text), format, list);
    size_t bytes = (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1;
    while (bytes && text[bytes - 1] == '\n')
        bytes--;
    if (writer.ring)
        ring_write(level, text, bytes);
    else if (kernel_log != HANDLE_NONE)
        kernel_write(level, text, bytes);
}

void sys_log_at(enum log_level level, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    sys_log_list(level, format, list);
    va_end(list);
}

void sys_log(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    sys_log_list(LOG_INFO, format, list);
    va_end(list);
}

void sys_panic(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    sys_log_list(LOG_ERROR, format, list);
    va_end(list);
    __builtin_trap(); // DEATH_ILLEGAL: the supervisor gets registers and backtrace
}
