// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What happens when the machine has no page left for a program.

#pragma once

struct task;

// The task's guest needs a page that the kernel does not have. Gives back cached pages, or ends the
// process that uses most, so that the guest may try again. posix_lock held; sleeps a few
// milliseconds at most.
void oom_handle(struct task *task);
