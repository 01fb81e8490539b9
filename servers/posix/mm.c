// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A program's memory (mm.h): making, copying, mapping, and the list of mapped files.
//
// Addresses: new mappings go downwards from a random place below the stack, one under the other, as
// long as that is free; after that the kernel finds room.

#include "servers/posix/mm.h"

#include <stdlib.h>
#include <string.h>

#include "lib/sys/sys.h"
#include "servers/posix/file.h"
#include "servers/posix/pagecache.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"
#include "servers/posix/wait.h"

enum { FILES_FIRST_ROOM = 8, FILES_FIRST_COLLECT = 64 };

#define MAPPING_LOWEST 0x10000000ull // below it mapping_next starts again from the top

static uint64_t last_serial;

int mm_create(struct mm **out)
{
    struct mm *mm = calloc(1, sizeof(*mm));
    if (mm == NULL)
        return -E_NOMEM;
    int64_t aspace = sys_aspace_create();
    if (aspace < 0) {
        free(mm);
        return -E_NOMEM;
    }
    mm->references = 1;
    mm->aspace = (handle_t)aspace;
    mm->serial = ++last_serial;
    mm->file_collect_at = FILES_FIRST_COLLECT;
    *out = mm;
    return 0;
}

struct mm *mm_get(struct mm *mm)
{
    mm->references++;
    return mm;
}

static void put_file(struct mm_file *entry)
{
    if (entry->writable)
        vfs_mmap_writable(entry->file, -1);
    file_put(entry->file);
}

void mm_put(struct mm *mm)
{
    if (--mm->references > 0)
        return;
    sys_handle_close(mm->aspace);
    for (uint32_t i = 0; i < mm->file_count; i++)
        put_file(&mm->files[i]);
    if (mm->exe != NULL)
        vfs_exec_put(mm->exe);
    free(mm->files);
    free(mm);
}

static int clone_files(struct mm *copy, const struct mm *mm)
{
    copy->files = NULL;
    copy->file_room = mm->file_count;
    if (mm->file_count == 0)
        return 0;
    copy->files = malloc(mm->file_count * sizeof(*copy->files));
    if (copy->files == NULL)
        return -E_NOMEM;
    memcpy(copy->files, mm->files, mm->file_count * sizeof(*copy->files));
    for (uint32_t i = 0; i < copy->file_count; i++) {
        file_hold(copy->files[i].file);
        if (copy->files[i].writable)
            vfs_mmap_writable(copy->files[i].file, 1);
    }
    return 0;
}

int mm_clone(struct mm *mm, struct mm **out)
{
    struct mm *copy = malloc(sizeof(*copy));
    if (copy == NULL)
        return -E_NOMEM;
    *copy = *mm;
    copy->references = 1;
    copy->serial = ++last_serial;
    copy->locked_bytes = 0;
    if (clone_files(copy, mm) < 0) {
        free(copy);
        return -E_NOMEM;
    }
    if (copy->exe != NULL)
        vfs_exec_hold(copy->exe);
    int64_t aspace = sys_aspace_clone(mm->aspace);
    if (aspace < 0) {
        copy->aspace = HANDLE_NONE;
        mm_put(copy);
        return -E_NOMEM;
    }
    copy->aspace = (handle_t)aspace;
    *out = copy;
    return 0;
}

// ---- mapped files ----

static bool region_names(const struct mm *mm, const struct file *file)
{
    struct region_info region = {0};
    for (uint64_t at = 0; sys_aspace_query(mm->aspace, at, &region) >= 0;
         at = region.address + region.bytes) {
        if (region.tag == (uint64_t)file)
            return true;
    }
    return false;
}

// Lets go of files no region names any more. The walk happens once in many mappings, so its cost is
// spread.
static void collect_files(struct mm *mm)
{
    uint32_t gone_count = 0;
    struct mm_file *gone = malloc(mm->file_count * sizeof(*gone));
    if (gone == NULL)
        return;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < mm->file_count; i++) {
        if (region_names(mm, mm->files[i].file))
            mm->files[kept++] = mm->files[i];
        else
            gone[gone_count++] = mm->files[i];
    }
    mm->file_count = kept;
    mm->file_collect_at = kept * 2 > FILES_FIRST_COLLECT ? kept * 2 : FILES_FIRST_COLLECT;
    for (uint32_t i = 0; i < gone_count; i++)
        put_file(&gone[i]);
    free(gone);
}

