// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the files of lib/char share.

#pragma once

#include "lib/char/char.h"

// The kernel as the rest of lib/char sees it (kernel.c); unit tests bring their own.

// Maps `bytes` (whole pages) of a client's memory object, readable and writable. E_INVAL: not a
// memory object, or smaller than that.
int char_kernel_map(handle_t memory, uint64_t bytes, uint8_t **mapped);
void char_kernel_unmap(uint8_t *mapped, uint64_t bytes);
void char_kernel_close(handle_t handle);
void char_kernel_signal(handle_t notification);
// A random number, never 0.
uint64_t char_kernel_unique(void);

// Lets go of the client's memory and notification. No-op without a session.
void char_session_end(struct char_port *port);

// Looks at both rings and gives the chip's code what there is to do.
void char_port_serve(struct char_port *port);
