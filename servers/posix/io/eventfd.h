// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// eventfd(2). posix_lock held.

#pragma once

#include "servers/posix/file.h"

enum { EVENTFD_SEMAPHORE = 1 };

// E_NOMEM.
int eventfd_create_file(uint32_t initial, bool semaphore, uint32_t flags, struct file **out);
