// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Log lines into the ring shared with the log server (abi/log.h).
//
// The ring's memory is written by us and read by the log server; `tail` is its word, so it is
// checked: a tail out of range counts as a full ring.

#include "lib/sys/log.h"
#include "lib/sys/log_private.h"
#include "lib/sys/start.h"
#include "lib/sys/thread.h"

#include <stdio.h>
#include <string.h>

static struct mutex log_mutex; // rank: innermost; nothing is called under it that locks
static struct log_ring *ring;
static uint64_t ring_head;
static handle_t ring_signal, kernel_log;
static const char *kernel_name = "";
static enum log_level threshold = LOG_INFO;

void sys_log_use_kernel(handle_t resource, const char *name)
{
    kernel_log = resource;
    kernel_name = name;
}

void log_open(void)
{
    sys_log_use_kernel(startup_handle("kernel_log"), startup_page()->name);
    const struct startup_grant *grant = startup_grant("log");
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
    ring = (struct log_ring *)address;
    ring_signal = startup_handle("log_signal");
    ring_head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED); // a predecessor's lines stay
}

static void ring_copy(uint64_t position, const void *from, size_t bytes)
{
    size_t offset = position & (LOG_RING_DATA - 1);
    size_t first = LOG_RING_DATA - offset < bytes ? LOG_RING_DATA - offset : bytes;
    memcpy(ring->data + offset, from, first);
    memcpy(ring->data, (const char *)from + first, bytes - first);
}

static void ring_write(enum log_level level, const char *text, size_t bytes)
{
    uint64_t padded = (bytes + 7) & ~7ull;
    uint64_t needed = sizeof(struct log_record) + padded;
    uint64_t used = ring_head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    if (used > LOG_RING_DATA || needed > LOG_RING_DATA - used) {
        __atomic_fetch_add(&ring->dropped, 1, __ATOMIC_RELAXED);
        return;
    }
    struct log_record record = {.time = sys_clock(), .bytes = (uint32_t)bytes, .level = level};
    ring_copy(ring_head, &record, sizeof(record));
    ring_copy(ring_head + sizeof(record), text, bytes);
    ring_head += needed;
    __atomic_store_n(&ring->head, ring_head, __ATOMIC_RELEASE);
    __atomic_thread_fence(
        __ATOMIC_SEQ_CST); // pairs with the server's, between signal = 1 and its look at head
    if (__atomic_load_n(&ring->signal, __ATOMIC_RELAXED)) {
        __atomic_store_n(&ring->signal, 0, __ATOMIC_RELAXED);
        (void)sys_signal(ring_signal); // if it fails the line waits in the ring
    }
}

// One line with the process's name in front, at once, so that lines of several processes do not
// mix.
static void kernel_write(const char *text, size_t bytes)
{
    char line[PROCESS_NAME_MAX + LOG_LINE_MAX + 4]; // a longer name is cut with its line
    int length = snprintf(line, sizeof(line), "%s: %.*s\n", kernel_name, (int)bytes, text);
    if ((size_t)length >= sizeof(line))
        length = sizeof(line) - 1;
    (void)sys_log_write(kernel_log, line, (size_t)length); // nobody is left to tell
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
    if (ring) {
        mutex_lock(&log_mutex);
        ring_write(level, text, bytes);
        mutex_unlock(&log_mutex);
    } else if (kernel_log != HANDLE_NONE) {
        kernel_write(text, bytes);
    }
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
