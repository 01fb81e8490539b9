// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Physical pages: a binary buddy allocator for each zone, behind a small cache of single pages on
// each CPU.
//
// Zones are what device limits ask for: below 16 MiB, below 4 GiB, the rest; a request takes from
// the highest zone it may use. The page array covers everything from the lowest to the highest RAM
// address.
//
// Locks: page_lock (LOCK_PAGE) protects zones and the fields of free pages. A CPU's cache needs no
// lock, because the kernel runs with interrupts off. A used page's fields belong to whoever holds
// it; `references` is atomic.

#include "kernel/mm/page.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"

enum {
    ZONE_16M,
    ZONE_4G,
    ZONE_HIGH,
    ZONES,
    CACHE_PAGES = 32,      // used pages a CPU keeps
    CACHE_BATCH_ORDER = 4, // moved between cache and zones at once: 16 pages
    CACHE_BATCH = 1 << CACHE_BATCH_ORDER,
    CACHE_ZEROED_PAGES = 16, // pages known to be zero that a CPU keeps
    RESERVE_DIVISOR = 64,    // the reserve is this part of RAM, but within:
    RESERVE_MIN = 128,
    RESERVE_MAX = 4096,
};

#define LIMIT_16M (16ull << 20)
#define LIMIT_4G  (4ull << 30)

struct zone {
    uint32_t heads[PAGE_ORDER_MAX + 1]; // index of the first free block of each order
};

struct cache {
    uint32_t count, zeroed_count;
    struct page *pages[CACHE_PAGES];
    struct page *zeroed[CACHE_ZEROED_PAGES];
} __attribute__((aligned(64)));

struct page *page_array;
uint64_t page_first_frame;
uint64_t page_frame_count;

static struct spinlock page_lock = SPINLOCK(LOCK_PAGE);
static struct zone zones[ZONES];
static struct cache caches[CPU_MAX];
static uint64_t free_pages; // in zones
static uint64_t total_pages;
// By flags PAGE_FOR_GUEST, PAGE_FOR_SERVICE: pages of the zones that such a request leaves alone.
static uint64_t held_back[4];

static unsigned zone_of(uint32_t index)
{
    physical_t address = ((uint64_t)index + page_first_frame) << PAGE_SHIFT;
    if (address < LIMIT_16M) {
        return ZONE_16M;
    }
    return address < LIMIT_4G ? ZONE_4G : ZONE_HIGH;
}

static void block_link(struct zone *zone, uint32_t index, unsigned order)
{
    struct page *page = &page_array[index];
    page->state = PAGE_FREE_HEAD;
    page->order = (uint8_t)order;
    page->previous = PAGE_NONE;
    page->next = zone->heads[order];
    if (page->next != PAGE_NONE) {
        page_array[page->next].previous = index;
    }
    zone->heads[order] = index;
}

static void block_unlink(struct zone *zone, uint32_t index)
{
    struct page *page = &page_array[index];
    if (page->previous == PAGE_NONE) {
        zone->heads[page->order] = page->next;
    } else {
        page_array[page->previous].next = page->next;
    }
    if (page->next != PAGE_NONE) {
        page_array[page->next].previous = page->previous;
    }
    page->state = PAGE_FREE_TAIL;
}

// Block sizes are aligned as frames, not as indices: the array need not begin at a multiple of the
// largest block.
static uint32_t buddy_of(uint32_t index, unsigned order)
{
    uint64_t frame = (index + page_first_frame) ^ (1ull << order);
    return frame < page_first_frame ? PAGE_NONE : (uint32_t)(frame - page_first_frame);
}

// page_lock held; the pages' state is anything but free. Zone limits are multiples of the largest
// block, so a buddy is always of the same zone.
static void block_free(uint32_t index, unsigned order)
{
    struct zone *zone = &zones[zone_of(index)];
    free_pages += 1ull << order;
    page_array[index].state = PAGE_FREE_TAIL;
    while (order < PAGE_ORDER_MAX) {
        uint32_t buddy = buddy_of(index, order);
        if (buddy >= page_frame_count || page_array[buddy].state != PAGE_FREE_HEAD ||
            page_array[buddy].order != order) {
            break;
        }
        block_unlink(zone, buddy);
        index = index < buddy ? index : buddy;
        order++;
    }
    block_link(zone, index, order);
}

