// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The log: how a process writes lines, how the log server learns of writers, how a reader gets the lines back.
//
// Writing never waits for anybody. Each process shares one struct log_ring with the log server; rs creates it, so it
// outlives both. The process puts records in, the log server takes them out; who finds no room drops the line and
// counts it. After a crash the ring still holds the last words.
//
// Record: one 8-byte header word (time in ns), one word level << 32 | bytes, then the text padded to 8 bytes. Positions
// are running byte counts, multiples of 8; the offset in `data` is position & (data_bytes - 1). A record may wrap.
//
// Sleep protocol: the reader sets `signal`, issues a sequentially consistent fence, and looks at `head` once more before
// it sleeps. The writer publishes `head` (release), fences, and signals only if `signal` was set, which it clears.

#pragma once

#include "abi/types.h"

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_INFO = 6, LOG_DEBUG = 7 }; // syslog's numbers

enum {
    LOG_RING_MAGIC = 0x4c4f4752,
    LOG_RING_BYTES = 3 * PAGE_SIZE, // the whole object
    LOG_LINE_MAX = 240,     // bytes of text in one record
};

struct log_ring {
    uint32_t magic;
    uint32_t data_bytes; // power of two; the log server does not trust it
    uint8_t pad0[56];
    uint64_t head;    // written by the process
    uint64_t dropped; // lines that found no room
    uint8_t pad1[48];
    uint64_t tail; // written by the log server
    uint8_t pad2[56];
    uint32_t signal; // 1: the log server sleeps
    uint8_t pad3[60];
    uint8_t data[];
};
enum { LOG_RING_DATA = 8192 };
_Static_assert(offsetof(struct log_ring, head) == 64, "own cache line");
_Static_assert(offsetof(struct log_ring, tail) == 128, "own cache line");
_Static_assert(offsetof(struct log_ring, data) == 256, "own cache line");
_Static_assert(sizeof(struct log_ring) + LOG_RING_DATA <= LOG_RING_BYTES, "fits");

struct log_record {
    time_ns_t time;
    uint32_t bytes;
    uint32_t level; // enum log_level
    // text follows
};
_Static_assert(sizeof(struct log_record) == 16, "two words");

// Requests to the log server's endpoint.
//
// Positions are running byte counts of text. A position older than what is kept is moved forward: the answer's word 1
// says where the text begins. Text comes as whole lines "<level>seconds.micros name: text\n" for LOG_READ_ALL and
// LOG_READ_SERVICE alike, up to what fits; 0 bytes: nothing newer.
enum log_request {
    LOG_READ_ALL = 0x700, // w0 position -> label bytes, w0 next position, w1 begin, text in w2..
    LOG_READ_SERVICE,     // w0 position, w1.. name (NUL-padded, 4 words) -> the same
    LOG_STATS,            // w0.. name (4 words) -> w0 lines, w1 dropped by the writer, w2 withheld by the limit
    LOG_CLEAR,            // () -> readers of LOG_READ_ALL start after what is there now
    LOG_READ_BULK,        // as LOG_READ_SERVICE (empty name: all) with a writable memory object as handle 0:
                          // w5 bytes of it -> label bytes, text at its start
};
