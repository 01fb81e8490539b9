// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

// Boot CPU, before the first space: 8 or 16.
void tlb_set_asid_bits(unsigned bits);
