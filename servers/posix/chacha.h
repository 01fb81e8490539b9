// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The ChaCha20 block function (RFC 8439, 2.3). Pure.

#pragma once

#include <stdint.h>

enum { CHACHA_KEY_WORDS = 8, CHACHA_BLOCK_BYTES = 64 };

// One block of key stream.
void chacha_block(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter, const uint32_t nonce[3],
                  uint8_t out[CHACHA_BLOCK_BYTES]);
