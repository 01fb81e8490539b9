// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Numbers, sorting, searching.

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static unsigned digit_value(char c)
{
    if (isdigit(c))
        return (unsigned)(c - '0');
    if (isalpha(c))
        return (unsigned)(tolower(c) - 'a') + 10;
    return UINT_MAX;
}

// The magnitude at *s, saturated; *s moves behind it, or stays if there are no digits.
static unsigned long long parse_magnitude(const char **s, unsigned base, bool *overflow)
{
    const char *p = *s;
    if ((base == 0 || base == 16) && p[0] == '0' && (p[1] | 32) == 'x' && digit_value(p[2]) < 16) {
        p += 2;
        base = 16;
    } else if (base == 0) {
        base = p[0] == '0' ? 8 : 10;
    }
    unsigned long long value = 0;
    *overflow = false;
    for (unsigned digit; (digit = digit_value(*p)) < base; p++) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            *overflow = true;
        *s = p + 1;
    }
    return *overflow ? ULLONG_MAX : value;
}

// Skips blanks and a sign; *end: behind the number, or at s if there is none.
static unsigned long long parse_number(const char *s, char **end, int base, bool *negative,
                                       bool *overflow)
{
    const char *p = s;
    while (isspace(*p))
        p++;
    *negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    const char *digits = p;
    unsigned long long value = parse_magnitude(&p, (unsigned)base, overflow);
    if (end)
        *end = (char *)(uintptr_t)(p == digits ? s : p);
    return value;
}

unsigned long long strtoull(const char *s, char **end, int base)
{
    bool negative, overflow;
    unsigned long long value = parse_number(s, end, base, &negative, &overflow);
    return negative && !overflow ? -value : value;
}

long long strtoll(const char *s, char **end, int base)
{
    bool negative, overflow;
    unsigned long long value = parse_number(s, end, base, &negative, &overflow);
    if (negative)
        return value > (unsigned long long)LLONG_MAX ? LLONG_MIN : -(long long)value;
    return value > (unsigned long long)LLONG_MAX ? LLONG_MAX : (long long)value;
}

unsigned long strtoul(const char *s, char **end, int base)
{
    return strtoull(s, end, base);
}

long strtol(const char *s, char **end, int base)
{
    return strtoll(s, end, base);
}

int atoi(const char *s)
{
    return (int)strtol(s, NULL, 10);
}

static void swap_bytes(unsigned char *a, unsigned char *b, size_t bytes)
{
    for (; bytes >= sizeof(uint64_t); bytes -= sizeof(uint64_t)) {
        uint64_t x, y;
        __builtin_memcpy(&x, a, sizeof(x));
        __builtin_memcpy(&y, b, sizeof(y));
        __builtin_memcpy(a, &y, sizeof(y));
        __builtin_memcpy(b, &x, sizeof(x));
        a += sizeof(x);
        b += sizeof(x);
    }
    for (; bytes; bytes--, a++, b++) {
        unsigned char x = *a;
        *a = *b;
        *b = x;
    }
}

static void sift_down(unsigned char *base, size_t root, size_t count, size_t bytes,
                      int (*compare)(const void *, const void *))
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare(base + child * bytes, base + (child + 1) * bytes) < 0)
            child++;
        if (compare(base + root * bytes, base + child * bytes) >= 0)
            return;
        swap_bytes(base + root * bytes, base + child * bytes, bytes);
    }
}

// Heapsort: in place, no recursion, no bad case.
void qsort(void *base, size_t count, size_t bytes, int (*compare)(const void *, const void *))
{
    unsigned char *first = base;
    for (size_t root = count / 2; root-- > 0;)
        sift_down(first, root, count, bytes, compare);
    for (size_t end = count; end-- > 1;) {
        swap_bytes(first, first + end * bytes, bytes);
        sift_down(first, 0, end, bytes, compare);
    }
}

void *bsearch(const void *key, const void *base, size_t count, size_t bytes,
              int (*compare)(const void *, const void *))
{
    const unsigned char *first = base;
    while (count) {
        const unsigned char *middle = first + count / 2 * bytes;
        int order = compare(key, middle);
        if (!order)
            return (void *)(uintptr_t)middle;
        if (order > 0) {
            first = middle + bytes;
            count--;
        }
        count /= 2;
    }
    return NULL;
}
