// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The memory calls: brk, mmap and its kin. Checks and errors as their manual pages (section 2) say;
// the work is the kernel's (SYS_ASPACE_*).

#include "abi/error.h"
#include "lib/sys/sys.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/file.h"
#include "servers/posix/mm.h"
#include "servers/posix/pagecache.h"
#include "servers/posix/task.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"

enum linux_map_flag {
    LINUX_MAP_SHARED = 1,
    LINUX_MAP_PRIVATE = 2,
    LINUX_MAP_SHARED_VALIDATE = 3,
    LINUX_MAP_TYPE = 15,
    LINUX_MAP_FIXED = 0x10,
    LINUX_MAP_ANONYMOUS = 0x20,
    LINUX_MAP_32BIT = 0x40,
    LINUX_MAP_GROWSDOWN = 0x100,
    LINUX_MAP_LOCKED = 0x2000,
    LINUX_MAP_POPULATE = 0x8000,
    LINUX_MAP_HUGETLB = 0x40000,
    LINUX_MAP_FIXED_NOREPLACE = 0x100000,
};

enum { LINUX_MREMAP_MAYMOVE = 1, LINUX_MREMAP_FIXED = 2, LINUX_MREMAP_DONTUNMAP = 4 };
enum { LINUX_MS_ASYNC = 1, LINUX_MS_INVALIDATE = 2, LINUX_MS_SYNC = 4 };

enum linux_advice {
    LINUX_MADV_NORMAL = 0,
    LINUX_MADV_RANDOM,
    LINUX_MADV_SEQUENTIAL,
    LINUX_MADV_WILLNEED,
    LINUX_MADV_DONTNEED,
    LINUX_MADV_FREE = 8,
    LINUX_MADV_HUGEPAGE = 14,
    LINUX_MADV_NOHUGEPAGE = 15,
    LINUX_MADV_DONTDUMP = 16,
    LINUX_MADV_DODUMP = 17,
    LINUX_MADV_COLD = 20,
    LINUX_MADV_PAGEOUT = 21,
};

enum { PROT_ALL = PROT_READ | PROT_WRITE | PROT_EXECUTE };
#define LINUX_PROT_GROWSDOWN 0x01000000u
#define LINUX_PROT_GROWSUP   0x02000000u
#define MAP_32BIT_END        0x80000000ull

static bool is_aligned(uint64_t address)
{
    return (address & (PAGE_SIZE - 1)) == 0;
}

