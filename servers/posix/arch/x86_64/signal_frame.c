// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Signal frames of x86_64: registers, mask, alternate stack and the whole extended state go to the
// program's stack and come back from it. Everything that comes back is checked: flags are masked
// here, the rest by the kernel.

#include <stdlib.h>
#include <string.h>

#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/arch/x86_64/signal_frame.h"
#include "servers/posix/process.h"
#include "servers/posix/signal_stack.h"
#include "servers/posix/user.h"

// Bytes of the extended state on this machine.
static size_t fpu_bytes(struct task *task)
{
    static size_t bytes;
    if (bytes == 0) {
        int64_t size = sys_guest_fpu(task->guest, GUEST_FPU_SIZE, 0, 0);
        bytes = size > FPU_LEGACY_BYTES + FPU_HEADER_BYTES ? (size_t)size
                                                           : FPU_LEGACY_BYTES + FPU_HEADER_BYTES;
    }
    return bytes;
}

static uint64_t enabled_features(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

// The task's own buffer for extended state, with room for the closing magic.
static uint8_t *fpu_area(struct task *task)
{
    if (task->kept.fpu_area == NULL)
        task->kept.fpu_area = aligned_alloc(FPU_ALIGN, (fpu_bytes(task) + 4 + FPU_ALIGN - 1) &
                                                           ~(size_t)(FPU_ALIGN - 1));
    return task->kept.fpu_area;
}

static int write_fpu(struct task *task, uint64_t address)
{
    size_t bytes = fpu_bytes(task);
    uint8_t *area = fpu_area(task);
    if (area == NULL)
        return -E_NOMEM;
    if (sys_guest_fpu(task->guest, GUEST_FPU_GET, (uint64_t)area, bytes) < 0)
        return -E_FAULT;
    struct frame_fpu_note note = {
        .magic1 = FPU_MAGIC1,
        .extended_size = (uint32_t)bytes + 4,
        .features = enabled_features(),
        .xstate_size = (uint32_t)bytes,
    };
    uint32_t magic2 = FPU_MAGIC2;
    memcpy(area + FPU_NOTE_OFFSET, &note, sizeof(note));
    memcpy(area + bytes, &magic2, sizeof(magic2));
    return user_write(task, address, area, bytes + sizeof(magic2));
}

static void save_registers(const struct task *task, struct frame_context *context)
{
    const struct guest_registers *r = &task->guest_state->registers;
    *context = (struct frame_context){
        .r8 = r->r8,
        .r9 = r->r9,
        .r10 = r->r10,
        .r11 = r->r11,
        .r12 = r->r12,
        .r13 = r->r13,
        .r14 = r->r14,
        .r15 = r->r15,
        .rdi = r->rdi,
        .rsi = r->rsi,
        .rbp = r->rbp,
        .rbx = r->rbx,
        .rdx = r->rdx,
        .rax = r->rax,
        .rcx = r->rcx,
        .rsp = r->rsp,
        .rip = r->rip,
        .rflags = r->rflags,
        .cs = FRAME_USER_CS,
        .ss = FRAME_USER_SS,
        .error = task->fault_error,
        .trap = task->fault_trap,
        .cr2 = task->fault_address,
    };
}

static void restore_registers(struct task *task, const struct frame_context *context)
{
    struct guest_registers *r = &task->guest_state->registers;
    r->r8 = context->r8, r->r9 = context->r9, r->r10 = context->r10, r->r11 = context->r11;
    r->r12 = context->r12, r->r13 = context->r13, r->r14 = context->r14, r->r15 = context->r15;
    r->rdi = context->rdi, r->rsi = context->rsi, r->rbp = context->rbp, r->rbx = context->rbx;
    r->rdx = context->rdx, r->rax = context->rax, r->rcx = context->rcx;
    r->rsp = context->rsp, r->rip = context->rip;
    r->rflags = (r->rflags & ~FRAME_RFLAGS) | (context->rflags & FRAME_RFLAGS);
    arch_syscall_forget(r);
}

int arch_signal_frame(struct task *task, const struct signal_action *action,
                      const struct siginfo_linux *info, signal_set_t mask)
{
    struct guest_registers *registers = &task->guest_state->registers;
    uint64_t top;
    if ((action->flags & SA_RESTORER) == 0)
        return -E_FAULT;
    int error = signal_stack_choose(task, registers->rsp, FRAME_RED_ZONE,
                                    (action->flags & SA_ONSTACK) != 0, &top);
    if (error)
        return error;
    uint64_t fpu = (top - (fpu_bytes(task) + 4)) & ~(uint64_t)(FPU_ALIGN - 1);
    // As after a call instruction: 16-byte aligned but for the return address.
    uint64_t address = ((fpu - sizeof(struct signal_frame)) & ~15ull) - 8;
    if (!signal_stack_holds(task, registers->rsp, address, top))
        return -E_FAULT;

    struct signal_frame frame = {.restorer = action->restorer, .info = *info};
    frame.ucontext.flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    frame.ucontext.stack = (struct frame_stack){
        .address = task->alternate_stack,
        .flags = (int32_t)task->alternate_stack_flags,
        .bytes = task->alternate_stack_bytes,
    };
    frame.ucontext.mask = mask;
    save_registers(task, &frame.ucontext.context);
    frame.ucontext.context.fpu_state = fpu;
    frame.ucontext.context.old_mask = mask;
    error = write_fpu(task, fpu);
    if (error == 0)
        error = user_write(task, address, &frame, sizeof(frame));
    if (error)
        return error;

    signal_stack_entered(task);
    registers->rsp = address;
    registers->rip = action->handler;
    registers->rdi = (uint64_t)info->signo;
    registers->rsi = address + offsetof(struct signal_frame, info);
    registers->rdx = address + offsetof(struct signal_frame, ucontext);
    registers->rax = 0;
    registers->rflags &= ~0x10500ull; // DF, TF, RF: what a called function may expect
    return 0;
}

uint64_t arch_signal_frame_bytes(struct task *task)
{
    return sizeof(struct signal_frame) + fpu_bytes(task) + 4 + FPU_ALIGN + FRAME_RED_ZONE;
}

// A frame without our note, or with a broken one, has at least the legacy part.
static int read_fpu(struct task *task, uint64_t address)
{
    size_t bytes = fpu_bytes(task);
    uint8_t *area = fpu_area(task);
    struct frame_fpu_note note;
    if (area == NULL)
        return -E_NOMEM;
    if (user_read(task, area, address, FPU_LEGACY_BYTES) != 0)
        return -E_FAULT;
    memcpy(&note, area + FPU_NOTE_OFFSET, sizeof(note));
    uint32_t magic2 = 0;
    bool whole =
        note.magic1 == FPU_MAGIC1 && note.xstate_size == bytes && note.extended_size == bytes + 4 &&
        user_read(task, &magic2, address + bytes, sizeof(magic2)) == 0 && magic2 == FPU_MAGIC2;
    if (whole) {
        if (user_read(task, area + FPU_LEGACY_BYTES, address + FPU_LEGACY_BYTES,
                      bytes - FPU_LEGACY_BYTES) != 0)
            return -E_FAULT;
    } else {
        const uint64_t legacy_parts = 3; // x87 and SSE
        memset(area + FPU_LEGACY_BYTES, 0, bytes - FPU_LEGACY_BYTES);
        memcpy(area + FPU_LEGACY_BYTES, &legacy_parts, sizeof(legacy_parts));
    }
    return sys_guest_fpu(task->guest, GUEST_FPU_SET, (uint64_t)area, bytes) < 0 ? -E_FAULT : 0;
}

int arch_signal_return(struct task *task)
{
    struct frame_ucontext ucontext;
    uint64_t address = task->guest_state->registers.rsp - sizeof(uint64_t);
    if (user_read(task, &ucontext, address + offsetof(struct signal_frame, ucontext),
                  sizeof(ucontext)) != 0)
        return -E_FAULT;
    if (ucontext.context.fpu_state != 0) {
        if (read_fpu(task, ucontext.context.fpu_state) != 0)
            return -E_FAULT;
    } else {
        sys_guest_fpu(task->guest, GUEST_FPU_RESET, 0, 0);
    }
    restore_registers(task, &ucontext.context);
    signal_set_mask(task, ucontext.mask);
    signal_stack_restore(task, ucontext.stack.address, (uint32_t)ucontext.stack.flags,
                         ucontext.stack.bytes);
    return 0;
}

uint64_t arch_hwcap(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return edx;
}

// The initial APIC id; the kernel counts its processors in the same order.
uint32_t arch_current_cpu(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ebx >> 24;
}

void arch_start_registers(struct guest_registers *registers, uint64_t entry, uint64_t stack)
{
    memset(registers, 0, sizeof(*registers));
    registers->rip = entry;
    registers->rsp = stack;
    registers->rflags = 0x202; // interrupts on; bit 1 is always set
    registers->orig_rax = ARCH_NO_SYSCALL;
}

enum {
    X86_DIVIDE = 0,
    X86_DEBUG = 1,
    X86_BREAKPOINT = 3,
    X86_OVERFLOW = 4,
    X86_BOUND = 5,
    X86_OPCODE = 6,
    X86_NO_FPU = 7,
    X86_STACK = 12,
    X86_PROTECTION = 13,
    X86_FPU = 16,
    X86_ALIGNMENT = 17,
    X86_SIMD = 19
};

void arch_note_fault(struct task *task)
{
    enum { PAGE_FAULT = 14, ERROR_PRESENT = 1, ERROR_WRITE = 2, ERROR_USER = 4, ERROR_FETCH = 16 };
    const struct guest_state *state = task->guest_state;
    task->fault_trap = PAGE_FAULT;
    task->fault_address = state->fault_address;
    task->fault_error = ERROR_USER;
    if (state->fault_mapped)
        task->fault_error |= ERROR_PRESENT;
    if ((state->fault_access & PROT_WRITE) != 0)
        task->fault_error |= ERROR_WRITE;
    if ((state->fault_access & PROT_EXECUTE) != 0)
        task->fault_error |= ERROR_FETCH;
}

void arch_note_exception(struct task *task)
{
    task->fault_trap = task->guest_state->exception;
    task->fault_error = task->guest_state->exception_code;
}

void arch_exception_signal(const struct guest_state *state, struct siginfo_linux *info)
{
    static const struct {
        uint8_t signal;
        int32_t code;
    } table[] = {
        [X86_DIVIDE] = {SIGFPE, FPE_INTDIV},     [X86_DEBUG] = {SIGTRAP, TRAP_TRACE},
        [X86_BREAKPOINT] = {SIGTRAP, SI_KERNEL}, [X86_OVERFLOW] = {SIGSEGV, SI_KERNEL},
        [X86_BOUND] = {SIGSEGV, SI_KERNEL},      [X86_OPCODE] = {SIGILL, ILL_ILLOPN},
        [X86_NO_FPU] = {SIGILL, ILL_ILLOPN},     [X86_STACK] = {SIGBUS, SI_KERNEL},
        [X86_PROTECTION] = {SIGSEGV, SI_KERNEL}, [X86_FPU] = {SIGFPE, FPE_FLTINV},
        [X86_ALIGNMENT] = {SIGBUS, BUS_ADRALN},  [X86_SIMD] = {SIGFPE, FPE_FLTINV},
    };
    memset(info, 0, sizeof(*info));
    info->signo = SIGSEGV;
    info->code = SI_KERNEL;
    if (state->exception < sizeof(table) / sizeof(table[0]) &&
        table[state->exception].signal != 0) {
        info->signo = table[state->exception].signal;
        info->code = table[state->exception].code;
    }
    if (info->code > 0 && info->code != SI_KERNEL)
        info->fault.address = state->registers.rip;
}
