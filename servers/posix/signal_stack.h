// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The alternate signal stack (sigaltstack(2)).

#pragma once

#include "servers/posix/task.h"

enum { SS_ONSTACK = 1, SS_DISABLE = 2 };
#define SS_AUTODISARM (1u << 31)

// Where a frame for a handler starts (downwards), given the stack pointer and the bytes below it
// that are in use. -E_FAULT: the alternate stack it is on has overflowed.
int signal_stack_choose(const struct task *task, uint64_t stack, uint64_t red_zone, bool wanted,
                        uint64_t *top);
// Does a frame from `address` up to `top` fit where signal_stack_choose said?
bool signal_stack_holds(const struct task *task, uint64_t stack, uint64_t address, uint64_t top);
// A frame is in place: SS_AUTODISARM takes the alternate stack away for the handler.
void signal_stack_entered(struct task *task);
// From a frame, as sigaltstack would set it; a broken one is ignored.
void signal_stack_restore(struct task *task, uint64_t address, uint32_t flags, uint64_t bytes);
