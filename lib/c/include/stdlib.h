// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The part of C's stdlib.h that native processes have. malloc and friends are thread-safe
// (lib/c/malloc.c); they return NULL when memory is exhausted and 16-byte aligned blocks otherwise.

#pragma once

#include <stddef.h>

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void *realloc(void *block, size_t bytes);
void *aligned_alloc(size_t alignment, size_t bytes); // alignment: a power of two, at most a page
void free(void *block);

void qsort(void *base, size_t count, size_t bytes, int (*compare)(const void *, const void *));
void *bsearch(const void *key, const void *base, size_t count, size_t bytes,
              int (*compare)(const void *, const void *));

// Saturate on overflow, as ISO C says; there is no errno, so callers that care compare with the
// limits.
long strtol(const char *s, char **end, int base);
unsigned long strtoul(const char *s, char **end, int base);
long long strtoll(const char *s, char **end, int base);
unsigned long long strtoull(const char *s, char **end, int base);
int atoi(const char *s);

static inline int abs(int value)
{
    return value < 0 ? -value : value;
}

// Leaves last words (a log line with the caller's address) and dies of an illegal instruction.
__attribute__((noreturn)) void abort(void);
// Ends the process with this exit code.
__attribute__((noreturn)) void exit(int code);
