// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

struct process;

extern struct process *first_process; // rs; there is always one

// Loads rs from the boot archive and starts it with the root resource and the archive; panics with
// one clear line if it cannot.
void first_process_start(void);

// It has died, its threads are gone and its address space is empty: starts it again with the
// handles that it had. No lock held. Panics if it dies too often.
void first_process_restart(void);
