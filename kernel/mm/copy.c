// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Reading and writing user memory through the direct map.
//
// A "window" is one user page with the locks that keep it where it is: the space's lock, so that it
// is neither unmapped nor shared copy-on-write meanwhile, and for a page of an object also the
// object's lock, so that it is neither dropped nor declared clean between the check of the entry
// and the last byte. Faults are resolved with no window open.

#include "abi/error.h"
#include "kernel/core/panic.h"
#include "kernel/mm/region.h"

// A window is tried again when another CPU took the page away right after it was faulted in. Only a
// peer that unmaps in step with us can make this fail, and then the address is as good as unmapped.
enum { WINDOW_TRIES = 64 };

struct window {
    struct aspace *aspace;
    struct memory *memory; // locked too, if not NULL
    char *at;              // the byte asked for, in the direct map
    bool code;             // mmu_entry_code: programs may be running what is there
};

static void window_close(const struct window *window)
{
    if (window->memory != NULL) {
        spin_unlock(&window->memory->lock);
    }
    spin_unlock(&window->aspace->lock);
}

// With the space's lock: the entry if it allows the access, and the object's lock taken if the page
// is an object's.
static mmu_entry_t lock_entry(struct window *window, uint64_t address, unsigned access)
{
    mmu_entry_t *entry = mmu_find(&window->aspace->mmu, address);
    mmu_entry_t value = entry == NULL ? 0 : mmu_entry_load(entry);
    window->memory = NULL;
    if (!mmu_entry_allows(value, access) || mmu_entry_private(value)) {
        return mmu_entry_allows(value, access) ? value : 0;
    }
    struct memory *memory = region_find(window->aspace, address)->memory;
    spin_lock(&memory->lock);
    value = mmu_entry_load(entry);
    if (!mmu_entry_allows(value, access)) {
        spin_unlock(&memory->lock);
        return 0;
    }
    window->memory = memory;
    return value;
}

// The way of pages of objects, and of pages that are not there yet. The space's lock is held; if
// the result is not 0, no lock is held on return.
static __attribute__((noinline)) int window_open_slow(struct window *window, uint64_t address,
                                                      unsigned access, struct fault *fault)
{
    struct aspace *aspace = window->aspace;
    for (unsigned tries = 0; tries < WINDOW_TRIES; tries++) {
        mmu_entry_t entry = lock_entry(window, address, access);
        if (entry != 0) {
            if (window->memory != NULL && window->memory->kind == MEMORY_PHYSICAL) {
                window_close(window);
                return -E_FAULT; // device registers are in no direct map
            }
            window->at = physical_to_virtual(mmu_entry_frame(entry) + address % PAGE_SIZE);
            window->code = mmu_entry_code(entry);
            return 0;
        }
        fault->address = address;
        fault->access = access;
        int error = fault_resolve(aspace, fault);
        if (error != 0) {
            spin_unlock(&aspace->lock);
            return error;
        }
    }
    spin_unlock(&aspace->lock);
    return -E_FAULT;
}

// 0: the window is open. Else no lock is held. address is below USER_END.
static inline __attribute__((always_inline)) int window_open(struct window *window,
                                                             struct aspace *aspace,
                                                             uint64_t address, unsigned access,
                                                             struct fault *fault)
{
    window->aspace = aspace;
    window->memory = NULL;
    spin_lock(&aspace->lock);
    const mmu_entry_t *entry = mmu_find(&aspace->mmu, address);
    mmu_entry_t value = entry == NULL ? 0 : mmu_entry_load(entry);
    if (__builtin_expect(mmu_entry_private_allows(value, access), 1)) {
        window->at = physical_to_virtual(mmu_entry_frame(value) + address % PAGE_SIZE);
        window->code = mmu_entry_code(value);
        return 0;
    }
    return window_open_slow(window, address, access, fault);
}

static inline void window_write(const struct window *window, const void *source, size_t bytes)
{
    copy_bytes(window->at, source, bytes);
    if (window->code) {
        mmu_sync_code(window->at, bytes);
    }
}

static bool user_range(uint64_t address, size_t bytes)
{
    return address < USER_END && bytes <= USER_END - address;
}

static size_t to_page_end(uint64_t address, size_t bytes)
{
    size_t left = PAGE_SIZE - address % PAGE_SIZE;
    return bytes < left ? bytes : left;
}

int aspace_copy_in(struct aspace *aspace, void *destination, uint64_t address, size_t bytes,
                   struct fault *fault)
{
    if (!user_range(address, bytes)) {
        *fault = (struct fault){.address = address, .access = PROT_READ};
        return -E_FAULT;
    }
    char *to = destination;
    while (bytes > 0) {
        struct window window;
        int error = window_open(&window, aspace, address, PROT_READ, fault);
        if (error != 0) {
            return error;
        }
        size_t part = to_page_end(address, bytes);
        copy_bytes(to, window.at, part);
        window_close(&window);
        to += part;
        address += part;
        bytes -= part;
    }
    return 0;
}

