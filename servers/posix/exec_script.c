// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// "#!" lines, as execve(2) describes them: blanks, interpreter, blanks, one argument up to the end
// of the line.

#include "servers/posix/exec_script.h"

#include <stdbool.h>
#include <string.h>

#include "abi/error.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

int exec_script_parse(const char *head, size_t bytes, struct exec_script *script)
{
    if (bytes > EXEC_HEAD_BYTES)
        bytes = EXEC_HEAD_BYTES;
    if (bytes < 2 || head[0] != '#' || head[1] != '!')
        return 0;
    const char *end = memchr(head, '\n', bytes);
    bool whole_line = end != NULL || bytes < EXEC_HEAD_BYTES;
    if (end == NULL)
        end = head + bytes;
    const char *nul = memchr(head, 0, (size_t)(end - head));
    if (nul != NULL)
        end = nul;
    while (end > head + 2 && is_blank(end[-1]))
        end--;

    const char *start = head + 2;
    while (start < end && is_blank(*start))
        start++;
    const char *stop = start;
    while (stop < end && !is_blank(*stop))
        stop++;
    // A path that the cut of a long line may have shortened is none.
    if (start == stop || (stop == end && !whole_line))
        return -E_NOEXEC;
    size_t length = (size_t)(stop - start);
    if (length >= sizeof(script->interpreter))
        return -E_NOEXEC;
    memcpy(script->interpreter, start, length);
    script->interpreter[length] = 0;

    while (stop < end && is_blank(*stop))
        stop++;
    length = (size_t)(end - stop);
    if (length >= sizeof(script->argument))
        return -E_NOEXEC;
    memcpy(script->argument, stop, length);
    script->argument[length] = 0;
    return 1;
}
