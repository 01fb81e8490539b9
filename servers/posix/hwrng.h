// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Hardware random numbers (abi/rng.h): /dev/hwrng, and a thread that mixes them into the generator
// of random.h from time to time. A device that is silent costs that thread its time-out and nobody
// else anything.

#pragma once

#include <stddef.h>
#include <stdint.h>

// Starts the thread.
int hwrng_start(void);

// Up to `bytes` from the first device that delivers; how many, or -E_NODEV, -E_IO. posix_lock held;
// dropped while the driver works, at most RNG_TIMEOUT_NS for each device.
int64_t hwrng_read(uint8_t *to, size_t bytes);
