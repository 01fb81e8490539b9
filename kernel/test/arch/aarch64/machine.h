// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

#include "abi/error.h"
#include "abi/guest.h"
#include "abi/syscall.h"

// System call 39, then its result to 0x600000, and again.
static const uint32_t code_syscall[] = {
    0xd28004e8, // mov x8, #39
    0xd4000001, // svc #0
    0xd2a00c01, // mov x1, #0x600000
    0xf9000020, // str x0, [x1]
    0x17fffffc, // b to the start
};
enum { CODE_SYSCALL_END = 8 };                                // offset behind the system call
static const uint32_t code_spin[] = {0x14000000};             // b .
static const uint32_t code_call[] = {0xd4000001, 0x17ffffff}; // svc #0; b to it
static const uint32_t code_bad[] = {0};                       // udf
// The input to an extended register; then system calls, with its value in the output after each.
static const uint32_t code_extended[] = {
    0x9e670000, // fmov d0, x0
    0xd4000001, // svc #0
    0x9e660001, // fmov x1, d0
    0x17fffffe, // b to the svc
};
// The same with the highest part of a register that this processor may not have.
static const uint32_t code_wide[] = {
    0x05e03800, // mov z0.d, x0
    0x25d8e3e0, // ptrue p0.d
    0xd4000001, // svc #0
    0x05e1a001, // lastb x1, p0, z0.d
    0x17fffffe, // b to the svc
};
enum { WIDE_IMAGE_MIN = 529 }; // has more than FP and SIMD
// The same without system calls: an illegal instruction when the value has changed.
static const uint32_t code_extended_loop[] = {
    0x9e670000, // fmov d0, x0
    0x9e660001, // fmov x1, d0
    0xeb01001f, // cmp x0, x1
    0x54ffffc0, // b.eq to the second fmov
    0,          // udf
};
// Reads the word at the thread pointer, which becomes a system call's first argument, and again.
static const uint32_t code_read_pointer[] = {
    0xd53bd041, // mrs x1, tpidr_el0
    0xf9400020, // ldr x0, [x1]
    0xd4000001, // svc #0
    0x17fffffd, // b to the start
};
static const uint32_t code_zero_pointer[] = {
    0xd51bd05f, // msr tpidr_el0, xzr
    0xd4000001, // svc #0
    0x17fffffe, // b to the start
};

// Exception classes.
enum {
    EXCEPTION_BAD = 0x00,
    EXCEPTION_EXTENDED = 0x07,
    EXCEPTION_READ = 0x24,
    EXCEPTION_WRITE = 0x24,
    EXCEPTION_PRIVILEGED = 0x18,
    EXCEPTION_DIVIDE = 0x3c, // a breakpoint: division by 0 is 0
    DIVISION_DEATH = DEATH_ILLEGAL,
};

#define PORT_CALL(expected) (-E_NOSYS) // what a call on I/O ports returns
#define KERNEL_ADDRESS      0xffff000000100000ull
#define BAD_POINTER_FAULTS  (~0ull) // where a thread pointer of ~0 leads
#define GUEST_PC(registers) ((registers)->pc)
#define GUEST_SP(registers) ((registers)->sp)

#define GUEST_NUMBER(registers)  ((registers)->syscall)
#define GUEST_READ(registers)    ((registers)->orig_x0) // by code_read_pointer
#define GUEST_RESULT(registers)  ((registers)->x[0])
#define GUEST_INPUT(registers)   ((registers)->x[0])
#define GUEST_OUTPUT(registers)  ((registers)->x[1])
#define GUEST_POINTER(registers) ((registers)->tpidr)

#define CPU_CAN_SEND(address) ((void)(address), true)

// All bits of the flags, and whether the kernel let only harmless ones through.
static inline void guest_set_all_flags(struct guest_registers *registers)
{
    registers->pstate = ~0ull;
}

static inline bool guest_flags_harmless(const struct guest_registers *registers)
{
    return (registers->pstate & 0x3ff) == 0; // EL0 of AArch64, nothing masked
}

static inline void guest_set_short_way(struct guest_registers *registers)
{
    (void)registers;
}

// An image of the extended state that would not load: bytes that differ, or a bad length.
static const struct {
    uint32_t offset, damaged, bytes;
} bad_images[] = {
    {0, 4, 0},                             // magic
    {4, 4, 0},                             // length
    {0, 0, 527}, {0, 0, 536}, {528, 4, 0}, // magic of SVE's record,
    {532, 4, 0},                           // its length,
    {536, 2, 0},                           // its vectors' length
    {538, 2, 0},                           // flags
};

static inline void run_bad(void)
{
    __asm__ volatile("udf #0");
}

static inline void run_privileged(void)
{
    __asm__ volatile("msr daifset, #2");
}

static inline void run_division(void)
{
    __asm__ volatile("brk #0");
}

static inline void touch_extended(void)
{
    __asm__ volatile(".inst 0x9e660000" : : : "x0"); // fmov x0, d0
}

static inline void zero_thread_pointer(void)
{
    __asm__ volatile("msr tpidr_el0, xzr");
}

static inline uint64_t counter(void)
{
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
    return count;
}

// Under -icount shift=0 an instruction takes 1 ns, and the counter runs slower than that.
static inline uint64_t counter_instructions(uint64_t ticks)
{
    const uint64_t ns_per_second = 1000000000;
    uint64_t hz;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
    return ticks * (ns_per_second / hz);
}
