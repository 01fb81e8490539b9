// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Ends of a process: the ordered one, and those that leave last words.

#include "lib/sys/log.h"
#include "lib/sys/sys.h"

#include <assert.h>
#include <stdlib.h>

void exit(int code)
{
    sys_process_exit(code);
}

void abort(void)
{
    sys_panic("abort, called from %p", __builtin_return_address(0));
}

void assert_failed(const char *condition, const char *file, int line, const char *function)
{
    sys_panic("%s:%d: %s: assertion failed: %s", file, line, function, condition);
}
