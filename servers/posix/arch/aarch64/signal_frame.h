// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The signal frame of aarch64 as programs see it (Linux 6.1: asm/sigcontext.h, asm/ucontext.h).

#pragma once

#include "abi/arch/aarch64/guest_fpu.h"
#include "servers/posix/signal.h"

enum {
    FRAME_RECORDS_BYTES = 4096,
    FRAME_MASK_UNUSED = 128 - sizeof(signal_set_t), // room for 1024 signals
};

// Extended state and the like is a list of records, each with this head; magic and size 0 end it.
struct frame_record_head { // struct _aarch64_ctx
    uint32_t magic;
    uint32_t bytes; // with the head
};

enum { ESR_MAGIC = 0x45535201 };

struct frame_esr { // struct esr_context
    struct frame_record_head head;
    uint64_t syndrome;
};

struct frame_context { // struct sigcontext
    uint64_t fault_address;
    uint64_t x[31];
    uint64_t sp, pc, pstate;
    uint64_t padding;
    uint8_t records[FRAME_RECORDS_BYTES];
};

struct frame_stack { // stack_t
    uint64_t address;
    int32_t flags;
    uint32_t pad;
    uint64_t bytes;
};

struct frame_ucontext {
    uint64_t flags;
    uint64_t link;
    struct frame_stack stack;
    signal_set_t mask;
    uint8_t unused[FRAME_MASK_UNUSED];
    uint64_t padding;
    struct frame_context context;
};

struct signal_frame { // struct rt_sigframe
    struct siginfo_linux info;
    struct frame_ucontext ucontext;
};

// Above the signal frame: what a called function has at its frame pointer, so that backtraces go
// on through the handler.
struct frame_link {
    uint64_t frame_pointer, return_address;
};

_Static_assert(sizeof(struct frame_esr) == 16, "struct esr_context");
_Static_assert(offsetof(struct frame_context, pstate) == 272, "struct sigcontext");
_Static_assert(offsetof(struct frame_context, records) == 288, "struct sigcontext");
_Static_assert(sizeof(struct frame_context) == 4384, "struct sigcontext");
_Static_assert(offsetof(struct frame_ucontext, mask) == 40, "struct ucontext");
_Static_assert(offsetof(struct frame_ucontext, context) == 176, "struct ucontext");
_Static_assert(sizeof(struct frame_ucontext) == 4560, "struct ucontext");
_Static_assert(offsetof(struct signal_frame, ucontext) == 128, "struct rt_sigframe");
_Static_assert(sizeof(struct signal_frame) == 4688, "struct rt_sigframe");

// Extended state, as guest_fpu has it, leaves room for the other records that we write: syndrome
// and end.
enum { FRAME_STATE_MOST = FRAME_RECORDS_BYTES - 2 * sizeof(struct frame_esr) };
struct frame_state {
    size_t bytes;
    uint8_t image[FRAME_RECORDS_BYTES];
};

// Condition flags (N Z C V) and DIT, SSBS: what a program may set for itself. The rest of PSTATE
// says EL0, AArch64, interrupts on.
#define FRAME_PSTATE 0xf1001000ull

// Puts the records that tell of extended state and syndrome (0: left out) into `records`.
// `state` has a struct guest_fpu at least and FRAME_STATE_MOST bytes at most.
void frame_records_write(uint8_t records[FRAME_RECORDS_BYTES], const struct frame_state *state,
                         uint64_t syndrome);
// Finds the extended state among the records of a frame that a program gave back; what the records
// say inside is the kernel's to check. -E_INVAL: the list is broken or has none.
int frame_records_read(const uint8_t records[FRAME_RECORDS_BYTES], struct frame_state *state);
