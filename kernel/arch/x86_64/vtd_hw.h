// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers and structures of a remapping unit: Intel Virtualization Technology for Directed I/O,
// architecture specification 3.3, chapters 9 (structures), 6.5.2 (invalidation) and 11 (registers).

#pragma once

#include "abi/types.h"

// ---- registers, offsets in bytes (11.4) ----

enum {
    VTD_VERSION = 0x00,
    VTD_CAPABILITY = 0x08,
    VTD_EXTENDED = 0x10,
    VTD_COMMAND = 0x18,
    VTD_STATUS = 0x1c,
    VTD_ROOT = 0x20,
    VTD_FAULT_STATUS = 0x34,
    VTD_FAULT_CONTROL = 0x38,
    VTD_FAULT_DATA = 0x3c,
    VTD_FAULT_ADDRESS = 0x40,
    VTD_FAULT_ADDRESS_HIGH = 0x44,
    VTD_QUEUE_TAIL = 0x88,
    VTD_QUEUE_ADDRESS = 0x90,
    VTD_REMAP_TABLE = 0xb8,
    VTD_REGISTER_BYTES = PAGE_SIZE,
};

#define VTD_CAP_DOMAINS(cap)       (1u << (4 + 2 * ((cap)&7)))
#define VTD_CAP_WRITE_FLUSH        (1ull << 4)
#define VTD_CAP_CACHES_ABSENT      (1ull << 7) // "caching mode"
#define VTD_CAP_39_BITS            (1ull << 9)
#define VTD_CAP_48_BITS            (1ull << 10)
#define VTD_CAP_FAULT_OFFSET(cap)  ((uint32_t)((cap) >> 24 & 0x3ff) * 16)
#define VTD_CAP_LARGE_PAGES        (1ull << 34)
#define VTD_CAP_PAGE_SELECTIVE     (1ull << 39)
#define VTD_CAP_FAULT_RECORDS(cap) (((uint32_t)((cap) >> 40) & 0xff) + 1)

#define VTD_CAP_ORDER_MAX(cap) ((unsigned)((cap) >> 48 & 0x3f))

#define VTD_EXT_COHERENT     (1ull << 0)
#define VTD_EXT_QUEUE        (1ull << 1)
#define VTD_EXT_INTERRUPTS   (1ull << 3)
#define VTD_EXT_WIDE_TARGETS (1ull << 4)

enum {
    VTD_ENABLE_TRANSLATION = (int)(1u << 31),
    VTD_SET_ROOT = 1 << 30,
    VTD_FLUSH_WRITES = 1 << 27,
    VTD_ENABLE_QUEUE = 1 << 26,
    VTD_ENABLE_REMAPPING = 1 << 25,
    VTD_SET_REMAP_TABLE = 1 << 24,
    // What of the status is a state that each command must repeat.
    VTD_STATE = (int)0x96ffffff,
};

enum {
    VTD_FAULT_OVERFLOW = 1 << 0,
    VTD_FAULT_PENDING = 1 << 1,
    VTD_FAULT_QUEUE = 1 << 4 | 1 << 5 | 1 << 6, // a bad descriptor, or no answer to one
};

enum { VTD_FAULT_MASK = (int)(1u << 31) }; // of the fault control: no interrupt

// A fault record: address, then source, reason and kind.
#define VTD_RECORD_SOURCE(high) ((uint32_t)((high)&0xffff))
#define VTD_RECORD_REASON(high) ((uint32_t)((high) >> 32 & 0xff))
#define VTD_RECORD_READ         (1ull << 62)
#define VTD_RECORD_VALID        (1ull << 63)
enum { VTD_REASON_INTERRUPT = 0x20 }; // and above: a blocked interrupt message, not an access

// ---- translation structures (9.1, 9.3, 9.8) ----

struct vtd_context { // and root entry, which uses the first half
    uint64_t low, high;
};
_Static_assert(sizeof(struct vtd_context) == 16, "9.3");

#define VTD_PRESENT        1ull
#define VTD_FAULTS_IGNORED 2ull // "fault processing disable"
enum { VTD_WIDTH_39 = 1, VTD_WIDTH_48 = 2, VTD_DOMAIN_SHIFT = 8 };

// Four bits of the high half that are left to software.
enum { VTD_CONTEXT_FAULTS_SHIFT = 3, VTD_CONTEXT_FAULTS = 15 };

#define VTD_PAGE_READ    1ull
#define VTD_PAGE_WRITE   2ull
#define VTD_PAGE_LARGE   (1ull << 7)
#define VTD_PAGE_ADDRESS 0x000ffffffffff000ull

// ---- invalidation descriptors (6.5.2) ----

struct vtd_descriptor {
    uint64_t low, high;
};
_Static_assert(sizeof(struct vtd_descriptor) == 16, "6.5.2");

enum {
    VTD_FORGET_CONTEXT = 1,
    VTD_FORGET_PAGES = 2,
    VTD_FORGET_INTERRUPTS = 4,
    VTD_WAIT = 5,
    VTD_ALL = 1 << 4,
    VTD_OF_ENTRY = 1 << 4,
    VTD_OF_DOMAIN = 2 << 4,
    VTD_OF_DEVICE = 3 << 4,
    VTD_OF_PAGES = 3 << 4,
    VTD_DRAIN = 3 << 6, // reads and writes that are on their way
    VTD_WRITE_STATUS = 1 << 5,
};

// ---- interrupt remapping (9.10, 5.1.5) ----

struct vtd_interrupt {
    uint64_t low, high;
};
_Static_assert(sizeof(struct vtd_interrupt) == 16, "9.10");

#define VTD_INTERRUPT_LEVEL        (1ull << 4)
#define VTD_INTERRUPT_CHECK_SOURCE (1ull << 18) // in the high half, above the source
enum { VTD_INTERRUPT_VECTOR = 16, VTD_INTERRUPT_TARGET = 32 };

enum {
    VTD_REMAP_WIDE = 1 << 11,
    VTD_REMAP_256_ENTRIES = 7,
    VTD_MESSAGE_ADDRESS = (int)0xfee00010, // the entry's number in bits 5 to 19
    VTD_MESSAGE_ENTRY = 5,
};
