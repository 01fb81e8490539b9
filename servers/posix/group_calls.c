// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Process groups and sessions: setpgid, setsid and their readers (credentials(7),
// POSIX.1-2017 3.296).

#include "abi/error.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/process.h"

static struct proc *find(struct task *task, int32_t pid)
{
    return pid == 0 ? task->proc : proc_find(pid);
}

int64_t linux_getpgid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const struct proc *proc = find(task, (int32_t)argument[0]);
    return proc != NULL ? proc->pgrp->id : -E_SRCH;
}

int64_t linux_getpgrp(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    return task->proc->pgrp->id;
}

int64_t linux_getsid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const struct proc *proc = find(task, (int32_t)argument[0]);
    return proc != NULL ? proc_session(proc)->id : -E_SRCH;
}

// May the caller move `proc` at all?
static int check_target(const struct task *task, const struct proc *proc)
{
    const struct proc *self = task->proc;
    if (proc->parent == self) {
        if (proc_session(proc) != proc_session(self))
            return -E_PERM;
        if (proc->did_exec)
            return -E_ACCES;
    } else if (proc != self) {
        return -E_SRCH;
    }
    return proc_session(proc)->leader == proc ? -E_PERM : 0;
}

int64_t linux_setpgid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int32_t pid = (int32_t)argument[0], id = (int32_t)argument[1];
    if (id < 0)
        return -E_INVAL;
    struct proc *proc = find(task, pid);
    if (proc == NULL)
        return -E_SRCH;
    int error = check_target(task, proc);
    if (error)
        return error;
    if (id == 0)
        id = proc->pid;
    struct pgrp *pgrp = pgrp_find(id), *old = proc->pgrp;
    if (pgrp == old)
        return 0;
    if (pgrp == NULL) {
        if (id != proc->pid)
            return -E_PERM;
        pgrp = pgrp_create(id, proc_session(proc));
        if (pgrp == NULL)
            return -E_NOMEM;
    } else {
        if (list_empty(&pgrp->members) || pgrp->session != proc_session(task->proc))
            return -E_PERM;
        pgrp_get(pgrp);
    }
    pgrp_get(old);
    pgrp_join(proc, pgrp);
    pgrp_put(pgrp);
    pgrp_check_orphaned(old, NULL);
    pgrp_put(old);
    return 0;
}

int64_t linux_setsid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct proc *proc = task->proc;
    (void)argument;
    // A group of this number may outlive its first member; the number then still belongs to the old
    // session.
    if (pgrp_find(proc->pid) != NULL)
        return -E_PERM;
    struct pgrp *pgrp = session_create(proc);
    if (pgrp == NULL)
        return -E_NOMEM;
    pgrp_join(proc, pgrp);
    pgrp_put(pgrp);
    return proc->pid;
}
