// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Baud rates as c_cflag encodes them.

#pragma once

#include <stdint.h>

// The rate of the settings: by the code in `cflag`, or `other` with BOTHER. 0: hang up.
uint32_t speed_of(uint32_t cflag, uint32_t other);
