// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The power button: a thread waits for its presses (abi/button.h) and asks process 1 to power off,
// by the signal that BusyBox's poweroff sends (SIGUSR2). What process 1 does not handle is ignored.

#pragma once

// Starts the thread. Without a button it ends at once.
int power_button_start(void);
