// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// How aarch64 enters the kernel. Register convention: header comment of abi/syscall.h. Only
// lib/sys/sys.h includes this.
//
// The "memory" clobber orders every call against the caller's loads and stores: the kernel reads
// and writes our memory.

#pragma once

#include "abi/message.h"
#include "abi/syscall.h"
#include "abi/types.h"

static inline int64_t syscall0(uint64_t number)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0");
    __asm__ volatile("svc #0" : "=r"(x0), "+r"(x8) : : "memory");
    return (int64_t)x0;
}

static inline int64_t syscall1(uint64_t number, uint64_t a0)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a0;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x8) : : "memory");
    return (int64_t)x0;
}

static inline int64_t syscall2(uint64_t number, uint64_t a0, uint64_t a1)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x8) : "r"(x1) : "memory");
    return (int64_t)x0;
}

static inline int64_t syscall3(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x8) : "r"(x1), "r"(x2) : "memory");
    return (int64_t)x0;
}

static inline int64_t syscall4(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x8) : "r"(x1), "r"(x2), "r"(x3) : "memory");
    return (int64_t)x0;
}

static inline int64_t syscall5(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                               uint64_t a4)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;
    register uint64_t x4 __asm__("x4") = a4;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x8) : "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return (int64_t)x0;
}

static inline int64_t syscall6(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                               uint64_t a4, uint64_t a5)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;
    register uint64_t x4 __asm__("x4") = a4;
    register uint64_t x5 __asm__("x5") = a5;
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x8)
                     : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return (int64_t)x0;
}

// The part of a message that travels in registers. Kept in a local variable it never touches
// memory.
struct ipc_frame {
    message_tag_t tag;
    uint64_t badge; // out only
    uint64_t word[MESSAGE_REGISTER_WORDS];
};

static inline int64_t syscall_message(uint64_t number, uint64_t handle, struct ipc_frame *frame)
{
    register uint64_t result __asm__("x0") = handle;
    register uint64_t tag __asm__("x1") = frame->tag;
    register uint64_t word0 __asm__("x2") = frame->word[0];
    register uint64_t word1 __asm__("x3") = frame->word[1];
    register uint64_t word2 __asm__("x4") = frame->word[2];
    register uint64_t word3 __asm__("x5") = frame->word[3];
    register uint64_t word4 __asm__("x6") = frame->word[4];
    register uint64_t word5 __asm__("x7") = frame->word[5];
    register uint64_t badge __asm__("x8") = number;
    __asm__ volatile("svc #0"
                     : "+r"(result), "+r"(tag), "+r"(word0), "+r"(word1), "+r"(word2), "+r"(word3),
                       "+r"(word4), "+r"(word5), "+r"(badge)
                     :
                     : "memory");
    frame->badge = badge;
    frame->tag = tag;
    frame->word[0] = word0;
    frame->word[1] = word1;
    frame->word[2] = word2;
    frame->word[3] = word3;
    frame->word[4] = word4;
    frame->word[5] = word5;
    return (int64_t)result;
}

// SYS_WAIT: the bits come back where a message's tag does; the badge's register is destroyed.
static inline int64_t syscall_wait(uint64_t notification, uint64_t deadline, uint64_t *bits)
{
    register uint64_t x8 __asm__("x8") = SYS_WAIT;
    register uint64_t x0 __asm__("x0") = notification;
    register uint64_t x1 __asm__("x1") = deadline;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1), "+r"(x8) : : "memory");
    *bits = x1;
    return (int64_t)x0;
}

// Any address inside the running thread's stack.
static inline uintptr_t arch_stack_pointer(void)
{
    uintptr_t address;
    __asm__("mov %0, sp" : "=r"(address));
    return address;
}

// Tells the processor that this is a spin loop.
static inline void arch_pause(void)
{
    __asm__ volatile("yield");
}
