// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the test must know of the processor (arch/<cpu>.c).

#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

// Probes: functions without a frame, so that machine_return can end them wherever they fault.
// Each takes an address and returns what a handler puts in place of its result, else 0.
typedef long probe(void *address);
probe probe_read, probe_write, probe_jump;

// Further faults of this processor, with what Linux makes of them.
struct machine_fault {
    const char *name;
    probe *run;
    int signal, code;
    enum { AT_PROBE, AT_CONTEXT, AT_ARGUMENT, AT_ZERO } address; // si_addr
    unsigned long argument;                                      // for the probe
    unsigned context_pc; // bytes from the probe's first instruction
    bool elsewhere;      // the program counter is not to be judged
};
extern const struct machine_fault machine_faults[]; // ended by a row without a name

// Goes on behind the call of the probe, as if it had returned `value`.
void machine_return(ucontext_t *context, long value);
unsigned long machine_pc(const ucontext_t *context);

// Puts 1, 2, 4 ... into scratch registers, faults (SIGILL), and returns their sum.
long probe_registers(void *unused);
enum { PROBE_REGISTERS = 6, PROBE_REGISTERS_SUM = (1 << PROBE_REGISTERS) - 1 };
// Their sum in the context; doubles each and steps over the faulting instruction.
long machine_double_registers(ucontext_t *context);

// Extended state: control (rounding mode) and the vector registers as far as the processor has
// them.
enum { VECTOR_WORDS = 64 };
struct vectors {
    uint64_t control;
    uint64_t word[VECTOR_WORDS];
};
// Fills in a pattern that `seed` chooses and this processor can hold.
void machine_vectors(struct vectors *vectors, unsigned seed);
// Loads `in`, spins, makes a system call, stores into `out`: nothing in between touches them.
long machine_vector_call(const struct vectors *in, struct vectors *out, long spin, long number,
                         long first, long second, long third);
// Replaces the first word of the first register in a context.
void machine_set_first_word(ucontext_t *context, uint64_t value);

unsigned long machine_thread_pointer(void);
