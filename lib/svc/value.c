// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "lib/svc/value.h"
#include "lib/svc/svc.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct svc_span svc_trim(struct svc_span span)
{
    while (span.bytes && is_blank(span.text[0])) {
        span.text++;
        span.bytes--;
    }
    while (span.bytes && is_blank(span.text[span.bytes - 1]))
        span.bytes--;
    return span;
}

bool svc_next(struct svc_span *rest, char separator, struct svc_span *item)
{
    if (!rest->bytes)
        return false;
    size_t end = 0;
    bool inside = false;
    for (; end < rest->bytes; end++) {
        char c = rest->text[end];
        if (c == '(')
            inside = true;
        else if (c == ')')
            inside = false;
        else if (!inside && (c == separator || (separator == ' ' && is_blank(c))))
            break;
    }
    *item = svc_trim((struct svc_span){rest->text, end});
    size_t used = end < rest->bytes ? end + 1 : end;
    rest->text += used;
    rest->bytes -= used;
    if (separator == ' ')
        *rest = svc_trim(*rest);
    return true;
}

bool svc_equals(struct svc_span span, const char *text)
{
    return strlen(text) == span.bytes && !memcmp(span.text, text, span.bytes);
}

bool svc_copy(struct svc_span span, char *to, size_t room)
{
    if (span.bytes >= room || memchr(span.text, 0, span.bytes))
        return false;
    memcpy(to, span.text, span.bytes);
    to[span.bytes] = 0;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool svc_copy_name(struct svc_span span, char *to, size_t room)
{
    if (!span.bytes || !is_letter(span.text[0]))
        return false;
    for (size_t i = 1; i < span.bytes; i++) {
        char c = span.text[i];
        if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return svc_copy(span, to, room);
}

static bool digits(struct svc_span span, unsigned base, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < span.bytes; i++) {
        char c = span.text[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 99;
        if (digit >= base || __builtin_mul_overflow(*value, base, value) ||
            __builtin_add_overflow(*value, digit, value))
            return false;
    }
    return span.bytes > 0;
}

bool svc_number(struct svc_span span, uint64_t *value)
{
    if (span.bytes > 2 && span.text[0] == '0' && span.text[1] == 'x')
        return digits((struct svc_span){span.text + 2, span.bytes - 2}, 16, value);
    return digits(span, 10, value);
}

bool svc_hex_or_any(struct svc_span span, uint32_t max, uint32_t *value)
{
    if (svc_equals(span, "*")) {
        *value = SVC_ANY;
        return true;
    }
    uint64_t number;
    if (!digits(span, 16, &number) || number > max)
        return false;
    *value = (uint32_t)number;
    return true;
}

struct unit {
    const char *suffix;
    uint64_t factor;
};

static bool with_unit(struct svc_span span, const struct unit *units, uint64_t *value)
{
    for (const struct unit *unit = units; unit->suffix; unit++) {
        size_t length = strlen(unit->suffix);
        if (span.bytes <= length ||
            memcmp(span.text + span.bytes - length, unit->suffix, length) != 0)
            continue;
        struct svc_span number = svc_trim((struct svc_span){span.text, span.bytes - length});
        return svc_number(number, value) && !__builtin_mul_overflow(*value, unit->factor, value);
    }
    return false;
}

bool svc_size(struct svc_span span, uint64_t *value)
{
    static const struct unit units[] = {
        {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"", 1}, {0}};
    return with_unit(span, units, value);
}

bool svc_duration(struct svc_span span, uint64_t *value)
{
    static const struct unit units[] = {
        {"us", 1000}, {"ms", 1000000}, {"min", 60000000000}, {"s", 1000000000}, {0}};
    return with_unit(span, units, value);
}
