// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The status word of wait(2). Pure.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WAIT_STATUS_CONTINUED 0xffff

static inline int32_t wait_status_exited(int32_t code)
{
    return (code & 0xff) << 8;
}

static inline int32_t wait_status_killed(int32_t number)
{
    return number & 0x7f;
}

static inline int32_t wait_status_stopped(int32_t number)
{
    return number << 8 | 0x7f;
}

static inline bool wait_status_is_exit(int32_t status)
{
    return (status & 0x7f) == 0;
}
