// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Operations without a journal (write.h): their changes go straight to the device when they end.
// With it, the parts that write are tested alone.

#pragma once

#include "fs/ext4/write.h"

extern uint64_t standin_fail_in; // this many modifications on, one fails; 0: none
