// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Pipes and FIFOs. posix_lock held; reading, writing and opening a FIFO sleep.

#pragma once

#include "servers/posix/filesystem.h"

enum { PIPE_CAPACITY = 65536, PIPE_CAPACITY_MAX = 1024 * 1024 };

// Two open files, file[0] to read from. `flags`: LINUX_O_NONBLOCK, LINUX_O_DIRECT is refused by the
// caller. E_NOMEM.
int pipe_create(uint32_t flags, struct file *file[2]);
// open() of a FIFO or of /proc/<pid>/fd/N of a pipe: sets ops and data; sleeps until the other end
// is open.
int pipe_open_fifo(struct file *file);

bool file_is_pipe(const struct file *file);
uint32_t pipe_capacity(const struct file *file);
// F_SETPIPE_SZ: the new capacity, or E_BUSY (holds more), E_NOMEM, E_INVAL.
int64_t pipe_set_capacity(struct file *file, uint64_t bytes);
