// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Floating-point and SIMD registers (DDI 0487, B1.2.2). An image is a struct guest_fpu. SVE and SME
// stay trapped and are hidden from programs.

#include "kernel/arch/fpu.h"

#include "abi/arch/aarch64/guest_fpu.h"
#include "abi/error.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/core/string.h"
#include "kernel/mm/heap.h"

enum {
    CPACR_OPEN = 3 << 20, // FPEN
};

// What exists of FPCR on every ARMv8 processor, without trap enables; FPSR's flags.
#define FPCR_VALID 0x07c80000u // AHP DN FZ RMode FZ16
#define FPSR_VALID 0xf800009fu // N Z C V QC, cumulative exceptions

void fpu_store_vectors(uint64_t (*to)[2]);
void fpu_load_vectors(const uint64_t (*from)[2]);

void fpu_init_cpu(void)
{
    fpu_close();
}

void fpu_open(void)
{
    sysreg_write(cpacr_el1, CPACR_OPEN);
    isb();
}

void fpu_close(void)
{
    sysreg_write(cpacr_el1, 0);
    isb();
}

size_t fpu_image_bytes(void)
{
    return sizeof(struct guest_fpu);
}

void *fpu_allocate(void)
{
    struct guest_fpu *state = heap_allocate(sizeof(*state));
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
    memset(state, 0, sizeof(struct guest_fpu));
    *(struct guest_fpu *)state =
        (struct guest_fpu){.magic = GUEST_FPU_MAGIC, .bytes = sizeof(struct guest_fpu)};
}

void fpu_copy(void *to, const void *from)
{
    memcpy(to, from, sizeof(struct guest_fpu));
}

void fpu_save(void *state)
{
    struct guest_fpu *to = state;
    fpu_store_vectors(to->v);
    to->fpsr = (uint32_t)sysreg_read(s3_3_c4_c4_1);
    to->fpcr = (uint32_t)sysreg_read(s3_3_c4_c4_0);
}

void fpu_restore(const void *state)
{
    const struct guest_fpu *from = state;
    fpu_load_vectors(from->v);
    sysreg_write(s3_3_c4_c4_1, from->fpsr);
    sysreg_write(s3_3_c4_c4_0, from->fpcr);
}

// Every vector loads; bits of the control registers that this processor may not have are dropped.
int fpu_load_checked(void *state, const void *image, size_t bytes)
{
    struct guest_fpu in;
    if (bytes < sizeof(in)) {
        return -E_INVAL;
    }
    memcpy(&in, image, sizeof(in));
    if (in.magic != GUEST_FPU_MAGIC || in.bytes != sizeof(in)) {
        return -E_INVAL;
    }
    in.fpsr &= FPSR_VALID;
    in.fpcr &= FPCR_VALID;
    memcpy(state, &in, sizeof(in));
    return 0;
}
