// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Clocks of processor time: the two fixed ones, and those that clock_getcpuclockid makes of a
// process or thread number.

#pragma once

#include "abi/types.h"

struct task;

// posix_lock held. E_INVAL: no such clock, or nobody of that number.
int process_clock_read(struct task *task, int32_t clock, uint64_t *ns);
// The number of the clock of a thread's processor time.
static inline int32_t process_clock_of_thread(int32_t tid)
{
    return (int32_t)((uint32_t)~tid << 3) | 6;
}
