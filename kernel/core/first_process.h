// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

// Loads rs from the boot archive and starts it with the root resource and the archive; panics with
// one clear line if it cannot.
void first_process_start(void);
