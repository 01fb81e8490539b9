// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// PM1 event registers: Advanced Configuration and Power Interface Specification 6.4,
// section 4.8.3.1; names are the specification's. The block is the status register and, in its
// second half, the enable register.

#pragma once

enum {
    PM1_BYTES_MIN = 4, // 16 bits each
    PWRBTN_STS = 1 << 8,
    PWRBTN_EN = 1 << 8,
};
