// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The part of C's string.h that native processes have. ISO C semantics; strnlen, memmem, stpcpy and
// strlcpy as POSIX and BSD define them.

#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

// The compiler moves and compares a few bytes, when it knows how many, without a call.
#define memcpy(to, from, bytes)  __builtin_memcpy(to, from, bytes)
#define memmove(to, from, bytes) __builtin_memmove(to, from, bytes)
#define memset(to, value, bytes) __builtin_memset(to, value, bytes)
#define memcmp(a, b, bytes)      __builtin_memcmp(a, b, bytes)

void *memchr(const void *in, int byte, size_t bytes);
void *memmem(const void *in, size_t in_bytes, const void *what, size_t what_bytes);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strcpy(char *restrict to, const char *restrict from);
char *strncpy(char *restrict to, const char *restrict from, size_t bytes);
char *stpcpy(char *restrict to, const char *restrict from);
char *strcat(char *restrict to, const char *restrict from);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);

// Copies as much as fits and always terminates (bytes > 0); returns strlen(from): larger than bytes
// - 1 means cut.
size_t strlcpy(char *restrict to, const char *restrict from, size_t bytes);
size_t strlcat(char *restrict to, const char *restrict from, size_t bytes);

// malloc'ed copies; NULL: no memory.
char *strdup(const char *s);
char *strndup(const char *s, size_t max);
