// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A thread's user registers as entry.S saves them, and where system calls and messages find their
// words in them (convention: abi/syscall.h). A guest's frame is the first part of its guest_state
// page: its other owner may change it at any moment, so entry.S masks what it loads into SPSR_EL1.

#pragma once

#include "abi/guest.h"
#include "abi/syscall.h"

struct frame {
    uint64_t x[31];
    uint64_t sp, pc, pstate;
    uint64_t tpidr; // TPIDR_EL0: user code writes it itself
};

_Static_assert(offsetof(struct frame, sp) == offsetof(struct guest_registers, sp), "same order");
_Static_assert(offsetof(struct frame, tpidr) == offsetof(struct guest_registers, tpidr),
               "same order");
_Static_assert(sizeof(struct frame) == 35 * 8, "entry.S");

enum { SYSCALL_INSTRUCTION_BYTES = 4 };

static inline uint64_t frame_syscall_number(const struct frame *frame)
{
    return frame->x[8];
}

static inline void frame_set_result(struct frame *frame, int64_t result)
{
    frame->x[0] = (uint64_t)result;
}

// Makes the thread execute the same system call again when it next runs: no register has changed.
static inline void frame_restart_syscall(struct frame *frame)
{
    frame->pc -= SYSCALL_INSTRUCTION_BYTES;
}

// The six arguments, where they were saved: they change when a message is written into the frame.
static inline const uint64_t *frame_arguments(const struct frame *frame)
{
    return frame->x;
}

// struct process_status' order.
static inline void frame_copy_registers(const struct frame *frame, uint64_t registers[])
{
    for (unsigned i = 0; i < 31; i++) {
        registers[i] = frame->x[i];
    }
    registers[PROCESS_REGISTERS - 1] = frame->pstate;
}

// GUEST_EXIT_SYSCALL: the number and what the result overwrites stay known.
static inline void guest_registers_note_syscall(struct guest_registers *registers)
{
    registers->orig_x0 = registers->x[0];
    registers->syscall = registers->x[8];
}

static inline void frame_start(struct frame *frame, uint64_t entry, uint64_t stack,
                               uint64_t argument0, uint64_t argument1)
{
    *frame = (struct frame){.pc = entry, .sp = stack, .x = {argument0, argument1}};
}

// ---- messages ----

static inline uint32_t frame_message_handle(const struct frame *frame)
{
    return (uint32_t)frame->x[0];
}

static inline uint64_t frame_message_tag(const struct frame *frame)
{
    return frame->x[1];
}

static inline void frame_copy_message_words(struct frame *to, const struct frame *from)
{
    to->x[2] = from->x[2];
    to->x[3] = from->x[3];
    to->x[4] = from->x[4];
    to->x[5] = from->x[5];
    to->x[6] = from->x[6];
    to->x[7] = from->x[7];
}

static inline void frame_set_message(struct frame *frame, int64_t status, uint64_t badge,
                                     uint64_t tag)
{
    frame->x[0] = (uint64_t)status;
    frame->x[1] = tag;
    frame->x[8] = badge;
}

static inline void frame_set_message_word01(struct frame *frame, uint64_t word0, uint64_t word1)
{
    frame->x[2] = word0;
    frame->x[3] = word1;
}

static inline uint64_t frame_program_counter(const struct frame *frame)
{
    return frame->pc;
}

static inline uint64_t frame_stack_pointer(const struct frame *frame)
{
    return frame->sp;
}

static inline uint64_t frame_frame_pointer(const struct frame *frame)
{
    return frame->x[29];
}
