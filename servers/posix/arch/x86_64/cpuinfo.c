// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// /proc/cpuinfo of an x86_64 processor, from CPUID (Intel SDM volume 2A, CPUID; AMD APM volume 3,
// appendix E).

#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "servers/posix/fs/proc/proc.h"

enum cpuid_register { EAX, EBX, ECX, EDX };

struct feature {
    uint32_t leaf;
    enum cpuid_register reg;
    uint8_t bit;
    const char *name;
};

// Linux's names, in Linux's order.
static const struct feature features[] = {
    {1, EDX, 0, "fpu"},
    {1, EDX, 3, "pse"},
    {1, EDX, 4, "tsc"},
    {1, EDX, 5, "msr"},
    {1, EDX, 6, "pae"},
    {1, EDX, 8, "cx8"},
    {1, EDX, 9, "apic"},
    {1, EDX, 11, "sep"},
    {1, EDX, 13, "pge"},
    {1, EDX, 15, "cmov"},
    {1, EDX, 16, "pat"},
    {1, EDX, 19, "clflush"},
    {1, EDX, 23, "mmx"},
    {1, EDX, 24, "fxsr"},
    {1, EDX, 25, "sse"},
    {1, EDX, 26, "sse2"},
    {0x80000001, EDX, 11, "syscall"},
    {0x80000001, EDX, 20, "nx"},
    {0x80000001, EDX, 26, "pdpe1gb"},
    {0x80000001, EDX, 27, "rdtscp"},
    {0x80000001, EDX, 29, "lm"},
    {1, ECX, 0, "pni"},
    {1, ECX, 1, "pclmulqdq"},
    {1, ECX, 9, "ssse3"},
    {1, ECX, 12, "fma"},
    {1, ECX, 13, "cx16"},
    {1, ECX, 17, "pcid"},
    {1, ECX, 19, "sse4_1"},
    {1, ECX, 20, "sse4_2"},
    {1, ECX, 21, "x2apic"},
    {1, ECX, 22, "movbe"},
    {1, ECX, 23, "popcnt"},
    {1, ECX, 25, "aes"},
    {1, ECX, 26, "xsave"},
    {1, ECX, 28, "avx"},
    {1, ECX, 29, "f16c"},
    {1, ECX, 30, "rdrand"},
    {1, ECX, 31, "hypervisor"},
    {0x80000001, ECX, 0, "lahf_lm"},
    {0x80000001, ECX, 5, "abm"},
    {7, EBX, 0, "fsgsbase"},
    {7, EBX, 3, "bmi1"},
    {7, EBX, 5, "avx2"},
    {7, EBX, 7, "smep"},
    {7, EBX, 8, "bmi2"},
    {7, EBX, 9, "erms"},
    {7, EBX, 16, "avx512f"},
    {7, EBX, 18, "rdseed"},
    {7, EBX, 19, "adx"},
    {7, EBX, 20, "smap"},
    {7, EBX, 29, "sha_ni"},
    {7, ECX, 2, "umip"},
    {7, ECX, 16, "la57"},
    {7, EDX, 4, "fsrm"},
};

static bool leaf_get(uint32_t leaf, uint32_t out[4])
{
    return __get_cpuid_count(leaf, 0, &out[EAX], &out[EBX], &out[ECX], &out[EDX]) != 0;
}

static size_t append(char *text, size_t size, size_t used, const char *what)
{
    size_t length = strlen(what);
    if (length > size - used)
        return used;
    memcpy(text + used, what, length);
    return used + length;
}

static size_t append_flags(char *text, size_t size, size_t used)
{
    used = append(text, size, used, "flags\t\t:");
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        uint32_t reg[4];
        if (!leaf_get(features[i].leaf, reg) || (reg[features[i].reg] >> features[i].bit & 1) == 0)
            continue;
        used = append(text, size, used, " ");
        used = append(text, size, used, features[i].name);
    }
    return append(text, size, used, "\n");
}

size_t arch_cpu_description(char *text, size_t size)
{
    enum { BRAND_FIRST = 0x80000002u, BRAND_WORDS = 4 };
    uint32_t reg[4] = {0}, brand[3 * BRAND_WORDS + 1] = {0};
    char vendor[13] = {0}, line[256];
    if (leaf_get(0, reg)) {
        memcpy(vendor, &reg[EBX], 4);
        memcpy(vendor + 4, &reg[EDX], 4);
        memcpy(vendor + 8, &reg[ECX], 4);
    }
    for (uint32_t i = 0; i < 3; i++)
        (void)leaf_get((uint32_t)BRAND_FIRST + i, &brand[i * BRAND_WORDS]);
    memset(reg, 0, sizeof(reg));
    (void)leaf_get(1, reg);
    uint32_t family = reg[EAX] >> 8 & 15, model = reg[EAX] >> 4 & 15;
    if (family == 15)
        family += reg[EAX] >> 20 & 255;
    if (family == 6 || family >= 15)
        model += (reg[EAX] >> 16 & 15) << 4;
    (void)snprintf(
        line, sizeof(line),
        "vendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n",
        vendor, family, model, (const char *)brand, reg[EAX] & 15);
    size_t used = append(text, size, 0, line);
    used = append_flags(text, size, used);
    return append(text, size, used, "clflush size\t: 64\ncache_alignment\t: 64\n");
}
