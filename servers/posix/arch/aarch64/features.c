// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Feature bits from the identification registers (features.h). An allow-list: what is not here, or
// what the kernel hides, programs do not learn of.

#include "servers/posix/arch/aarch64/features.h"

#define ISAR0 offsetof(struct info_processor, isar0)
#define ISAR1 offsetof(struct info_processor, isar1)
#define PFR0  offsetof(struct info_processor, pfr0)
#define MMFR2 offsetof(struct info_processor, mmfr2)
#define ZFR0  offsetof(struct info_processor, zfr0)

// Linux's names, in the order of their bits.
const struct feature features[] = {
    {"fp", PFR0, 16, 0, 1, 0, 0},         {"asimd", PFR0, 20, 0, 1, 0, 1},
    {"aes", ISAR0, 4, 1, 0, 0, 3},        {"pmull", ISAR0, 4, 2, 0, 0, 4},
    {"sha1", ISAR0, 8, 1, 0, 0, 5},       {"sha2", ISAR0, 12, 1, 0, 0, 6},
    {"crc32", ISAR0, 16, 1, 0, 0, 7},     {"atomics", ISAR0, 20, 2, 0, 0, 8},
    {"fphp", PFR0, 16, 1, 1, 0, 9},       {"asimdhp", PFR0, 20, 1, 1, 0, 10},
    {"asimdrdm", ISAR0, 28, 1, 0, 0, 12}, {"jscvt", ISAR1, 12, 1, 0, 0, 13},
    {"fcma", ISAR1, 16, 1, 0, 0, 14},     {"lrcpc", ISAR1, 20, 1, 0, 0, 15},
    {"dcpop", ISAR1, 0, 1, 0, 0, 16},     {"sha3", ISAR0, 32, 1, 0, 0, 17},
    {"sm3", ISAR0, 36, 1, 0, 0, 18},      {"sm4", ISAR0, 40, 1, 0, 0, 19},
    {"asimddp", ISAR0, 44, 1, 0, 0, 20},  {"sha512", ISAR0, 12, 2, 0, 0, 21},
    {"sve", PFR0, 32, 1, 0, 0, 22},       {"asimdfhm", ISAR0, 48, 1, 0, 0, 23},
    {"dit", PFR0, 48, 1, 0, 0, 24},       {"uscat", MMFR2, 32, 1, 0, 0, 25},
    {"ilrcpc", ISAR1, 20, 2, 0, 0, 26},   {"flagm", ISAR0, 52, 1, 0, 0, 27},
    {"sb", ISAR1, 36, 1, 0, 0, 29},       {"dcpodp", ISAR1, 0, 2, 0, 1, 0},
    {"sve2", ZFR0, 0, 1, 0, 1, 1},        {"sveaes", ZFR0, 4, 1, 0, 1, 2},
    {"svepmull", ZFR0, 4, 2, 0, 1, 3},    {"svebitperm", ZFR0, 16, 1, 0, 1, 4},
    {"svesha3", ZFR0, 32, 1, 0, 1, 5},    {"svesm4", ZFR0, 40, 1, 0, 1, 6},
    {"flagm2", ISAR0, 52, 2, 0, 1, 7},    {"frint", ISAR1, 32, 1, 0, 1, 8},
    {"svei8mm", ZFR0, 44, 1, 0, 1, 9},    {"svef32mm", ZFR0, 52, 1, 0, 1, 10},
    {"svef64mm", ZFR0, 56, 1, 0, 1, 11},  {"svebf16", ZFR0, 20, 1, 0, 1, 12},
    {"i8mm", ISAR1, 52, 1, 0, 1, 13},     {"bf16", ISAR1, 44, 1, 0, 1, 14},
    {"dgh", ISAR1, 48, 1, 0, 1, 15},      {"rng", ISAR0, 60, 1, 0, 1, 16},
};
const size_t feature_count = sizeof(features) / sizeof(features[0]);

int feature_present(const struct feature *feature, const struct info_processor *processor)
{
    enum { FIELD = 15, NOT_THERE = 15 };
    const uint64_t *word =
        (const uint64_t *)(const void *)((const char *)processor + feature->field);
    uint64_t value = *word >> feature->shift & FIELD;
    if (feature->is_signed && value == NOT_THERE)
        return 0;
    return value >= feature->least;
}

uint64_t feature_word(const struct info_processor *processor, unsigned word)
{
    uint64_t result = 0;
    for (size_t i = 0; i < feature_count; i++) {
        if (features[i].word == word && feature_present(&features[i], processor))
            result |= 1ull << features[i].bit;
    }
    return result;
}
