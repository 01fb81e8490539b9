// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// From the first instruction to main(): checks the startup page, seeds the stack canary, opens the
// log.

#include "lib/sys/start.h"
#include "lib/sys/log.h"
#include "lib/sys/log_private.h"
#include "lib/sys/sys.h"

#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 64 };

uintptr_t __stack_chk_guard = 0x3d9e4f01a76b8c52; // until start_process seeds it

static const struct startup *page;
static char *argument_vector[ARGUMENTS_MAX + 1];

void start_process(const struct startup *startup);
void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
    sys_panic("stack overrun in the caller of %p", __builtin_return_address(0));
}

const struct startup *startup_page(void)
{
    return page;
}

const struct startup_grant *startup_grant(const char *name)
{
    for (uint32_t i = 0; i < page->grants; i++)
        if (!strncmp(page->grant[i].name, name, STARTUP_NAME))
            return &page->grant[i];
    return NULL;
}

handle_t startup_handle(const char *name)
{
    const struct startup_grant *grant = startup_grant(name);
    return grant ? grant->handle : HANDLE_NONE;
}

uint64_t startup_value(const char *name)
{
    const struct startup_grant *grant = startup_grant(name);
    return grant ? grant->value : 0;
}

// Points argument_vector at the words in the page; their number.
static int split_arguments(void)
{
    int count = 0;
    const char *word = page->arguments;
    const char *end = page->arguments + sizeof(page->arguments);
    while (word < end && *word && count < ARGUMENTS_MAX) {
        argument_vector[count++] = (char *)(uintptr_t)word;
        word += strnlen(word, (size_t)(end - word)) + 1;
    }
    return count;
}

static bool startup_is_sound(const struct startup *startup)
{
    return startup && startup->magic == STARTUP_MAGIC && startup->grants <= STARTUP_GRANTS &&
           memchr(startup->name, 0, sizeof(startup->name)) &&
           !startup->arguments[sizeof(startup->arguments) - 1];
}

// Called by _start, with the canary not yet seeded: must not return, and has none itself.
__attribute__((noreturn, no_stack_protector)) void start_process(const struct startup *startup)
{
    uint64_t seed = 0;
    if (sys_info(INFO_ENTROPY, 0, &seed, sizeof(seed)) == sizeof(seed))
        __stack_chk_guard = seed & ~0xffull; // a zero byte stops string overruns
    if (!startup_is_sound(startup))
        __builtin_trap();
    page = startup;
    log_open();
    exit(main(split_arguments(), argument_vector));
}
