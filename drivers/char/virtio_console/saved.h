// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The record of output under way (struct console_saved), between saved.c and port.c.

#pragma once

#include <stdint.h>

struct console_port;

// Around each buffer of output: after virtqueue_add and before it is published, and after its bytes
// have left the ring.
void console_saved_begin(struct console_port *port, uint32_t bytes);
void console_saved_end(struct console_port *port);

// Takes what a predecessor had sent out of the ring, if this is the session it came from. Before
// the first peek.
void console_saved_apply(struct console_port *port);
