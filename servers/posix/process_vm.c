// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// process_vm_readv and process_vm_writev: from one program's memory to another's, through a buffer.

#include <stdlib.h>

#include "abi/error.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/mm.h"
#include "servers/posix/process.h"
#include "servers/posix/user.h"

enum { PIECE_BYTES = 4096 };

// ptrace's rule: all ids equal, or the privilege.
static bool may_access(const struct task *task, const struct task *target)
{
    const struct cred *from = task->cred, *to = target->cred;
    if (task->proc == target->proc || cred_capable(from, CAP_SYS_PTRACE))
        return true;
    bool same_user = from->uid == to->uid && from->uid == to->euid && from->uid == to->suid;
    bool same_group = from->gid == to->gid && from->gid == to->egid && from->gid == to->sgid;
    return same_user && same_group && target->mm->dumpable;
}

// One stretch of remote memory. Bytes moved, short where either side ends.
static int64_t move_segment(struct user_buffer *local, struct mm *mm,
                            const struct user_segment *remote, bool writing)
{
    uint8_t piece[PIECE_BYTES];
    uint64_t done = 0;
    while (done < remote->bytes && user_buffer_left(local) > 0) {
        uint64_t bytes =
            remote->bytes - done < sizeof(piece) ? remote->bytes - done : sizeof(piece);
        if (bytes > user_buffer_left(local))
            bytes = user_buffer_left(local);
        int64_t got = writing ? user_buffer_get(local, piece, bytes)
                              : mm_read_some(mm, piece, remote->address + done, bytes);
        if (got <= 0)
            return done > 0 ? (int64_t)done : -E_FAULT;
        if (writing ? mm_write(mm, remote->address + done, piece, (size_t)got) != 0
                    : user_buffer_put(local, piece, (uint64_t)got) != got)
            return done > 0 ? (int64_t)done : -E_FAULT;
        done += (uint64_t)got;
    }
    return (int64_t)done;
}

static int64_t move(struct user_buffer *local, const struct user_buffer *remote, struct mm *mm,
                    bool writing)
{
    int64_t total = 0;
    for (uint32_t i = 0; i < remote->segments && user_buffer_left(local) > 0; i++) {
        int64_t moved = move_segment(local, mm, &remote->segment[i], writing);
        if (moved < 0)
            return total > 0 ? total : moved;
        total += moved;
        if ((uint64_t)moved < remote->segment[i].bytes)
            break;
    }
    return total;
}

static int64_t transfer(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS], bool writing)
{
    struct user_buffer local, remote;
    if (argument[5] != 0)
        return -E_INVAL;
    int64_t result = user_buffer_init_vector(&local, task, argument[1], argument[2]);
    if (result < 0)
        return result;
    result = user_buffer_init_vector(&remote, task, argument[3], argument[4]);
    if (result < 0)
        goto no_remote;
    struct task *target = task_find((pid_linux_t)argument[0]);
    if (target == NULL || target->mm == NULL) {
        result = -E_SRCH;
    } else if (!may_access(task, target)) {
        result = -E_PERM;
    } else {
        struct mm *mm = mm_get(target->mm);
        result = move(&local, &remote, mm, writing);
        mm_put(mm);
    }
    user_buffer_release(&remote);
no_remote:
    user_buffer_release(&local);
    return result;
}

int64_t linux_process_vm_readv(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return transfer(task, argument, false);
}

int64_t linux_process_vm_writev(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return transfer(task, argument, true);
}
