// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The processor's own crc32c (Arm ARM, C6.2: CRC32CX), which an ARMv8.0 may lack. Programs of the
// build machine, such as the unit tests, do without: there the kernel is another.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#if __STDC_HOSTED__
static inline bool crc32c_instruction_present(void)
{
    return false;
}
#else
#include "abi/arch/aarch64/processor.h"
#include "lib/sys/sys.h"

static inline bool crc32c_instruction_present(void)
{
    enum { CRC32_SHIFT = 16, FIELD = 15 };
    struct info_processor processor;
    int64_t bytes = sys_info(INFO_PROCESSOR, 0, &processor, sizeof(processor));
    return bytes == sizeof(processor) && (processor.isar0 >> CRC32_SHIFT & FIELD) != 0;
}
#endif

static inline uint32_t crc32c_instruction(uint32_t crc, uint64_t data)
{
    __asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(data));
    return crc;
}
