// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What this processor can do, for AT_HWCAP and /proc/cpuinfo. Its identification registers are the
// kernel's to read (INFO_PROCESSOR); where it does not tell, the features that every ARMv8
// processor has remain.

#include <stdio.h>
#include <string.h>

#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/arch/aarch64/features.h"
#include "servers/posix/fs/proc/proc.h"

static const struct info_processor *processor(void)
{
    static struct info_processor known; // all 0: FP and SIMD, nothing else
    static bool asked;
    if (!asked) {
        struct info_processor answer;
        if (sys_info(INFO_PROCESSOR, 0, &answer, sizeof(answer)) == sizeof(answer))
            known = answer;
        asked = true;
    }
    return &known;
}

// Asked at every exec, so kept.
static uint64_t hwcap_word(unsigned word)
{
    static uint64_t known[2];
    static bool asked[2];
    if (!asked[word])
        known[word] = feature_word(processor(), word);
    asked[word] = true;
    return known[word];
}

uint64_t arch_hwcap(void)
{
    return hwcap_word(0);
}

uint64_t arch_hwcap2(void)
{
    return hwcap_word(1);
}

int64_t arch_vector_bytes(void)
{
    uint64_t bytes = processor()->vector_bytes;
    return bytes != 0 ? (int64_t)bytes : -E_INVAL;
}

// The kernel keeps the CPU's number in TPIDRRO_EL0.
uint32_t arch_current_cpu(void)
{
    uint64_t number;
    __asm__ volatile("mrs %0, tpidrro_el0" : "=r"(number));
    return (uint32_t)number;
}

static size_t append(char *text, size_t size, size_t used, const char *what)
{
    size_t length = strlen(what);
    if (length > size - used)
        return used;
    memcpy(text + used, what, length);
    return used + length;
}

// Fields of MIDR_EL1: implementer 31-24, variant 23-20, part 15-4, revision 3-0.
size_t arch_cpu_description(char *text, size_t size)
{
    char line[256];
    uint64_t midr = processor()->midr;
    size_t used = append(text, size, 0, "Features\t:");
    for (size_t i = 0; i < feature_count; i++) {
        if (!feature_present(&features[i], processor()))
            continue;
        used = append(text, size, used, " ");
        used = append(text, size, used, features[i].name);
    }
    (void)snprintf(line, sizeof(line),
                   "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\n"
                   "CPU part\t: 0x%03x\nCPU revision\t: %u\n",
                   (unsigned)(midr >> 24 & 0xff), (unsigned)(midr >> 20 & 15),
                   (unsigned)(midr >> 4 & 0xfff), (unsigned)(midr & 15));
    return append(text, size, used, line);
}
