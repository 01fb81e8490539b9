// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Linux's system-call convention on aarch64: number in x8, arguments in x0-x5, result in x0.

#pragma once

#include "abi/guest.h"

enum {
    ARCH_SYSCALL_BYTES = 4, // length of the SVC instruction
    ARCH_RESTART_SYSCALL = 128,
    ARCH_SIGNAL_STACK_MIN = 5120, // MINSIGSTKSZ
    ARCH_ELF_MACHINE = 183,
    ARCH_CLONE_CHILD_TID = 4, // places among clone's arguments
    ARCH_CLONE_THREAD_POINTER = 3,
};

#define ARCH_USER_ADDRESS_END 0x0000fffffffff000ull // 48 bits, one guard page

// This processor's column of syscalls.def.
#define ARCH_SYSCALL_PICK(x86_64, arm64) (arm64)

// `syscall` outside a system call: nothing to restart.
#define ARCH_NO_SYSCALL (~0ull)

static inline uint64_t arch_syscall_number(const struct guest_registers *registers)
{
    return registers->syscall;
}

static inline void arch_syscall_arguments(const struct guest_registers *registers,
                                          uint64_t argument[6])
{
    for (unsigned i = 0; i < 6; i++)
        argument[i] = registers->x[i];
}

static inline void arch_syscall_set_result(struct guest_registers *registers, int64_t result)
{
    registers->x[0] = (uint64_t)result;
}

static inline int64_t arch_syscall_result(const struct guest_registers *registers)
{
    return (int64_t)registers->x[0];
}

static inline void arch_syscall_forget(struct guest_registers *registers)
{
    registers->syscall = ARCH_NO_SYSCALL;
}

// The guest runs the system-call instruction again, with `number`.
static inline void arch_syscall_again(struct guest_registers *registers, uint64_t number)
{
    registers->pc -= ARCH_SYSCALL_BYTES;
    registers->x[0] = registers->orig_x0; // the result had taken its place
    registers->x[8] = number;
    registers->syscall = ARCH_NO_SYSCALL;
}

static inline uint64_t arch_stack_of(const struct guest_registers *registers)
{
    return registers->sp;
}

static inline void arch_set_stack(struct guest_registers *registers, uint64_t stack)
{
    registers->sp = stack;
}

static inline uint64_t arch_program_counter(const struct guest_registers *registers)
{
    return registers->pc;
}

static inline void arch_set_thread_pointer(struct guest_registers *registers, uint64_t value)
{
    registers->tpidr = value;
}

// The counter that INFO_CLOCK speaks of. ISB: not read ahead of what comes before it.
static inline uint64_t arch_counter(void)
{
    uint64_t count;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count) : : "memory");
    return count;
}

// Registers of a fresh program: everything 0 but entry and stack.
void arch_start_registers(struct guest_registers *registers, uint64_t entry, uint64_t stack);

#define ARCH_PLATFORM       "aarch64"
#define ARCH_INTERRUPT_CHIP "GIC" // of the lines in /proc/interrupts
// AT_HWCAP, AT_HWCAP2: from the ID registers (features.c).
uint64_t arch_hwcap(void);
uint64_t arch_hwcap2(void);

// Length of SVE's vectors, the same for every thread. -E_INVAL: this processor has none.
int64_t arch_vector_bytes(void);

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
