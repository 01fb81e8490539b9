// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/log/sources.h"
#include "abi/rs.h"
#include "lib/sys/sys.h"

#include <stdlib.h>
#include <string.h>

#define KERNEL_LOG_OLDEST \
    (~0ull) // SYS_LOG_READ: as a position, asks for the oldest byte that is kept

static struct source *sources[SOURCES_MAX];
static size_t sources_used;
static uint64_t rings_fetched;

static handle_t kernel_log;
static uint64_t kernel_position;
static char kernel_line[LINE_MAX]; // begun, its newline not read yet
static size_t kernel_line_bytes;

static char global_text[GLOBAL_BYTES];
static struct store global;

void sources_open(handle_t log)
{
    kernel_log = log;
    store_open(&global, global_text, sizeof(global_text));
}

static struct source *source_find(const char *name)
{
    for (size_t i = 0; i < sources_used; i++)
        if (!strcmp(sources[i]->name, name))
            return sources[i];
    return NULL;
}

// The source of this name, made at first use. NULL: no memory.
static struct source *source_get(const char *name)
{
    struct source *source = source_find(name);
    if (source || sources_used == SOURCES_MAX)
        return source;
    source = calloc(1, sizeof(*source));
    char *text = malloc(SOURCE_TAIL_BYTES);
    if (!source || !text) {
        free(source);
        free(text);
        return NULL;
    }
    strlcpy(source->name, name, sizeof(source->name));
    store_open(&source->tail, text, SOURCE_TAIL_BYTES);
    limit_open(&source->limit, sys_clock());
    return sources[sources_used++] = source;
}

static void add_ring(const char *name, handle_t memory)
{
    struct aspace_map_args args = {
        .bytes = LOG_RING_BYTES, .memory = memory, .prot = PROT_READ | PROT_WRITE};
    struct source *source = source_get(name);
    int64_t address = source ? sys_aspace_map(HANDLE_SELF, &args) : -E_NOMEM;
    if (address < 0)
        return; // its lines stay in the ring; nothing else is affected
    log_reader_open(&source->reader, (struct log_ring *)address);
    source->has_ring = true;
}

void sources_fetch(handle_t rs)
{
    for (;;) {
        struct message message = {.tag = message_tag(RS_LOG_SOURCE, 1, 0), .word = {rings_fetched}};
        if (message_call_retry(rs, &message) < 0)
            return; // no more at present
        rings_fetched++;
        char name[RS_NAME_MAX];
        if (message_get_bytes(&message, 2, name, sizeof(name)) == 0 &&
            memchr(name, 0, sizeof(name)))
            add_ring(name, message.handle[0]);
        message_close_handles(&message); // the mapping keeps the memory
    }
}

// ---- rings ----

static void take_line(struct source *source, const struct log_record *record, const char *text)
{
    char line[LINE_MAX];
    size_t bytes = line_format(line, (enum log_level)record->level, record->time, source->name,
                               text, record->bytes);
    store_append(&source->tail, line, bytes);
    limit_take(&source->limit, bytes);
    if (sys_log_write(kernel_log, line, bytes) < 0)
        store_append(&global, line, bytes); // out of order rather than lost
}

static enum drained drain_ring(struct source *source, time_ns_t now)
{
    struct log_record record;
    char text[LOG_LINE_MAX];
    unsigned lines = 0;
    do {
        if (!limit_allows(&source->limit, now)) {
            source->withheld++;
            return DRAIN_LIMITED;
        }
        while (log_reader_take(&source->reader, &record, text)) {
            take_line(source, &record, text);
            if (++lines == TURN_LINES)
                return DRAIN_MORE;
            if (!limit_allows(&source->limit, now))
                break;
        }
    } while (log_reader_sleep(&source->reader));
    return DRAIN_DONE;
}

// ---- the kernel's log ----

static void end_kernel_line(void)
{
    char line[LINE_MAX], name[LINE_NAME_MAX];
    size_t bytes = line_from_kernel(line, sys_clock(), kernel_line, kernel_line_bytes, name);
    kernel_line_bytes = 0;
    store_append(&global, line, bytes);
    struct source *source = source_get(name);
    if (source && !source->has_ring)
        store_append(&source->tail, line, bytes); // the others' lines are in their tails already
}

static void take_kernel_text(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n')
            end_kernel_line();
        else if (text[i] != '\r' && kernel_line_bytes < sizeof(kernel_line))
            kernel_line[kernel_line_bytes++] = text[i];
    }
}

static void drain_kernel(void)
{
    char text[512];
    for (;;) {
        int64_t bytes = sys_log_read(kernel_log, kernel_position, text, sizeof(text));
        if (bytes == -E_RANGE) { // it went on without us
            int64_t oldest = sys_log_read(kernel_log, KERNEL_LOG_OLDEST, text, 0);
            if (oldest < 0)
                return;
            kernel_position = (uint64_t)oldest;
            continue;
        }
        if (bytes <= 0)
            return;
        kernel_position += (uint64_t)bytes;
        take_kernel_text(text, (size_t)bytes);
    }
}

enum drained sources_drain(void)
{
    enum drained result = DRAIN_DONE;
    time_ns_t now = sys_clock();
    for (size_t i = 0; i < sources_used; i++) {
        enum drained one = sources[i]->has_ring ? drain_ring(sources[i], now) : DRAIN_DONE;
        result = one > result ? one : result;
    }
    drain_kernel();
    return result;
}

// ---- readers ----

struct store *sources_store(const char *name)
{
    if (!name[0])
        return &global;
    struct source *source = source_find(name);
    return source ? &source->tail : NULL;
}

static void add_stats(const struct source *source, struct log_stats *stats)
{
    stats->withheld += source->withheld;
    if (source->has_ring)
        stats->dropped += log_reader_dropped(&source->reader);
}

void sources_stats(const char *name, struct log_stats *stats)
{
    const struct store *store = sources_store(name);
    *stats = (struct log_stats){.lines = store->lines, .bytes = store->written};
    for (size_t i = 0; i < sources_used; i++)
        if (!name[0] || !strcmp(sources[i]->name, name))
            add_stats(sources[i], stats);
}