// The region is about to be made: the file is on the list, held, before that. -E_NOMEM.
static int hold_file(struct mm *mm, struct file *file, bool writable)
{
    for (uint32_t i = mm->file_count; i-- > 0;) {
        if (mm->files[i].file != file)
            continue;
        if (writable && !mm->files[i].writable) {
            mm->files[i].writable = true;
            vfs_mmap_writable(file, 1);
        }
        return 0;
    }
    if (mm->file_count >= mm->file_collect_at)
        collect_files(mm);
    if (mm->file_count == mm->file_room) {
        uint32_t room = mm->file_room != 0 ? mm->file_room * 2 : FILES_FIRST_ROOM;
        struct mm_file *files = realloc(mm->files, room * sizeof(*files));
        if (files == NULL)
            return -E_NOMEM;
        mm->files = files;
        mm->file_room = room;
    }
    mm->files[mm->file_count++] = (struct mm_file){file_hold(file), writable};
    if (writable)
        vfs_mmap_writable(file, 1);
    return 0;
}

int mm_supply(struct mm *mm, uint64_t tag, uint64_t memory_offset)
{
    struct file *file = mm_tag_file(tag);
    (void)mm;
    if (file == NULL || file->inode == NULL)
        return -E_FAULT;
    file_hold(file);
    int error = pagecache_supply(file->inode, memory_offset);
    file_put(file);
    return error;
}

// ---- mapping ----

// Where a mapping without address goes: right under the last one.
static uint64_t propose(struct mm *mm, uint64_t bytes)
{
    if (mm->mapping_next < bytes || mm->mapping_next - bytes < MAPPING_LOWEST)
        mm->mapping_next = mm->mapping_top;
    if (mm->mapping_next < bytes || mm->mapping_next - bytes < MAPPING_LOWEST)
        return 0;
    return mm->mapping_next - bytes;
}

static int64_t map(struct mm *mm, struct aspace_map_args *args)
{
    bool chosen = args->address == 0 && (args->flags & MAP_FIXED) == 0;
    if (chosen)
        args->address = propose(mm, args->bytes);
    int64_t address = sys_aspace_map(mm->aspace, args);
    if (chosen && address > 0 && (uint64_t)address == args->address)
        mm->mapping_next = args->address;
    if (address == -E_INVAL &&
        (args->prot & (PROT_WRITE | PROT_EXECUTE)) == (PROT_WRITE | PROT_EXECUTE))
        return -E_ACCES; // the kernel keeps writable and executable apart
    return address;
}

int64_t mm_map_anonymous(struct mm *mm, uint64_t address, uint64_t bytes, uint32_t prot,
                         uint32_t flags, uint64_t tag)
{
    struct aspace_map_args args = {
        .address = address,
        .bytes = bytes,
        .memory = HANDLE_NONE,
        .prot = prot,
        .flags = flags,
        .tag = tag,
    };
    return map(mm, &args);
}

int64_t mm_map_file(struct mm *mm, struct file *file, uint64_t address, uint64_t bytes,
                    uint32_t prot, uint32_t flags, uint64_t offset)
{
    struct file_mapping mapping;
    bool shared = (flags & MAP_PRIVATE) == 0;
    int error = vfs_mmap(file, offset, bytes, prot, shared, &mapping);
    if (error)
        return error;
    if (mapping.memory == HANDLE_NONE)
        return mm_map_anonymous(mm, address, bytes, prot, shared ? flags | MAP_SHARED_ANON : flags,
                                MM_TAG_NONE);
    error = hold_file(mm, file, shared && file_writable(file)); // mprotect may make it so later
    if (error)
        return error;
    struct aspace_map_args args = {
        .address = address,
        .bytes = bytes,
        .memory = mapping.memory,
        .prot = prot,
        .flags = flags,
        .offset = mapping.offset,
        .tag = (uint64_t)file,
    };
    return map(mm, &args);
}
