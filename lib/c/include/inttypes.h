// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// printf lengths of the fixed-width types on both processors (LP64).

#pragma once

#include <stdint.h>

#define PRId32  "d"
#define PRIu32  "u"
#define PRIx32  "x"
#define PRId64  "ld"
#define PRIu64  "lu"
#define PRIx64  "lx"
#define PRIdPTR "ld"
#define PRIuPTR "lu"
#define PRIxPTR "lx"
