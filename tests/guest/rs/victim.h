// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What rs_test asks of rs_victim.

#pragma once

enum victim_op {
    // (x) -> x + 1, incarnation, starts counted in the checkpoint, value of grant "gift", stops in
    // good order counted in the checkpoint
    VICTIM_ECHO = 1,
    VICTIM_FAULT,    // writes to VICTIM_BAD_ADDRESS
    VICTIM_PANIC,    // last words VICTIM_LAST_WORDS
    VICTIM_EXIT,     // (code)
    VICTIM_DIVIDE,   // by zero
    VICTIM_OVERFLOW, // of the stack
    VICTIM_HANG,     // no heartbeat, no answer
    VICTIM_FLOOD,    // (lines): logs as fast as it can
    VICTIM_THREADS,  // (n): starts and ends n threads, which add under a mutex -> the sum
};

#define VICTIM_BAD_ADDRESS 0x10
#define VICTIM_LAST_WORDS  "so long and thanks"
