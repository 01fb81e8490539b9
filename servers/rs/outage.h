// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// How long things took, as counts: smallest, largest, and a histogram fine enough for a median
// that is at most an eighth too large. Pure.

#pragma once

#include <stddef.h>
#include <stdint.h>

// Buckets: 0 .. 7 us one each, then eight to each doubling, up to a minute and more.
enum { OUTAGE_STEPS = 8, OUTAGE_DOUBLINGS = 24, OUTAGE_BUCKETS = OUTAGE_STEPS * OUTAGE_DOUBLINGS };

struct outage {
    uint32_t count;
    uint64_t last, shortest, longest;   // ns
    uint32_t histogram[OUTAGE_BUCKETS]; // the last holds whatever is longer, too
};

void outage_add(struct outage *outage, uint64_t ns);

// Upper bound of the bucket that the middle one lies in, in ns; the longest if that is less. 0:
// there was none.
uint64_t outage_median(const struct outage *outage);

// Upper bound of a bucket in us.
uint64_t outage_bucket_us(unsigned bucket);
