// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Buttons of the machine: so far the power button.

#pragma once

#include "abi/types.h"

enum button_op {
    // () -> answered at the next press. One press that came while nobody waited is kept. E_BUSY
    // somebody else waits.
    BUTTON_WAIT = 0xb00,
};
