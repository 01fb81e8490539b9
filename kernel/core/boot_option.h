// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel's own words on the command line; docs/launcher.md lists them.

#pragma once

#include "abi/types.h"

// Is it there, as a word between spaces?
bool boot_option(const char *word);
