// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Disks and partitions as posix sees them: a block session each, a device file, and moving pages of
// the page cache. posix_lock held; transfers sleep.

#pragma once

#include "abi/block.h"
#include "servers/posix/pagecache.h"

struct block_client;
struct disk;

// Starts the thread that follows devmgr: disks appear below /dev as their drivers come up. E_NOMEM.
int disk_init(void);
// By name without "/dev/" ("vda", "vdb1"). NULL: not there (yet). A disk stays for good once it was
// seen.
struct disk *disk_find(const char *name);
uint64_t disk_capacity(const struct disk *disk);
uint64_t disk_device_number(const struct disk *disk); // st_dev of a file system on it
void disk_each(void (*visit)(const struct disk *disk, const char *name, void *context),
               void *context);

// A batch of transfers between a disk and page-cache pages: pieces that adjoin are joined to long
// requests, several of which are under way at once.
enum { DISK_IO_REQUESTS = 16 };

struct disk_io {
    struct disk *disk;
    enum block_request_op op;
    int error;         // the first
    unsigned requests; // submitted, not waited for
    uint64_t ticket[DISK_IO_REQUESTS];
    uint64_t offset; // of the request being put together
    uint32_t bytes, segments;
    struct block_segment segment[BLOCK_REQUEST_SEGMENTS];
};

void disk_io_begin(struct disk_io *io, struct disk *disk, enum block_request_op op);
// `bytes` at byte `offset` of the disk, at `page_offset` in the page (all multiples of the disk's
// block size). Pages must be pinned and busy until disk_io_end.
void disk_io_add(struct disk_io *io, uint64_t offset, const struct page *page, uint32_t page_offset,
                 uint32_t bytes);
// Waits for everything. 0 or the first error.
int disk_io_end(struct disk_io *io);
int disk_flush(struct disk *disk);
void disk_flush_all(void); // each that was written to; errors are the next fsync's
