// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What an exception of a guest means to a Linux program on aarch64 (Arm ARM, D17.2.37: ESR_EL1).
// guest_state.exception is the exception class, exception_code the whole syndrome register.

#include <string.h>

#include "abi/memory.h"
#include "servers/posix/arch.h"
#include "servers/posix/process.h"

enum exception_class {
    CLASS_PC_ALIGNMENT = 0x22,
    CLASS_INSTRUCTION_ABORT = 0x20,
    CLASS_DATA_ABORT = 0x24,
    CLASS_SP_ALIGNMENT = 0x26,
    CLASS_FLOATING_POINT = 0x2c,
    CLASS_BREAKPOINT = 0x30,
    CLASS_STEP = 0x32,
    CLASS_WATCHPOINT = 0x34,
    CLASS_BRK = 0x3c,
};

enum syndrome_bit {
    SYNDROME_CLASS_SHIFT = 26,
    SYNDROME_LONG = 1 << 25, // a 32-bit instruction
    SYNDROME_WRITE = 1 << 6,
    SYNDROME_STATUS = 0x3f,
    STATUS_TRANSLATION = 0x07, // level 3
    STATUS_PERMISSION = 0x0f,
    STATUS_ALIGNMENT = 0x21,
};

void arch_note_fault(struct task *task)
{
    const struct guest_state *state = task->guest_state;
    bool fetch = (state->fault_access & PROT_EXECUTE) != 0;
    uint64_t class = fetch ? CLASS_INSTRUCTION_ABORT : CLASS_DATA_ABORT;
    task->fault_address = state->fault_address;
    task->fault_error = class << SYNDROME_CLASS_SHIFT | SYNDROME_LONG |
                        (state->fault_mapped ? STATUS_PERMISSION : STATUS_TRANSLATION);
    if ((state->fault_access & PROT_WRITE) != 0)
        task->fault_error |= SYNDROME_WRITE;
}

void arch_note_exception(struct task *task)
{
    task->fault_error = task->guest_state->exception_code;
    task->fault_address = 0;
}

// An abort that is no page fault: misaligned, or the memory itself answered with an error.
static void abort_signal(const struct guest_state *state, struct siginfo_linux *info)
{
    bool alignment = (state->exception_code & SYNDROME_STATUS) == STATUS_ALIGNMENT;
    info->signo = SIGBUS;
    info->code = alignment ? BUS_ADRALN : BUS_OBJERR;
    info->fault.address = state->fault_address;
}

void arch_exception_signal(const struct guest_state *state, struct siginfo_linux *info)
{
    static const struct {
        uint8_t class, signal;
        int32_t code;
    } table[] = {
        {CLASS_PC_ALIGNMENT, SIGBUS, BUS_ADRALN}, {CLASS_SP_ALIGNMENT, SIGBUS, BUS_ADRALN},
        {CLASS_FLOATING_POINT, SIGFPE, 0},        {CLASS_BREAKPOINT, SIGTRAP, TRAP_HWBKPT},
        {CLASS_STEP, SIGTRAP, TRAP_TRACE},        {CLASS_WATCHPOINT, SIGTRAP, TRAP_HWBKPT},
        {CLASS_BRK, SIGTRAP, TRAP_BRKPT},
    };
    memset(info, 0, sizeof(*info));
    if (state->exception == CLASS_DATA_ABORT || state->exception == CLASS_INSTRUCTION_ABORT) {
        abort_signal(state, info);
        return;
    }
    // Whatever else a program can meet is an instruction it may not, or cannot, execute.
    info->signo = SIGILL;
    info->code = ILL_ILLOPC;
    info->fault.address = state->registers.pc;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].class == state->exception) {
            info->signo = table[i].signal;
            info->code = table[i].code;
        }
    }
}
