// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See virtio_slot.h.

#include "servers/devmgr/virtio_slot.h"

#include <string.h>

#include "abi/error.h"

// ---- the command line ----

static const char option[] = "virtio_mmio.device=";

static int digit_of(char c, unsigned base)
{
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    return digit < (int)base ? digit : -1;
}

// A number in C's notation. False: none, or too large.
static bool take_number(const char **text, uint64_t *value)
{
    const char *at = *text;
    unsigned base = 10;

    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        base = 16;
        at += 2;
    }
    if (digit_of(*at, base) < 0)
        return false;
    *value = 0;
    for (int digit; (digit = digit_of(*at, base)) >= 0; at++) {
        if (*value > (UINT64_MAX - (uint64_t)digit) / base)
            return false;
        *value = *value * base + (uint64_t)digit;
    }
    *text = at;
    return true;
}

static bool take_char(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    (*text)++;
    return true;
}

// A size may end in K or M.
static bool take_size(const char **text, uint64_t *bytes)
{
    unsigned shift = 0;

    if (!take_number(text, bytes))
        return false;
    if (take_char(text, 'K') || take_char(text, 'k'))
        shift = 10;
    else if (take_char(text, 'M') || take_char(text, 'm'))
        shift = 20;
    if (*bytes > UINT64_MAX >> shift)
        return false;
    *bytes <<= shift;
    return true;
}

static bool parse_slot(const char *text, struct virtio_slot *slot)
{
    uint64_t line, id;

    *slot = (struct virtio_slot){.level = true};
    if (!take_size(&text, &slot->bytes) || !take_char(&text, '@') ||
        !take_number(&text, &slot->base) || !take_char(&text, ':') || !take_number(&text, &line))
        return false;
    if (take_char(&text, ':') && !take_number(&text, &id)) // Linux's device number: no use for it
        return false;
    slot->line = (uint32_t)line;
    return (*text == '\0' || *text == ' ') && slot->bytes != 0 &&
           slot->bytes <= VIRTIO_SLOT_BYTES_MAX && slot->base != 0 &&
           slot->base <= UINT64_MAX - slot->bytes && line <= UINT16_MAX;
}

int virtio_slot_from_command_line(const char **text, struct virtio_slot *slot, const char **bad)
{
    const char *at = *text;

    for (;;) {
        size_t word;

        at += strspn(at, " ");
        if (*at == '\0') {
            *text = at;
            return 0;
        }
        word = strcspn(at, " ");
        *text = at + word;
        if (strncmp(at, option, sizeof option - 1) == 0) {
            *bad = at;
            return parse_slot(at + sizeof option - 1, slot) ? 1 : -E_INVAL;
        }
        at += word;
    }
}

// ---- AML ----

enum {
    HARDWARE_ID_BYTES = 9, // with its NUL
    OBJECT_BYTES = 128,    // from the hardware id to the end of its _CRS; QEMU's are 45
    WINDOW = 256,
    LARGE_MEMORY32_FIXED = 0x86, // 6.4.3.4
    MEMORY32_FIXED_BYTES = 9,
    LARGE_EXTENDED_INTERRUPT = 0x89, // 6.4.3.6
    EXTENDED_INTERRUPT_BYTES_MIN = 6,
    INTERRUPT_EDGE = 1 << 1,
    INTERRUPT_ACTIVE_LOW = 1 << 2,
    LARGE_HEADER = 3,
};

static const char hardware_id[HARDWARE_ID_BYTES] = "LNRO0005";

static uint32_t load32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

// The body of the first descriptor of this kind from `at` on; NULL: none.
static const uint8_t *find_descriptor(const uint8_t *object, uint32_t bytes, uint32_t at,
                                      uint8_t tag, uint32_t least)
{
    for (; at + LARGE_HEADER + least <= bytes; at++) {
        uint32_t length = object[at + 1] | (uint32_t)object[at + 2] << 8;

        if (object[at] == tag && length >= least && length <= bytes - at - LARGE_HEADER)
            return object + at + LARGE_HEADER;
    }
    return NULL;
}

static bool read_object(const uint8_t *object, uint32_t bytes, struct virtio_slot *slot)
{
    const uint8_t *memory = find_descriptor(object, bytes, HARDWARE_ID_BYTES, LARGE_MEMORY32_FIXED,
                                            MEMORY32_FIXED_BYTES);
    const uint8_t *interrupt;

    if (memory == NULL)
        return false;
    interrupt = find_descriptor(object, bytes, (uint32_t)(memory - object) + MEMORY32_FIXED_BYTES,
                                LARGE_EXTENDED_INTERRUPT, EXTENDED_INTERRUPT_BYTES_MIN);
    if (interrupt == NULL || interrupt[1] == 0)
        return false;
    *slot = (struct virtio_slot){.base = load32(memory + 1),
                                 .bytes = load32(memory + 5),
                                 .line = load32(interrupt + 2),
                                 .level = (interrupt[0] & INTERRUPT_EDGE) == 0,
                                 .active_low = (interrupt[0] & INTERRUPT_ACTIVE_LOW) != 0};
    return slot->base != 0 && slot->bytes != 0 && slot->bytes <= VIRTIO_SLOT_BYTES_MAX;
}

// The offset of the next hardware id from `from` on, or `length`.
static int find_id(const struct acpi_memory *memory, uint64_t address, uint32_t length,
                   uint32_t from, uint32_t *found)
{
    uint8_t window[WINDOW];

    *found = length;
    for (uint32_t start = from; start < length; start += WINDOW - HARDWARE_ID_BYTES) {
        uint32_t part = length - start < WINDOW ? length - start : WINDOW;
        int error = memory->read(memory->context, address + start, window, part);

        if (error < 0)
            return error;
        for (uint32_t i = 0; i + HARDWARE_ID_BYTES <= part; i++) {
            if (memcmp(window + i, hardware_id, HARDWARE_ID_BYTES) == 0) {
                *found = start + i;
                return 0;
            }
        }
    }
    return 0;
}

int virtio_slot_from_aml(const struct acpi_memory *memory, uint64_t address, uint32_t length,
                         uint32_t *offset, struct virtio_slot *slot)
{
    for (;;) {
        uint8_t object[OBJECT_BYTES];
        uint32_t at, end;
        int error = find_id(memory, address, length, *offset, &at);

        if (error < 0 || at == length)
            return error;
        error = find_id(memory, address, length, at + HARDWARE_ID_BYTES, &end); // the next one's
        if (error < 0)
            return error;
        if (end - at > OBJECT_BYTES)
            end = at + OBJECT_BYTES;
        error = memory->read(memory->context, address + at, object, end - at);
        if (error < 0)
            return error;
        *offset = at + HARDWARE_ID_BYTES;
        if (read_object(object, end - at, slot))
            return 1;
    }
}