static uint64_t round_up(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

// A page-rounded range inside a program's addresses; false for anything else, 0 bytes too.
static bool is_range(uint64_t address, uint64_t bytes)
{
    return bytes != 0 && address < USER_ADDRESS_END && bytes <= USER_ADDRESS_END - address;
}

// Writing and executing imply reading on these processors.
static uint32_t prot_of(uint64_t prot)
{
    uint32_t result = (uint32_t)prot & PROT_ALL;
    return result & (PROT_WRITE | PROT_EXECUTE) ? result | PROT_READ : result;
}

static bool fits_limit(struct task *task, uint64_t more)
{
    struct aspace_stats stats;
    uint64_t limit = task_rlimit(task, RLIMIT_AS);
    if (limit == RLIMIT_INFINITY)
        return true;
    if (sys_aspace_stats(task->mm->aspace, &stats) < 0)
        return false;
    return stats.mapped_bytes <= limit && more <= limit - stats.mapped_bytes;
}

// ---- brk ----

int64_t linux_brk(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct mm *mm = task->mm;
    uint64_t wanted = argument[0];
    if (wanted < mm->brk_start || wanted >= USER_ADDRESS_END)
        return (int64_t)mm->brk;
    uint64_t limit = task_rlimit(task, RLIMIT_DATA);
    if (limit != RLIMIT_INFINITY && wanted - mm->brk_start > limit)
        return (int64_t)mm->brk;
    uint64_t old_end = round_up(mm->brk), new_end = round_up(wanted);
    if (new_end < old_end) {
        if (sys_aspace_unmap(mm->aspace, new_end, old_end - new_end) < 0)
            return (int64_t)mm->brk;
    } else if (new_end > old_end) {
        if (!fits_limit(task, new_end - old_end))
            return (int64_t)mm->brk;
        if (mm_map_anonymous(mm, old_end, new_end - old_end, PROT_READ | PROT_WRITE,
                             MAP_FIXED | MAP_NOREPLACE | MAP_PRIVATE, MM_TAG_HEAP) < 0)
            return (int64_t)mm->brk;
    }
    mm->brk = wanted;
    return (int64_t)wanted;
}

// ---- mmap ----

// The highest free range of `bytes` that ends at or below `end`; 0: none.
static uint64_t find_gap_below(struct mm *mm, uint64_t end, uint64_t bytes)
{
    struct region_info region;
    uint64_t best = 0, free_from = PAGE_SIZE * 16;
    while (free_from < end) {
        uint64_t free_to = end;
        uint64_t next = end;
        if (sys_aspace_query(mm->aspace, free_from, &region) >= 0 && region.address < end) {
            free_to = region.address > free_from ? region.address : free_from;
            next = region.address + region.bytes;
        }
        if (free_to - free_from >= bytes)
            best = free_to - bytes;
        free_from = next;
    }
    return best;
}

static int kernel_flags(uint64_t flags, uint32_t *out)
{
    uint64_t type = flags & LINUX_MAP_TYPE;
    if (type != LINUX_MAP_SHARED && type != LINUX_MAP_PRIVATE && type != LINUX_MAP_SHARED_VALIDATE)
        return -E_INVAL;
    if ((flags & LINUX_MAP_HUGETLB) != 0)
        return -E_NOMEM; // as Linux with no huge pages reserved
    *out = type == LINUX_MAP_PRIVATE ? MAP_PRIVATE : 0;
    if ((flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE)) != 0)
        *out |= MAP_FIXED;
    if ((flags & LINUX_MAP_FIXED_NOREPLACE) != 0)
        *out |= MAP_NOREPLACE;
    if ((flags & (LINUX_MAP_POPULATE | LINUX_MAP_LOCKED)) != 0)
        *out |= MAP_POPULATE;
    return 0;
}

static int64_t map_fd(struct task *task, uint64_t address, uint64_t bytes, uint32_t prot,
                      uint32_t flags, int fd, uint64_t offset)
{
    struct file *file = file_get(task, fd);
    if (file == NULL)
        return -E_BADF;
    int64_t result = mm_map_file(task->mm, file, address, bytes, prot, flags, offset);
    file_put(file);
    return result;
}

int64_t linux_mmap(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t address = argument[0], bytes = argument[1], flags = argument[3], offset = argument[5];
    uint32_t prot = prot_of(argument[2]), map_flags;
    if (!is_aligned(offset) || bytes == 0)
        return -E_INVAL;
    int error = kernel_flags(flags, &map_flags);
    if (error)
        return error;
    if (bytes > USER_ADDRESS_END)
        return -E_NOMEM;
    bytes = round_up(bytes);
    if ((map_flags & MAP_FIXED) != 0) {
        if (!is_aligned(address))
            return -E_INVAL;
        if (!is_range(address, bytes))
            return -E_NOMEM;
        if (address < 16 * PAGE_SIZE)
            return -E_PERM; // nothing is ever mapped where a NULL pointer leads
    } else {
        address &= ~(uint64_t)(PAGE_SIZE - 1);
        if (!is_range(address, bytes))
            address = 0;
        if ((flags & LINUX_MAP_32BIT) != 0 && address == 0)
            address = find_gap_below(task->mm, MAP_32BIT_END, bytes);
    }
    if (!fits_limit(task, bytes))
        return -E_NOMEM;
    if ((flags & LINUX_MAP_ANONYMOUS) == 0)
        return map_fd(task, address, bytes, prot, map_flags, (int)argument[4], offset);
    if ((map_flags & MAP_PRIVATE) == 0)
        map_flags |= MAP_SHARED_ANON;
    return mm_map_anonymous(task->mm, address, bytes, prot, map_flags, MM_TAG_NONE);
}

int64_t linux_munmap(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t address = argument[0], bytes = argument[1];
    if (!is_aligned(address) || bytes > USER_ADDRESS_END || !is_range(address, round_up(bytes)))
        return -E_INVAL;
    int64_t result = sys_aspace_unmap(task->mm->aspace, address, round_up(bytes));
    if (result == 0 && address == task->mm->mapping_next)
        task->mm->mapping_next = address + round_up(bytes);
    return result;
}

