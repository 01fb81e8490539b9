// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// XSAVE in the standard format (Intel SDM volume 1, chapter 13), or FXSAVE on older CPUs. The
// components enabled are an allow-list: x87, SSE, AVX, AVX-512. AMX, PKRU and others stay off, so
// programs cannot use them.

#include "kernel/arch/fpu.h"

#include "abi/error.h"
#include "kernel/arch/x86_64/io.h"
#include "kernel/core/panic.h"
#include "kernel/core/string.h"
#include "kernel/mm/heap.h"

enum {
    CPUID1_ECX_XSAVE = 1 << 26,
    CR0_MP = 1 << 1,
    CR0_EM = 1 << 2,
    CR0_TS = 1 << 3,
    CR0_NE = 1 << 5,
    CR4_OSFXSR = 1 << 9,
    CR4_OSXMMEXCPT = 1 << 10,
    CR4_OSXSAVE = 1 << 18,
    XCR0_X87_SSE = 0x3,
    XCR0_AVX = 0x4,
    XCR0_AVX512 = 0xe0, // opmask, ZMM_Hi256, Hi16_ZMM: all or none
    FXSAVE_BYTES = 512,
    STATE_ALIGN = 64,
    FCW_INITIAL = 0x37f,
    MXCSR_INITIAL = 0x1f80,
    MXCSR_MASK_DEFAULT = 0xffbf,
};

// Of a state, what is not just carried along; from `present` on with XSAVE only.
struct image {
    uint16_t fcw, words[11];
    uint32_t mxcsr, mxcsr_mask;
    uint64_t registers[60];
    uint64_t present, zeros[7]; // XSTATE_BV; the standard format
};
_Static_assert(offsetof(struct image, mxcsr) == 24, "SDM table 10-2");
_Static_assert(offsetof(struct image, present) == FXSAVE_BYTES, "SDM 13.4.2");

static bool xsave;
static uint64_t components;
static size_t image_bytes = FXSAVE_BYTES;
static uint32_t mxcsr_mask = MXCSR_MASK_DEFAULT;

static void xsetbv(uint64_t value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static void find_components(void)
{
    struct cpuid supported = cpuid(0xd, 0);
    uint64_t available = (uint64_t)supported.edx << 32 | supported.eax;
    components = XCR0_X87_SSE | (available & XCR0_AVX);
    if ((components & XCR0_AVX) != 0 && (available & XCR0_AVX512) == XCR0_AVX512) {
        components |= XCR0_AVX512;
    }
}

void fpu_init_cpu(void)
{
    uint64_t cr0;
    uint64_t cr4;
    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    xsave = (cpuid(1, 0).ecx & CPUID1_ECX_XSAVE) != 0;
    cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT | (xsave ? CR4_OSXSAVE : 0);
    __asm__ volatile("movq %0, %%cr0"
                     :
                     : "r"((cr0 & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE));
    __asm__ volatile("movq %0, %%cr4" : : "r"(cr4));
    if (xsave) {
        find_components();
        xsetbv(components);
        image_bytes = cpuid(0xd, 0).ebx; // what the enabled components need
    }
    // The mask of valid MXCSR bits is only told by FXSAVE.
    static struct image probe __attribute__((aligned(16)));
    __asm__ volatile("fninit\n\tfxsave64 %0" : "=m"(probe));
    mxcsr_mask = probe.mxcsr_mask != 0 ? probe.mxcsr_mask : MXCSR_MASK_DEFAULT;
    fpu_close();
}

void fpu_open(void)
{
    __asm__ volatile("clts" : : : "memory");
}

void fpu_close(void)
{
    uint64_t cr0;
    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("movq %0, %%cr0" : : "r"(cr0 | CR0_TS) : "memory");
}

size_t fpu_image_bytes(const void *state)
{
    (void)state;
    return image_bytes;
}

// XSAVE wants 64-byte alignment; the heap's pointer is kept just before.
void *fpu_allocate(void)
{
    char *raw = heap_allocate(image_bytes + STATE_ALIGN + sizeof(void *));
    if (raw == NULL) {
        return NULL;
    }
    uintptr_t aligned =
        ((uintptr_t)raw + sizeof(void *) + STATE_ALIGN - 1) & ~(uintptr_t)(STATE_ALIGN - 1);
    ((void **)aligned)[-1] = raw;
    fpu_reset((void *)aligned);
    return (void *)aligned;
}

void fpu_free(void *state)
{
    if (state != NULL) {
        heap_free(((void **)state)[-1]);
    }
}

void fpu_reset(void *state)
{
    struct image *image = state;
    memset(state, 0, image_bytes);
    image->fcw = FCW_INITIAL;
    image->mxcsr = MXCSR_INITIAL;
    image->mxcsr_mask = mxcsr_mask;
    if (xsave) {
        image->present = XCR0_X87_SSE;
    }
}

void fpu_copy(void *to, const void *from)
{
    memcpy(to, from, image_bytes);
}

void fpu_save(void *state)
{
    if (xsave) {
        __asm__ volatile("xsave64 (%0)" : : "r"(state), "a"(~0u), "d"(~0u) : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" : : "r"(state) : "memory");
    }
}

void fpu_restore(const void *state)
{
    if (xsave) {
        __asm__ volatile("xrstor64 (%0)" : : "r"(state), "a"(~0u), "d"(~0u) : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(state) : "memory");
    }
}

// XRSTOR faults on reserved MXCSR bits, unknown components, a compacted image or a header that is
// not zero.
int fpu_load_checked(void *state, const void *image, size_t bytes)
{
    static const struct image none;
    const struct image *in = image;
    if (bytes < FXSAVE_BYTES || bytes > image_bytes || (in->mxcsr & ~mxcsr_mask) != 0) {
        return -E_INVAL;
    }
    if (!xsave || bytes < sizeof(*in)) {
        bytes = FXSAVE_BYTES;
    } else if ((in->present & ~components) != 0 ||
               memcmp(in->zeros, none.zeros, sizeof(in->zeros)) != 0) {
        return -E_INVAL;
    }
    fpu_reset(state);
    memcpy(state, image, bytes);
    return 0;
}
