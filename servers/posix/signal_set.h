// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Classes of signals and what happens by default (signal(7)). Pure.

#pragma once

#include "servers/posix/signal.h"

enum signal_default { SIGNAL_ENDS, SIGNAL_IGNORED, SIGNAL_STOPS, SIGNAL_CONTINUES };

#define SIGNAL_STOP_SET \
    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
#define SIGNAL_UNBLOCKABLE_SET (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
// Faults of the task itself: delivered before anything else.
#define SIGNAL_SYNCHRONOUS_SET                                                             \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
     SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

static inline enum signal_default signal_default_of(int number)
{
    switch (number) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
        return SIGNAL_IGNORED;
    case SIGCONT:
        return SIGNAL_CONTINUES;
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        return SIGNAL_STOPS;
    default:
        return SIGNAL_ENDS;
    }
}

// The signal of a non-empty set that is delivered first.
static inline int signal_first(signal_set_t set)
{
    signal_set_t synchronous = set & SIGNAL_SYNCHRONOUS_SET;
    return __builtin_ctzll(synchronous != 0 ? synchronous : set) + 1;
}
