// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What to do about a death: pure arithmetic on the manifest's policy.
//
// Each death adds one to the row, and each `retry_window / retries` for which the service then ran
// takes one off: it may die `retries` times a window for ever, and its back-off shrinks as it grew.

#pragma once

#include "abi/types.h"
#include "lib/svc/svc.h"

struct policy_state {
    uint32_t deaths; // in the row
    bool renewed;    // POLICY_RENEW was tried in this row
};

struct policy_death {
    time_ns_t uptime; // how long it had been ready
    bool clean;       // it ended itself with exit code 0
    bool excused;     // it was killed on request: that says nothing about the service
};

enum policy_action {
    POLICY_RESTART,
    POLICY_RENEW, // restart, with all that need it, and begin a new row: once a row
    POLICY_STOP,
    POLICY_GIVE_UP,
};

// Counts a death. For POLICY_RESTART *delay is how long to wait first: nothing after the first
// death of the row, then backoff, doubled each time up to backoff_max.
enum policy_action policy_decide(const struct svc_manifest *manifest, struct policy_state *state,
                                 const struct policy_death *death, uint64_t *delay);
