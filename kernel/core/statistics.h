// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Counters that SYS_INFO shows.

#pragma once

#include "abi/syscall.h"

extern uint64_t object_counts[OBJECT_TYPES]; // atomic
