// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See recorder.h.

#include "fs/ext4/test/recorder.h"

#include "abi/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t random_next(uint64_t *random, uint32_t limit)
{
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    return (uint32_t)(*random * 0x2545F4914F6CDD1Dull >> 32) % limit;
}

void recorder_init(struct recorder *recorder, const uint8_t *bytes, size_t size)
{
    *recorder = (struct recorder){.size = size, .bytes = malloc(size), .start = malloc(size)};
    memcpy(recorder->bytes, bytes, size);
    memcpy(recorder->start, bytes, size);
}

static void events_free(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->count; i++)
        free(recorder->event[i].data);
    recorder->count = 0;
}

void recorder_reset(struct recorder *recorder, const uint8_t *bytes)
{
    events_free(recorder);
    recorder->changes = 0;
    recorder->fail_at = 0;
    memcpy(recorder->bytes, bytes, recorder->size);
    memcpy(recorder->start, bytes, recorder->size);
}

void recorder_free(struct recorder *recorder)
{
    events_free(recorder);
    free(recorder->event);
    free(recorder->bytes);
    free(recorder->start);
    *recorder = (struct recorder){0};
}

static struct recorder_event *event_add(struct recorder *recorder, enum recorder_kind kind)
{
    if (recorder->count == recorder->room) {
        recorder->room = recorder->room ? recorder->room * 2 : 1024;
        recorder->event = realloc(recorder->event, recorder->room * sizeof(*recorder->event));
    }
    struct recorder_event *event = &recorder->event[recorder->count++];
    *event = (struct recorder_event){.kind = kind};
    return event;
}

static void range_check(const struct recorder *recorder, uint64_t offset, size_t bytes)
{
    if (offset % 512 || bytes % 512 || offset > recorder->size || bytes > recorder->size - offset) {
        fprintf(stderr, "ext4 test: a transfer outside the device, or misaligned\n");
        abort();
    }
}

static int recorder_read(void *context, uint64_t offset, size_t bytes, void *buffer)
{
    struct recorder *recorder = context;
    range_check(recorder, offset, bytes);
    memcpy(buffer, recorder->bytes + offset, bytes);
    return 0;
}

static bool fails(struct recorder *recorder)
{
    recorder->changes++;
    return recorder->fail_at && recorder->changes >= recorder->fail_at;
}

static int recorder_write(void *context, uint64_t offset, size_t bytes, const void *buffer)
{
    struct recorder *recorder = context;
    range_check(recorder, offset, bytes);
    if (offset < recorder->forbidden[1] && offset + bytes > recorder->forbidden[0])
        abort();
    if (fails(recorder))
        return -E_IO;
    struct recorder_event *event = event_add(recorder, RECORDER_WRITE);
    event->offset = offset;
    event->bytes = bytes;
    event->data = malloc(bytes);
    memcpy(event->data, buffer, bytes);
    memcpy(recorder->bytes + offset, buffer, bytes);
    return 0;
}

static int recorder_flush(void *context)
{
    struct recorder *recorder = context;
    if (fails(recorder))
        return -E_IO;
    event_add(recorder, RECORDER_FLUSH);
    return 0;
}

struct block_source recorder_source(struct recorder *recorder)
{
    return (struct block_source){
        .context = recorder,
        .bytes = recorder->size,
        .read = recorder_read,
        .write = recorder_write,
        .flush = recorder_flush,
    };
}

void recorder_note(struct recorder *recorder, uint64_t first, uint64_t second)
{
    struct recorder_event *event = event_add(recorder, RECORDER_NOTE);
    event->note[0] = first;
    event->note[1] = second;
}

// ---- crashes ----

void crash_init(struct crash *crash, const struct recorder *recorder)
{
    *crash = (struct crash){.recorder = recorder, .flushed = malloc(recorder->size)};
    memcpy(crash->flushed, recorder->start, recorder->size);
}

void crash_free(struct crash *crash)
{
    free(crash->flushed);
}

bool crash_next(struct crash *crash)
{
    if (crash->at == crash->recorder->count)
        return false;
    const struct recorder_event *event = &crash->recorder->event[crash->at++];
    if (event->kind == RECORDER_NOTE)
        memcpy(crash->note, event->note, sizeof(crash->note));
    if (event->kind != RECORDER_FLUSH)
        return true;
    for (; crash->since < crash->at; crash->since++) {
        event = &crash->recorder->event[crash->since];
        if (event->kind == RECORDER_WRITE)
            memcpy(crash->flushed + event->offset, event->data, event->bytes);
    }
    return true;
}

void crash_image(const struct crash *crash, enum crash_kind kind, uint64_t *random, uint8_t *to)
{
    memcpy(to, crash->flushed, crash->recorder->size);
    for (size_t i = crash->since; i < crash->at && kind != CRASH_NONE; i++) {
        const struct recorder_event *event = &crash->recorder->event[i];
        if (event->kind != RECORDER_WRITE)
            continue;
        bool torn = kind == CRASH_RANDOM && random_next(random, 2);
        bool lost = kind == CRASH_RANDOM && random_next(random, 2);
        for (size_t at = 0; at < event->bytes; at += CRASH_UNIT) {
            size_t part = event->bytes - at < CRASH_UNIT ? event->bytes - at : CRASH_UNIT;
            if (torn ? random_next(random, 2) : lost)
                continue;
            memcpy(to + event->offset + at, event->data + at, part);
        }
    }
}
