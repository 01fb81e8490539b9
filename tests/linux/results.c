// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "tests/linux/results.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned passed, failed;

void check(bool good, const char *format, ...)
{
    va_list list;

    printf(good ? "ok   " : "FAIL ");
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
    fflush(stdout);
    if (good)
        passed++;
    else
        failed++;
}

int results_end(void)
{
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
