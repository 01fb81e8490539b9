// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/log/line.h"

#include <stdio.h>
#include <string.h>

size_t line_format(char *to, enum log_level level, time_ns_t time, const char *name,
                   const char *text, size_t bytes)
{
    if (bytes > LOG_LINE_MAX)
        bytes = LOG_LINE_MAX;
    int length = snprintf(to, LINE_MAX, "<%d>[%5llu.%06llu] %.*s: %.*s\n", (int)level,
                          (unsigned long long)(time / 1000000000),
                          (unsigned long long)(time % 1000000000 / 1000), LINE_NAME_MAX - 1, name,
                          (int)bytes, text);
    return (size_t)length; // LINE_MAX holds all parts at their longest
}

// The name between "] " and ": " of a line in our form; false: it is not.
static bool find_name(const char *line, size_t bytes, char name[LINE_NAME_MAX])
{
    if (bytes < 4 || line[0] != '<' || line[2] != '>' || line[3] != '[')
        return false;
    const char *close = memchr(line, ']', bytes);
    if (!close || (size_t)(close - line) + 2 >= bytes)
        return false;
    const char *start = close + 2;
    const char *colon = memchr(start, ':', bytes - (size_t)(start - line));
    if (!colon || colon - start >= LINE_NAME_MAX)
        return false;
    memcpy(name, start, (size_t)(colon - start));
    name[colon - start] = 0;
    return true;
}

size_t line_from_kernel(char *to, time_ns_t now, const char *line, size_t bytes,
                        char name[LINE_NAME_MAX])
{
    if (find_name(line, bytes, name)) {
        if (bytes > LINE_MAX - 1)
            bytes = LINE_MAX - 1;
        memcpy(to, line, bytes);
        to[bytes] = '\n';
        return bytes + 1;
    }
    memcpy(name, "kernel", sizeof("kernel"));
    return line_format(to, LOG_INFO, now, name, line, bytes);
}
