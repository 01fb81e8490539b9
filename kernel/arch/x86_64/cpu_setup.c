// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Intel SDM volume 3: segment descriptors 3.4.5, TSS 8.7, gates 6.14, SYSCALL 5.8.8, control
// registers 2.5.

#include "kernel/arch/x86_64/cpu_setup.h"

#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/x86_64/frame.h"
#include "kernel/arch/x86_64/io.h"
#include "kernel/core/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/syscall.h"

// Offsets that entry.S uses.
_Static_assert(offsetof(struct cpu, index) == 0, "cpu_index");
_Static_assert(offsetof(struct cpu, stack) == 8, "entry.S");
_Static_assert(offsetof(struct cpu, scratch) == 16, "entry.S");
_Static_assert(offsetof(struct cpu, frame) == 24, "entry.S");
_Static_assert(offsetof(struct cpu, syscall_handler) == 32, "entry.S");
_Static_assert(offsetof(struct cpu, self) == 40, "cpu_self");

enum {
    SELECTOR_KERNEL_CODE = 0x08,
    SELECTOR_KERNEL_DATA = 0x10,
    SELECTOR_TSS = 0x28,
    GATE_INTERRUPT = 0x8e,
    GATE_INTERRUPT_USER = 0xee, // user code may raise it: INT3, INTO
    VECTOR_BREAKPOINT = 3,
    VECTOR_OVERFLOW = 4,
    IST_NMI = 1,
    IST_DOUBLE_FAULT = 2,
    IST_MACHINE_CHECK = 3,
    IST_STACKS = 3,
    IST_BYTES = 4096,
    VECTOR_NMI = 2,
    VECTOR_DOUBLE_FAULT = 8,
    VECTOR_MACHINE_CHECK = 18,

    MSR_EFER = (int)0xc0000080,
    EFER_SCE = 1 << 0,
    MSR_STAR = (int)0xc0000081,
    MSR_LSTAR = (int)0xc0000082,
    MSR_SFMASK = (int)0xc0000084,
    MSR_FS_BASE = (int)0xc0000100,
    MSR_GS_BASE = (int)0xc0000101,
    MSR_KERNEL_GS_BASE = (int)0xc0000102,
    // IF, TF, DF, IOPL, NT, AC are clear in the kernel.
    SFMASK = 0x47700,

    CR4_UMIP = 1 << 11,
    CR4_SMEP = 1 << 20,
    CR4_SMAP = 1 << 21,
    CPUID7_EBX_SMEP = 1 << 7,
    CPUID7_EBX_SMAP = 1 << 20,
    CPUID7_ECX_UMIP = 1 << 2,
    CPUID1_EDX_TSC = 1 << 4,
    CPUID1_EDX_APIC = 1 << 9,
    CPUID1_EDX_FXSR = 1 << 24,
    CPUID1_EDX_SSE2 = 1 << 26,
    CPUID1_ECX_RDRAND = 1 << 30,
};

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_bitmap;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "SDM figure 8-11");

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM figure 6-8");

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static struct gate idt[256];
static uint64_t gdt[CPU_MAX][7];
static struct tss tss[CPU_MAX];
static uint8_t ist_stacks[CPU_MAX][IST_STACKS][IST_BYTES] __attribute__((aligned(16)));

extern const uint64_t trap_stubs[256];
extern char syscall_entry[];

void cpu_check_features(void)
{
    struct cpuid one = cpuid(1, 0);
    uint32_t needed = CPUID1_EDX_TSC | CPUID1_EDX_APIC | CPUID1_EDX_FXSR | CPUID1_EDX_SSE2;
    if ((one.edx & needed) != needed) {
        panic("this processor lacks %s: run QEMU with -cpu max or qemu64",
              (one.edx & CPUID1_EDX_TSC) == 0    ? "TSC"
              : (one.edx & CPUID1_EDX_APIC) == 0 ? "a local APIC"
                                                 : "FXSR/SSE2");
    }
}

static void build_idt(void)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t address = trap_stubs[i];
        idt[i] = (struct gate){
            .offset_low = (uint16_t)address,
            .offset_middle = (uint16_t)(address >> 16),
            .offset_high = (uint32_t)(address >> 32),
            .selector = SELECTOR_KERNEL_CODE,
            .type = GATE_INTERRUPT,
        };
    }
    idt[VECTOR_BREAKPOINT].type = GATE_INTERRUPT_USER;
    idt[VECTOR_OVERFLOW].type = GATE_INTERRUPT_USER;
    idt[VECTOR_NMI].ist = IST_NMI;
    idt[VECTOR_DOUBLE_FAULT].ist = IST_DOUBLE_FAULT;
    idt[VECTOR_MACHINE_CHECK].ist = IST_MACHINE_CHECK;
}

