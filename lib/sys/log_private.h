// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Between the parts of lib/sys.

#pragma once

// Maps the log ring, if one was granted. Called once, before there are other threads.
void log_open(void);
