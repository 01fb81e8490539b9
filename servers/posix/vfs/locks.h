// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Advisory locks: POSIX records (fcntl), open-file-description records (F_OFD_*), whole files
// (flock). posix_lock held; the waiting ones sleep.

#pragma once

#include "servers/posix/filesystem.h"

enum lock_type { LOCK_READ = 0, LOCK_WRITE = 1, LOCK_UNLOCK = 2 }; // F_RDLCK, F_WRLCK, F_UNLCK

// A range and who asks. Owner: the descriptor table for POSIX records, the open file for the
// others.
struct lock_request {
    const void *owner;
    enum lock_type type;
    uint64_t first, last; // inclusive; last UINT64_MAX: to the end, wherever that is
    int32_t pid;          // for F_GETLK; -1 for open-file-description records
    bool wait;
};

// E_AGAIN: held by another; E_DEADLK: waiting would be for ever; E_INTR (as -RESTART_SYS); E_NOMEM.
int locks_set_record(struct inode *inode, const struct lock_request *request);
// The first record in the way into *found; false: none.
bool locks_test_record(struct inode *inode, const struct lock_request *request,
                       struct lock_request *found);
int locks_set_flock(struct file *file, enum lock_type type, bool wait);

void locks_release_owner(struct inode *inode,
                         const void *owner); // a process closed a descriptor of the file
void locks_release_file(struct file *file);  // the open file goes
// For /proc/locks: each lock in turn.
void locks_each(struct inode *inode,
                void (*visit)(const struct lock_request *lock, bool flock, void *context),
                void *context);
