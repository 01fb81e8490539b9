// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Guest memory through SYS_ASPACE_READ and SYS_ASPACE_WRITE (user.h).
//
// The kernel resolves faults of these copies as if the guest had touched the memory, except absent
// pages of mapped files, which are this server's to supply: then the region at the address says
// which file, and the copy goes on.

#include "servers/posix/user.h"

#include <string.h>

#include "abi/memory.h"
#include "lib/sys/sys.h"
#include "servers/posix/mm.h"
#include "servers/posix/task.h"

enum {
    UNLOCKED_COPY_BYTES = 64 * 1024, // from here on the lock is worth dropping
    SUPPLY_TRIES = 8, // a page may be evicted again before the copy reaches it, but not for ever
    CLEAR_BYTES = 2048,
};

static const uint8_t zeroes[CLEAR_BYTES];

// The copy stopped at `address`: makes the page there present. -E_FAULT: it is not a file's, or not
// accessible so.
static int supply_page(struct mm *mm, uint64_t address, uint32_t access)
{
    struct region_info region;
    if (sys_aspace_query(mm->aspace, address, &region) < 0)
        return -E_FAULT;
    if (region.address > address || mm_tag_file(region.tag) == NULL)
        return -E_FAULT;
    if ((region.prot & access) != access)
        return -E_FAULT;
    return mm_supply(mm, region.tag, region.offset + (address - region.address));
}

static bool range_is_user(uint64_t address, uint64_t bytes)
{
    return address < USER_ADDRESS_END && bytes <= USER_ADDRESS_END - address;
}

// As far as the kernel gets without help: it moves a limited amount in one call, and stops at what
// it cannot reach.
static size_t copy_on(struct mm *mm, uint8_t *memory, uint64_t address, size_t bytes,
                      uint32_t access)
{
    size_t done = 0;
    while (done < bytes) {
        int64_t moved =
            access == PROT_WRITE
                ? sys_aspace_write(mm->aspace, address + done, memory + done, bytes - done)
                : sys_aspace_read(mm->aspace, address + done, memory + done, bytes - done);
        if (moved <= 0)
            break;
        done += (size_t)moved;
    }
    return done;
}

// The copy met an obstacle after `done` bytes: supply pages and go on. Runs with posix_lock held.
static size_t copy_slowly(struct mm *mm, uint8_t *memory, uint64_t address, size_t bytes,
                          size_t done, uint32_t access)
{
    unsigned tries = 0;
    while (done < bytes && tries++ < SUPPLY_TRIES) {
        if (supply_page(mm, address + done, access) != 0)
            break;
        size_t moved = copy_on(mm, memory + done, address + done, bytes - done, access);
        if (moved > 0)
            tries = 0;
        done += moved;
    }
    return done;
}

// Long copies without the lock, and copies that need pages.
// Kept out of copy(), whose usual way is short.
__attribute__((noinline)) static int64_t copy_with_care(struct mm *mm, uint8_t *memory,
                                                        uint64_t address, size_t bytes, size_t done,
                                                        uint32_t access)
{
    bool locked = posix_lock_held();
    if (!locked)
        posix_lock();
    mm_get(mm);
    if (bytes - done >= UNLOCKED_COPY_BYTES) {
        posix_unlock();
        done += copy_on(mm, memory + done, address + done, bytes - done, access);
        posix_lock();
    }
    if (done < bytes)
        done = copy_slowly(mm, memory, address, bytes, done, access);
    mm_put(mm);
    if (!locked)
        posix_unlock();
    return done > 0 ? (int64_t)done : -E_FAULT;
}

static int64_t copy(struct mm *mm, void *memory, uint64_t address, size_t bytes, uint32_t access)
{
    size_t done = 0;
    if (bytes == 0)
        return 0;
    if (address >= USER_ADDRESS_END || mm == NULL)
        return -E_FAULT;
    if (bytes > USER_ADDRESS_END - address)
        bytes = (size_t)(USER_ADDRESS_END - address);
    if (bytes < UNLOCKED_COPY_BYTES) {
        done = copy_on(mm, memory, address, bytes, access);
        if (done == bytes)
            return (int64_t)done;
    }
    return copy_with_care(mm, memory, address, bytes, done, access);
}

int64_t mm_read_some(struct mm *mm, void *destination, uint64_t address, size_t bytes)
{
    return copy(mm, destination, address, bytes, PROT_READ);
}

int mm_write(struct mm *mm, uint64_t address, const void *source, size_t bytes)
{
    int64_t done = copy(mm, (void *)(uintptr_t)source, address, bytes, PROT_WRITE);
    return done == (int64_t)bytes ? 0 : -E_FAULT;
}

int64_t user_read_some(struct task *task, void *destination, uint64_t address, size_t bytes)
{
    return copy(task->mm, destination, address, bytes, PROT_READ);
}

int64_t user_write_some(struct task *task, uint64_t address, const void *source, size_t bytes)
{
    return copy(task->mm, (void *)(uintptr_t)source, address, bytes, PROT_WRITE);
}

int user_read(struct task *task, void *destination, uint64_t address, size_t bytes)
{
    if (bytes != 0 && !range_is_user(address, bytes))
        return -E_FAULT;
    return user_read_some(task, destination, address, bytes) == (int64_t)bytes ? 0 : -E_FAULT;
}

int user_write(struct task *task, uint64_t address, const void *source, size_t bytes)
{
    if (bytes != 0 && !range_is_user(address, bytes))
        return -E_FAULT;
    return user_write_some(task, address, source, bytes) == (int64_t)bytes ? 0 : -E_FAULT;
}

int user_clear(struct task *task, uint64_t address, size_t bytes)
{
    while (bytes > 0) {
        size_t piece = bytes < CLEAR_BYTES ? bytes : CLEAR_BYTES;
        int error = user_write(task, address, zeroes, piece);
        if (error)
            return error;
        address += piece;
        bytes -= piece;
    }
    return 0;
}

// Reads up to the end of a page at a time: a string may end just before inaccessible memory. The
// first piece is short because most strings are.
int64_t user_read_string(struct task *task, char *destination, uint64_t address, size_t room)
{
    size_t length = 0;
    size_t piece = 128;
    while (length < room) {
        size_t page_left = PAGE_SIZE - (size_t)((address + length) & (PAGE_SIZE - 1));
        if (piece > page_left)
            piece = page_left;
        if (piece > room - length)
            piece = room - length;
        int64_t got = user_read_some(task, destination + length, address + length, piece);
        if (got < 0)
            return got;
        const char *end = memchr(destination + length, 0, (size_t)got);
        if (end != NULL)
            return end - destination;
        if ((size_t)got < piece)
            return -E_FAULT;
        length += (size_t)got;
        piece = PAGE_SIZE;
    }
    return -E_NAMETOOLONG;
}
