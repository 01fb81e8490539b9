// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "tests/linux/signals/machine.h"

#include <string.h>

enum { TRAP_FLAG = 0x100, STEP_BYTES = 11, SSE_WORDS = 32, SI_OF_KERNEL = 0x80 };

// The probes clear rax last before they fault, so that only a handler's result can come out.
__asm__(".text\n"
        ".global probe_read, probe_write, probe_jump, probe_registers\n"
        "probe_read:\n"
        "    xor %eax, %eax\n"
        "    mov (%rdi), %rcx\n"
        "    ret\n"
        "probe_write:\n"
        "    xor %eax, %eax\n"
        "    mov %rcx, (%rdi)\n"
        "    ret\n"
        "probe_jump:\n"
        "    xor %eax, %eax\n"
        "    jmp *%rdi\n"
        "probe_undefined:\n"
        "    ud2\n"
        "    ret\n"
        "probe_privileged:\n"
        "    hlt\n"
        "    ret\n"
        "probe_breakpoint:\n"
        "    int3\n"
        "    ret\n"
        "probe_divide:\n"
        "    div %rdi\n"
        "    ret\n"
        "probe_step:\n"
        "    pushf\n"
        "    orq $0x100, (%rsp)\n"
        "    popf\n"
        "    nop\n"
        "    ret\n"
        "probe_registers:\n"
        "    mov $1, %r8d\n"
        "    mov $2, %r9d\n"
        "    mov $4, %r10d\n"
        "    mov $8, %r11d\n"
        "    mov $16, %ecx\n"
        "    mov $32, %edx\n"
        "    ud2\n"
        "    lea (%r8, %r9), %rax\n"
        "    add %r10, %rax\n"
        "    add %r11, %rax\n"
        "    add %rcx, %rax\n"
        "    add %rdx, %rax\n"
        "    ret\n");

probe probe_undefined, probe_privileged, probe_breakpoint, probe_divide, probe_step;

#define NOT_CANONICAL 0x1234567812345678ul

const struct machine_fault machine_faults[] = {
    {"ud2", probe_undefined, SIGILL, ILL_ILLOPN, AT_PROBE, 0, 0, false},
    {"hlt", probe_privileged, SIGSEGV, SI_OF_KERNEL, AT_ZERO, 0, 0, false},
    {"int3", probe_breakpoint, SIGTRAP, SI_OF_KERNEL, AT_ZERO, 0, 1, false},
    {"division by 0", probe_divide, SIGFPE, FPE_INTDIV, AT_PROBE, 0, 0, false},
    {"single step", probe_step, SIGTRAP, TRAP_TRACE, AT_CONTEXT, 0, STEP_BYTES, false},
    {"read at a non-canonical address", probe_read, SIGSEGV, SI_OF_KERNEL, AT_ZERO, NOT_CANONICAL,
     2, false},
    {NULL, NULL, 0, 0, AT_ZERO, 0, 0, false},
};

void machine_return(ucontext_t *context, long value)
{
    greg_t *registers = context->uc_mcontext.gregs;

    registers[REG_RIP] = *(greg_t *)registers[REG_RSP];
    registers[REG_RSP] += 8;
    registers[REG_RAX] = value;
    registers[REG_EFL] &= ~TRAP_FLAG;
}

unsigned long machine_pc(const ucontext_t *context)
{
    return (unsigned long)context->uc_mcontext.gregs[REG_RIP];
}

long machine_double_registers(ucontext_t *context)
{
    static const int names[PROBE_REGISTERS] = {REG_R8, REG_R9, REG_R10, REG_R11, REG_RCX, REG_RDX};
    greg_t *registers = context->uc_mcontext.gregs;
    long sum = 0;

    for (unsigned i = 0; i < PROBE_REGISTERS; i++) {
        sum += registers[names[i]];
        registers[names[i]] *= 2;
    }
    registers[REG_RIP] += 2;
    return sum;
}

// AVX needs the processor's word and the system's.
static bool have_avx(void)
{
    enum { OSXSAVE_AND_AVX = 3 << 27, SSE_AND_AVX = 6 };
    uint32_t eax = 1, ebx, ecx = 0, edx;

    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if ((ecx & OSXSAVE_AND_AVX) != OSXSAVE_AND_AVX)
        return false;
    __asm__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & SSE_AND_AVX) == SSE_AND_AVX;
}

void machine_vectors(struct vectors *vectors, unsigned seed)
{
    unsigned count = have_avx() ? VECTOR_WORDS : SSE_WORDS;

    vectors->control = 0x1f80 | (seed % 4) << 13; // MXCSR: all masked, rounding control
    memset(vectors->word, 0, sizeof(vectors->word));
    for (unsigned i = 0; i < count; i++)
        vectors->word[i] = seed * 0x9e3779b97f4a7c15ull + i;
}

// One register after the other: `step` bytes each.
#define LOAD(move, kind, number, step)  move " " #step "*" #number "(%[in]), %%" kind #number "\n"
#define STORE(move, kind, number, step) move " %%" kind #number ", " #step "*" #number "(%[out])\n"
#define ALL(what, move, kind, step)                                                             \
    what(move, kind, 0, step) what(move, kind, 1, step) what(move, kind, 2, step)               \
        what(move, kind, 3, step) what(move, kind, 4, step) what(move, kind, 5, step)           \
            what(move, kind, 6, step) what(move, kind, 7, step) what(move, kind, 8, step)       \
                what(move, kind, 9, step) what(move, kind, 10, step) what(move, kind, 11, step) \
                    what(move, kind, 12, step) what(move, kind, 13, step)                       \
                        what(move, kind, 14, step) what(move, kind, 15, step)

#define VECTOR_CALL(move, kind, step)                                                              \
    __asm__ volatile(                                                                              \
        "stmxcsr %[before]\n"                                                                      \
        "ldmxcsr %[wanted]\n" ALL(LOAD, move, kind,                                                \
                                  step) "1: dec %[spin]\n"                                         \
                                        "jg 1b\n"                                                  \
                                        "syscall\n" ALL(STORE, move, kind,                         \
                                                        step) "stmxcsr %[control]\n"               \
                                                              "ldmxcsr %[before]\n"                \
        : [spin] "+r"(spin), "+a"(number), [before] "=m"(before), [control] "=m"(control)          \
        : [in] "r"(in->word), [out] "r"(out->word), [wanted] "m"(wanted), "D"(first), "S"(second), \
          "d"(third), "r"(r10), "r"(r8)                                                            \
        : "memory", "cc", "rcx", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",    \
          "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

long machine_vector_call(const struct vectors *in, struct vectors *out, long spin, long number,
                         long first, long second, long third)
{
    register long r10 __asm__("r10") = 0;
    register long r8 __asm__("r8") = 0;
    uint32_t before, control, wanted = (uint32_t)in->control;

    memset(out, 0, sizeof(*out));
    if (have_avx())
        VECTOR_CALL("vmovups", "ymm", 32);
    else
        VECTOR_CALL("movups", "xmm", 16);
    out->control = control;
    return number;
}

void machine_set_first_word(ucontext_t *context, uint64_t value)
{
    memcpy(context->uc_mcontext.fpregs->_xmm, &value, sizeof(value));
}

unsigned long machine_thread_pointer(void)
{
    unsigned long pointer;

    __asm__ volatile("mov %%fs:0, %0" : "=r"(pointer));
    return pointer;
}
