// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Reading execve's strings from the calling program (exec_arguments.h). Strings mostly lie one
// after the other, so they are read through a window that serves several of them with one copy.

#include "servers/posix/exec_arguments.h"

#include <string.h>

#include "abi/error.h"
#include "servers/posix/user.h"

enum { WINDOW_BYTES = 1024, POINTERS_AT_ONCE = 32 };

struct window {
    struct task *task;
    uint64_t start;
    size_t bytes;
    char data[WINDOW_BYTES];
};

// Bytes available at `address` in the window, loading it if there are none; 0: inaccessible.
static size_t window_at(struct window *window, uint64_t address, const char **data)
{
    if (address - window->start >= window->bytes) {
        size_t page_left = PAGE_SIZE - (size_t)(address & (PAGE_SIZE - 1));
        size_t wanted = page_left < WINDOW_BYTES ? page_left : WINDOW_BYTES;
        int64_t got = user_read_some(window->task, window->data, address, wanted);
        window->start = address;
        window->bytes = got > 0 ? (size_t)got : 0;
        if (window->bytes == 0)
            return 0;
    }
    *data = window->data + (address - window->start);
    return window->bytes - (size_t)(address - window->start);
}

// Appends the string at `address`, piece by piece.
static int read_string(struct string_list *list, struct window *window, uint64_t address,
                       size_t *budget)
{
    size_t length = 0;
    size_t start = list->bytes;
    for (;;) {
        const char *data;
        size_t available = window_at(window, address + length, &data);
        if (available == 0)
            return -E_FAULT;
        const char *end = memchr(data, 0, available);
        size_t piece = end != NULL ? (size_t)(end - data) : available;
        if (length + piece + 1 > EXEC_STRING_MAX || length + piece + 1 > *budget)
            return -E_2BIG;
        if (length > 0) { // go on where the last piece's NUL was put
            list->bytes--;
            list->count--;
        }
        int error = string_list_add(list, data, piece);
        if (error)
            return error;
        length += piece;
        if (end != NULL)
            break;
    }
    *budget -= list->bytes - start;
    return 0;
}

int string_list_read(struct string_list *list, struct task *task, uint64_t array, size_t *budget)
{
    uint64_t pointer[POINTERS_AT_ONCE];
    struct window window = {.task = task};
    if (array == 0)
        return 0;
    for (;;) {
        int64_t got = user_read_some(task, pointer, array, sizeof(pointer));
        size_t count = got > 0 ? (size_t)got / sizeof(pointer[0]) : 0;
        if (count == 0)
            return -E_FAULT;
        for (size_t i = 0; i < count; i++) {
            if (pointer[i] == 0)
                return 0;
            if (*budget < sizeof(pointer[0]))
                return -E_2BIG;
            *budget -= sizeof(pointer[0]);
            int error = read_string(list, &window, pointer[i], budget);
            if (error)
                return error;
        }
        array += count * sizeof(pointer[0]);
    }
}
