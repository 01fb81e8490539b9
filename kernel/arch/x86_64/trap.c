// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Exceptions and interrupts after entry.S has saved the registers (Intel SDM volume 3, 6.15).

#include "abi/error.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/irq_vectors.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/vtd.h"
#include "kernel/core/cpu.h"
#include "kernel/core/fault.h"
#include "kernel/core/guest.h"
#include "kernel/core/irq.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/core/thread.h"
#include "kernel/mm/aspace.h"

enum {
    VECTOR_DIVIDE = 0,
    VECTOR_OVERFLOW = 4,
    VECTOR_PAGE_FAULT = 14,
    VECTOR_FPU = 16,
    VECTOR_SIMD = 19,
    EXCEPTIONS = 32,
    FAULT_WRITE = 1 << 1,
    FAULT_FETCH = 1 << 4,
};

// As trap_in_kernel pushes them.
struct kernel_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

static const char *const exception_names[EXCEPTIONS] = {
    "divide error",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound range",
    "invalid opcode",
    "no FPU",
    "double fault",
    "",
    "invalid TSS",
    "segment not present",
    "stack fault",
    "general protection",
    "page fault",
    "",
    "x87 error",
    "alignment check",
    "machine check",
    "SIMD error",
};

struct frame *trap_from_user(uint64_t vector, uint64_t error);
void trap_from_kernel(struct kernel_frame *frame);

// A device's, whose way is to be short.
static inline void device_interrupt(struct cpu *cpu, uint64_t vector)
{
    spin_lock(&object_lock);
    irq_raised((unsigned)vector);
    apic_end_of_interrupt();
    sched_unlock(cpu);
}

static __attribute__((noinline)) void system_interrupt(struct cpu *cpu, uint64_t vector)
{
    if (vector != IRQ_VECTOR_SPURIOUS) {
        apic_end_of_interrupt();
    }
    switch (vector) {
    case IRQ_VECTOR_TIMER:
        sched_timer_interrupt(cpu);
        break;
    case IRQ_VECTOR_RESCHEDULE:
        __atomic_store_n(&cpu->reschedule, true, __ATOMIC_RELAXED);
        break;
    case IRQ_VECTOR_TLB:
        tlb_answer_requests();
        break;
    case IRQ_VECTOR_IOMMU:
        vtd_fault_interrupt();
        break;
    case IRQ_VECTOR_STOP:
        arch_halt();
    default:
        break;
    }
}

static inline void interrupt(struct cpu *cpu, uint64_t vector)
{
    cpu->interrupts++;
    if (vector <= IRQ_VECTOR_LAST) {
        device_interrupt(cpu, vector);
    } else {
        system_interrupt(cpu, vector);
    }
}

// ---- faults of user code ----

static void page_fault(struct thread *thread, uint64_t error)
{
    struct fault fault = {.access = PROT_READ};
    __asm__ volatile("movq %%cr2, %0" : "=r"(fault.address));
    if ((error & FAULT_WRITE) != 0) {
        fault.access = PROT_WRITE;
    } else if ((error & FAULT_FETCH) != 0) {
        fault.access = PROT_EXECUTE;
    }
    user_page_fault(thread, &fault, VECTOR_PAGE_FAULT);
}

static __attribute__((noinline)) void exception(struct thread *thread, uint64_t vector,
                                                uint64_t error)
{
    if (vector == VECTOR_PAGE_FAULT) {
        page_fault(thread, error);
        return;
    }
    if (thread->guest != NULL) {
        thread->guest->state->exception = (uint32_t)vector;
        thread->guest->state->exception_code = error;
        guest_exit(thread, GUEST_EXIT_EXCEPTION);
        return;
    }
    bool arithmetic = vector == VECTOR_DIVIDE || vector == VECTOR_OVERFLOW ||
                      vector == VECTOR_FPU || vector == VECTOR_SIMD;
    user_fault(thread, arithmetic ? DEATH_ARITHMETIC : DEATH_ILLEGAL, (int32_t)vector,
               &(const struct fault){.access = 0});
}

struct frame *trap_from_user(uint64_t vector, uint64_t error)
{
    struct cpu *cpu = this_cpu();
    if (vector < EXCEPTIONS) {
        exception(cpu->current, vector, error);
    } else {
        interrupt(cpu, vector);
    }
    return kernel_leave(cpu);
}

// ---- in the kernel: interrupts of the idle loop, or a bug ----

void trap_from_kernel(struct kernel_frame *frame)
{
    if (frame->vector >= EXCEPTIONS) {
        interrupt(this_cpu(), frame->vector);
        return;
    }
    uint64_t address;
    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    panic(
        "%s (vector %lu, error 0x%lx) at rip 0x%lx, address 0x%lx, rsp 0x%lx, rax 0x%lx, rdi 0x%lx",
        exception_names[frame->vector] != NULL ? exception_names[frame->vector] : "exception",
        frame->vector, frame->error, frame->rip, address, frame->rsp, frame->rax, frame->rdi);
}

void cpu_relax_in_kernel(void)
{
    tlb_answer_requests();
    __asm__ volatile("pause");
}
