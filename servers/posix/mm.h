// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A program's memory: its address space, heap, mapped files, and the places that /proc tells of.
//
// The kernel's list of regions is the only one: /proc/<pid>/maps walks it with SYS_ASPACE_QUERY. A
// region of a file has the address of its `struct file` as tag; mm->files holds a reference to each
// such file until no region names it (which is looked at when the list has grown, and at the end).
// All under posix_lock.

#pragma once

#include "abi/memory.h"
#include "abi/types.h"

struct file;
struct task;

struct mm_file {
    struct file *file;
    bool writable; // mapped shared and writable (vfs_mmap_writable)
};

struct mm {
    uint32_t references;
    handle_t aspace;
    uint64_t serial;  // never another's
    struct file *exe; // vfs_exec_put
    uint64_t code_start, code_end;
    uint64_t brk_start, brk; // heap: brk_start .. brk
    uint64_t stack_top;
    uint64_t mapping_top, mapping_next; // where mmap starts, and where it goes on downwards
    uint64_t arguments_start, arguments_end, environment_start, environment_end;
    uint64_t vdso;
    uint32_t file_count, file_room, file_collect_at;
    struct mm_file *files;
    uint64_t locked_bytes;
    bool dumpable;
    uint32_t auxv_bytes;
    uint64_t auxv[48]; // as the program got it, for /proc/<pid>/auxv
};

// Tags of regions that are not files.
enum mm_tag {
    MM_TAG_NONE = 0,
    MM_TAG_HEAP = 1,
    MM_TAG_STACK = 2,
    MM_TAG_VDSO = 3,
    MM_TAG_VVAR = 4,
    MM_TAG_FILES = 4096
};

// A new, empty one with one reference. E_NOMEM.
int mm_create(struct mm **out);
// A copy-on-write copy (fork). E_NOMEM.
int mm_clone(struct mm *mm, struct mm **out);
struct mm *mm_get(struct mm *mm);
void mm_put(struct mm *mm); // may sleep (files are released)

// Maps part of a file; keeps a reference to it. `flags`: enum map_flag; `address` as in
// aspace_map_args. The address, or an error of vfs_mmap or the kernel.
int64_t mm_map_file(struct mm *mm, struct file *file, uint64_t address, uint64_t bytes,
                    uint32_t prot, uint32_t flags, uint64_t offset);
// Maps anonymous memory, private unless MAP_SHARED_ANON.
int64_t mm_map_anonymous(struct mm *mm, uint64_t address, uint64_t bytes, uint32_t prot,
                         uint32_t flags, uint64_t tag);

// The file of a region's tag, not counted; NULL: no file.
static inline struct file *mm_tag_file(uint64_t tag)
{
    return tag >= MM_TAG_FILES ? (struct file *)tag : NULL;
}

// A page of a mapped file is absent (GUEST_EXIT_PAGE, or found by user_read): fetch it. 0, -E_FAULT
// (beyond the end), -E_IO, -E_NOMEM. Sleeps.
int mm_supply(struct mm *mm, uint64_t tag, uint64_t memory_offset);

// As user_read_some and user_write (user.h), for memory whose task is not running: exec's new
// image, /proc/<pid>/mem.
int64_t mm_read_some(struct mm *mm, void *destination, uint64_t address, size_t bytes);
int mm_write(struct mm *mm, uint64_t address, const void *source, size_t bytes);
