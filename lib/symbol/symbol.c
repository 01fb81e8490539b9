// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "lib/symbol/symbol.h"

#include <stdio.h>
#include <string.h>

enum { ADDRESS_DIGITS = 8, SYMBOL_FAR = 1 << 20 }; // no function of ours is that long

static bool read_address(const char *line, size_t bytes, uint64_t *address)
{
    if (bytes < ADDRESS_DIGITS + 2 || line[ADDRESS_DIGITS] != ' ')
        return false;
    *address = 0;
    for (int i = 0; i < ADDRESS_DIGITS; i++) {
        char c = line[i];
        if (c >= '0' && c <= '9')
            *address = *address << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *address = *address << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    return true;
}

// Linear: a table is read at a death, for a handful of addresses.
bool symbol_find(const char *table, size_t bytes, uint64_t address, struct symbol *symbol)
{
    bool found = false;
    while (bytes) {
        const char *end = memchr(table, '\n', bytes);
        size_t line = end ? (size_t)(end - table) : bytes;
        uint64_t start;
        if (read_address(table, line, &start)) {
            if (start > address)
                break;
            symbol->name = table + ADDRESS_DIGITS + 1;
            symbol->name_bytes = line - ADDRESS_DIGITS - 1;
            symbol->offset = address - start;
            found = true;
        }
        size_t used = end ? line + 1 : line;
        table += used;
        bytes -= used;
    }
    return found && symbol->offset < SYMBOL_FAR;
}

int symbol_format(const char *table, size_t bytes, uint64_t address, char *to, size_t room)
{
    struct symbol symbol;
    if (!symbol_find(table, bytes, address, &symbol))
        return snprintf(to, room, "0x%llx", (unsigned long long)address);
    return snprintf(to, room, "%.*s+0x%llx", (int)symbol.name_bytes, symbol.name,
                    (unsigned long long)symbol.offset);
}
