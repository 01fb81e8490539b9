// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/format.h"

#include <stdbool.h>
#include <stdint.h>

struct output {
    char *next, *end;
};

static void put(struct output *output, char c)
{
    if (output->next < output->end) {
        *output->next++ = c;
    }
}

static void put_number(struct output *output, uint64_t value, unsigned base, bool negative,
                       unsigned width, char pad)
{
    char digits[24];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative) {
        digits[count++] = '-';
    }
    for (unsigned i = count; i < width; i++) {
        put(output, pad);
    }
    while (count > 0) {
        put(output, digits[--count]);
    }
}

static void put_text(struct output *output, const char *text, unsigned width)
{
    unsigned length = 0;
    for (; text[length] != '\0'; length++) {
        put(output, text[length]);
    }
    for (; length < width; length++) {
        put(output, ' ');
    }
}

static uint64_t next_integer(va_list *arguments, unsigned longs, bool is_signed)
{
    if (longs > 0) {
        return va_arg(*arguments, uint64_t);
    }
    if (is_signed) {
        return (uint64_t)(int64_t)va_arg(*arguments, int);
    }
    return va_arg(*arguments, unsigned);
}

static void put_conversion(struct output *output, char conversion, va_list *arguments,
                           unsigned longs, unsigned width, char pad)
{
    switch (conversion) {
    case 'c':
        put(output, (char)va_arg(*arguments, int));
        break;
    case 's':
        put_text(output, va_arg(*arguments, const char *), width);
        break;
    case 'd': {
        int64_t value = (int64_t)next_integer(arguments, longs, true);
        put_number(output, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, value < 0, width,
                   pad);
        break;
    }
    case 'u':
        put_number(output, next_integer(arguments, longs, false), 10, false, width, pad);
        break;
    case 'x':
        put_number(output, next_integer(arguments, longs, false), 16, false, width, pad);
        break;
    case 'p':
        put_number(output, next_integer(arguments, 1, false), 16, false, 16, '0');
        break;
    default:
        put(output, conversion);
        break;
    }
}

size_t format_text(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct output output = {buffer, buffer + size - 1};
    va_list list;
    va_copy(list, arguments);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(&output, *format);
            continue;
        }
        format++;
        char pad = ' ';
        if (*format == '0') {
            pad = '0';
            format++;
        }
        unsigned width = 0;
        for (; *format >= '0' && *format <= '9'; format++) {
            width = width * 10 + (unsigned)(*format - '0');
        }
        unsigned longs = 0;
        for (; *format == 'l' || *format == 'z'; format++) {
            longs++;
        }
        if (*format == '\0') {
            break;
        }
        put_conversion(&output, *format, &list, longs, width, pad);
    }
    va_end(list);
    *output.next = '\0';
    return (size_t)(output.next - buffer);
}
