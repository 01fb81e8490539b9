// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the files of the page cache share with each other and with file systems that move pages to
// disks.

#pragma once

#include "servers/posix/filesystem.h"
#include "servers/posix/pagecache.h"
#include "servers/posix/vfs/page_pool.h"

extern struct page_pool pagecache_disk_pool;   // attached to block sessions
extern struct page_pool pagecache_memory_pool; // tmpfs

void page_drop(struct page *page);
void page_mark_dirty(struct page *page); // nothing, where pages are not written back
void page_mark_clean(struct page *page);
int page_get_or_zero(struct inode *inode, uint64_t index, unsigned ahead, struct page **out);
