// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The table of all services, once or again and again.

#pragma once

// Status of the program.
int table_print(void);

// Redraws it every `period_ms` on the terminal, `times` times (0: until interrupted).
int table_watch(unsigned period_ms, unsigned times);
