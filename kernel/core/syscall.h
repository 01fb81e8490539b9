// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// System-call dispatch, and how handlers reach their caller's memory.
//
// A handler runs with interrupts off and no lock held, takes its arguments from arg[0..5], and
// returns a result, a negative error, or SYSCALL_BLOCKED when the thread waits or will start the
// call again.

#pragma once

#include "kernel/core/thread.h"

struct frame *native_syscall(struct frame *frame);

// Copy from / to the calling thread's memory. 0 or an error that the handler returns as it is:
// -E_FAULT, -E_NOMEM, or SYSCALL_BLOCKED: a pager is asked for the page and the call starts again,
// so nothing may have been changed yet.
int64_t user_get(struct thread *thread, void *destination, uint64_t address, size_t bytes);
int64_t user_put(struct thread *thread, uint64_t address, const void *source, size_t bytes);

// What *fault says on -E_AGAIN: the calling thread asks the pager and starts its system call again.
// Without a pager: -E_FAULT.
int64_t user_await_page(struct thread *thread, struct fault *fault);
