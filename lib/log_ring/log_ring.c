// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "lib/log_ring/log_ring.h"

#include <string.h>

static uint64_t record_bytes(size_t text_bytes)
{
    return sizeof(struct log_record) + ((text_bytes + 7) & ~(uint64_t)7);
}

static void copy_in(struct log_ring *ring, uint64_t position, const void *from, size_t bytes)
{
    size_t offset = position & (LOG_RING_DATA - 1);
    size_t first = LOG_RING_DATA - offset < bytes ? LOG_RING_DATA - offset : bytes;
    memcpy(ring->data + offset, from, first);
    memcpy(ring->data, (const char *)from + first, bytes - first);
}

static void copy_out(const struct log_ring *ring, uint64_t position, void *to, size_t bytes)
{
    size_t offset = position & (LOG_RING_DATA - 1);
    size_t first = LOG_RING_DATA - offset < bytes ? LOG_RING_DATA - offset : bytes;
    memcpy(to, ring->data + offset, first);
    memcpy((char *)to + first, ring->data, bytes - first);
}

// ---- the writer ----

void log_writer_open(struct log_writer *writer, struct log_ring *ring)
{
    writer->ring = ring;
    writer->head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED) & ~(uint64_t)7;
}

bool log_writer_put(struct log_writer *writer, time_ns_t time, enum log_level level,
                    const char *text, size_t bytes)
{
    struct log_ring *ring = writer->ring;
    if (bytes > LOG_LINE_MAX)
        bytes = LOG_LINE_MAX;
    uint64_t needed = record_bytes(bytes);
    uint64_t used = writer->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    if (used > LOG_RING_DATA || needed > LOG_RING_DATA - used) {
        __atomic_fetch_add(&ring->dropped, 1, __ATOMIC_RELAXED);
        return false;
    }
    struct log_record record = {.time = time, .bytes = (uint32_t)bytes, .level = level};
    copy_in(ring, writer->head, &record, sizeof(record));
    copy_in(ring, writer->head + sizeof(record), text, bytes);
    writer->head += needed;
    __atomic_store_n(&ring->head, writer->head, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // pairs with the one in log_reader_sleep
    if (!__atomic_load_n(&ring->signal, __ATOMIC_RELAXED))
        return false;
    __atomic_store_n(&ring->signal, 0, __ATOMIC_RELAXED);
    return true;
}

// ---- the reader ----

void log_reader_open(struct log_reader *reader, struct log_ring *ring)
{
    *reader = (struct log_reader){.ring = ring};
    reader->tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED) & ~(uint64_t)7;
}

static void give_back(struct log_reader *reader)
{
    __atomic_store_n(&reader->ring->tail, reader->tail, __ATOMIC_RELEASE);
}

// The writer broke the protocol: what it wrote so far is skipped.
static bool skip_all(struct log_reader *reader, uint64_t head)
{
    reader->faults++;
    reader->tail = head & ~(uint64_t)7;
    give_back(reader);
    return false;
}

bool log_reader_take(struct log_reader *reader, struct log_record *record, char *text)
{
    uint64_t head = __atomic_load_n(&reader->ring->head, __ATOMIC_ACQUIRE);
    uint64_t used = head - reader->tail;
    if (used == 0)
        return false;
    if (used > LOG_RING_DATA || used % 8 || used < sizeof(*record))
        return skip_all(reader, head);
    copy_out(reader->ring, reader->tail, record, sizeof(*record));
    if (record->bytes > LOG_LINE_MAX || record_bytes(record->bytes) > used)
        return skip_all(reader, head);
    copy_out(reader->ring, reader->tail + sizeof(*record), text, record->bytes);
    for (uint32_t i = 0; i < record->bytes; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = ' ';
    if (record->level > LOG_DEBUG)
        record->level = LOG_DEBUG;
    reader->tail += record_bytes(record->bytes);
    give_back(reader);
    return true;
}

bool log_reader_sleep(struct log_reader *reader)
{
    __atomic_store_n(&reader->ring->signal, 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // pairs with the one in log_writer_put
    return __atomic_load_n(&reader->ring->head, __ATOMIC_RELAXED) != reader->tail;
}

uint64_t log_reader_dropped(const struct log_reader *reader)
{
    return __atomic_load_n(&reader->ring->dropped, __ATOMIC_RELAXED);
}
