// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Hardware random number generators. Each byte is given out once.

#pragma once

#include "abi/types.h"

enum { RNG_BYTES_MAX = 256 }; // all words of a message

// A request that the device leaves unanswered ends with E_TIMEDOUT after this.
#define RNG_TIMEOUT_NS 1000000000ull

enum rng_op {
    // (bytes, enum rng_flag) -> label: how many there are, 1 to `bytes`; words: they. E_TIMEDOUT
    // the device does not deliver, E_AGAIN none at once, E_BUSY too many are waiting.
    RNG_READ = 0xa00,
};

enum rng_flag { RNG_NONBLOCK = 1 };
