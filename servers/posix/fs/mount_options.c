// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/fs/mount_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "abi/error.h"

enum { OPTION_MAX = 128 };

int mount_options_parse(const char *text,
                        int (*take)(const char *name, const char *value, void *context),
                        void *context)
{
    while (*text != '\0') {
        char option[OPTION_MAX];
        size_t length = 0;
        while (text[length] != '\0' && text[length] != ',')
            length++;
        if (length >= sizeof(option))
            return -E_INVAL;
        memcpy(option, text, length);
        option[length] = '\0';
        text += length;
        while (*text == ',')
            text++;
        if (length == 0)
            continue;
        char *equals = strchr(option, '=');
        if (equals != NULL)
            *equals = '\0';
        int error = take(option, equals != NULL ? equals + 1 : "", context);
        if (error != 0)
            return error;
    }
    return 0;
}

// Digits at *text; leaves it behind them.
static int take_number(const char **text, unsigned base, uint64_t *out)
{
    uint64_t value = 0;
    bool any = false;
    for (; **text >= '0' && (unsigned)(**text - '0') < base; (*text)++) {
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)(**text - '0'), &value))
            return -E_INVAL;
        any = true;
    }
    *out = value;
    return any ? 0 : -E_INVAL;
}

int mount_option_number(const char *text, int base, uint64_t *out)
{
    int error = take_number(&text, (unsigned)base, out);
    return error == 0 && *text != '\0' ? -E_INVAL : error;
}

int mount_option_bytes(const char *text, uint64_t whole, uint64_t *out)
{
    int error = take_number(&text, 10, out);
    if (error != 0)
        return error;
    unsigned shift = 0;
    switch (*text) {
    case '\0':
        return 0;
    case '%':
        if (whole == 0 || *out > 100)
            return -E_INVAL;
        *out = whole / 100 * *out;
        break;
    case 'k':
    case 'K':
        shift = 10;
        break;
    case 'm':
    case 'M':
        shift = 20;
        break;
    case 'g':
    case 'G':
        shift = 30;
        break;
    default:
        return -E_INVAL;
    }
    if (text[1] != '\0' || *out > UINT64_MAX >> shift)
        return -E_INVAL;
    *out <<= shift;
    return 0;
}
