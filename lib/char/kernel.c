// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What lib/char asks of the kernel; see private.h.

#include "abi/error.h"
#include "lib/char/private.h"
#include "lib/sys/sys.h"

int char_kernel_map(handle_t memory, uint64_t bytes, uint8_t **mapped)
{
    struct aspace_map_args map = {.bytes = bytes, .prot = PROT_READ | PROT_WRITE, .memory = memory};
    struct handle_info info;
    int64_t status = sys_handle_info(memory, &info);

    if (status < 0)
        return (int)status;
    if (info.type != OBJECT_MEMORY || info.size < bytes)
        return -E_INVAL;
    status = sys_aspace_map(HANDLE_SELF, &map);
    if (status < 0)
        return (int)status;
    *mapped = (uint8_t *)(uintptr_t)status;
    return 0;
}

void char_kernel_unmap(uint8_t *mapped, uint64_t bytes)
{
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)mapped, bytes);
}

void char_kernel_close(handle_t handle)
{
    sys_handle_close(handle);
}

// A client that is gone needs no signal: its successor attaches anew.
void char_kernel_signal(handle_t notification)
{
    sys_signal(notification);
}

uint64_t char_kernel_unique(void)
{
    uint64_t number = 0;

    if (sys_info(INFO_ENTROPY, 0, &number, sizeof number) < 0 || number == 0)
        number = sys_clock() | 1;
    return number;
}
