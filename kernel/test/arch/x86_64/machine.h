// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

#include "abi/guest.h"
#include "abi/syscall.h"

// clang-format off
// System call 39, then its result to 0x600000, and again.
static const uint8_t code_syscall[] = {
    0xb8, 39, 0, 0, 0,                          // mov $39, %eax
    0x0f, 0x05,                                 // syscall
    0x48, 0x89, 0x04, 0x25, 0x00, 0x00, 0x60, 0x00, // mov %rax, 0x600000
    0xeb, 0xef,                                 // jmp to the start
};
enum { CODE_SYSCALL_END = 7 }; // offset behind the system call
static const uint8_t code_spin[] = {0xeb, 0xfe};             // jmp .
static const uint8_t code_call[] = {0x0f, 0x05, 0xeb, 0xfc}; // syscall; jmp to it
static const uint8_t code_bad[] = {0x0f, 0x0b};              // ud2
// The input to an extended register; then system calls, with its value in the output after each.
static const uint8_t code_extended[] = {
    0x66, 0x48, 0x0f, 0x6e, 0xc7,               // movq %rdi, %xmm0
    0x0f, 0x05,                                 // syscall
    0x66, 0x48, 0x0f, 0x7e, 0xc6,               // movq %xmm0, %rsi
    0xeb, 0xf7,                                 // jmp to the syscall
};
// The same with the highest part of a register that this processor may not have.
static const uint8_t code_wide[] = {
    0xc4, 0xe1, 0xf9, 0x6e, 0xc7,               // vmovq %rdi, %xmm0
    0xc4, 0xe3, 0x7d, 0x18, 0xc0, 0x01,         // vinsertf128 $1, %xmm0, %ymm0, %ymm0
    0x0f, 0x05,                                 // syscall
    0xc4, 0xe3, 0x7d, 0x19, 0xc1, 0x01,         // vextractf128 $1, %ymm0, %xmm1
    0xc4, 0xe1, 0xf9, 0x7e, 0xce,               // vmovq %xmm1, %rsi
    0xeb, 0xf1,                                 // jmp to the syscall
};
enum { WIDE_IMAGE_MIN = 832 }; // has AVX
// The same without system calls: an illegal instruction when the value has changed.
static const uint8_t code_extended_loop[] = {
    0x66, 0x48, 0x0f, 0x6e, 0xc7,               // movq %rdi, %xmm0
    0x66, 0x48, 0x0f, 0x7e, 0xc6,               // movq %xmm0, %rsi
    0x48, 0x39, 0xfe,                           // cmp %rdi, %rsi
    0x74, 0xf6,                                 // je to the second movq
    0x0f, 0x0b,                                 // ud2
};
// Reads the word at the thread pointer, with a system call's number, and again.
static const uint8_t code_read_pointer[] = {
    0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0,   // mov %fs:0, %rax
    0x0f, 0x05,                                 // syscall
    0xeb, 0xf3,                                 // jmp to the start
};
static const uint8_t code_zero_pointer[] = {
    0x31, 0xc0,                                 // xor %eax, %eax
    0x8e, 0xe0,                                 // mov %eax, %fs: clears the base
    0x0f, 0x05,                                 // syscall
    0xeb, 0xf8,                                 // jmp to the start
};
// clang-format on

enum {
    EXCEPTION_BAD = 6,      // invalid opcode
    EXCEPTION_EXTENDED = 7, // device not available
    EXCEPTION_READ = 14,    // page fault
    EXCEPTION_WRITE = 14,
    EXCEPTION_PRIVILEGED = 13,
    EXCEPTION_DIVIDE = 0,
    DIVISION_DEATH = DEATH_ARITHMETIC,
};

#define PORT_CALL(expected) (expected) // what a call on I/O ports returns
#define KERNEL_ADDRESS      0xffff800000100000ull
#define BAD_POINTER_FAULTS  0ull // where a thread pointer of ~0 leads
#define GUEST_PC(registers) ((registers)->rip)
#define GUEST_SP(registers) ((registers)->rsp)

#define GUEST_NUMBER(registers)  ((registers)->orig_rax)
#define GUEST_READ(registers)    ((registers)->orig_rax) // by code_read_pointer
#define GUEST_RESULT(registers)  ((registers)->rax)
#define GUEST_INPUT(registers)   ((registers)->rdi)
#define GUEST_OUTPUT(registers)  ((registers)->rsi)
#define GUEST_POINTER(registers) ((registers)->fs_base)

// A message that an IOMMU remaps (VT-d 3.3, 5.1.2.2) counts only from a device.
#define CPU_CAN_SEND(address) (((address)&0x10) == 0)

// All bits of the flags but single-step, and whether the kernel let only harmless ones through.
static inline void guest_set_all_flags(struct guest_registers *registers)
{
    registers->rflags = ~0ull & ~0x100ull;
}

static inline bool guest_flags_harmless(const struct guest_registers *registers)
{
    return (registers->rflags & 0x7000) == 0 && (registers->rflags & 0x200) != 0; // IOPL, NT; IF
}

// As if the short way out of the kernel would do for these registers.
static inline void guest_set_short_way(struct guest_registers *registers)
{
    registers->rcx = registers->rip;
    registers->r11 = registers->rflags;
}

// An image of the extended state that would not load: bytes that differ, or a bad length.
static const struct {
    uint32_t offset, damaged, bytes;
} bad_images[] = {
    {512, 64, 0}, // a header that XRSTOR would refuse
    {24, 4, 512}, // reserved bits of MXCSR
    {0, 0, 511},
};

static inline void run_bad(void)
{
    __asm__ volatile("ud2");
}

static inline void run_privileged(void)
{
    __asm__ volatile("cli");
}

static inline void run_division(void)
{
    __asm__ volatile("xorl %%ecx, %%ecx; divl %%ecx" : : : "eax", "ecx", "edx");
}

static inline void touch_extended(void)
{
    __asm__ volatile(".byte 0x66, 0x48, 0x0f, 0x7e, 0xc0" : : : "rax"); // movq %xmm0, %rax
}

static inline void zero_thread_pointer(void)
{
    __asm__ volatile("movw %w0, %%fs\n\tmovw %w0, %%gs" : : "r"(0));
}

static inline uint64_t counter(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

// Under -icount shift=0 the time-stamp counter counts them.
static inline uint64_t counter_instructions(uint64_t ticks)
{
    return ticks;
}