// page_lock held.
static struct page *block_allocate(unsigned order, unsigned highest_zone)
{
    for (unsigned z = highest_zone + 1; z-- > 0;) {
        struct zone *zone = &zones[z];
        for (unsigned found = order; found <= PAGE_ORDER_MAX; found++) {
            uint32_t index = zone->heads[found];
            if (index == PAGE_NONE) {
                continue;
            }
            block_unlink(zone, index);
            while (found > order) {
                found--;
                block_link(zone, index + (1u << found), found);
            }
            free_pages -= 1ull << order;
            return &page_array[index];
        }
    }
    return NULL;
}

// How many pages of the zones must stay free for those who go before.
static unsigned held_back_index(unsigned flags)
{
    return (flags & (PAGE_FOR_SERVICE | PAGE_FOR_GUEST)) / PAGE_FOR_SERVICE;
}

static uint64_t pages_held_back(unsigned flags)
{
    return held_back[held_back_index(flags)];
}

static void cache_refill(struct cache *cache, unsigned flags)
{
    spin_lock(&page_lock);
    uint64_t needed = pages_held_back(flags);
    if (free_pages >= needed + CACHE_BATCH) {
        struct page *block = block_allocate(CACHE_BATCH_ORDER, ZONE_HIGH);
        for (unsigned i = CACHE_BATCH; block != NULL && i-- > 0;) {
            block[i].state = PAGE_CACHED;
            cache->pages[cache->count++] = &block[i];
        }
    }
    if (cache->count == 0 && free_pages > needed) {
        struct page *page = block_allocate(0, ZONE_HIGH);
        if (page != NULL) {
            page->state = PAGE_CACHED;
            cache->pages[cache->count++] = page;
        }
    }
    spin_unlock(&page_lock);
}

static struct page *take_single(unsigned flags)
{
    struct cache *cache = &caches[cpu_index()];
    bool zeroed = false;
    struct page *page;
    if (__builtin_expect(free_pages < pages_held_back(flags), 0)) {
        return NULL; // what is cached belongs to those who go before
    }
    if (cache->zeroed_count > 0 && ((flags & PAGE_ZEROED) != 0 || cache->count == 0)) {
        page = cache->zeroed[--cache->zeroed_count];
        zeroed = true;
    } else {
        if (__builtin_expect(cache->count == 0, 0)) {
            cache_refill(cache, flags);
            if (cache->count == 0) {
                return NULL;
            }
        }
        page = cache->pages[--cache->count];
    }
    page->state = PAGE_USED;
    page->references = 1;
    if ((flags & PAGE_ZEROED) != 0 && !zeroed) {
        clear_page(page_address(page));
    }
    return page;
}

static struct page *take_block(unsigned order, unsigned flags)
{
    unsigned highest = (flags & PAGE_BELOW_16M) != 0  ? ZONE_16M
                       : (flags & PAGE_BELOW_4G) != 0 ? ZONE_4G
                                                      : ZONE_HIGH;
    spin_lock(&page_lock);
    struct page *block = NULL;
    if (free_pages >= pages_held_back(flags) + (1ull << order)) {
        block = block_allocate(order, highest);
    }
    for (unsigned i = 0; block != NULL && i < 1u << order; i++) {
        block[i].state = PAGE_USED;
        block[i].references = 1;
    }
    spin_unlock(&page_lock);
    for (unsigned i = 0; block != NULL && (flags & PAGE_ZEROED) != 0 && i < 1u << order; i++) {
        clear_page(page_address(&block[i]));
    }
    return block;
}

