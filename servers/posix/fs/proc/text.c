// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/fs/proc/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_START = 1024, TEXT_MAX = 4 * 1024 * 1024 };

static bool text_room(struct proc_text *text, size_t bytes)
{
    if (text->error != 0)
        return false;
    if (bytes <= text->room - text->used)
        return true;
    size_t room = text->room == 0 ? TEXT_START : text->room;
    while (room - text->used < bytes && room <= TEXT_MAX)
        room *= 2;
    char *data = room <= TEXT_MAX ? realloc(text->data, room) : NULL;
    if (data == NULL) {
        text->error = -E_NOMEM;
        return false;
    }
    text->data = data;
    text->room = room;
    return true;
}

void proc_append(struct proc_text *text, const char *data, size_t bytes)
{
    if (!text_room(text, bytes))
        return;
    memcpy(text->data + text->used, data, bytes);
    text->used += bytes;
}

void proc_printf(struct proc_text *text, const char *format, ...)
{
    char line[512];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    if (length < 0)
        return;
    proc_append(text, line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
}

void proc_append_escaped(struct proc_text *text, const char *data)
{
    for (; *data != '\0'; data++) {
        if (*data == ' ' || *data == '\t' || *data == '\n' || *data == '\\')
            proc_printf(text, "\\%03o", (unsigned)(uint8_t)*data);
        else
            proc_append(text, data, 1);
    }
}
