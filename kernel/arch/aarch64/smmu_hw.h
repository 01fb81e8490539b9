// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers and structures of the SMMUv3: Arm System Memory Management Unit architecture version 3,
// IHI 0070, chapters 3 (stream table), 4 (commands), 5 (structures), 6 (registers), 7 (events).

#pragma once

#include "abi/types.h"

// ---- registers, offsets in bytes; events' indices stand in the second page ----

enum {
    SMMU_IDR0 = 0x00,
    SMMU_IDR1 = 0x04,
    SMMU_IDR5 = 0x14,
    SMMU_CR0 = 0x20,
    SMMU_CR0ACK = 0x24,
    SMMU_CR1 = 0x28,
    SMMU_CR2 = 0x2c,
    SMMU_GBPA = 0x44,
    SMMU_IRQ_CTRL = 0x50,
    SMMU_IRQ_CTRLACK = 0x54,
    SMMU_GERROR = 0x60,
    SMMU_GERRORN = 0x64,
    SMMU_STREAMS_BASE = 0x80,
    SMMU_STREAMS_FORMAT = 0x88,
    SMMU_COMMANDS_BASE = 0x90,
    SMMU_COMMANDS_PROD = 0x98,
    SMMU_COMMANDS_CONS = 0x9c,
    SMMU_EVENTS_BASE = 0xa0,
    SMMU_EVENTS_PROD = 0x100a8,
    SMMU_EVENTS_CONS = 0x100ac,
    SMMU_BYTES = 0x20000,

    IDR0_STAGE_1 = 1 << 1,
    IDR0_COHERENT = 1 << 4,
    IDR0_TWO_LEVELS = 1 << 27, // of the stream table
    IDR5_PAGES_4K = 1 << 4,
    IDR5_ADDRESS_BITS = 7, // field: 0 to 6
    CR0_ENABLED = 1 << 0,
    CR0_EVENTS = 1 << 2,
    CR0_COMMANDS = 1 << 3,
    CR1_CACHED = 0x0d75,       // queues and tables: write-back, inner shareable
    CR2_NO_BROADCAST = 1 << 2, // the CPUs' TLB maintenance is not the devices'
    CR2_UNKNOWN_RECORDED = 1 << 1,
    GBPA_ABORT = 1 << 20,
    GBPA_UPDATE = (int)(1u << 31),
    IRQ_GERROR = 1 << 0,
    IRQ_EVENTS = 1 << 2,
};

#define SMMU_IDR1_STREAM_BITS(idr1)  ((idr1)&0x3f)
#define SMMU_IDR1_EVENT_BITS(idr1)   ((idr1) >> 16 & 0x1f)
#define SMMU_IDR1_COMMAND_BITS(idr1) ((idr1) >> 21 & 0x1f)
#define SMMU_CONS_ERROR(cons)        ((cons) >> 24 & 0x7f)
#define SMMU_ALLOCATE                (1ull << 62) // hint of base registers

// ---- stream table (5.1, 5.2) ----

enum {
    STREAM_BITS = 16, // PCI requester ids
    STREAM_SPLIT = 8, // of them in the second level: a bus's functions
    STREAM_SPAN = STREAM_SPLIT + 1,
    STREAMS_TWO_LEVELS = 1 << 16, // format, with the split above the number of bits
    STREAMS_SPLIT_SHIFT = 6,
};

struct smmu_stream {
    uint64_t word[8];
};
_Static_assert(sizeof(struct smmu_stream) == 64, "5.2");

#define STREAM_VALID      1ull
#define STREAM_ABORT      (0ull << 1)
#define STREAM_STAGE_1    (5ull << 1)
#define STREAM_1_CACHED   (1ull << 2 | 1ull << 4 | 3ull << 6) // its context descriptor's memory
#define STREAM_1_SHARE_IN (1ull << 44)                        // use the access's own shareability

// ---- context descriptor (5.4) ----

struct smmu_context {
    uint64_t word[8];
};
_Static_assert(sizeof(struct smmu_context) == 64, "5.4");

#define CONTEXT_SIZE(bits)    (64ull - (bits))
#define CONTEXT_CACHED        (1ull << 8 | 1ull << 10 | 3ull << 12)
#define CONTEXT_NO_UPPER_HALF (1ull << 30)
#define CONTEXT_VALID         (1ull << 31)
#define CONTEXT_OUTPUT_SHIFT  32
#define CONTEXT_AARCH64       (1ull << 41)
#define CONTEXT_RECORD        (1ull << 45)
#define CONTEXT_ABORT         (1ull << 46)
#define CONTEXT_OWN_ASID      (1ull << 47)
#define CONTEXT_ASID_SHIFT    48
#define CONTEXT_MEMORY        0xffull // attribute 0: normal, write-back

// Entries of stage 1 tables are the CPUs' (DDI 0487, D8.3).
#define SMMU_PAGE_VALID      1ull
#define SMMU_PAGE_TABLE      3ull // and a page at the last level
#define SMMU_PAGE_USER       (1ull << 6)
#define SMMU_PAGE_READ_ONLY  (1ull << 7)
#define SMMU_PAGE_SHARED     (3ull << 8)
#define SMMU_PAGE_ACCESSED   (1ull << 10)
#define SMMU_PAGE_NO_EXECUTE (3ull << 53)
#define SMMU_PAGE_ADDRESS    0x0000fffffffff000ull

// ---- commands (4.1) ----

struct smmu_command {
    uint64_t word[2];
};
_Static_assert(sizeof(struct smmu_command) == 16, "4.1");

enum {
    COMMAND_FORGET_STREAM = 0x03,
    COMMAND_FORGET_STREAMS = 0x04,
    COMMAND_FORGET_CONTEXT = 0x05,
    COMMAND_FORGET_ASID = 0x11,
    COMMAND_FORGET_PAGE = 0x12,
    COMMAND_FORGET_PAGES = 0x30, // of everybody
    COMMAND_SYNC = 0x46,
    COMMAND_ALL_STREAMS = 31, // second word
    COMMAND_LEAF = 1,
};

// ---- events (7.3) ----

struct smmu_event {
    uint64_t word[4];
};
_Static_assert(sizeof(struct smmu_event) == 32, "7.3");

enum { EVENT_TRANSLATION_FIRST = 0x10, EVENT_TRANSLATION_LAST = 0x13 };
#define EVENT_KIND(event)   ((event)->word[0] & 0xff)
#define EVENT_STREAM(event) ((uint32_t)((event)->word[0] >> 32))
#define EVENT_READ(event)   (((event)->word[1] >> 35 & 1) != 0)
