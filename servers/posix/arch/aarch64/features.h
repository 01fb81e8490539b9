// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What programs are told of an aarch64 processor (Linux 6.1: asm/hwcap.h,
// Documentation/arm64/elf_hwcaps.rst). Pure.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/arch/aarch64/processor.h"

struct feature {
    const char *name;  // in /proc/cpuinfo
    uint16_t field;    // offset in struct info_processor
    uint8_t shift;     // of a 4-bit field
    uint8_t least;     // value from which on the feature is there
    uint8_t is_signed; // 15 means "not there"
    uint8_t word, bit; // AT_HWCAP (0) or AT_HWCAP2 (1)
};

extern const struct feature features[];
extern const size_t feature_count;

int feature_present(const struct feature *feature, const struct info_processor *processor);
// AT_HWCAP (`word` 0), AT_HWCAP2 (1).
uint64_t feature_word(const struct info_processor *processor, unsigned word);
