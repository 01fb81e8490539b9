// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The log: how a process writes lines, how the log server learns of writers, how a reader gets the
// lines back.
//
// Writing never waits for anybody. Each process shares one struct log_ring with the log server; rs
// creates it, so it outlives both. The process puts records in, the log server takes them out; who
// finds no room drops the line and counts it. After a crash the ring still holds the last words.
//
// Record: one 8-byte header word (time in ns), one word level << 32 | bytes, then the text padded
// to 8 bytes. Positions are running byte counts, multiples of 8; the offset in `data` is position &
// (data_bytes - 1). A record may wrap.
//
// Sleep protocol: the reader sets `signal`, issues a sequentially consistent fence, and looks at
// `head` once more before it sleeps. The writer publishes `head` (release), fences, and signals
// only if `signal` was set, which it clears.

#pragma once

#include "abi/message.h"
#include "abi/types.h"

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_INFO = 6, LOG_DEBUG = 7 }; // syslog's numbers

enum {
    LOG_RING_MAGIC = 0x4c4f4752,
    LOG_RING_BYTES = 3 * PAGE_SIZE, // the whole object
    LOG_LINE_MAX = 200, // bytes of text in one record: with time and name it fits a kernel log line
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
// Positions are running byte counts of text, of the whole log or of one service's. A position older
// than what is kept is moved forward: the answer says where its text begins. The text is whole
// lines "<level>[seconds.micros] name: text\n", cut into answers anywhere; label 0: nothing newer.
// Names are LOG_NAME_WORDS words, NUL-padded; an empty one: all services and the kernel. E_NOENT:
// no such service. E_PERM: LOG_CLEAR without permission.
enum { LOG_NAME_WORDS = 4, LOG_TEXT_BYTES = (MESSAGE_WORDS - 2) * 8 };

enum log_request {
    LOG_READ = 0x700, // (position, name) -> label: bytes, 0: next position, 1: where the text
                      // begins, text from word 2
    LOG_STATS,        // (name) -> struct log_stats
    LOG_CLEAR,        // () -> 0: position; LOG_READ of everything begins there from now on
};

struct log_stats {
    uint64_t lines;    // taken out of rings, and lines of the kernel's
    uint64_t bytes;    // of text, as running positions count them
    uint64_t dropped;  // lines that found their ring full
    uint64_t withheld; // times that a ring was left alone because its process floods
};
_Static_assert(sizeof(struct log_stats) == 32, "four message words");

// Permission that the log server's manifest defines: uses = log(clear).
enum log_permission { LOG_MAY_CLEAR = 1 << 0 };
