// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Lists of strings in one block (exec_arguments.h): the part without a task, for the unit test too.

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "servers/posix/exec_arguments.h"

enum { FIRST_ROOM = 2048 };

void string_list_release(struct string_list *list)
{
    free(list->data);
    *list = (struct string_list){0};
}

static int make_room(struct string_list *list, size_t bytes)
{
    if (bytes <= list->room - list->bytes)
        return 0;
    size_t room = list->room != 0 ? list->room : FIRST_ROOM;
    while (room - list->bytes < bytes)
        room *= 2;
    char *data = realloc(list->data, room);
    if (data == NULL)
        return -E_NOMEM;
    list->data = data;
    list->room = room;
    return 0;
}

int string_list_add(struct string_list *list, const char *string, size_t length)
{
    int error = make_room(list, length + 1);
    if (error)
        return error;
    memcpy(list->data + list->bytes, string, length);
    list->data[list->bytes + length] = 0;
    list->bytes += length + 1;
    list->count++;
    return 0;
}

int string_list_add_first(struct string_list *list, const char *string, size_t length)
{
    int error = make_room(list, length + 1);
    if (error)
        return error;
    memmove(list->data + length + 1, list->data, list->bytes);
    memcpy(list->data, string, length);
    list->data[length] = 0;
    list->bytes += length + 1;
    list->count++;
    return 0;
}

void string_list_drop_first(struct string_list *list)
{
    if (list->count == 0)
        return;
    size_t first = strlen(list->data) + 1;
    memmove(list->data, list->data + first, list->bytes - first);
    list->bytes -= first;
    list->count--;
}
