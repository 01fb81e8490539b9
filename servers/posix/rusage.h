// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// struct rusage as getrusage and wait4 write it.

#pragma once

#include "servers/posix/clock.h"
#include "servers/posix/task.h"

struct rusage_linux {
    struct timeval_linux user, system;
    int64_t max_resident_kib;
    int64_t shared_text, unshared_data, unshared_stack;
    int64_t minor_faults, major_faults, swaps;
    int64_t blocks_in, blocks_out;
    int64_t messages_sent, messages_received, signals;
    int64_t voluntary_switches, involuntary_switches;
};
_Static_assert(sizeof(struct rusage_linux) == 144, "struct rusage");

static inline void rusage_fill(struct rusage_linux *out, const struct usage *usage)
{
    *out = (struct rusage_linux){
        .user = {(int64_t)(usage->user_ns / NS_PER_SECOND),
                 (int64_t)(usage->user_ns % NS_PER_SECOND / NS_PER_US)},
        .system = {(int64_t)(usage->system_ns / NS_PER_SECOND),
                   (int64_t)(usage->system_ns % NS_PER_SECOND / NS_PER_US)},
        .max_resident_kib = (int64_t)usage->max_resident_kib,
        .minor_faults = (int64_t)usage->minor_faults,
        .major_faults = (int64_t)usage->major_faults,
        .voluntary_switches = (int64_t)usage->voluntary_switches,
    };
}
