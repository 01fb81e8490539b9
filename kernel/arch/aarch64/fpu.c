// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Floating-point, SIMD and SVE registers (DDI 0487, B1.2). SVE stays trapped for a guest until it
// first uses it, so that others save, restore and copy no more than FP and SIMD. SVE's vectors are
// of 32 bytes, or of the most that the CPU has: as long as those of today's processors, and a state
// still is a small object of the heap. SME stays trapped and is hidden from programs.
//
// Live registers include SVE's if this CPU's CPACR_EL1 says so, a state in memory if its record
// does. (Two threads of a careless server may change a state just when it goes live, so that only
// the first is sure to be true of the registers.)

#include "kernel/arch/fpu.h"

#include "abi/arch/aarch64/guest_fpu.h"
#include "abi/error.h"
#include "kernel/arch/aarch64/fpu_sve.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/string.h"
#include "kernel/mm/heap.h"

enum {
    CPACR_SVE = 3 << 16, // ZEN
    CPACR_FP = 3 << 20,  // FPEN
    PFR0_SVE = 32,
    VECTOR_BYTES_MOST = 32,
    ZCR_UNIT = 16, // ZCR_EL1.LEN counts these, less one
    VECTORS = 32,
    PREDICATES = 17, // with FFR
};

// What exists of FPCR on every ARMv8 processor, without trap enables; FPSR's flags.
#define FPCR_VALID 0x07c80000u // AHP DN FZ RMode FZ16
#define FPSR_VALID 0xf800009fu // N Z C V QC, cumulative exceptions

struct state {
    struct guest_fpu fpu;
    struct guest_sve sve;
    uint8_t registers[]; // of SVE
};

uint32_t fpu_vector_bytes = VECTOR_BYTES_MOST; // once the boot CPU has agreed
static uint32_t record_bytes[2];               // of struct guest_sve without and with registers

void fpu_store_vectors(uint64_t (*to)[2]);
void fpu_load_vectors(const uint64_t (*from)[2]);
void fpu_store_scalable(uint8_t *to);
void fpu_load_scalable(const uint8_t *from);
uint32_t fpu_read_vector_bytes(void);

void fpu_init_cpu(void)
{
    uint32_t bytes = 0;
    if (fpu_vector_bytes != 0 && sysreg_field(sysreg_read(id_aa64pfr0_el1), PFR0_SVE) != 0) {
        sysreg_write(cpacr_el1, CPACR_FP | CPACR_SVE);
        isb();
        sysreg_write(s3_0_c1_c2_0, fpu_vector_bytes / ZCR_UNIT - 1); // ZCR_EL1
        isb();
        bytes = fpu_read_vector_bytes();
    }
    sysreg_write(cpacr_el1, 0);
    if (cpu_index() != 0 && bytes != fpu_vector_bytes) {
        kernel_log("fpu: CPU %u has no SVE vectors of %u bytes", cpu_index(), fpu_vector_bytes);
        arch_halt(); // so it is left out
    }
    fpu_vector_bytes = bytes;
    if (bytes != 0) {
        uint32_t registers = (bytes * VECTORS + bytes / 8 * PREDICATES + 15) & ~15u;
        record_bytes[0] = sizeof(struct guest_sve);
        record_bytes[1] = sizeof(struct guest_sve) + registers;
    }
}

void fpu_open(void)
{
    sysreg_write(cpacr_el1, sysreg_read(cpacr_el1) | CPACR_FP);
    isb();
}

void fpu_close(void)
{
    sysreg_write(cpacr_el1, sysreg_read(cpacr_el1) & ~(uint64_t)CPACR_FP);
    isb();
}

static struct guest_sve sve_head(bool wide)
{
    return (struct guest_sve){GUEST_SVE_MAGIC, record_bytes[wide], (uint16_t)fpu_vector_bytes, {0}};
}

size_t fpu_image_bytes(const void *state)
{
    return sizeof(struct guest_fpu) + ((const struct state *)state)->sve.bytes;
}

void *fpu_allocate(void)
{
    struct state *state = heap_allocate(sizeof(*state) + record_bytes[true]);
    if (state != NULL) {
        fpu_reset(state);
    }
    return state;
}

void fpu_free(void *state)
{
    heap_free(state);
}

void fpu_reset(void *state)
{
    *(struct state *)state = (struct state){
        .fpu = {.magic = GUEST_FPU_MAGIC, .bytes = sizeof(struct guest_fpu)},
        .sve = sve_head(false),
    };
}

void fpu_copy(void *to, const void *from)
{
    memcpy(to, from, fpu_image_bytes(from));
}

void fpu_save(void *state)
{
    struct state *to = state;
    bool wide = (sysreg_read(cpacr_el1) & CPACR_SVE) != 0;
    fpu_store_vectors(to->fpu.v);
    to->fpu.fpsr = (uint32_t)sysreg_read(s3_3_c4_c4_1);
    to->fpu.fpcr = (uint32_t)sysreg_read(s3_3_c4_c4_0);
    to->sve.bytes = record_bytes[wide];
    if (wide) {
        fpu_store_scalable(to->registers);
    }
}

void fpu_restore(const void *state)
{
    const struct state *from = state;
    if (from->sve.bytes > sizeof(from->sve)) {
        sysreg_write(cpacr_el1, CPACR_FP | CPACR_SVE);
        isb();
        fpu_load_scalable(from->registers);
    } else {
        sysreg_write(cpacr_el1, CPACR_FP);
        fpu_load_vectors(from->fpu.v);
    }
    sysreg_write(s3_3_c4_c4_1, from->fpu.fpsr);
    sysreg_write(s3_3_c4_c4_0, from->fpu.fpcr);
}

// With SVE, whose registers' low parts are the vectors.
static void make_wide(struct state *state)
{
    state->sve = sve_head(true);
    for (unsigned i = 0; i < VECTORS; i++) {
        memcpy(state->registers + i * fpu_vector_bytes, state->fpu.v[i], sizeof(state->fpu.v[i]));
    }
}

void fpu_widen(void *state)
{
    fpu_save(state);
    memset(((struct state *)state)->registers, 0, record_bytes[true] - sizeof(struct guest_sve));
    make_wide(state);
    fpu_restore(state);
}

// Every vector loads; bits of the control registers that this processor may not have are dropped.
int fpu_load_checked(void *state, const void *image, size_t bytes)
{
    struct state *to = state;
    const struct state *in = image;
    bool wide = bytes > sizeof(*in);
    struct guest_sve head = sve_head(wide);
    if (bytes < sizeof(in->fpu) || in->fpu.magic != GUEST_FPU_MAGIC ||
        in->fpu.bytes != sizeof(in->fpu)) {
        return -E_INVAL;
    }
    if (bytes != sizeof(in->fpu) &&
        (bytes != sizeof(in->fpu) + head.bytes || memcmp(&in->sve, &head, sizeof(head)) != 0)) {
        return -E_INVAL;
    }
    to->fpu = in->fpu;
    to->fpu.fpsr &= FPSR_VALID;
    to->fpu.fpcr &= FPCR_VALID;
    to->sve = head;
    if (wide) {
        memcpy(to->registers, in->registers, bytes - sizeof(*in));
        make_wide(to);
    }
    return 0;
}
