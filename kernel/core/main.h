// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

// From the processor's boot code, on the boot CPU, with memory, interrupts and clock ready.
__attribute__((noreturn)) void kernel_main(void);
