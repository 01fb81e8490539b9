// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See unit_name.h.

#include "servers/devmgr/unit_name.h"

#include <string.h>

#include "abi/error.h"

enum { LETTERS = 26, DIGITS_MAX = 12 };

// Written from the last place backwards. Letters have no zero: after z comes aa.
static size_t count_back(char *end, uint32_t number, char kind)
{
    char *at = end;

    if (kind == '%') {
        do {
            *--at = (char)('0' + number % 10);
            number /= 10;
        } while (number != 0);
        return (size_t)(end - at);
    }
    for (uint64_t left = (uint64_t)number + 1; left != 0; left = (left - 1) / LETTERS)
        *--at = (char)('a' + (left - 1) % LETTERS);
    return (size_t)(end - at);
}

int unit_name_make(const char *pattern, uint32_t number, char *name, size_t room)
{
    char places[DIGITS_MAX];
    size_t length = strlen(pattern), digits = 0;
    char kind;

    if (length == 0)
        return -E_INVAL;
    kind = pattern[length - 1];
    if (kind == '%' || kind == '@') {
        length--;
        digits = count_back(places + DIGITS_MAX, number, kind);
    } else if (number != 0) {
        return -E_INVAL;
    }
    if (length + digits >= room)
        return -E_NAMETOOLONG;
    memcpy(name, pattern, length);
    memcpy(name + length, places + DIGITS_MAX - digits, digits);
    name[length + digits] = '\0';
    return 0;
}
