// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The system as the block client sees it; unit tests bring their own.

#pragma once

#include "abi/message.h"
#include "abi/types.h"

// A memory object of `bytes` bytes, zeroed and mapped. -E_NOMEM.
int client_os_queue_create(uint64_t bytes, handle_t *memory, void **address);
void client_os_queue_destroy(uint64_t bytes, handle_t memory, void *address);

// Sends and waits for the answer, which replaces the message; its label, or the kernel's error, and
// then there is no answer and the message is empty.
int client_os_call(handle_t endpoint, struct message *message, time_ns_t deadline);

// Closes the handles that an answer brought and nobody took (set those taken to HANDLE_NONE).
void client_os_close_handles(struct message *message);

int client_os_notification_create(handle_t *notification);
int client_os_duplicate(handle_t handle, handle_t *copy);
// A handle that signals `bits` of the notification and may be sent to a server.
int client_os_signal_handle(handle_t notification, uint64_t bits, handle_t *handle);
void client_os_close(handle_t handle);
handle_t client_os_startup_handle(const char *name);

void client_os_signal(handle_t notification);
// 0 with the bits, or -E_TIMEDOUT.
int client_os_wait(handle_t notification, time_ns_t deadline, uint64_t *bits);
// Sleeps while *word == value; may return early.
void client_os_futex_wait(uint32_t *word, uint32_t value, time_ns_t deadline);
void client_os_futex_wake_all(uint32_t *word);

time_ns_t client_os_clock(void);
void client_os_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
