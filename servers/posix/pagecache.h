// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The page cache: file contents by (inode, page index), in pages of pool memory that posix has
// mapped.
//
// A page is in one of these states:
//   absent -> busy (being filled, under I/O) -> valid <-> dirty -> evicted (absent)
// Invariants: a busy or pinned page is never evicted; a dirty page of a file system with a backing
// store is written before it is evicted; a page that guests may have mapped (PAGE_SHARED) is taken
// out of the inode's memory object before it is reused.
//
// posix_lock is held on entry everywhere; functions that may sleep say so.

#pragma once

#include "abi/types.h"
#include "servers/posix/list.h"

struct file;
struct file_mapping;
struct inode;
struct user_buffer;

enum page_flag {
    PAGE_VALID = 1,
    PAGE_BUSY = 2, // I/O in flight: wait on the inode's page queue
    PAGE_DIRTY = 4,
    PAGE_SHARED = 8, // supplied to the inode's memory object
    PAGE_REFERENCED = 32,
};

struct page {
    struct inode *inode;
    uint64_t index;
    uint8_t *data;            // PAGE_SIZE bytes, mapped in posix
    struct page_chunk *chunk; // the pool memory object it lies in
    uint32_t flags;           // enum page_flag
    uint32_t pins;            // users that may sleep while looking at data
    struct list lru_node;     // pages of disk files, least recently used first
};

// Creates the pool; `limit_bytes` bounds the pages of disk files (tmpfs has its own size limits).
int pagecache_init(uint64_t limit_bytes);

// The valid page, pinned, read from the file system if it is absent; *out NULL: a hole past what is
// stored, reads as zeros. E_IO ... May sleep.
int pagecache_get(struct inode *inode, uint64_t index, struct page **out);
void pagecache_put(struct page *page);

// read() of a cached file from *position to at most the inode's size, one copy from page to guest.
// Bytes or error. May sleep.
int64_t pagecache_read(struct file *file, struct user_buffer *out, uint64_t *position);
// write(): likewise into pages, marking them dirty and growing the inode's size. May sleep.
int64_t pagecache_write(struct file *file, struct user_buffer *in, uint64_t *position);

// A guest touched the absent page at `offset` of the inode's memory object (GUEST_EXIT_PAGE): make
// it, and its cached neighbours, present. 0: run the guest again. E_FAULT: beyond the end of the
// file (SIGBUS). E_IO (SIGBUS), E_NOMEM. May sleep.
int pagecache_supply(struct inode *inode, uint64_t offset);

// The mmap operation of cached files (file.h).
int pagecache_mmap(struct file *file, uint64_t offset, uint64_t bytes, struct file_mapping *out);

// Gives the page at `index` of a file without backing store memory now (fallocate). E_NOSPC,
// E_NOMEM.
int pagecache_make_zero(struct inode *inode, uint64_t index);

// Drop pages from byte `from` to `to` (exclusive; ~0: to the end), zeroing the parts of pages kept
// at both edges.
void pagecache_truncate(struct inode *inode, uint64_t from, uint64_t to);

// Drop the clean pages that lie wholly between byte `from` and `to` and that nobody uses or maps:
// the next read comes from the file system.
void pagecache_forget(struct inode *inode, uint64_t from, uint64_t to);

// The inode goes: drop all its pages and its memory object.
void pagecache_release(struct inode *inode);

// Write dirty pages back. 0 or the first error since the last call. May sleep.
int pagecache_sync(struct inode *inode);

struct pagecache_stats {
    uint64_t cached_bytes; // of disk files
    uint64_t shared_bytes; // tmpfs
    uint64_t dirty_bytes;
    uint64_t hits, misses, evictions;
};
void pagecache_get_stats(struct pagecache_stats *out);

// Guests are about to map the inode shared and writable: from now on they fault before they write
// to a clean page.
void pagecache_protect(struct inode *inode);

// Give back up to `bytes` of clean pages (memory is short). Bytes freed.
uint64_t pagecache_shrink(uint64_t bytes);
