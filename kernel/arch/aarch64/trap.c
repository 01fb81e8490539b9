// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Exceptions and interrupts after entry.S has saved the registers (DDI 0487, D17.2.37: ESR_EL1).

#include "abi/error.h"
#include "kernel/arch/aarch64/board.h"
#include "kernel/arch/aarch64/fpu_sve.h"
#include "kernel/arch/aarch64/gic.h"
#include "kernel/arch/aarch64/smmu.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/irq_vectors.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/cpu.h"
#include "kernel/core/fault.h"
#include "kernel/core/guest.h"
#include "kernel/core/irq.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/core/thread.h"
#include "kernel/mm/aspace.h"

enum exception_class {
    CLASS_UNKNOWN = 0x00,
    CLASS_FP_TRAP = 0x07,
    CLASS_BRANCH_TARGET = 0x0d,
    CLASS_ILLEGAL_STATE = 0x0e,
    CLASS_SYSTEM = 0x18, // MSR, MRS or system instruction
    CLASS_SVE = 0x19,
    CLASS_FETCH_USER = 0x20,
    CLASS_FETCH = 0x21,
    CLASS_PC_ALIGNMENT = 0x22,
    CLASS_DATA_USER = 0x24,
    CLASS_DATA = 0x25,
    CLASS_SP_ALIGNMENT = 0x26,
    CLASS_FLOATING_POINT = 0x2c,
    CLASS_BREAK = 0x3c,
};

enum {
    ESR_CLASS = 26,
    ESR_WRITE = 1 << 6,
    ESR_CACHE = 1 << 8, // cache maintenance: reads, whatever ESR_WRITE says
    ESR_STATUS = 0x3c,  // kind of abort, less its level
    STATUS_ADDRESS_SIZE = 0x00,
    STATUS_TRANSLATION = 0x04,
    STATUS_ACCESS_FLAG = 0x08,
    STATUS_PERMISSION = 0x0c,
    HALT_BYTES = 4,
};

// As entry.S saves them.
struct kernel_frame {
    uint64_t x[31], sp, pc, pstate, esr, far;
};
_Static_assert(sizeof(struct kernel_frame) == 288, "entry.S");

extern const char semihosting_instruction[];

struct frame *trap_from_user(uint64_t address, uint64_t esr);
struct frame *interrupt_from_user(void);
void interrupt_from_kernel(void);
void trap_from_kernel(struct kernel_frame *frame);
__attribute__((noreturn)) void trap_system_error(uint64_t esr);

// ---- interrupts ----

static void private_interrupt(struct cpu *cpu, uint32_t number)
{
    if (number == board_info.timer) {
        sysreg_write(cntv_ctl_el0, 0); // its line is level; one-shot
        sched_timer_interrupt(cpu);
    } else if (number == IPI_RESCHEDULE) {
        __atomic_store_n(&cpu->reschedule, true, __ATOMIC_RELAXED);
    } else if (number == IPI_TLB) {
        tlb_answer_requests();
    } else if (number == IPI_STOP) {
        arch_halt();
    }
}

static inline void interrupt(struct cpu *cpu)
{
    uint32_t acknowledged = gic_acknowledge();
    uint32_t number = gic_number(acknowledged);
    if (!gic_is_interrupt(number)) {
        return;
    }
    cpu->interrupts++;
    if (number >= GIC_SHARED && gic_vector(number) == IRQ_VECTOR_IOMMU) {
        gic_end(acknowledged);
        smmu_event_interrupt();
    } else if (number >= GIC_SHARED) {
        spin_lock(&object_lock);
        irq_raised(gic_vector(number));
        gic_end(acknowledged);
        sched_unlock(cpu);
    } else {
        gic_end(acknowledged);
        private_interrupt(cpu, number);
    }
}

struct frame *interrupt_from_user(void)
{
    struct cpu *cpu = this_cpu();
    interrupt(cpu);
    return kernel_leave(cpu);
}

void interrupt_from_kernel(void)
{
    interrupt(this_cpu());
}

// ---- faults of user code ----

static void page_fault(struct thread *thread, uint64_t class, uint64_t esr, uint64_t address)
{
    struct fault fault = {.access = PROT_READ, .address = address};
    if (class == CLASS_FETCH_USER) {
        fault.access = PROT_EXECUTE;
    } else if ((esr & (ESR_WRITE | ESR_CACHE)) == ESR_WRITE) {
        fault.access = PROT_WRITE;
    }
    user_page_fault(thread, &fault, (int32_t) class);
}

static bool is_page_fault(uint64_t class, uint64_t esr)
{
    uint64_t status = esr & ESR_STATUS;
    return (class == CLASS_FETCH_USER || class == CLASS_DATA_USER) &&
           (status == STATUS_ADDRESS_SIZE || status == STATUS_TRANSLATION ||
            status == STATUS_ACCESS_FLAG || status == STATUS_PERMISSION);
}

struct frame *trap_from_user(uint64_t address, uint64_t esr)
{
    struct cpu *cpu = this_cpu();
    struct thread *thread = cpu->current;
    uint64_t class = esr >> ESR_CLASS;
    if (is_page_fault(class, esr)) {
        page_fault(thread, class, esr, address);
    } else if (class == CLASS_SVE && thread->guest != NULL) {
        fpu_widen(thread->guest->fpu);
    } else if (thread->guest != NULL) {
        thread->guest->state->exception = (uint32_t) class;
        thread->guest->state->exception_code = esr;
        thread->guest->state->fault_address = address;
        guest_exit(thread, GUEST_EXIT_EXCEPTION);
    } else {
        user_fault(thread, class == CLASS_FLOATING_POINT ? DEATH_ARITHMETIC : DEATH_ILLEGAL,
                   (int32_t) class, &(const struct fault){.access = 0});
    }
    return kernel_leave(cpu);
}

// ---- in the kernel: a bug ----

static const char *class_name(uint64_t class)
{
    switch (class) {
    case CLASS_UNKNOWN:
        return "undefined instruction";
    case CLASS_FP_TRAP:
    case CLASS_SVE:
        return "floating point";
    case CLASS_BRANCH_TARGET:
        return "branch target";
    case CLASS_ILLEGAL_STATE:
        return "illegal state";
    case CLASS_SYSTEM:
        return "system register";
    case CLASS_FETCH:
        return "instruction abort";
    case CLASS_DATA:
        return "data abort";
    case CLASS_PC_ALIGNMENT:
        return "misaligned pc";
    case CLASS_SP_ALIGNMENT:
        return "misaligned sp";
    case CLASS_BREAK:
        return "breakpoint";
    default:
        return "exception";
    }
}

void trap_from_kernel(struct kernel_frame *frame)
{
    uint64_t class = frame->esr >> ESR_CLASS;
    if (class == CLASS_UNKNOWN && frame->pc == (uint64_t)semihosting_instruction) {
        frame->pc += HALT_BYTES;
        return;
    }
    panic("%s (esr 0x%lx) at pc 0x%lx, address 0x%lx, lr 0x%lx, sp 0x%lx, x0 0x%lx, x1 0x%lx",
          class_name(class), frame->esr, frame->pc, frame->far, frame->x[30], frame->sp,
          frame->x[0], frame->x[1]);
}

void trap_system_error(uint64_t esr)
{
    panic("system error (esr 0x%lx): a device or memory answered with an error", esr);
}

void cpu_relax_in_kernel(void)
{
    tlb_answer_requests();
    __asm__ volatile("yield");
}
