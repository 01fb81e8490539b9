// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/log/limit.h"

void limit_open(struct limit *limit, time_ns_t now)
{
    *limit = (struct limit){.left = LIMIT_BURST_BYTES, .since = now};
}

bool limit_allows(struct limit *limit, time_ns_t now)
{
    uint64_t elapsed_us = (now - limit->since) / 1000;
    int64_t earned = elapsed_us > 10000000
                         ? 2 * LIMIT_BURST_BYTES
                         : (int64_t)(elapsed_us * LIMIT_BYTES_PER_SECOND / 1000000);
    if (earned) {
        limit->since = now;
        limit->left =
            limit->left + earned < LIMIT_BURST_BYTES ? limit->left + earned : LIMIT_BURST_BYTES;
    }
    return limit->left > 0;
}

void limit_take(struct limit *limit, size_t bytes)
{
    limit->left -= (int64_t)bytes;
}
