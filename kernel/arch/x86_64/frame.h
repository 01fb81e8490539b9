// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A thread's user registers as entry.S saves them, and where system calls and messages find their
// words in them (convention: abi/syscall.h). A guest's frame is the first part of its guest_state
// page: its other owner may change it at any moment, so entry.S checks what it loads on the way
// out.

#pragma once

#include "abi/guest.h"
#include "abi/syscall.h"

struct frame {
    uint64_t r15, r14, r13, r12, r11, rbp;
    uint64_t rdi, rsi, rdx, r10, r8, r9; // a system call's arguments, in their order
    uint64_t rcx, rbx, rax;
    uint64_t rip, rflags, rsp;
};

_Static_assert(offsetof(struct frame, rsp) == offsetof(struct guest_registers, rsp), "same order");
_Static_assert(offsetof(struct frame, rdi) == offsetof(struct guest_registers, rdi), "same order");
_Static_assert(offsetof(struct frame, r9) == offsetof(struct frame, rdi) + 5 * 8,
               "frame_arguments");
_Static_assert(sizeof(struct frame) == 18 * 8, "entry.S");

enum { SYSCALL_INSTRUCTION_BYTES = 2 };

#define RFLAGS_INITIAL 0x202ull

static inline uint64_t frame_syscall_number(const struct frame *frame)
{
    return frame->rax;
}

static inline void frame_set_result(struct frame *frame, int64_t result)
{
    frame->rax = (uint64_t)result;
}

// Makes the thread execute the same system call again when it next runs; rax still holds the
// number.
static inline void frame_restart_syscall(struct frame *frame)
{
    frame->rip -= SYSCALL_INSTRUCTION_BYTES;
}

// The six arguments, where they were saved: they change when a message is written into the frame.
static inline const uint64_t *frame_arguments(const struct frame *frame)
{
    return &frame->rdi;
}

// struct process_status' order.
static inline void frame_copy_registers(const struct frame *frame, uint64_t registers[])
{
    const uint64_t all[PROCESS_REGISTERS] = {frame->rax, frame->rbx, frame->rcx, frame->rdx,
                                             frame->rsi, frame->rdi, frame->rbp, frame->rsp,
                                             frame->r8,  frame->r9,  frame->r10, frame->r11,
                                             frame->r12, frame->r13, frame->r14, frame->r15};
    for (unsigned i = 0; i < PROCESS_REGISTERS; i++) {
        registers[i] = all[i];
    }
}

// GUEST_EXIT_SYSCALL: the number stays known when the server overwrites the result register.
static inline void guest_registers_note_syscall(struct guest_registers *registers)
{
    registers->orig_rax = registers->rax;
}

static inline void frame_start(struct frame *frame, uint64_t entry, uint64_t stack,
                               uint64_t argument0, uint64_t argument1)
{
    *frame = (struct frame){
        .rip = entry, .rsp = stack, .rdi = argument0, .rsi = argument1, .rflags = RFLAGS_INITIAL};
}

// ---- messages ----

static inline uint32_t frame_message_handle(const struct frame *frame)
{
    return (uint32_t)frame->rdi;
}

static inline uint64_t frame_message_tag(const struct frame *frame)
{
    return frame->rsi;
}

static inline void frame_copy_message_words(struct frame *to, const struct frame *from)
{
    to->rdx = from->rdx;
    to->r10 = from->r10;
    to->r8 = from->r8;
    to->r9 = from->r9;
    to->r12 = from->r12;
    to->r13 = from->r13;
}

static inline void frame_set_message(struct frame *frame, int64_t status, uint64_t badge,
                                     uint64_t tag)
{
    frame->rax = (uint64_t)status;
    frame->rdi = badge;
    frame->rsi = tag;
}

static inline void frame_set_message_word01(struct frame *frame, uint64_t word0, uint64_t word1)
{
    frame->rdx = word0;
    frame->r10 = word1;
}

static inline uint64_t frame_program_counter(const struct frame *frame)
{
    return frame->rip;
}

static inline uint64_t frame_stack_pointer(const struct frame *frame)
{
    return frame->rsp;
}

static inline uint64_t frame_frame_pointer(const struct frame *frame)
{
    return frame->rbp;
}
