// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Random bytes for programs and for address randomisation: ChaCha20 over the kernel's entropy.

#pragma once

#include <stddef.h>
#include <stdint.h>

// Fills `buffer`; cannot fail. posix_lock held.
void random_bytes(void *buffer, size_t bytes);
uint64_t random_u64(void);
// Mixes in what a program wrote to /dev/random; posix_lock held.
void random_mix(const void *data, size_t bytes);
// The moment of an event that an interrupt brought, whose last digits nobody foresees. Any thread.
void random_add_timing(void);
// Mixes in the moments added so far; posix_lock held.
void random_mix_timings(void);
// Takes the first seed from the kernel. Errors of sys_info.
int random_init(void);