int aspace_copy_out(struct aspace *aspace, uint64_t address, const void *source, size_t bytes,
                    struct fault *fault)
{
    if (!user_range(address, bytes)) {
        *fault = (struct fault){.address = address, .access = PROT_WRITE};
        return -E_FAULT;
    }
    const char *from = source;
    while (bytes > 0) {
        struct window window;
        int error = window_open(&window, aspace, address, PROT_WRITE, fault);
        if (error != 0) {
            return error;
        }
        size_t part = to_page_end(address, bytes);
        window_write(&window, from, part);
        window_close(&window);
        from += part;
        address += part;
        bytes -= part;
    }
    return 0;
}

// Copies up to the end of either page. The source page is held by a reference while the destination
// is locked: what is written is what it held at some moment of the call.
static int copy_piece(struct aspace *to, uint64_t to_address, struct aspace *from,
                      uint64_t from_address, size_t bytes, struct fault *fault,
                      struct aspace **fault_space)
{
    struct window window;
    *fault_space = from;
    int error = window_open(&window, from, from_address, PROT_READ, fault);
    if (error != 0) {
        return error;
    }
    const char *source = window.at;
    struct page *page = page_of_ram(virtual_to_physical(source));
    page_get(page);
    window_close(&window);
    *fault_space = to;
    error = window_open(&window, to, to_address, PROT_WRITE, fault);
    if (error == 0) {
        window_write(&window, source, bytes);
        window_close(&window);
    }
    page_put(page);
    return error;
}

int64_t aspace_copy_between(struct aspace *to, uint64_t to_address, struct aspace *from,
                            uint64_t from_address, size_t bytes, struct fault *fault,
                            struct aspace **fault_space)
{
    if (!user_range(to_address, bytes) || !user_range(from_address, bytes)) {
        bool source = !user_range(from_address, bytes);
        *fault = (struct fault){.address = source ? from_address : to_address,
                                .access = source ? PROT_READ : PROT_WRITE};
        *fault_space = source ? from : to;
        return -E_FAULT;
    }
    size_t left = bytes < ASPACE_COPY_MAX ? bytes : ASPACE_COPY_MAX;
    int64_t moved = 0;
    while (left > 0) {
        size_t part = to_page_end(to_address, to_page_end(from_address, left));
        int error = copy_piece(to, to_address, from, from_address, part, fault, fault_space);
        if (error != 0) {
            if (moved > 0 && error == -E_AGAIN) {
                object_put(&fault->memory->object); // the next call will ask again
                fault->memory = NULL;
            }
            return moved > 0 ? moved : error;
        }
        to_address += part;
        from_address += part;
        left -= part;
        moved += (int64_t)part;
    }
    return moved;
}

int aspace_pin_page(struct aspace *aspace, uint64_t address, struct page **page)
{
    struct fault fault;
    struct window window;
    if (!user_range(address, 1)) {
        return -E_FAULT;
    }
    int error = window_open(&window, aspace, address, PROT_WRITE, &fault);
    if (error == -E_AGAIN) {
        object_put(&fault.memory->object);
        return -E_FAULT;
    }
    if (error != 0) {
        return error;
    }
    *page = page_of_ram(virtual_to_physical(window.at));
    page_pin(*page);
    window_close(&window);
    return 0;
}

static int open_futex_word(struct window *window, struct aspace *aspace, uint64_t address,
                           struct futex_key *key, struct fault *fault)
{
    if (address % sizeof(uint32_t) != 0) {
        return -E_INVAL;
    }
    if (!user_range(address, sizeof(uint32_t))) {
        *fault = (struct fault){.address = address, .access = PROT_READ};
        return -E_FAULT;
    }
    int error = window_open(window, aspace, address, PROT_READ, fault);
    if (error != 0) {
        return error;
    }
    const struct region *region = region_find(aspace, address);
    if (region_private(region)) {
        *key = (struct futex_key){.object = aspace, .offset = address};
    } else {
        *key = (struct futex_key){.object = region->memory,
                                  .offset = region->offset + (address - region->start)};
    }
    return 0;
}

int aspace_futex_load(struct aspace *aspace, uint64_t address, uint32_t *value,
                      struct futex_key *key, struct fault *fault)
{
    struct window window;
    int error = open_futex_word(&window, aspace, address, key, fault);
    if (error == 0) {
        *value = __atomic_load_n((const uint32_t *)(const void *)window.at, __ATOMIC_SEQ_CST);
        window_close(&window);
    }
    return error;
}

int aspace_futex_hold(struct aspace *aspace, uint64_t address, struct futex_hold *hold,
                      struct futex_key *key, struct fault *fault)
{
    struct window window;
    int error = open_futex_word(&window, aspace, address, key, fault);
    if (error == 0) {
        *hold = (struct futex_hold){
            .aspace = aspace, .memory = window.memory, .word = (const uint32_t *)(void *)window.at};
    }
    return error;
}

void aspace_futex_release(const struct futex_hold *hold)
{
    window_close(&(struct window){.aspace = hold->aspace, .memory = hold->memory});
}
