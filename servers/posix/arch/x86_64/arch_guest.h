// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Linux's system-call convention on x86_64: number in rax, arguments in rdi rsi rdx r10 r8 r9,
// result in rax.

#pragma once

#include "abi/error.h"
#include "abi/guest.h"

enum {
    ARCH_SYSCALL_BYTES = 2, // length of the SYSCALL instruction
    ARCH_RESTART_SYSCALL = 219,
    ARCH_SIGNAL_STACK_MIN = 2048, // MINSIGSTKSZ
    ARCH_ELF_MACHINE = 62,
    ARCH_CLONE_CHILD_TID = 3, // places among clone's arguments
    ARCH_CLONE_THREAD_POINTER = 4,
};

#define ARCH_USER_ADDRESS_END 0x00007ffffffff000ull // 4-level paging, one guard page

// This processor's column of syscalls.def.
#define ARCH_SYSCALL_PICK(x86_64, arm64) (x86_64)

// orig_rax outside a system call: nothing to restart.
#define ARCH_NO_SYSCALL (~0ull)

static inline uint64_t arch_syscall_number(const struct guest_registers *registers)
{
    return registers->orig_rax;
}

static inline void arch_syscall_arguments(const struct guest_registers *registers,
                                          uint64_t argument[6])
{
    argument[0] = registers->rdi;
    argument[1] = registers->rsi;
    argument[2] = registers->rdx;
    argument[3] = registers->r10;
    argument[4] = registers->r8;
    argument[5] = registers->r9;
}

static inline void arch_syscall_set_result(struct guest_registers *registers, int64_t result)
{
    registers->rax = (uint64_t)result;
}

static inline int64_t arch_syscall_result(const struct guest_registers *registers)
{
    return (int64_t)registers->rax;
}

static inline void arch_syscall_forget(struct guest_registers *registers)
{
    registers->orig_rax = ARCH_NO_SYSCALL;
}

// The guest runs the system-call instruction again, with `number`.
static inline void arch_syscall_again(struct guest_registers *registers, uint64_t number)
{
    registers->rip -= ARCH_SYSCALL_BYTES;
    registers->rax = number;
    registers->orig_rax = ARCH_NO_SYSCALL;
}

static inline uint64_t arch_stack_of(const struct guest_registers *registers)
{
    return registers->rsp;
}

static inline void arch_set_stack(struct guest_registers *registers, uint64_t stack)
{
    registers->rsp = stack;
}

static inline uint64_t arch_program_counter(const struct guest_registers *registers)
{
    return registers->rip;
}

static inline void arch_set_thread_pointer(struct guest_registers *registers, uint64_t value)
{
    registers->fs_base = value;
}

// The counter that INFO_CLOCK speaks of.
static inline uint64_t arch_counter(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

// Registers of a fresh program: everything 0 but entry and stack.
void arch_start_registers(struct guest_registers *registers, uint64_t entry, uint64_t stack);

#define ARCH_PLATFORM       "x86_64"
#define ARCH_INTERRUPT_CHIP "IO-APIC" // of the lines in /proc/interrupts
// AT_HWCAP: the features of CPUID leaf 1, edx. AT_HWCAP2: none that programs could rely on.
uint64_t arch_hwcap(void);
static inline uint64_t arch_hwcap2(void)
{
    return 0;
}

// Length of SVE's vectors: this processor has none.
static inline int64_t arch_vector_bytes(void)
{
    return -E_INVAL;
}

// The processor this thread runs on, for getcpu: only a hint by the time it is read.
uint32_t arch_current_cpu(void);

struct siginfo_linux;
struct task;
// AT_MINSIGSTKSZ: what the largest signal frame takes.
uint64_t arch_signal_frame_bytes(struct task *task);
// Keep what a signal frame tells of the page fault, or other exception, in the guest's state.
void arch_note_fault(struct task *task);
void arch_note_exception(struct task *task);
// The signal that an exception of the guest (GUEST_EXIT_EXCEPTION) means.
void arch_exception_signal(const struct guest_state *state, struct siginfo_linux *info);