struct page *page_allocate(unsigned order, unsigned flags)
{
    if (order == 0 && (flags & (PAGE_BELOW_4G | PAGE_BELOW_16M)) == 0) {
        return take_single(flags);
    }
    if (order > PAGE_ORDER_MAX) {
        return NULL;
    }
    struct page *block = take_block(order, flags);
    if (block == NULL) {
        page_drain_cache(); // a cached page may be what keeps a block apart
        block = take_block(order, flags);
    }
    return block;
}

// Gives pages of this CPU's cache back until `keep` are left.
static void cache_shrink(struct cache *cache, uint32_t keep)
{
    spin_lock(&page_lock);
    while (cache->count > keep) {
        block_free((uint32_t)(cache->pages[--cache->count] - page_array), 0);
    }
    spin_unlock(&page_lock);
}

void page_free(struct page *page)
{
    KERNEL_ASSERT(page->state == PAGE_USED);
    struct cache *cache = &caches[cpu_index()];
    if (__builtin_expect(cache->count == CACHE_PAGES, 0)) {
        cache_shrink(cache, CACHE_PAGES - CACHE_BATCH);
    }
#ifdef XINIM_CHECKS
    __builtin_memset(page_address(page), 0xd5, PAGE_SIZE);
#endif
    page->state = PAGE_CACHED;
    page->owner = 0;
    cache->pages[cache->count++] = page;
}

void page_put_zeroed(struct page *page)
{
    struct cache *cache = &caches[cpu_index()];
    if (cache->zeroed_count == CACHE_ZEROED_PAGES) {
        page_put(page);
        return;
    }
    KERNEL_ASSERT(page->state == PAGE_USED && page->references == 1);
#ifdef XINIM_CHECKS
    const uint64_t *words = page_address(page);
    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*words); i++) {
        KERNEL_ASSERT(words[i] == 0);
    }
#endif
    page->references = 0;
    page->state = PAGE_CACHED;
    cache->zeroed[cache->zeroed_count++] = page;
}

void page_drain_cache(void)
{
    struct cache *cache = &caches[cpu_index()];
    cache_shrink(cache, 0);
    while (cache->zeroed_count > 0) {
        cache->pages[cache->count++] = cache->zeroed[--cache->zeroed_count];
    }
    cache_shrink(cache, 0);
}

uint64_t page_total(void)
{
    return total_pages;
}

uint64_t page_free_count(void)
{
    uint64_t count = free_pages;
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        count += caches[cpu].count + caches[cpu].zeroed_count;
    }
    return count;
}

// ---- boot ----

