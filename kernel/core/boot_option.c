// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/boot_option.h"

#include "kernel/arch/arch.h"
#include "kernel/core/string.h"

bool boot_option(const char *word)
{
    size_t length = strlen(word);
    const char *at = boot_info.command_line;
    while (*at != '\0') {
        size_t here = 0;
        while (at[here] != '\0' && at[here] != ' ') {
            here++;
        }
        if (here == length && strncmp(at, word, length) == 0) {
            return true;
        }
        at += here;
        at += *at == ' ' ? 1 : 0;
    }
    return false;
}
