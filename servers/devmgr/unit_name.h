// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Names of units, as Linux counts them: a pattern from the driver's manifest and a number.

#pragma once

#include <stddef.h>
#include <stdint.h>

// Replaces the '%' at the pattern's end by the number ("ttyS%": ttyS0), or '@' by letters ("vd@":
// vda .. vdz, vdaa ..). A pattern with neither is a name by itself, good for number 0. E_INVAL: no
// such name; E_NAMETOOLONG.
int unit_name_make(const char *pattern, uint32_t number, char *name, size_t room);
