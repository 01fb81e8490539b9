// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The argument and environment strings of an execve on their way from the old program to the new
// one's stack.

#pragma once

#include "abi/types.h"

struct task;

enum {
    EXEC_STRING_MAX = 128 * 1024,     // one string with its NUL, as Linux's MAX_ARG_STRLEN
    EXEC_TOTAL_MAX = 6 * 1024 * 1024, // all, whatever the stack limit
    EXEC_TOTAL_MIN = 128 * 1024,
};

// NUL-terminated strings, one after the other.
struct string_list {
    char *data;
    size_t bytes, room;
    uint32_t count;
};

void string_list_release(struct string_list *list);
// Adds a string of `length` bytes without NUL, at the end or before all others. E_NOMEM.
int string_list_add(struct string_list *list, const char *string, size_t length);
int string_list_add_first(struct string_list *list, const char *string, size_t length);
// Drops the first string, if there is one.
void string_list_drop_first(struct string_list *list);

// Reads a NULL-terminated array of string addresses and the strings; address 0 is an empty array.
// `budget` is what strings and pointers may still take, and is lowered. E_FAULT, E_2BIG, E_NOMEM.
int string_list_read(struct string_list *list, struct task *task, uint64_t array, size_t *budget);

// execve for the system itself: pid 1's first program. The task has everything but a program.
int exec_first_program(struct task *task, const char *path, const struct string_list *arguments,
                       const struct string_list *environment);
