// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// arch_prctl(2): the bases of the segments fs (the thread pointer) and gs.

#include "abi/error.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/task.h"
#include "servers/posix/user.h"

enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004 };

int64_t linux_arch_prctl(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct guest_registers *registers = &task->guest_state->registers;
    switch ((uint32_t)argument[0]) {
    case ARCH_SET_FS:
    case ARCH_SET_GS:
        if (argument[1] >= USER_ADDRESS_END)
            return -E_PERM;
        if ((uint32_t)argument[0] == ARCH_SET_FS)
            registers->fs_base = argument[1];
        else
            registers->gs_base = argument[1];
        return 0;
    case ARCH_GET_FS:
        return user_write(task, argument[1], &registers->fs_base, sizeof(registers->fs_base));
    case ARCH_GET_GS:
        return user_write(task, argument[1], &registers->gs_base, sizeof(registers->gs_base));
    default:
        return -E_INVAL;
    }
}
