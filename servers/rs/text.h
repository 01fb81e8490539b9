// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What people read about a service. Pure but for the names of addresses, which come through
// `format_address`.

#pragma once

#include "servers/rs/service.h"

// Writes "function+0x12" of the binary; returns snprintf's length.
typedef int (*format_address_t)(const char *binary, uint64_t address, char *to, size_t room);

// All return the length of the whole text, which may exceed the room; what does not fit is cut,
// always terminated.

// The last death in one line: "memory fault at 0x10 writing, in f+0x22 <- g+0x5".
size_t text_cause(const struct service *service, format_address_t format_address, char *to,
                  size_t room);

// "DMA fault at 0x1000 (write)".
size_t text_dma_fault(const struct rs_dma *dma, char *to, size_t room);

// RS_TEXT_STATUS.
size_t text_status(const struct service *service, format_address_t format_address, time_ns_t now,
                   char *to, size_t room);

// RS_TEXT_STATS; `current`: the running process's status, or NULL.
size_t text_stats(const struct service *service, const struct process_status *current,
                  time_ns_t now, char *to, size_t room);