// A shared mapping of a file that was not opened for writing cannot become writable.
static int check_writable(struct mm *mm, uint64_t address, uint64_t bytes)
{
    struct region_info region;
    uint64_t end = address + bytes;
    for (uint64_t at = address; at < end; at = region.address + region.bytes) {
        if (sys_aspace_query(mm->aspace, at, &region) < 0 || region.address >= end)
            break;
        const struct file *file = mm_tag_file(region.tag);
        if (file != NULL && (region.flags & MAP_PRIVATE) == 0 &&
            (file->flags & LINUX_O_ACCMODE) != LINUX_O_RDWR)
            return -E_ACCES;
    }
    return 0;
}

int64_t linux_mprotect(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t address = argument[0], bytes = argument[1];
    if (!is_aligned(address) ||
        (argument[2] & ~(uint64_t)(PROT_ALL | LINUX_PROT_GROWSDOWN | LINUX_PROT_GROWSUP)) != 0)
        return -E_INVAL;
    if (bytes == 0)
        return 0;
    if (bytes > USER_ADDRESS_END || !is_range(address, round_up(bytes)))
        return -E_NOMEM;
    uint32_t prot = prot_of(argument[2]);
    if ((prot & PROT_WRITE) != 0) {
        int error = check_writable(task->mm, address, bytes);
        if (error)
            return error;
    }
    int64_t result = sys_aspace_protect(task->mm->aspace, address, round_up(bytes), prot);
    return result == -E_INVAL ? -E_ACCES : result;
}

int64_t linux_mremap(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t from = argument[0], flags = argument[3], to = argument[4];
    if (!is_aligned(from) || argument[1] > USER_ADDRESS_END || argument[2] > USER_ADDRESS_END)
        return -E_INVAL;
    uint64_t from_bytes = round_up(argument[1]), to_bytes = round_up(argument[2]);
    if ((flags & ~(uint64_t)(LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED)) != 0 || to_bytes == 0 ||
        from_bytes == 0)
        return -E_INVAL;
    if (!is_range(from, from_bytes))
        return -E_FAULT;
    if (to_bytes > from_bytes && !fits_limit(task, to_bytes - from_bytes))
        return -E_NOMEM;
    if ((flags & LINUX_MREMAP_FIXED) != 0) {
        bool overlaps = to < from + from_bytes && from < to + to_bytes;
        if ((flags & LINUX_MREMAP_MAYMOVE) == 0 || !is_aligned(to) || !is_range(to, to_bytes) ||
            overlaps)
            return -E_INVAL;
        if (to < 16 * PAGE_SIZE)
            return -E_PERM;
        return sys_aspace_move(task->mm->aspace, from, from_bytes, to, to_bytes);
    }
    int64_t result = sys_aspace_move(task->mm->aspace, from, from_bytes, from, to_bytes);
    if (result == -E_NOMEM && (flags & LINUX_MREMAP_MAYMOVE) != 0)
        result = sys_aspace_move(task->mm->aspace, from, from_bytes, 0, to_bytes);
    return result;
}

// ---- advice, synchronisation, locking ----

// -E_NOMEM if part of the range is not mapped; else calls `visit` (if not NULL) for each region's
// part.
static int for_each_part(struct task *task, uint64_t address, uint64_t bytes,
                         int (*visit)(struct task *task, const struct region_info *region))
{
    struct region_info region;
    uint64_t end = address + bytes;
    for (uint64_t at = address; at < end; at = region.address + region.bytes) {
        if (sys_aspace_query(task->mm->aspace, at, &region) < 0 || region.address > at)
            return -E_NOMEM;
        int error = visit != NULL ? visit(task, &region) : 0;
        if (error)
            return error;
    }
    return 0;
}