static void load_descriptors(unsigned index, uint64_t stack)
{
    struct tss *t = &tss[index];
    t->rsp[0] = stack;
    t->io_bitmap = sizeof(*t); // none: no port is open to user mode
    for (unsigned i = 0; i < IST_STACKS; i++) {
        t->ist[i] = (uint64_t)ist_stacks[index][i] + IST_BYTES;
    }
    uint64_t base = (uint64_t)t;
    uint64_t *g = gdt[index];
    g[1] = 0x00af9b000000ffff; // kernel code
    g[2] = 0x00cf93000000ffff; // kernel data
    g[3] = 0x00cff3000000ffff; // user data
    g[4] = 0x00affb000000ffff; // user code
    g[5] = (sizeof(*t) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    g[6] = base >> 32;
    struct table_pointer gdt_pointer = {sizeof(gdt[0]) - 1, (uint64_t)g};
    struct table_pointer idt_pointer = {sizeof(idt) - 1, (uint64_t)idt};
    __asm__ volatile("lgdt %0" : : "m"(gdt_pointer));
    __asm__ volatile("pushq %0\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movw %w1, %%ds\n\t"
                     "movw %w1, %%es\n\t"
                     "movw %w1, %%ss\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "movw %%ax, %%fs\n\t"
                     "movw %%ax, %%gs"
                     :
                     : "i"(SELECTOR_KERNEL_CODE), "r"(SELECTOR_KERNEL_DATA)
                     : "rax", "memory");
    __asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
    __asm__ volatile("lidt %0" : : "m"(idt_pointer));
}

static void enable_protections(void)
{
    uint64_t cr4;
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    if (cpuid(0, 0).eax >= 7) {
        struct cpuid seven = cpuid(7, 0);
        cr4 |= (seven.ebx & CPUID7_EBX_SMEP) != 0 ? (uint64_t)CR4_SMEP : 0;
        cr4 |= (seven.ebx & CPUID7_EBX_SMAP) != 0 ? (uint64_t)CR4_SMAP : 0;
        cr4 |= (seven.ecx & CPUID7_ECX_UMIP) != 0 ? (uint64_t)CR4_UMIP : 0;
    }
    __asm__ volatile("movq %0, %%cr4" : : "r"(cr4));
}

void cpu_setup(unsigned index, uint64_t stack)
{
    if (index == 0) {
        build_idt();
    }
    struct cpu *cpu = &cpus[index];
    cpu->stack = stack;
    cpu->self = cpu;
    cpu->syscall_handler = native_syscall;
    load_descriptors(index, stack);
    msr_write((uint32_t)MSR_GS_BASE, (uint64_t)cpu);
    msr_write((uint32_t)MSR_KERNEL_GS_BASE, 0);
    msr_write((uint32_t)MSR_FS_BASE, 0);
    msr_write((uint32_t)MSR_EFER, msr_read((uint32_t)MSR_EFER) | EFER_SCE);
    // SYSRET loads CS from bits 63-48 plus 16, SS plus 8.
    msr_write((uint32_t)MSR_STAR,
              (uint64_t)SELECTOR_KERNEL_CODE << 32 | (uint64_t)(SELECTOR_KERNEL_DATA | 3) << 48);
    msr_write((uint32_t)MSR_LSTAR, (uint64_t)syscall_entry);
    msr_write((uint32_t)MSR_SFMASK, SFMASK);
    enable_protections();
}

// ---- guests ----

// What is not a user address would fault in WRMSR: as good as 0.
static void load_base(uint32_t msr, uint64_t base)
{
    msr_write(msr, base < USER_END ? base : 0);
}

// In the kernel the user's GS base rests in KERNEL_GS_BASE.
void arch_load_guest_bases(struct cpu *cpu, const struct guest_registers *registers)
{
    cpu->guest_bases[0] = __atomic_load_n(&registers->fs_base, __ATOMIC_RELAXED);
    cpu->guest_bases[1] = __atomic_load_n(&registers->gs_base, __ATOMIC_RELAXED);
    load_base((uint32_t)MSR_FS_BASE, cpu->guest_bases[0]);
    load_base((uint32_t)MSR_KERNEL_GS_BASE, cpu->guest_bases[1]);
}

void arch_update_guest_bases(struct cpu *cpu, const struct guest_registers *registers)
{
    if (__atomic_load_n(&registers->fs_base, __ATOMIC_RELAXED) != cpu->guest_bases[0] ||
        __atomic_load_n(&registers->gs_base, __ATOMIC_RELAXED) != cpu->guest_bases[1]) {
        arch_load_guest_bases(cpu, registers);
    }
}

void arch_resume(struct frame *frame)
{
    __asm__ volatile("jmp resume_user" : : "a"(frame));
    __builtin_unreachable();
}

void arch_wait_for_interrupt(const bool *stop)
{
    // STI takes effect after the next instruction, so no interrupt falls between the check and HLT.
    if (!__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
        __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
    } else {
        __asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
    }
}

uint64_t arch_entropy(void)
{
    uint64_t value = cpu_counter() * 0x9e3779b97f4a7c15ull;
    if ((cpuid(1, 0).ecx & CPUID1_ECX_RDRAND) != 0) {
        uint64_t random;
        unsigned char ok;
        for (unsigned i = 0; i < 10; i++) {
            __asm__ volatile("rdrand %0; setc %1" : "=r"(random), "=qm"(ok));
            if (ok != 0) {
                return value ^ random;
            }
        }
    }
    return value ^ value >> 29;
}
