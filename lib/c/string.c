// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// string.h but for memcpy, memmove and memset, which are the processor's (lib/c/arch).

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t load_word(const unsigned char *from)
{
    uint64_t word;
    __builtin_memcpy(&word, from, sizeof(word));
    return word;
}

// In parentheses, as string.h's macro has the name too.
int(memcmp)(const void *a, const void *b, size_t bytes)
{
    const unsigned char *p = a, *q = b;
    for (; bytes >= sizeof(uint64_t); p += sizeof(uint64_t), q += sizeof(uint64_t)) {
        uint64_t x = load_word(p), y = load_word(q);
        if (x != y)
            return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
        bytes -= sizeof(uint64_t);
    }
    for (; bytes; bytes--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

void *memchr(const void *in, int byte, size_t bytes)
{
    const unsigned char *p = in;
    for (; bytes; bytes--, p++)
        if (*p == (unsigned char)byte)
            return (void *)(uintptr_t)p;
    return NULL;
}

void *memmem(const void *in, size_t in_bytes, const void *what, size_t what_bytes)
{
    const unsigned char *p = in;
    if (!what_bytes)
        return (void *)(uintptr_t)p;
    for (; in_bytes >= what_bytes; p++, in_bytes--)
        if (*p == *(const unsigned char *)what && !memcmp(p, what, what_bytes))
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *end = s;
    while (*end)
        end++;
    return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t max)
{
    size_t length = 0;
    while (length < max && s[length])
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
    for (; max; max--, a++, b++)
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

char *stpcpy(char *restrict to, const char *restrict from)
{
    size_t length = strlen(from);
    memcpy(to, from, length + 1);
    return to + length;
}

char *strcpy(char *restrict to, const char *restrict from)
{
    stpcpy(to, from);
    return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t bytes)
{
    size_t length = strnlen(from, bytes);
    memcpy(to, from, length);
    memset(to + length, 0, bytes - length);
    return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
    strcpy(to + strlen(to), from);
    return to;
}

size_t strlcpy(char *restrict to, const char *restrict from, size_t bytes)
{
    size_t length = strlen(from);
    if (bytes) {
        size_t copied = length < bytes ? length : bytes - 1;
        memcpy(to, from, copied);
        to[copied] = 0;
    }
    return length;
}

size_t strlcat(char *restrict to, const char *restrict from, size_t bytes)
{
    size_t length = strnlen(to, bytes);
    return length + strlcpy(to + length, from, bytes - length);
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)(uintptr_t)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;
    for (;; s++) {
        if (*s == (char)c)
            found = s;
        if (!*s)
            return (char *)(uintptr_t)found;
    }
}

char *strstr(const char *s, const char *what)
{
    return memmem(s, strlen(s), what, strlen(what));
}

size_t strspn(const char *s, const char *accept)
{
    size_t length = 0;
    while (s[length] && strchr(accept, s[length]))
        length++;
    return length;
}

size_t strcspn(const char *s, const char *reject)
{
    size_t length = 0;
    while (s[length] && !strchr(reject, s[length]))
        length++;
    return length;
}

char *strndup(const char *s, size_t max)
{
    size_t length = strnlen(s, max);
    char *copy = malloc(length + 1);
    if (copy) {
        memcpy(copy, s, length);
        copy[length] = 0;
    }
    return copy;
}

char *strdup(const char *s)
{
    return strndup(s, SIZE_MAX - 1);
}
