// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// vsnprintf: integers, characters, strings, pointers.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct output {
    char *to;
    size_t room;   // bytes at `to`, with the terminator
    size_t length; // of the whole text
};

struct conversion {
    bool left, zero, plus, space, alternate;
    bool has_precision;
    size_t width, precision;
    enum { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG } length;
};

static void put(struct output *out, const char *text, size_t bytes)
{
    if (out->length < out->room) {
        size_t left = out->room - out->length;
        memcpy(out->to + out->length, text, bytes < left ? bytes : left);
    }
    out->length += bytes;
}

static void pad(struct output *out, char c, size_t count)
{
    if (out->length < out->room) {
        size_t left = out->room - out->length;
        memset(out->to + out->length, c, count < left ? count : left);
    }
    out->length += count;
}

// prefix (sign, 0x), zeroes, body; blanks on the side the flags say.
static void put_field(struct output *out, const struct conversion *conversion, const char *prefix,
                      size_t zeroes, const char *body, size_t body_bytes)
{
    size_t prefix_bytes = strlen(prefix);
    size_t used = prefix_bytes + zeroes + body_bytes;
    size_t blanks = conversion->width > used ? conversion->width - used : 0;
    if (!conversion->left)
        pad(out, ' ', blanks);
    put(out, prefix, prefix_bytes);
    pad(out, '0', zeroes);
    put(out, body, body_bytes);
    if (conversion->left)
        pad(out, ' ', blanks);
}

static void put_number(struct output *out, const struct conversion *conversion, uint64_t value,
                       unsigned base, bool upper, const char *prefix)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[22]; // 64 bits in octal
    size_t start = sizeof(text);
    for (uint64_t rest = value; rest; rest /= base)
        text[--start] = digits[rest % base];
    size_t bytes = sizeof(text) - start;

    size_t least = conversion->has_precision ? conversion->precision : 1;
    if (base == 8 && conversion->alternate && least <= bytes)
        least = bytes + 1;
    size_t zeroes = least > bytes ? least - bytes : 0;
    size_t used = strlen(prefix) + zeroes + bytes;
    if (conversion->zero && !conversion->left && !conversion->has_precision &&
        conversion->width > used)
        zeroes += conversion->width - used;
    put_field(out, conversion, prefix, zeroes, text + start, bytes);
}

static int64_t signed_argument(const struct conversion *conversion, va_list *list)
{
    if (conversion->length == LENGTH_LONG)
        return va_arg(*list, int64_t);
    int value = va_arg(*list, int);
    if (conversion->length == LENGTH_CHAR)
        return (signed char)value;
    return conversion->length == LENGTH_SHORT ? (short)value : value;
}

static uint64_t unsigned_argument(const struct conversion *conversion, va_list *list)
{
    if (conversion->length == LENGTH_LONG)
        return va_arg(*list, uint64_t);
    unsigned value = va_arg(*list, unsigned);
    if (conversion->length == LENGTH_CHAR)
        return (unsigned char)value;
    return conversion->length == LENGTH_SHORT ? (unsigned short)value : value;
}

static void put_signed(struct output *out, const struct conversion *conversion, va_list *list)
{
    int64_t value = signed_argument(conversion, list);
    const char *sign = value < 0 ? "-" : conversion->plus ? "+" : conversion->space ? " " : "";
    put_number(out, conversion, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, false, sign);
}

static void put_hex(struct output *out, const struct conversion *conversion, va_list *list,
                    bool upper)
{
    uint64_t value = unsigned_argument(conversion, list);
    const char *prefix = conversion->alternate && value ? (upper ? "0X" : "0x") : "";
    put_number(out, conversion, value, 16, upper, prefix);
}

static void put_string(struct output *out, const struct conversion *conversion, const char *text)
{
    if (!text)
        text = "(null)";
    size_t bytes = conversion->has_precision ? strnlen(text, conversion->precision) : strlen(text);
    put_field(out, conversion, "", 0, text, bytes);
}

static void parse_flags(const char **format, struct conversion *conversion)
{
    for (;; (*format)++) {
        switch (**format) {
        case '-':
            conversion->left = true;
            break;
        case '0':
            conversion->zero = true;
            break;
        case '+':
            conversion->plus = true;
            break;
        case ' ':
            conversion->space = true;
            break;
        case '#':
            conversion->alternate = true;
            break;
        default:
            return;
        }
    }
}

// A width or precision: digits, or * for an argument. A negative one is reported as such.
static int parse_size(const char **format, va_list *list)
{
    enum { SIZE_MAX_DIGITS = 100000000 };
    if (**format == '*') {
        (*format)++;
        return va_arg(*list, int);
    }
    int value = 0;
    for (; **format >= '0' && **format <= '9'; (*format)++)
        if (value < SIZE_MAX_DIGITS)
            value = value * 10 + (**format - '0');
    return value;
}

static void parse_length(const char **format, struct conversion *conversion)
{
    for (;; (*format)++) {
        switch (**format) {
        case 'h':
            conversion->length = conversion->length == LENGTH_SHORT ? LENGTH_CHAR : LENGTH_SHORT;
            break;
        case 'l':
        case 'z':
        case 't':
        case 'j':
            conversion->length = LENGTH_LONG; // all of them 64 bits wide on LP64
            break;
        default:
            return;
        }
    }
}

static void parse_conversion(const char **format, struct conversion *conversion, va_list *list)
{
    parse_flags(format, conversion);
    int width = parse_size(format, list);
    if (width < 0) {
        conversion->left = true;
        width = -(width + 1) + 1;
    }
    conversion->width = (size_t)width;
    if (**format == '.') {
        (*format)++;
        int precision = parse_size(format, list);
        conversion->has_precision = precision >= 0;
        conversion->precision = precision >= 0 ? (size_t)precision : 0;
    }
    parse_length(format, conversion);
}

static void put_conversion(struct output *out, const struct conversion *conversion, char kind,
                           va_list *list)
{
    switch (kind) {
    case 'd':
    case 'i':
        put_signed(out, conversion, list);
        break;
    case 'u':
        put_number(out, conversion, unsigned_argument(conversion, list), 10, false, "");
        break;
    case 'o':
        put_number(out, conversion, unsigned_argument(conversion, list), 8, false, "");
        break;
    case 'x':
    case 'X':
        put_hex(out, conversion, list, kind == 'X');
        break;
    case 'p':
        put_number(out, conversion, (uintptr_t)va_arg(*list, void *), 16, false, "0x");
        break;
    case 'c': {
        char c = (char)va_arg(*list, int);
        put_field(out, conversion, "", 0, &c, 1);
        break;
    }
    case 's':
        put_string(out, conversion, va_arg(*list, const char *));
        break;
    default: // % itself, and what nobody knows, stand for themselves
        put(out, &kind, 1);
        break;
    }
}

int vsnprintf(char *to, size_t bytes, const char *format, va_list list)
{
    struct output out = {.to = to, .room = bytes ? bytes - 1 : 0};
    va_list arguments;
    va_copy(arguments, list);
    while (*format) {
        size_t plain = strcspn(format, "%");
        put(&out, format, plain);
        format += plain;
        if (!*format)
            break;
        format++;
        struct conversion conversion = {0};
        parse_conversion(&format, &conversion, &arguments);
        if (!*format)
            break;
        put_conversion(&out, &conversion, *format++, &arguments);
    }
    va_end(arguments);
    if (bytes)
        to[out.length < out.room ? out.length : out.room] = 0;
    return (int)out.length;
}

int snprintf(char *to, size_t bytes, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vsnprintf(to, bytes, format, list);
    va_end(list);
    return length;
}