static uint64_t frame_up(uint64_t address)
{
    return (address + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

// Finds the part of base .. end (frames) that comes before or, if `base` is inside it, after the
// first reserved range. Returns the end of the free part and moves *base past reserved ranges.
static uint64_t free_part(uint64_t *base, uint64_t end, const struct boot_memory_range *reserved,
                          unsigned count)
{
    bool moved;
    do {
        moved = false;
        for (unsigned i = 0; i < count; i++) {
            uint64_t first = reserved[i].base >> PAGE_SHIFT;
            uint64_t after = frame_up(reserved[i].base + reserved[i].bytes);
            if (*base >= first && *base < after) {
                *base = after;
                moved = true;
            }
        }
    } while (moved);
    for (unsigned i = 0; i < count; i++) {
        uint64_t first = reserved[i].base >> PAGE_SHIFT;
        if (reserved[i].bytes != 0 && first > *base && first < end) {
            end = first;
        }
    }
    return end;
}

// Highest place below 4 GiB that is free; the array itself then counts as reserved.
static struct boot_memory_range place_array(uint64_t frames, const struct boot_memory_range *ranges,
                                            unsigned count,
                                            const struct boot_memory_range *reserved,
                                            unsigned reserved_count)
{
    uint64_t best = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t base = frame_up(ranges[i].base);
        uint64_t end = (ranges[i].base + ranges[i].bytes) >> PAGE_SHIFT;
        end = end < LIMIT_4G >> PAGE_SHIFT ? end : LIMIT_4G >> PAGE_SHIFT;
        while (base < end) {
            uint64_t part = free_part(&base, end, reserved, reserved_count);
            if (part > base && part - base >= frames && part - frames > best) {
                best = part - frames;
            }
            base = part > base ? part : base;
        }
    }
    if (best == 0) {
        panic("too little memory: %llu KiB for the page array found nowhere",
              (unsigned long long)frames * 4);
    }
    return (struct boot_memory_range){.base = best << PAGE_SHIFT, .bytes = frames << PAGE_SHIFT};
}

static void mark_ram(uint64_t base, uint64_t end)
{
    for (uint64_t frame = base; frame < end; frame++) {
        struct page *page = &page_array[frame - page_first_frame];
        KERNEL_ASSERT(page->state == PAGE_NOT_RAM); // else two ranges of the memory map overlap
        page->state = PAGE_USED;
        page->references = 1;
        total_pages++;
    }
}

static void release_frames(uint64_t base, uint64_t end)
{
    while (base < end) {
        unsigned order = PAGE_ORDER_MAX;
        while ((base & ((1ull << order) - 1)) != 0 || end - base < 1ull << order) {
            order--;
        }
        for (uint64_t i = 0; i < 1ull << order; i++) {
            struct page *page = &page_array[base + i - page_first_frame];
            page->references = 0;
            page->state = PAGE_FREE_TAIL;
        }
        block_free((uint32_t)(base - page_first_frame), order);
        base += 1ull << order;
    }
}

void page_init(const struct boot_memory_range *ranges, unsigned count,
               const struct boot_memory_range *reserved, unsigned reserved_count)
{
    enum { HELD_MAX = 16 };
    struct boot_memory_range held[HELD_MAX];
    KERNEL_ASSERT(count > 0 && reserved_count <= HELD_MAX - 2);
    uint64_t first = ~0ull;
    uint64_t after = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t base = frame_up(ranges[i].base);
        uint64_t end = (ranges[i].base + ranges[i].bytes) >> PAGE_SHIFT;
        first = base < first ? base : first;
        after = end > after ? end : after;
    }
    KERNEL_ASSERT(after > first && after - first < PAGE_NONE);
    __builtin_memcpy(held, reserved, reserved_count * sizeof(*reserved));
    held[reserved_count++] =
        (struct boot_memory_range){.base = 0, .bytes = PAGE_SIZE}; // address 0 means "none"
    uint64_t array_frames = frame_up((after - first) * sizeof(struct page));
    struct boot_memory_range array = place_array(array_frames, ranges, count, held, reserved_count);
    held[reserved_count++] = array;

    page_first_frame = first;
    page_frame_count = after - first;
    page_array = physical_to_virtual(array.base);
    __builtin_memset(page_array, 0, array.bytes);
    for (unsigned z = 0; z < ZONES; z++) {
        for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++) {
            zones[z].heads[order] = PAGE_NONE;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        mark_ram(frame_up(ranges[i].base), (ranges[i].base + ranges[i].bytes) >> PAGE_SHIFT);
    }
    for (unsigned i = 0; i < count; i++) {
        uint64_t base = frame_up(ranges[i].base);
        uint64_t end = (ranges[i].base + ranges[i].bytes) >> PAGE_SHIFT;
        while (base < end) {
            uint64_t part = free_part(&base, end, held, reserved_count);
            if (part > base) {
                release_frames(base, part);
                base = part;
            }
        }
    }
    uint64_t reserve = total_pages / RESERVE_DIVISOR;
    reserve = reserve < RESERVE_MIN ? RESERVE_MIN : reserve > RESERVE_MAX ? RESERVE_MAX : reserve;
    held_back[held_back_index(PAGE_FOR_SERVICE)] = reserve / 2;
    held_back[held_back_index(PAGE_FOR_GUEST)] = reserve;
    held_back[held_back_index(PAGE_FOR_GUEST | PAGE_FOR_SERVICE)] = reserve;
}
