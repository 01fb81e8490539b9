// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Making new credentials; reading them is in task.h.

#pragma once

#include "servers/posix/task.h"

#define CAP_ALL (((uint64_t)1 << (CAP_LAST + 1)) - 1)

// Root's, with one reference. NULL: no memory.
struct cred *cred_create_root(void);
// A private copy with room for `groups` groups (the old ones are copied as far as they fit), one
// reference.
struct cred *cred_copy(const struct cred *from, uint32_t groups);
// The task's credentials become `cred`, whose reference it takes over; the process follows its
// first thread.
void cred_install(struct task *task, struct cred *cred);
// Capabilities after user ids changed from `old`'s, as capabilities(7) says.
void cred_fix_capabilities(struct cred *cred, const struct cred *old);
