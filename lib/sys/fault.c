// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "lib/sys/fault.h"

#include "lib/sys/log.h"
#include "lib/sys/sys.h"

enum {
    WILD_ADDRESS = 0x10, // nothing is ever mapped in the first page
    LEAK_BYTES = 4 << 20,
};

static void write_wild(void)
{
    volatile uint32_t *wild = (volatile uint32_t *)(uintptr_t)WILD_ADDRESS;
    __asm__("" : "+r"(wild)); // the compiler must not see where it points
    *wild = 1;
}

static int leak(void)
{
    struct aspace_map_args args = {
        .bytes = LEAK_BYTES,
        .memory = HANDLE_NONE,
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_PRIVATE | MAP_POPULATE,
    };
    int64_t status = sys_aspace_map(HANDLE_SELF, &args);
    return status < 0 ? (int)status : 0;
}

int fault_commit(enum rs_fault fault)
{
    uint64_t bits;
    switch (fault) {
    case RS_FAULT_CRASH:
        write_wild();
        return 0;
    case RS_FAULT_ABORT:
        sys_panic("aborted by an injected fault");
    case RS_FAULT_HANG:
        for (;;)
            __asm__ volatile("");
    case RS_FAULT_SLEEP:
        for (;;)
            (void)sys_wait(HANDLE_NONE, DEADLINE_NEVER, &bits);
    case RS_FAULT_LEAK:
        return leak();
    default:
        return -E_OPNOTSUPP;
    }
}