int64_t linux_madvise(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t address = argument[0], bytes = argument[1];
    if (!is_aligned(address) || bytes > USER_ADDRESS_END)
        return -E_INVAL;
    if (bytes == 0)
        return 0;
    bytes = round_up(bytes);
    if (!is_range(address, bytes))
        return -E_INVAL;
    switch ((int)argument[2]) {
    case LINUX_MADV_DONTNEED:
    case LINUX_MADV_FREE: {
        int error = for_each_part(task, address, bytes, NULL);
        int64_t result = sys_aspace_discard(task->mm->aspace, address, bytes);
        return result < 0 ? result : error;
    }
    case LINUX_MADV_NORMAL:
    case LINUX_MADV_RANDOM:
    case LINUX_MADV_SEQUENTIAL:
    case LINUX_MADV_WILLNEED:
    case LINUX_MADV_HUGEPAGE:
    case LINUX_MADV_NOHUGEPAGE:
    case LINUX_MADV_DONTDUMP:
    case LINUX_MADV_DODUMP:
    case LINUX_MADV_COLD:
    case LINUX_MADV_PAGEOUT:
        return for_each_part(task, address, bytes, NULL);
    default:
        return -E_INVAL;
    }
}

static int sync_region(struct task *task, const struct region_info *region)
{
    struct file *file = mm_tag_file(region->tag);
    (void)task;
    if (file == NULL || (region->flags & MAP_PRIVATE) != 0 || file->inode == NULL)
        return 0;
    file_hold(file);
    int error = file->ops->fsync != NULL ? file->ops->fsync(file, true) : 0;
    file_put(file);
    return error;
}

int64_t linux_msync(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t address = argument[0], bytes = argument[1], flags = argument[2];
    if ((flags & ~(uint64_t)(LINUX_MS_ASYNC | LINUX_MS_INVALIDATE | LINUX_MS_SYNC)) != 0 ||
        !is_aligned(address))
        return -E_INVAL;
    if ((flags & LINUX_MS_ASYNC) != 0 && (flags & LINUX_MS_SYNC) != 0)
        return -E_INVAL;
    if (bytes == 0)
        return 0;
    if (bytes > USER_ADDRESS_END || !is_range(address, round_up(bytes)))
        return -E_NOMEM;
    return for_each_part(task, address, round_up(bytes),
                         (flags & LINUX_MS_SYNC) != 0 ? sync_region : NULL);
}

// There is no swap: what is present stays. So locking is making present, which reading does.
static int64_t lock_range(struct task *task, uint64_t address, uint64_t bytes, bool touch)
{
    uint8_t byte;
    uint64_t start = address & ~(uint64_t)(PAGE_SIZE - 1);
    if (bytes == 0)
        return 0;
    if (bytes > USER_ADDRESS_END || !is_range(start, round_up(bytes + (address - start))))
        return -E_INVAL;
    uint64_t end = start + round_up(bytes + (address - start));
    uint64_t limit = task_rlimit(task, RLIMIT_MEMLOCK);
    if (touch && !cred_capable(task->cred, CAP_SYS_RESOURCE) && end - start > limit)
        return limit == 0 ? -E_PERM : -E_NOMEM;
    int error = for_each_part(task, start, end - start, NULL);
    for (uint64_t at = start; error == 0 && touch && at < end; at += PAGE_SIZE) {
        if (signal_pending(task))
            return -E_INTR;
        if (user_read(task, &byte, at, 1) != 0)
            error = -E_NOMEM;
    }
    return error;
}

int64_t linux_mlock(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return lock_range(task, argument[0], argument[1], true);
}

int64_t linux_mlock2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const uint64_t on_fault = 1;
    if ((argument[2] & ~on_fault) != 0)
        return -E_INVAL;
    return lock_range(task, argument[0], argument[1], argument[2] != on_fault);
}

int64_t linux_munlock(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return lock_range(task, argument[0], argument[1], false);
}

int64_t linux_mlockall(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const uint64_t current = 1, future = 2, on_fault = 4;
    if (argument[0] == 0 || (argument[0] & ~(current | future | on_fault)) != 0 ||
        argument[0] == on_fault)
        return -E_INVAL;
    if (!cred_capable(task->cred, CAP_SYS_RESOURCE) && task_rlimit(task, RLIMIT_MEMLOCK) == 0)
        return -E_PERM;
    return 0;
}

int64_t linux_munlockall(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)task;
    (void)argument;
    return 0;
}
