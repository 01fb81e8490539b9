// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "lib/checkpoint/checkpoint.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

int checkpoint_open_granted(struct checkpoint *checkpoint)
{
    struct aspace_map_args args = {
        .bytes = startup_value("checkpoint"),
        .memory = startup_handle("checkpoint"),
        .prot = PROT_READ | PROT_WRITE,
    };
    if (args.memory == HANDLE_NONE)
        return -E_NOENT;
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0)
        return (int)address;
    return checkpoint_open(checkpoint, (void *)(uintptr_t)address, args.bytes);
}
