// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Credentials: shared, immutable, replaced as a whole (cred.h, task.h).

#include "servers/posix/cred.h"

#include <stdlib.h>
#include <string.h>

struct cred *cred_create_root(void)
{
    struct cred *cred = calloc(1, sizeof(*cred));
    if (cred == NULL)
        return NULL;
    cred->references = 1;
    cred->cap_permitted = CAP_ALL;
    cred->cap_effective = CAP_ALL;
    return cred;
}

struct cred *cred_copy(const struct cred *from, uint32_t groups)
{
    struct cred *cred = malloc(sizeof(*cred) + groups * sizeof(cred->group[0]));
    if (cred == NULL)
        return NULL;
    memcpy(cred, from, sizeof(*cred));
    cred->references = 1;
    uint32_t kept = from->groups < groups ? from->groups : groups;
    memcpy(cred->group, from->group, kept * sizeof(cred->group[0]));
    cred->groups = groups;
    return cred;
}

struct cred *cred_get(struct cred *cred)
{
    cred->references++;
    return cred;
}

void cred_put(struct cred *cred)
{
    if (--cred->references == 0)
        free(cred);
}

bool cred_in_group(const struct cred *cred, uint32_t gid)
{
    if (cred->fsgid == gid)
        return true;
    uint32_t low = 0, high = cred->groups;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (cred->group[middle] == gid)
            return true;
        if (cred->group[middle] < gid)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

void cred_install(struct task *task, struct cred *cred)
{
    struct proc *proc = task->proc;
    if (task->tid == proc->pid) {
        cred_put(proc->cred);
        proc->cred = cred_get(cred);
    }
    cred_put(task->cred);
    task->cred = cred;
}

static bool any_root(const struct cred *cred)
{
    return cred->uid == 0 || cred->euid == 0 || cred->suid == 0;
}

void cred_fix_capabilities(struct cred *cred, const struct cred *old)
{
    if (any_root(old) && !any_root(cred)) {
        cred->cap_permitted = 0;
        cred->cap_effective = 0;
    }
    if (old->euid == 0 && cred->euid != 0)
        cred->cap_effective = 0;
    if (old->euid != 0 && cred->euid == 0)
        cred->cap_effective = cred->cap_permitted;
}
