// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Puts the vDSO's image (built from code.c) and the vvar page where programs can see them. In a
// program, the vvar page lies right below the image, which is how the code finds it.

#include "servers/posix/vdso/vdso.h"

#include <string.h>

#include "abi/error.h"
#include "abi/memory.h"
#include "lib/sys/sys.h"
#include "servers/posix/clock.h"
#include "servers/posix/mm.h"
#include "servers/posix/vdso/vvar.h"

// The linked image, page-padded (image.S).
extern const uint8_t vdso_image[], vdso_image_end[];

static handle_t memory; // page 0: vvar, then the image
static uint64_t image_bytes;

int vdso_init(void)
{
    image_bytes =
        ((uint64_t)(vdso_image_end - vdso_image) + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    int64_t handle = sys_memory_create(PAGE_SIZE + image_bytes, 0, HANDLE_NONE);
    if (handle < 0)
        return (int)handle;
    memory = (handle_t)handle;
    struct aspace_map_args map = {
        .bytes = PAGE_SIZE + image_bytes,
        .memory = memory,
        .prot = PROT_READ | PROT_WRITE,
    };
    int64_t address = sys_aspace_map(HANDLE_SELF, &map);
    if (address < 0)
        return (int)address;
    memcpy((void *)(address + PAGE_SIZE), vdso_image, (size_t)(vdso_image_end - vdso_image));
    clock_move_vvar((struct vvar *)address);
    return 0;
}

uint64_t vdso_signal_return(void)
{
    enum { ELF_ENTRY_OFFSET = 24 };
    uint64_t entry;
    memcpy(&entry, vdso_image + ELF_ENTRY_OFFSET, sizeof(entry));
    return entry;
}

int vdso_map(struct mm *mm)
{
    struct aspace_map_args args = {
        .address = mm->mapping_next - image_bytes,
        .bytes = image_bytes,
        .memory = memory,
        .prot = PROT_READ | PROT_EXECUTE,
        .flags = MAP_FIXED,
        .offset = PAGE_SIZE,
        .tag = MM_TAG_VDSO,
    };
    int64_t address = sys_aspace_map(mm->aspace, &args);
    if (address < 0)
        return (int)address;
    args.address -= PAGE_SIZE;
    args.bytes = PAGE_SIZE;
    args.prot = PROT_READ;
    args.offset = 0;
    args.tag = MM_TAG_VVAR;
    int64_t vvar_address = sys_aspace_map(mm->aspace, &args);
    if (vvar_address < 0)
        return (int)vvar_address;
    mm->vdso = (uint64_t)address;
    mm->mapping_next = (uint64_t)vvar_address;
    return 0;
}
