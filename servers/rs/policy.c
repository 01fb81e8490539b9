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

// What running well has earned.
static void decay(const struct svc_manifest *manifest, struct policy_state *state, time_ns_t uptime)
{
    uint64_t each = manifest->retries ? manifest->retry_window / manifest->retries : 0;
    uint64_t earned = each ? uptime / each : UINT64_MAX;
    state->deaths -= earned < state->deaths ? (uint32_t)earned : state->deaths;
    if (earned && !state->deaths)
        state->renewed = false;
}

enum policy_action policy_decide(const struct svc_manifest *manifest, struct policy_state *state,
                                 const struct policy_death *death, uint64_t *delay)
{
    *delay = 0;
    if (death->clean && manifest->restart != SVC_RESTART_ALWAYS)
        return POLICY_STOP;
    if (manifest->restart == SVC_RESTART_NEVER)
        return POLICY_GIVE_UP;
    if (manifest->retry_window)
        decay(manifest, state, death->uptime);
    if (death->excused)
        return POLICY_RESTART;
    if (state->deaths < manifest->retries) {
        state->deaths++;
        *delay = back_off(manifest, state->deaths);
        return POLICY_RESTART;
    }
    if (manifest->give_up != SVC_GIVE_UP_RENEW || state->renewed)
        return POLICY_GIVE_UP;
    *state = (struct policy_state){.renewed = true};
    return POLICY_RENEW;
}
