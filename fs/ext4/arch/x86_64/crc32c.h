// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The processor's own crc32c, part of SSE4.2 (Intel SDM volume 2, CRC32).

#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline bool crc32c_instruction_present(void)
{
    enum { FEATURES = 1, SSE4_2 = 1 << 20 };
    uint32_t a = FEATURES, b, c = 0, d;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c & SSE4_2) != 0;
}

static inline uint32_t crc32c_instruction(uint32_t crc, uint64_t data)
{
    uint64_t wide = crc;
    __asm__("crc32q %1, %0" : "+r"(wide) : "r"(data));
    return (uint32_t)wide;
}
