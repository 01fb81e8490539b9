// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Pseudo terminals: /dev/ptmx opens a master, /dev/pts/<n> is its terminal.

#pragma once

// Registers /dev/ptmx. E_NOMEM.
int pty_init(void);
