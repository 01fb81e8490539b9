// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// How x86_64 enters the kernel. Register convention: header comment of abi/syscall.h. Only
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
    int64_t result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
    return result;
}

static inline int64_t syscall1(uint64_t number, uint64_t a0)
{
    int64_t result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a0) : "rcx", "r11", "memory");
    return result;
}

static inline int64_t syscall2(uint64_t number, uint64_t a0, uint64_t a1)
{
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a0), "S"(a1)
                     : "rcx", "r11", "memory");
    return result;
}

static inline int64_t syscall3(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2)
{
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a0), "S"(a1), "d"(a2)
                     : "rcx", "r11", "memory");
    return result;
}

static inline int64_t syscall4(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = a3;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a0), "S"(a1), "d"(a2), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

static inline int64_t syscall5(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                               uint64_t a4)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = a3;
    register uint64_t r8 __asm__("r8") = a4;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a0), "S"(a1), "d"(a2), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

static inline int64_t syscall6(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                               uint64_t a4, uint64_t a5)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = a3;
    register uint64_t r8 __asm__("r8") = a4;
    register uint64_t r9 __asm__("r9") = a5;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a0), "S"(a1), "d"(a2), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
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
    uint64_t result = number, badge = handle, tag = frame->tag, word0 = frame->word[0];
    register uint64_t word1 __asm__("r10") = frame->word[1];
    register uint64_t word2 __asm__("r8") = frame->word[2];
    register uint64_t word3 __asm__("r9") = frame->word[3];
    register uint64_t word4 __asm__("r12") = frame->word[4];
    register uint64_t word5 __asm__("r13") = frame->word[5];
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(badge), "+S"(tag), "+d"(word0), "+r"(word1), "+r"(word2),
                       "+r"(word3), "+r"(word4), "+r"(word5)
                     :
                     : "rcx", "r11", "memory");
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
    int64_t result;
    uint64_t tag = deadline;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(notification), "+S"(tag)
                     : "a"(SYS_WAIT)
                     : "rcx", "r11", "memory");
    *bits = tag;
    return result;
}

// Any address inside the running thread's stack.
static inline uintptr_t arch_stack_pointer(void)
{
    uintptr_t address;
    __asm__("mov %%rsp, %0" : "=r"(address));
    return address;
}

// Tells the processor that this is a spin loop.
static inline void arch_pause(void)
{
    __asm__ volatile("pause");
}
