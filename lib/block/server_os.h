// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The system as the block library sees it, so that unit tests can bring their own (as they do for
// lib/driver's driver_wait_until, driver_signal_create and dma_map_pages).

#pragma once

#include "abi/types.h"

// Size of a memory object, or a negative error if the handle is none.
int64_t block_os_memory_bytes(handle_t memory);

// Maps a memory object readable and writable. 0 or a negative error.
int block_os_map(handle_t memory, uint64_t bytes, void **address);
void block_os_unmap(void *address, uint64_t bytes);

void block_os_signal(handle_t notification);
void block_os_close(handle_t handle);

// Answers a deferred caller with a bare status.
void block_os_reply(handle_t reply, int status);

time_ns_t block_os_clock(void);

// Of this process (abi/startup.h).
uint64_t block_os_incarnation(void);

void block_os_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
