// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What follows when user code faults: the processors' trap handlers say what it was, this decides.
// No lock held.

#pragma once

#include "abi/syscall.h"
#include "kernel/mm/aspace.h"

struct thread;

// An access that the processor refused; `code` is the processor's number of such faults. The page
// is entered, or a pager asked for it, or the guest's server told, or the process ends.
void user_page_fault(struct thread *thread, struct fault *fault, int32_t code);

// Ends the process; `fault` is all zero where no access was wrong.
void user_fault(struct thread *thread, enum death_cause cause, int32_t code,
                const struct fault *fault);
