// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/rs/policy.h"

static uint64_t back_off(const struct svc_manifest *manifest, uint32_t deaths)
{
    if (deaths < 2)
        return 0;
    uint64_t delay = manifest->backoff;
    for (uint32_t i = 2; i < deaths; i++) {
        if (delay > manifest->backoff_max / 2)
            return manifest->backoff_max;
        delay *= 2;
    }
    return delay < manifest->backoff_max ? delay : manifest->backoff_max;
}

enum policy_action policy_death(const struct svc_manifest *manifest, struct policy_state *state,
                                time_ns_t now, bool clean, uint64_t *delay)
{
    *delay = 0;
    if (clean && manifest->restart != SVC_RESTART_ALWAYS)
        return POLICY_STOP;
    if (manifest->restart == SVC_RESTART_NEVER)
        return POLICY_GIVE_UP;
    if (state->deaths && now - state->last > manifest->retry_window)
        state->deaths = 0; // it ran well for long enough
    state->last = now;
    if (state->deaths >= manifest->retries)
        return POLICY_GIVE_UP;
    state->deaths++;
    *delay = back_off(manifest, state->deaths);
    return POLICY_RESTART;
}
