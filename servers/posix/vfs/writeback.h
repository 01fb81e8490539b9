// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Dirty pages of the page cache, and how they reach their devices. posix_lock held.

#pragma once

#include "servers/posix/filesystem.h"
#include "servers/posix/pagecache.h"

// Writes back all dirty inodes, or those of one super-block. 0 or the first error; each inode keeps
// its own for its next fsync, too. May sleep.
int writeback_all(const struct superblock *superblock);

// The super-block goes, and what is still dirty of it could not be written: it is dropped. Says how
// many pages that were. May sleep.
uint64_t writeback_drop(const struct superblock *superblock);

// Before a page of this inode becomes dirty: sleeps until not too much is. An error: what is dirty
// cannot be written.
int writeback_make_room(struct inode *inode);

// Waits until nobody writes the inode back, and keeps it so; between the two what lies where may
// change. Sleeps.
void writeback_exclude(struct inode *inode);
void writeback_include(struct inode *inode);

// Only the list of dirty inodes holds this one, which has no name any more: its pages are dropped,
// and the list's reference is the caller's. False: it was not in the list.
bool writeback_abandon(struct inode *inode);

uint64_t writeback_dirty_pages(void);

// ---- the thread that writes what has been dirty for some seconds (writeback_thread.c) ----

int writeback_start(void); // -E_NOMEM

extern struct wait_queue writeback_wanted; // woken when something becomes dirty, or too much is
bool writeback_idle(void);                 // nothing is dirty
bool writeback_urgent(void);               // so much is that it is written at once
int writeback_look(void); // writes what was dirty at the last look, or all. The first error.
