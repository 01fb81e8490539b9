// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Sending and receiving messages. Two families:
//
// - ipc_*:  struct ipc_frame, at most MESSAGE_REGISTER_WORDS words and no handles in either
// direction. Inline; with the
//           frame in a local variable the exchange touches no memory. A longer answer is cut to the
//           register words.
// - sys_*:  struct message, any message. The words past the registers and the handles pass through
// the IPC buffer.
//
// Errors of a call: E_RESTARTED (the server died after receiving; retry what is idempotent), E_DEAD
// (the endpoint is gone), E_TIMEDOUT (deadline passed), E_PERM (no SEND, RECEIVE or, for a handle
// sent, TRANSFER right), E_BADF. A reply's own error is its label, which message_call hands on.
//
// All of them block, except sys_reply, sys_reply_to and sys_reply_defer.

#pragma once

#include "abi/message.h"
#include "abi/startup.h"
#include "abi/syscall.h"
#include "lib/sys/sys.h"

// What a native thread keeps beside its IPC buffer, in the last THREAD_LOCAL_BYTES of its stack.
struct thread_block {
    struct ipc_buffer ipc; // first: IPC_BUFFER_ALIGN
    uint8_t pad[IPC_BUFFER_ALIGN - sizeof(struct ipc_buffer)];
    void *user;    // for the program: what this thread is working for
    uint32_t slot; // of the stack, lib/sys/thread.c
    uint32_t reserved;
};
_Static_assert(sizeof(struct thread_block) <= THREAD_LOCAL_BYTES, "fits on top of the stack");
_Static_assert(THREAD_LOCAL_BYTES % IPC_BUFFER_ALIGN == 0, "the IPC buffer is aligned");

// The running thread's block.
static inline struct thread_block *thread_self(void)
{
    uintptr_t base = arch_stack_pointer() & ~(uintptr_t)(NATIVE_STACK_BYTES - 1);
    return (struct thread_block *)(base + NATIVE_STACK_BYTES - THREAD_LOCAL_BYTES);
}

// ---- registers only ----

// Sends the frame and waits for the answer, which replaces it.
static inline int64_t ipc_call(handle_t endpoint, struct ipc_frame *frame)
{
    return syscall_message(SYS_CALL, endpoint, frame);
}

// Answers the current caller with the frame and waits for the next message, which replaces it.
static inline int64_t ipc_reply_receive(handle_t endpoint, struct ipc_frame *frame)
{
    return syscall_message(SYS_REPLY_RECEIVE, endpoint, frame);
}

static inline int64_t ipc_receive(handle_t endpoint, struct ipc_frame *frame)
{
    return syscall_message(SYS_RECEIVE, endpoint, frame);
}

static inline int64_t ipc_reply(handle_t reply, struct ipc_frame *frame)
{
    return syscall_message(SYS_REPLY, reply, frame);
}

// ---- whole messages ----

// Sends *message and waits; the answer replaces it. Handles in the answer belong to the caller.
int64_t sys_call(handle_t endpoint, struct message *message);

// The same, giving up at `deadline` (E_TIMEDOUT): for calls to somebody less trusted.
int64_t sys_call_until(handle_t endpoint, struct message *message, time_ns_t deadline);

// Answers the current caller (nothing is sent if there is none, or it was deferred) and waits for
// the next message or for the bits of the notification bound to this thread: then tag has
// MESSAGE_NOTIFICATION and word[0] holds the bits.
int64_t sys_reply_receive(handle_t endpoint, struct message *message);

int64_t sys_receive(handle_t endpoint, struct message *message);

// Waits at most until `deadline` (E_TIMEDOUT).
int64_t sys_receive_until(handle_t endpoint, struct message *message, time_ns_t deadline);

// Answers the current caller without waiting.
int64_t sys_reply(const struct message *message);

// Answers the caller a reply handle stands for, and consumes the handle.
int64_t sys_reply_to(handle_t reply, const struct message *message);

// Sets the current caller aside: returns a reply handle for sys_reply_to.
static inline int64_t sys_reply_defer(void)
{
    return syscall0(SYS_REPLY_DEFER);
}

// ---- building and reading messages ----

// sys_call whose result is the kernel's error or else the answer's label (0, positive, or the
// server's error).
int64_t message_call(handle_t endpoint, struct message *message);

// message_call that sends the same request again while the server restarts under it (at most
// MESSAGE_RETRIES times). Only for requests that may be carried out twice; handles in the request
// are sent again.
enum { MESSAGE_RETRIES = 16 };
int64_t message_call_retry(handle_t endpoint, struct message *message);

// Copies up to `bytes` (words first .. end) of text or data into a message; returns the number of
// words used. E_2BIG: does not fit.
int64_t message_put_bytes(struct message *message, unsigned first, const void *data, size_t bytes);

// Copies `bytes` out of a received message's words. E_PROTO: the message has fewer.
int64_t message_get_bytes(const struct message *message, unsigned first, void *data, size_t bytes);

// Closes every handle a received message brought: for answers to requests that should have brought
// none.
void message_close_handles(struct message *message);
