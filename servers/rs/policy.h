// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What to do about a death: pure arithmetic on the manifest's policy.

#pragma once

#include "abi/types.h"
#include "lib/svc/svc.h"

struct policy_state {
    uint32_t deaths; // in a row, each within retry_window of the one before
    time_ns_t last;  // time of the last one
};

enum policy_action { POLICY_RESTART, POLICY_STOP, POLICY_GIVE_UP };

// Counts a death at `now`. `clean`: it ended itself with exit code 0. For POLICY_RESTART *delay is
// how long to wait first: nothing after the first death, then backoff, doubled each time up to
// backoff_max.
enum policy_action policy_death(const struct svc_manifest *manifest, struct policy_state *state,
                                time_ns_t now, bool clean, uint64_t *delay);
