// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Signal frames of aarch64: registers, mask, alternate stack and the extended state go to the
// program's stack and come back from it. Everything that comes back is checked: flags are masked
// here, the rest by the kernel.

#include <stdlib.h>
#include <string.h>

#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/arch/aarch64/signal_frame.h"
#include "servers/posix/mm.h"
#include "servers/posix/process.h"
#include "servers/posix/signal_stack.h"
#include "servers/posix/user.h"
#include "servers/posix/vdso/vdso.h"

enum { FRAME_ALIGN = 16 };

static int save_fpu(struct task *task, struct frame_state *state)
{
    int64_t got = sys_guest_fpu(task->guest, GUEST_FPU_GET, (uint64_t)(uintptr_t)state->image,
                                FRAME_STATE_MOST);
    if (got < (int64_t)sizeof(struct guest_fpu))
        return -E_FAULT;
    state->bytes = (size_t)got;
    return 0;
}

static int restore_fpu(struct task *task, const struct frame_state *state)
{
    int64_t result =
        sys_guest_fpu(task->guest, GUEST_FPU_SET, (uint64_t)(uintptr_t)state->image, state->bytes);
    return result < 0 ? -E_FAULT : 0;
}

static void save_registers(const struct task *task, struct frame_context *context)
{
    const struct guest_registers *registers = &task->guest_state->registers;
    context->fault_address = task->fault_address;
    memcpy(context->x, registers->x, sizeof(context->x));
    context->sp = registers->sp;
    context->pc = registers->pc;
    context->pstate = registers->pstate;
}

static void restore_registers(struct task *task, const struct frame_context *context)
{
    struct guest_registers *registers = &task->guest_state->registers;
    memcpy(registers->x, context->x, sizeof(registers->x));
    registers->sp = context->sp;
    registers->pc = context->pc;
    registers->pstate = (registers->pstate & ~FRAME_PSTATE) | (context->pstate & FRAME_PSTATE);
    arch_syscall_forget(registers);
}

static int fill_frame(struct task *task, const struct siginfo_linux *info, signal_set_t mask,
                      struct signal_frame *frame)
{
    struct frame_state state;
    int error = save_fpu(task, &state);
    if (error)
        return error;
    memset(frame, 0, sizeof(*frame));
    frame->info = *info;
    frame->ucontext.stack = (struct frame_stack){
        .address = task->alternate_stack,
        .flags = (int32_t)task->alternate_stack_flags,
        .bytes = task->alternate_stack_bytes,
    };
    frame->ucontext.mask = mask;
    save_registers(task, &frame->ucontext.context);
    frame_records_write(frame->ucontext.context.records, &state, task->fault_error);
    return 0;
}

int arch_signal_frame(struct task *task, const struct signal_action *action,
                      const struct siginfo_linux *info, signal_set_t mask)
{
    struct guest_registers *registers = &task->guest_state->registers;
    struct frame_link link = {registers->x[29], registers->x[30]};
    struct signal_frame frame;
    uint64_t top;
    int error =
        signal_stack_choose(task, registers->sp, 0, (action->flags & SA_ONSTACK) != 0, &top);
    if (error)
        return error;
    uint64_t link_address = (top - sizeof(link)) & ~(uint64_t)(FRAME_ALIGN - 1);
    uint64_t address = link_address - sizeof(frame);
    if (!signal_stack_holds(task, registers->sp, address, top))
        return -E_FAULT;
    error = fill_frame(task, info, mask, &frame);
    if (error == 0)
        error = user_write(task, link_address, &link, sizeof(link));
    if (error == 0)
        error = user_write(task, address, &frame, sizeof(frame));
    if (error)
        return error;

    signal_stack_entered(task);
    registers->sp = address;
    registers->pc = action->handler;
    registers->x[0] = (uint64_t)info->signo;
    registers->x[1] = address + offsetof(struct signal_frame, info);
    registers->x[2] = address + offsetof(struct signal_frame, ucontext);
    registers->x[29] = link_address;
    registers->x[30] = (action->flags & SA_RESTORER) != 0 ? action->restorer
                                                          : task->mm->vdso + vdso_signal_return();
    return 0;
}

uint64_t arch_signal_frame_bytes(struct task *task)
{
    (void)task;
    return sizeof(struct signal_frame) + sizeof(struct frame_link) + FRAME_ALIGN;
}

int arch_signal_return(struct task *task)
{
    uint64_t address = task->guest_state->registers.sp;
    struct frame_ucontext ucontext;
    struct frame_state state;
    if (address % FRAME_ALIGN != 0 ||
        user_read(task, &ucontext, address + offsetof(struct signal_frame, ucontext),
                  sizeof(ucontext)) != 0 ||
        frame_records_read(ucontext.context.records, &state) != 0 || restore_fpu(task, &state) != 0)
        return -E_FAULT;
    restore_registers(task, &ucontext.context);
    signal_set_mask(task, ucontext.mask);
    signal_stack_restore(task, ucontext.stack.address, (uint32_t)ucontext.stack.flags,
                         ucontext.stack.bytes);
    return 0;
}

void arch_start_registers(struct guest_registers *registers, uint64_t entry, uint64_t stack)
{
    memset(registers, 0, sizeof(*registers)); // PSTATE 0: EL0, AArch64, interrupts on
    registers->pc = entry;
    registers->sp = stack;
    registers->syscall = ARCH_NO_SYSCALL;
}
