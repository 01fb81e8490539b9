// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Values in manifests: words, numbers, sizes, durations. Private to lib/svc.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A piece of the file's text.
struct svc_span {
    const char *text;
    size_t bytes;
};

struct svc_span svc_trim(struct svc_span span);

// Cuts *rest at the first `separator` outside parentheses: returns what is before it, trimmed.
// False: *rest was empty.
bool svc_next(struct svc_span *rest, char separator, struct svc_span *item);

bool svc_equals(struct svc_span span, const char *text);

// Copies into a NUL-terminated array; false: too long or a NUL inside.
bool svc_copy(struct svc_span span, char *to, size_t room);

// Names: a letter, then letters, digits, '_' and '-'.
bool svc_copy_name(struct svc_span span, char *to, size_t room);

// Decimal or 0x hexadecimal.
bool svc_number(struct svc_span span, uint64_t *value);
// Hexadecimal without prefix, at most `max`, or '*' for SVC_ANY.
bool svc_hex_or_any(struct svc_span span, uint32_t max, uint32_t *value);
// A number with an optional K, M or G (powers of 1024).
bool svc_size(struct svc_span span, uint64_t *value);
// A number with us, ms, s or min; result in ns.
bool svc_duration(struct svc_span span, uint64_t *value);
