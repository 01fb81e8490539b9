// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// DDI 0487, D17.2: control registers of EL1.

#include "kernel/arch/aarch64/cpu_setup.h"

#include "kernel/arch/aarch64/frame.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/core/cpu.h"
#include "kernel/core/syscall.h"

// Offsets that entry.S uses.
_Static_assert(offsetof(struct cpu, index) == 0, "cpu_index");
_Static_assert(offsetof(struct cpu, stack) == 8, "entry.S");
_Static_assert(offsetof(struct cpu, syscall_handler) == 32, "entry.S");
_Static_assert(offsetof(struct frame, pc) == 256, "entry.S");

// SCTLR_EL1. Off: alignment checks (A, SA), big endian; PAN is set on entry (SPAN = 0), where the
// CPU has it.
#define SCTLR_M     (1ull << 0)
#define SCTLR_C     (1ull << 2)
#define SCTLR_SA0   (1ull << 4) // user code's stack pointer must be aligned
#define SCTLR_EOS   (1ull << 11)
#define SCTLR_I     (1ull << 12)
#define SCTLR_DZE   (1ull << 14) // user code may: DC ZVA,
#define SCTLR_UCT   (1ull << 15) // read CTR_EL0,
#define SCTLR_NTWI  (1ull << 16) // WFI,
#define SCTLR_NTWE  (1ull << 18) // WFE,
#define SCTLR_TSCXT (1ull << 20)
#define SCTLR_EIS   (1ull << 22)
#define SCTLR_SPAN  (1ull << 23)
#define SCTLR_UCI   (1ull << 26) // clean and invalidate caches by address
#define SCTLR_RES1  (3ull << 28) // nTLSMD, LSMAOE
#define SCTLR_VALUE                                                                             \
    (SCTLR_M | SCTLR_C | SCTLR_SA0 | SCTLR_EOS | SCTLR_I | SCTLR_DZE | SCTLR_UCT | SCTLR_NTWI | \
     SCTLR_NTWE | SCTLR_TSCXT | SCTLR_EIS | SCTLR_UCI | SCTLR_RES1)

enum {
    MMFR1_PAN = 20,
    ISAR0_RNDR = 60,
    DEBUG_TRAP_USER = 1 << 12, // MDSCR_EL1.TDCC: the debug channel is closed to user code
};

extern char exception_vectors[];

void cpu_setup(unsigned index, uint64_t stack)
{
    struct cpu *cpu = &cpus[index];
    cpu->stack = stack;
    cpu->self = cpu;
    cpu->syscall_handler = native_syscall;
    bool pan = sysreg_field(sysreg_read(id_aa64mmfr1_el1), MMFR1_PAN) != 0;
    sysreg_write(tpidr_el1, cpu);
    sysreg_write(tpidr_el0, 0);
    sysreg_write(tpidrro_el0, index); // the posix server reads it there, for getcpu
    sysreg_write(vbar_el1, exception_vectors);
    sysreg_write(mdscr_el1, DEBUG_TRAP_USER);
    if (sysreg_field(sysreg_read(id_aa64dfr0_el1), 8) != 0) {
        sysreg_write(pmuserenr_el0, 0);
    }
    sysreg_write(sctlr_el1, SCTLR_VALUE | (pan ? 0 : SCTLR_SPAN));
    isb();
    if (pan) {
        __asm__ volatile(".inst 0xd500419f"); // MSR PAN, #1
    }
}

// ---- guests ----

// TPIDR_EL0 is part of the frame, because programs write it themselves.
void arch_load_guest_bases(struct cpu *cpu, const struct guest_registers *registers)
{
    (void)cpu;
    (void)registers;
}

void arch_update_guest_bases(struct cpu *cpu, const struct guest_registers *registers)
{
    (void)cpu;
    (void)registers;
}

void arch_resume(struct frame *frame)
{
    register struct frame *x0 __asm__("x0") = frame;
    __asm__ volatile("b resume_user" : : "r"(x0) : "memory");
    __builtin_unreachable();
}

void arch_wait_for_interrupt(const bool *stop)
{
    // WFI ends for an interrupt that is masked, too: none falls between the check and it.
    if (!__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
        __asm__ volatile("dsb sy\n\twfi" : : : "memory");
    }
    __asm__ volatile("msr daifclr, #2\n\tisb\n\tmsr daifset, #2" : : : "memory");
}

uint64_t arch_entropy(void)
{
    static uint64_t state;
    state = (state ^ cpu_counter()) * 0x9e3779b97f4a7c15ull;
    if (sysreg_field(sysreg_read(id_aa64isar0_el1), ISAR0_RNDR) != 0) {
        return state ^ state >> 29 ^ sysreg_read(s3_3_c2_c4_0); // RNDR; 0 if it has none just now
    }
    return state ^ state >> 29;
}
