// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

#include "abi/types.h"

struct thread;

// INFO_PROCESSES: the index-th process' status to a user address; bytes written, or -E_NOENT past
// the end.
int64_t process_info(struct thread *thread, uint64_t index, uint64_t address, uint64_t bytes);
