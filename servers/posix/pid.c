// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Numbers of tasks, processes, groups and sessions, and the groups and sessions themselves.
//
// The table is a two-level array, so a lookup is two loads. Invariant: a slot's pointer is set from
// the object's creation to its end, so a number in use is never given out again.

#include <stdlib.h>

#include "abi/error.h"
#include "servers/posix/process.h"

enum {
    CHUNK_SLOTS = 512,
    CHUNKS = PID_MAX / CHUNK_SLOTS,
    PID_RESERVED = 300, // after a wrap, small numbers stay for the daemons of the start
};

static struct pid_slot *chunks[CHUNKS];
static pid_linux_t last_pid;

struct pid_slot *pid_slot(pid_linux_t pid)
{
    if (pid <= 0 || pid >= PID_MAX)
        return NULL;
    struct pid_slot *chunk = chunks[pid / CHUNK_SLOTS];
    return chunk != NULL ? &chunk[pid % CHUNK_SLOTS] : NULL;
}

pid_linux_t pid_last(void)
{
    return last_pid;
}

pid_linux_t pid_allocate(void)
{
    pid_linux_t pid = last_pid;
    for (int tries = 0; tries < PID_MAX; tries++) {
        pid++;
        if (pid >= PID_MAX)
            pid = PID_RESERVED;
        struct pid_slot **chunk = &chunks[pid / CHUNK_SLOTS];
        if (*chunk == NULL) {
            *chunk = calloc(CHUNK_SLOTS, sizeof(**chunk));
            if (*chunk == NULL)
                return -E_NOMEM;
        }
        struct pid_slot *slot = &(*chunk)[pid % CHUNK_SLOTS];
        if (slot->task == NULL && slot->proc == NULL && slot->pgrp == NULL &&
            slot->session == NULL) {
            last_pid = pid;
            return pid;
        }
    }
    return -E_AGAIN;
}

struct proc *proc_find(pid_linux_t pid)
{
    struct pid_slot *slot = pid_slot(pid);
    return slot != NULL ? slot->proc : NULL;
}

struct task *task_find(pid_linux_t tid)
{
    struct pid_slot *slot = pid_slot(tid);
    return slot != NULL ? slot->task : NULL;
}

struct pgrp *pgrp_find(pid_linux_t id)
{
    struct pid_slot *slot = pid_slot(id);
    return slot != NULL ? slot->pgrp : NULL;
}

// ---- sessions ----

struct session *session_get(struct session *session)
{
    session->references++;
    return session;
}

void session_put(struct session *session)
{
    if (--session->references > 0)
        return;
    pid_slot(session->id)->session = NULL;
    free(session);
}

struct pgrp *session_create(struct proc *leader)
{
    struct session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return NULL;
    session->references = 1;
    session->id = leader->pid;
    session->leader = leader;
    pid_slot(session->id)->session = session;
    struct pgrp *pgrp = pgrp_create(leader->pid, session);
    session_put(session); // the group keeps it
    return pgrp;
}

// ---- groups ----

struct pgrp *pgrp_create(pid_linux_t id, struct session *session)
{
    struct pgrp *pgrp = calloc(1, sizeof(*pgrp));
    if (pgrp == NULL)
        return NULL;
    pgrp->references = 1;
    pgrp->id = id;
    pgrp->session = session_get(session);
    list_init(&pgrp->members);
    pid_slot(id)->pgrp = pgrp;
    return pgrp;
}

struct pgrp *pgrp_get(struct pgrp *pgrp)
{
    pgrp->references++;
    return pgrp;
}

void pgrp_put(struct pgrp *pgrp)
{
    if (--pgrp->references > 0)
        return;
    pid_slot(pgrp->id)->pgrp = NULL;
    session_put(pgrp->session);
    free(pgrp);
}

void pgrp_leave(struct proc *proc)
{
    struct pgrp *pgrp = proc->pgrp;
    list_remove(&proc->pgrp_node);
    proc->pgrp = NULL;
    pgrp_put(pgrp);
}

void pgrp_join(struct proc *proc, struct pgrp *pgrp)
{
    pgrp_get(pgrp);
    if (proc->pgrp != NULL)
        pgrp_leave(proc);
    proc->pgrp = pgrp;
    list_add_tail(&pgrp->members, &proc->pgrp_node);
}

// A member with a living parent in another group of the same session links the group to somebody
// who can continue it.
static bool orphaned_without(const struct pgrp *pgrp, const struct proc *leaving)
{
    list_for_each(node, &pgrp->members)
    {
        const struct proc *member = list_entry(node, struct proc, pgrp_node);
        const struct proc *parent = member->parent;
        if (member == leaving || member->state == PROC_ZOMBIE || parent == NULL ||
            parent == leaving)
            continue;
        if (parent->pid == 1 || parent->pgrp == NULL)
            continue;
        if (parent->pgrp != pgrp && parent->pgrp->session == pgrp->session)
            return false;
    }
    return true;
}

bool pgrp_is_orphaned(const struct pgrp *pgrp)
{
    return orphaned_without(pgrp, NULL);
}

static bool has_stopped_member(const struct pgrp *pgrp)
{
    list_for_each(node, &pgrp->members)
    {
        if (list_entry(node, struct proc, pgrp_node)->state == PROC_STOPPED)
            return true;
    }
    return false;
}

void pgrp_check_orphaned(struct pgrp *pgrp, const struct proc *leaving)
{
    if (!has_stopped_member(pgrp) || !orphaned_without(pgrp, leaving))
        return;
    signal_send_pgrp(pgrp, SIGHUP, NULL);
    signal_send_pgrp(pgrp, SIGCONT, NULL);
}
