// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Function names of native binaries. A table is text, one line a function in the order of
// addresses, as tools/symbol_table.py writes it: eight hexadecimal digits, a blank, the name, a
// newline. Pure; the table may hold anything.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
    const char *name; // not NUL-terminated
    size_t name_bytes;
    uint64_t offset; // of the address from the function's start
};

// The function that `address` lies in or after; false: below the first, or no table.
bool symbol_find(const char *table, size_t bytes, uint64_t address, struct symbol *symbol);

// "name+0x12", or "0x401234" without a name; returns snprintf's length.
int symbol_format(const char *table, size_t bytes, uint64_t address, char *to, size_t room);
