// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// BLAKE2s (RFC 7693), plain and keyed, at once over one piece of data. Pure.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { BLAKE2S_KEY_MAX = 32, BLAKE2S_HASH_MAX = 32 };

// `hash_bytes` 1 to BLAKE2S_HASH_MAX, `key_bytes` 0 (none) to BLAKE2S_KEY_MAX. `hash` may be `key`.
void blake2s(uint8_t *hash, size_t hash_bytes, const void *key, size_t key_bytes, const void *data,
             size_t bytes);
