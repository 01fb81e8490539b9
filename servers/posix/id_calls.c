// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// User and group ids, supplementary groups, capabilities, and the ids of tasks themselves. Rules:
// credentials(7), capabilities(7), and the calls' own pages.

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "servers/posix/cred.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/process.h"
#include "servers/posix/user.h"

#define ID_NONE 0xffffffffu // "leave as it is"; not an id

// ---- cheap ones, without the lock: a task's own numbers and credentials change only by its own
// calls, and the parent's number is one word ----

int64_t linux_getpid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    return task->proc->pid;
}

int64_t linux_gettid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    return task->tid;
}

int64_t linux_getppid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    return __atomic_load_n(&task->proc->parent_pid, __ATOMIC_RELAXED);
}

int64_t linux_getuid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    return task->cred->uid;
}

int64_t linux_geteuid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    return task->cred->euid;
}

int64_t linux_getgid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    return task->cred->gid;
}

int64_t linux_getegid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    return task->cred->egid;
}

// ---- reading all three ----

static int64_t write_three(struct task *task, const uint64_t address[3], uint32_t first,
                           uint32_t second, uint32_t third)
{
    if (user_write_u32(task, address[0], first) != 0 ||
        user_write_u32(task, address[1], second) != 0)
        return -E_FAULT;
    return user_write_u32(task, address[2], third);
}

int64_t linux_getresuid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return write_three(task, argument, task->cred->uid, task->cred->euid, task->cred->suid);
}

int64_t linux_getresgid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return write_three(task, argument, task->cred->gid, task->cred->egid, task->cred->sgid);
}

// ---- changing ----

// One of a task's three user or group ids and the file-system id that follows the effective one.
struct ids {
    uint32_t real, effective, saved;
};

static bool is_one_of(uint32_t id, const struct ids *ids)
{
    return id == ID_NONE || id == ids->real || id == ids->effective || id == ids->saved;
}

static struct ids user_ids(const struct cred *cred)
{
    return (struct ids){cred->uid, cred->euid, cred->suid};
}

static struct ids group_ids(const struct cred *cred)
{
    return (struct ids){cred->gid, cred->egid, cred->sgid};
}

static void replace(uint32_t *id, uint32_t wanted)
{
    if (wanted != ID_NONE)
        *id = wanted;
}

// A new process of a user counts against that user's limit only at fork, so nothing is checked
// here.
static int64_t install_users(struct task *task, const struct ids *ids)
{
    struct cred *cred = cred_copy(task->cred, task->cred->groups);
    if (cred == NULL)
        return -E_NOMEM;
    cred->uid = ids->real;
    cred->euid = cred->fsuid = ids->effective;
    cred->suid = ids->saved;
    cred_fix_capabilities(cred, task->cred);
    cred_install(task, cred);
    return 0;
}

static int64_t install_groups(struct task *task, const struct ids *ids)
{
    struct cred *cred = cred_copy(task->cred, task->cred->groups);
    if (cred == NULL)
        return -E_NOMEM;
    cred->gid = ids->real;
    cred->egid = cred->fsgid = ids->effective;
    cred->sgid = ids->saved;
    cred_install(task, cred);
    return 0;
}

// setuid and setgid: all three with the privilege, else only the effective one.
static int change_one(struct ids *ids, uint32_t id, bool privileged)
{
    if (id == ID_NONE)
        return -E_INVAL;
    if (privileged) {
        *ids = (struct ids){id, id, id};
        return 0;
    }
    if (id != ids->real && id != ids->saved)
        return -E_PERM;
    ids->effective = id;
    return 0;
}

// setreuid and setregid.
static int change_two(struct ids *ids, uint32_t real, uint32_t effective, bool privileged)
{
    struct ids old = *ids;
    if (!privileged) {
        if (real != ID_NONE && real != old.real && real != old.effective)
            return -E_PERM;
        if (!is_one_of(effective, &old))
            return -E_PERM;
    }
    replace(&ids->real, real);
    replace(&ids->effective, effective);
    if (real != ID_NONE || (effective != ID_NONE && effective != old.real))
        ids->saved = ids->effective;
    return 0;
}

// setresuid and setresgid.
static int change_three(struct ids *ids, const uint64_t argument[SYSCALL_ARGUMENTS],
                        bool privileged)
{
    uint32_t real = (uint32_t)argument[0], effective = (uint32_t)argument[1],
             saved = (uint32_t)argument[2];
    if (!privileged &&
        !(is_one_of(real, ids) && is_one_of(effective, ids) && is_one_of(saved, ids)))
        return -E_PERM;
    replace(&ids->real, real);
    replace(&ids->effective, effective);
    replace(&ids->saved, saved);
    return 0;
}

int64_t linux_setuid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct ids ids = user_ids(task->cred);
    int error = change_one(&ids, (uint32_t)argument[0], cred_capable(task->cred, CAP_SETUID));
    return error ? error : install_users(task, &ids);
}

int64_t linux_setreuid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct ids ids = user_ids(task->cred);
    bool privileged = cred_capable(task->cred, CAP_SETUID);
    int error = change_two(&ids, (uint32_t)argument[0], (uint32_t)argument[1], privileged);
    return error ? error : install_users(task, &ids);
}

int64_t linux_setresuid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct ids ids = user_ids(task->cred);
    int error = change_three(&ids, argument, cred_capable(task->cred, CAP_SETUID));
    return error ? error : install_users(task, &ids);
}

int64_t linux_setgid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct ids ids = group_ids(task->cred);
    int error = change_one(&ids, (uint32_t)argument[0], cred_capable(task->cred, CAP_SETGID));
    return error ? error : install_groups(task, &ids);
}

