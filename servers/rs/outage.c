// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/rs/outage.h"

enum { STEP_BITS = 3 };
_Static_assert(OUTAGE_STEPS == 1 << STEP_BITS, "steps to a doubling");

static unsigned bucket_of(uint64_t us)
{
    if (us < OUTAGE_STEPS)
        return (unsigned)us;
    unsigned top = 63 - (unsigned)__builtin_clzll(us);
    unsigned step = (unsigned)(us >> (top - STEP_BITS)) & (OUTAGE_STEPS - 1);
    unsigned bucket = (top - STEP_BITS + 1) * OUTAGE_STEPS + step;
    return bucket < OUTAGE_BUCKETS ? bucket : OUTAGE_BUCKETS - 1;
}

uint64_t outage_bucket_us(unsigned bucket)
{
    if (bucket < OUTAGE_STEPS)
        return bucket + 1;
    unsigned doubling = bucket / OUTAGE_STEPS - 1;
    return (uint64_t)(OUTAGE_STEPS + bucket % OUTAGE_STEPS + 1) << doubling;
}

void outage_add(struct outage *outage, uint64_t ns)
{
    if (!outage->count || ns < outage->shortest)
        outage->shortest = ns;
    if (ns > outage->longest)
        outage->longest = ns;
    outage->last = ns;
    outage->count++;
    outage->histogram[bucket_of(ns / 1000)]++;
}

uint64_t outage_median(const struct outage *outage)
{
    if (!outage->count)
        return 0;
    uint32_t below = 0;
    unsigned bucket = 0;
    while (bucket < OUTAGE_BUCKETS - 1 && below + outage->histogram[bucket] <= outage->count / 2)
        below += outage->histogram[bucket++];
    uint64_t bound = outage_bucket_us(bucket) * 1000;
    return bucket == OUTAGE_BUCKETS - 1 || bound > outage->longest ? outage->longest : bound;
}
