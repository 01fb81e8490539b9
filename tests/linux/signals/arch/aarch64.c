// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "tests/linux/signals/machine.h"

#include <string.h>

// The probes clear x0 last before they fault, so that only a handler's result can come out.
__asm__(".text\n"
        ".balign 4\n"
        ".global probe_read, probe_write, probe_jump, probe_registers\n"
        "probe_read:\n"
        "    mov x1, x0\n"
        "    mov x0, #0\n"
        "    ldr x2, [x1]\n"
        "    ret\n"
        "probe_write:\n"
        "    mov x1, x0\n"
        "    mov x0, #0\n"
        "    str x2, [x1]\n"
        "    ret\n"
        "probe_jump:\n"
        "    mov x1, x0\n"
        "    mov x0, #0\n"
        "    br x1\n"
        "probe_undefined:\n"
        "    udf #0\n"
        "    ret\n"
        "probe_privileged:\n"
        "    msr daifset, #2\n"
        "    ret\n"
        "probe_hidden:\n"
        "    mrs x1, vbar_el1\n"
        "    ret\n"
        "probe_breakpoint:\n"
        "    brk #1\n"
        "    ret\n"
        "probe_exclusive:\n"
        "    ldxr x1, [x0]\n"
        "    ret\n"
        "probe_registers:\n"
        "    mov x9, #1\n"
        "    mov x10, #2\n"
        "    mov x11, #4\n"
        "    mov x12, #8\n"
        "    mov x16, #16\n"
        "    mov x17, #32\n"
        "    udf #0\n"
        "    add x0, x9, x10\n"
        "    add x0, x0, x11\n"
        "    add x0, x0, x12\n"
        "    add x0, x0, x16\n"
        "    add x0, x0, x17\n"
        "    ret\n");

probe probe_undefined, probe_privileged, probe_hidden, probe_breakpoint, probe_exclusive;

static const uint64_t words[2];
#define MISALIGNED ((unsigned long)words + 1)

const struct machine_fault machine_faults[] = {
    {"udf", probe_undefined, SIGILL, ILL_ILLOPC, AT_PROBE, 0, 0, false},
    {"msr daifset", probe_privileged, SIGILL, ILL_ILLOPC, AT_PROBE, 0, 0, false},
    {"mrs vbar_el1", probe_hidden, SIGILL, ILL_ILLOPC, AT_PROBE, 0, 0, false},
    {"brk", probe_breakpoint, SIGTRAP, TRAP_BRKPT, AT_PROBE, 0, 0, false},
    {"misaligned ldxr", probe_exclusive, SIGBUS, BUS_ADRALN, AT_ARGUMENT, MISALIGNED, 0, false},
    {"misaligned jump", probe_jump, SIGBUS, BUS_ADRALN, AT_ARGUMENT,
     (unsigned long)probe_undefined + 1, 0, true},
    {NULL, NULL, 0, 0, AT_ZERO, 0, 0, false},
};

void machine_return(ucontext_t *context, long value)
{
    context->uc_mcontext.pc = context->uc_mcontext.regs[30];
    context->uc_mcontext.regs[0] = (unsigned long)value;
}

unsigned long machine_pc(const ucontext_t *context)
{
    return context->uc_mcontext.pc;
}

long machine_double_registers(ucontext_t *context)
{
    static const unsigned numbers[PROBE_REGISTERS] = {9, 10, 11, 12, 16, 17};
    long sum = 0;

    for (unsigned i = 0; i < PROBE_REGISTERS; i++) {
        sum += (long)context->uc_mcontext.regs[numbers[i]];
        context->uc_mcontext.regs[numbers[i]] *= 2;
    }
    context->uc_mcontext.pc += 4;
    return sum;
}

void machine_vectors(struct vectors *vectors, unsigned seed)
{
    vectors->control = (uint64_t)(seed % 4) << 22; // FPCR.RMode
    for (unsigned i = 0; i < VECTOR_WORDS; i++)
        vectors->word[i] = seed * 0x9e3779b97f4a7c15ull + i;
}

#define ALL_VECTORS(operation, base)                                                              \
    operation " q0, q1, [" base ", #0]\n" operation " q2, q3, [" base ", #32]\n" operation        \
              " q4, q5, [" base ", #64]\n" operation " q6, q7, [" base ", #96]\n" operation       \
              " q8, q9, [" base ", #128]\n" operation " q10, q11, [" base ", #160]\n" operation   \
              " q12, q13, [" base ", #192]\n" operation " q14, q15, [" base ", #224]\n" operation \
              " q16, q17, [" base ", #256]\n" operation " q18, q19, [" base ", #288]\n" operation \
              " q20, q21, [" base ", #320]\n" operation " q22, q23, [" base ", #352]\n" operation \
              " q24, q25, [" base ", #384]\n" operation " q26, q27, [" base ", #416]\n" operation \
              " q28, q29, [" base ", #448]\n" operation " q30, q31, [" base ", #480]\n"

long machine_vector_call(const struct vectors *in, struct vectors *out, long spin, long number,
                         long first, long second, long third)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = first;
    register long x1 __asm__("x1") = second;
    register long x2 __asm__("x2") = third;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    uint64_t control, before;

    __asm__ volatile(
        "mrs %[before], fpcr\n"
        "msr fpcr, %[wanted]\n" ALL_VECTORS(
            "ldp", "%[in]") "1: subs %[spin], %[spin], #1\n"
                            "b.gt 1b\n"
                            "svc #0\n" ALL_VECTORS("stp", "%[out]") "mrs %[control], fpcr\n"
                                                                    "msr fpcr, %[before]\n"
        : [spin] "+r"(spin), "+r"(x0), [before] "=&r"(before), [control] "=&r"(control)
        : [in] "r"(in->word), [out] "r"(out->word), [wanted] "r"(in->control), "r"(x8), "r"(x1),
          "r"(x2), "r"(x3), "r"(x4)
        : "memory", "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11",
          "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
          "v25", "v26", "v27", "v28", "v29", "v30", "v31");
    out->control = control;
    return x0;
}

void machine_set_first_word(ucontext_t *context, uint64_t value)
{
    enum { V0_OFFSET = 16 };
    unsigned char *record = (unsigned char *)context->uc_mcontext.__reserved;
    uint32_t head[2];

    for (memcpy(head, record, sizeof(head)); head[0] != 0; memcpy(head, record, sizeof(head))) {
        if (head[0] == FPSIMD_MAGIC)
            memcpy(record + V0_OFFSET, &value, sizeof(value));
        record += head[1];
    }
}

unsigned long machine_thread_pointer(void)
{
    unsigned long pointer;

    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(pointer));
    return pointer;
}