int64_t linux_setregid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct ids ids = group_ids(task->cred);
    bool privileged = cred_capable(task->cred, CAP_SETGID);
    int error = change_two(&ids, (uint32_t)argument[0], (uint32_t)argument[1], privileged);
    return error ? error : install_groups(task, &ids);
}

int64_t linux_setresgid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct ids ids = group_ids(task->cred);
    int error = change_three(&ids, argument, cred_capable(task->cred, CAP_SETGID));
    return error ? error : install_groups(task, &ids);
}

// The old id is the answer whatever happens.
static int64_t set_fs_id(struct task *task, uint32_t id, bool group)
{
    const struct cred *old = task->cred;
    uint32_t before = group ? old->fsgid : old->fsuid;
    struct ids ids = group ? group_ids(old) : user_ids(old);
    bool allowed =
        is_one_of(id, &ids) || id == before || cred_capable(old, group ? CAP_SETGID : CAP_SETUID);
    if (id == ID_NONE || !allowed)
        return before;
    struct cred *cred = cred_copy(old, old->groups);
    if (cred == NULL)
        return before;
    if (group)
        cred->fsgid = id;
    else
        cred->fsuid = id;
    cred_install(task, cred);
    return before;
}

int64_t linux_setfsuid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return set_fs_id(task, (uint32_t)argument[0], false);
}

int64_t linux_setfsgid(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return set_fs_id(task, (uint32_t)argument[0], true);
}

// ---- supplementary groups ----

int64_t linux_getgroups(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const struct cred *cred = task->cred;
    int32_t room = (int32_t)argument[0];
    if (room < 0)
        return -E_INVAL;
    if (room == 0)
        return cred->groups;
    if ((uint32_t)room < cred->groups)
        return -E_INVAL;
    if (user_write(task, argument[1], cred->group, cred->groups * sizeof(cred->group[0])) != 0)
        return -E_FAULT;
    return cred->groups;
}

static int compare_ids(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

int64_t linux_setgroups(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint32_t count = (uint32_t)argument[0];
    if (!cred_capable(task->cred, CAP_SETGID))
        return -E_PERM;
    if (count > GROUPS_MAX)
        return -E_INVAL;
    struct cred *cred = cred_copy(task->cred, count);
    if (cred == NULL)
        return -E_NOMEM;
    if (user_read(task, cred->group, argument[1], count * sizeof(cred->group[0])) != 0) {
        cred_put(cred);
        return -E_FAULT;
    }
    qsort(cred->group, count, sizeof(cred->group[0]), compare_ids);
    cred_install(task, cred);
    return 0;
}

// ---- capabilities ----

struct cap_header {
    uint32_t version;
    int32_t pid;
};

struct cap_data {
    uint32_t effective, permitted, inheritable;
};

enum { CAP_VERSION_1 = 0x19980330, CAP_VERSION_2 = 0x20071026, CAP_VERSION_3 = 0x20080522 };

// How many cap_data a version has; -E_INVAL: unknown, and the program is told the version to use.
static int cap_words(struct task *task, uint64_t address, struct cap_header *header)
{
    if (user_read(task, header, address, sizeof(*header)) != 0)
        return -E_FAULT;
    if (header->version == CAP_VERSION_1)
        return 1;
    if (header->version == CAP_VERSION_2 || header->version == CAP_VERSION_3)
        return 2;
    if (user_write_u32(task, address, CAP_VERSION_3) != 0)
        return -E_FAULT;
    return -E_INVAL;
}

int64_t linux_capget(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct cap_header header;
    struct cap_data data[2];
    int words = cap_words(task, argument[0], &header);
    if (words < 0)
        return words == -E_INVAL && argument[1] == 0 ? 0 : words;
    if (header.pid < 0)
        return -E_INVAL;
    const struct task *target = header.pid == 0 ? task : task_find(header.pid);
    if (target == NULL)
        return -E_SRCH;
    for (int i = 0; i < 2; i++) {
        data[i].effective = (uint32_t)(target->cred->cap_effective >> 32 * i);
        data[i].permitted = (uint32_t)(target->cred->cap_permitted >> 32 * i);
        data[i].inheritable = (uint32_t)(target->cred->cap_inheritable >> 32 * i);
    }
    return argument[1] != 0 ? user_write(task, argument[1], data, (size_t)words * sizeof(data[0]))
                            : 0;
}

int64_t linux_capset(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct cap_header header;
    struct cap_data data[2] = {0};
    int words = cap_words(task, argument[0], &header);
    if (words < 0)
        return words;
    if (header.pid != 0 && header.pid != task->tid)
        return -E_PERM;
    if (user_read(task, data, argument[1], (size_t)words * sizeof(data[0])) != 0)
        return -E_FAULT;
    uint64_t effective = (uint64_t)data[1].effective << 32 | data[0].effective;
    uint64_t permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
    uint64_t inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
    const struct cred *old = task->cred;
    effective &= CAP_ALL, permitted &= CAP_ALL, inheritable &= CAP_ALL;
    if ((permitted & ~old->cap_permitted) != 0 || (effective & ~permitted) != 0 ||
        (inheritable & ~(old->cap_inheritable | old->cap_permitted)) != 0)
        return -E_PERM;
    struct cred *cred = cred_copy(old, old->groups);
    if (cred == NULL)
        return -E_NOMEM;
    cred->cap_effective = effective;
    cred->cap_permitted = permitted;
    cred->cap_inheritable = inheritable;
    cred_install(task, cred);
    return 0;
}
