// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Both ends of a log ring (abi/log.h). Pure: the caller signals, sleeps and serialises its own
// threads.
//
// Neither end trusts the other: each keeps its own index in private memory, copies what the other
// wrote before it checks it, and never reads or writes outside the ring whatever it finds there.

#pragma once

#include "abi/log.h"

// ---- the writer ----

struct log_writer {
    struct log_ring *ring;
    uint64_t head;
};

// Goes on where a predecessor stopped, so that its last words stay.
void log_writer_open(struct log_writer *writer, struct log_ring *ring);

// Puts one record; text beyond LOG_LINE_MAX is cut. Returns whether the reader wants a signal. No
// room: counted.
bool log_writer_put(struct log_writer *writer, time_ns_t time, enum log_level level,
                    const char *text, size_t bytes);

// ---- the reader ----

struct log_reader {
    struct log_ring *ring;
    uint64_t tail;
    uint64_t
        faults; // times that the writer's words made no sense and what it had written was skipped
};

void log_reader_open(struct log_reader *reader, struct log_ring *ring);

// Takes one record out: its text into `text` (LOG_LINE_MAX bytes, control characters made blanks),
// its length into record->bytes. False: nothing there.
bool log_reader_take(struct log_reader *reader, struct log_record *record, char *text);

// Asks for a signal at the next record. True: something is there already; read on instead of
// sleeping.
bool log_reader_sleep(struct log_reader *reader);

// Lines that the writer dropped so far.
uint64_t log_reader_dropped(const struct log_reader *reader);
