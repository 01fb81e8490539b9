// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Finds the sleep types of S5 in a DSDT without an AML interpreter: the bytes of `Name (_S5_,
// Package () {a, b, ...})` with constant elements, which is the only form firmware uses
// (ACPI 6.4, 7.4.2; encoding in section 20.2).

#include <string.h>

#include "abi/error.h"
#include "servers/devmgr/acpi_private.h"

enum {
    AML_ZERO_OP = 0x00,
    AML_ONE_OP = 0x01,
    AML_NAME_OP = 0x08,
    AML_BYTE_PREFIX = 0x0a,
    AML_WORD_PREFIX = 0x0b,
    AML_DWORD_PREFIX = 0x0c,
    AML_PACKAGE_OP = 0x12,
    AML_ROOT_CHAR = 0x5c,
    WINDOW = 256,
    TAIL = 32, // the object, from NameOp to its second element, is at most 21 bytes
};

struct cursor {
    const uint8_t *bytes;
    size_t left;
};

static int take(struct cursor *cursor)
{
    if (cursor->left == 0)
        return -E_TRUNCATED;
    cursor->left--;
    return *cursor->bytes++;
}

static int skip(struct cursor *cursor, int count)
{
    while (count-- > 0) {
        if (take(cursor) < 0)
            return -E_TRUNCATED;
    }
    return 0;
}

// A constant integer; sleep types fit in 3 bits, so only the low byte matters.
static int take_constant(struct cursor *cursor)
{
    int op = take(cursor);
    int value;

    switch (op) {
    case AML_ZERO_OP:
    case AML_ONE_OP:
        return op;
    case AML_BYTE_PREFIX:
        return take(cursor);
    case AML_WORD_PREFIX:
        value = take(cursor);
        return skip(cursor, 1) < 0 ? -E_TRUNCATED : value;
    case AML_DWORD_PREFIX:
        value = take(cursor);
        return skip(cursor, 3) < 0 ? -E_TRUNCATED : value;
    default:
        return -E_BADMSG;
    }
}

static bool take_name(struct cursor *cursor)
{
    if (take(cursor) != AML_NAME_OP)
        return false;
    if (cursor->left > 0 && *cursor->bytes == AML_ROOT_CHAR)
        take(cursor);
    if (cursor->left < 4 || memcmp(cursor->bytes, "_S5_", 4) != 0)
        return false;
    cursor->bytes += 4;
    cursor->left -= 4;
    return true;
}

static bool match_s5(struct cursor cursor, uint8_t *type_a, uint8_t *type_b)
{
    int lead, elements, a, b;

    if (!take_name(&cursor) || take(&cursor) != AML_PACKAGE_OP)
        return false;
    lead = take(&cursor); // PkgLength: bits 7-6 say how many more bytes
    if (lead < 0 || skip(&cursor, lead >> 6) < 0)
        return false;
    elements = take(&cursor);
    if (elements < 1)
        return false;
    a = take_constant(&cursor);
    b = elements >= 2 ? take_constant(&cursor) : a;
    if (a < 0 || b < 0 || a > 7 || b > 7)
        return false;
    *type_a = (uint8_t)a;
    *type_b = (uint8_t)b;
    return true;
}

int acpi_find_s5(const struct acpi_memory *memory, uint64_t address, uint32_t length,
                 uint8_t *type_a, uint8_t *type_b)
{
    uint8_t window[WINDOW];

    for (uint32_t start = 0; start < length; start += WINDOW - TAIL) {
        uint32_t part = length - start < WINDOW ? length - start : WINDOW;
        int error = memory->read(memory->context, address + start, window, part);

        if (error < 0)
            return error;
        for (uint32_t i = 0; i < part; i++) {
            if (match_s5((struct cursor){window + i, part - i}, type_a, type_b))
                return 0;
        }
    }
    return -E_NOENT;
}
