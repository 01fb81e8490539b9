// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Messages: what call / reply_receive move between two processes.
//
// A message is a tag and up to MESSAGE_WORDS 64-bit words. The first MESSAGE_REGISTER_WORDS travel
// in registers; the rest, and handles, through the two threads' IPC buffers, copied by the kernel.
// Larger data never goes through IPC: it sits in memory objects both sides map.
//
// Tag:  bits 0-31 label (the operation, or in a reply 0 or a negative error), 32-37 number of
// words,
//       38-40 number of handles, 41.. flags.
//
// After L4/seL4: virtual message registers (Elphinstone & Heiser, "From L3 to seL4", SOSP 2013).

#pragma once

#include "abi/types.h"

enum {
    MESSAGE_REGISTER_WORDS = 6,
    MESSAGE_WORDS = 32, // 256 bytes
    MESSAGE_HANDLES = 4,
};

typedef uint64_t message_tag_t;

#define MESSAGE_WORDS_SHIFT   32
#define MESSAGE_HANDLES_SHIFT 38

// Set by the kernel in what receive returns: not a message but notification bits, in word 0.
#define MESSAGE_NOTIFICATION ((message_tag_t)1 << 41)
// Set by the caller: ipc_buffer.deadline bounds the wait.
#define MESSAGE_DEADLINE ((message_tag_t)1 << 42)
// Set by the kernel: not all handles fitted into the receiver's table; the missing ones read
// HANDLE_NONE.
#define MESSAGE_HANDLES_LOST ((message_tag_t)1 << 43)
// Set by the kernel in what receive returns: the sender is a thread that faulted on a pager-backed
// page (abi/memory.h).
#define MESSAGE_FAULT ((message_tag_t)1 << 44)

static inline message_tag_t message_tag(int32_t label, unsigned words, unsigned handles)
{
    return (message_tag_t)(uint32_t)label | (message_tag_t)words << MESSAGE_WORDS_SHIFT |
           (message_tag_t)handles << MESSAGE_HANDLES_SHIFT;
}

static inline int32_t message_label(message_tag_t tag)
{
    return (int32_t)(uint32_t)tag;
}

static inline unsigned message_words(message_tag_t tag)
{
    return (unsigned)(tag >> MESSAGE_WORDS_SHIFT) & 63;
}

static inline unsigned message_handles(message_tag_t tag)
{
    return (unsigned)(tag >> MESSAGE_HANDLES_SHIFT) & 7;
}

// A message as C code sees it. `word` beyond the register words and `handle` are copied to and from
// the IPC buffer by the stubs in lib/sys.
struct message {
    message_tag_t tag;
    uint64_t badge; // received messages only: which client
    uint64_t word[MESSAGE_WORDS];
    handle_t handle[MESSAGE_HANDLES];
};

// One per thread, in the thread's own memory, 512-byte aligned; its address is given at
// thread_create.
struct ipc_buffer {
    time_ns_t deadline;               // for MESSAGE_DEADLINE
    handle_t handle[MESSAGE_HANDLES]; // to send; after receive: the received ones
    uint64_t word[MESSAGE_WORDS];     // words 0-5 unused: they are in registers
    uint64_t reserved[4];
};

enum { IPC_BUFFER_ALIGN = 512 };
_Static_assert(sizeof(struct ipc_buffer) <= IPC_BUFFER_ALIGN, "an IPC buffer never crosses a page");
