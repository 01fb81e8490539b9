// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Random operations on several address spaces and memory objects, on several CPUs, compared with
// the model after each: same results, same bytes, same regions, same dirty pages; no stale
// translation, exact reference counts; and once all is closed, every page is free again. In a
// second run allocations fail at random.
//
// The seed is printed; XINIM_SEED and XINIM_STEPS in the environment choose another run.

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "kernel/mm/test/host.h"
#include "kernel/mm/test/model.h"

enum { SPACES = 4, OBJECTS = 4, STEPS = 40000, RANGE_MAX = 12 };

static struct model_space spaces[SPACES];
static struct model_object *objects[OBJECTS];
static bool allocations_fail;
static uint64_t random_state;
static char trace[200];

static unsigned pick(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 32) % below;
}

static bool chance(unsigned percent)
{
    return pick(100) < percent;
}

#define NOTE(...) (void)snprintf(trace, sizeof(trace), __VA_ARGS__)

#define CHECK(condition)                                \
    do {                                                \
        if (!(condition)) {                             \
            print_error("%s: %s\n", trace, #condition); \
            fail();                                     \
        }                                               \
    } while (0)

static uint64_t address_of(unsigned number)
{
    return MODEL_BASE + (uint64_t)number * PAGE_SIZE;
}

struct range {
    unsigned first, count;
};

static struct range pick_range(unsigned pages)
{
    struct range range = {.first = pick(pages)};
    unsigned most = pages - range.first < RANGE_MAX ? pages - range.first : RANGE_MAX;
    range.count = 1 + pick(most);
    return range;
}

static struct model_space *pick_space(void)
{
    return &spaces[pick(SPACES)];
}

static unsigned pick_prot(void)
{
    static const unsigned choices[] = {PROT_READ | PROT_WRITE,
                                       PROT_READ | PROT_WRITE,
                                       PROT_READ,
                                       PROT_NONE,
                                       PROT_READ | PROT_EXECUTE,
                                       PROT_READ | PROT_WRITE | PROT_EXECUTE,
                                       PROT_WRITE};
    return choices[pick(sizeof(choices) / sizeof(choices[0]))];
}

// Lets the next operation's n-th allocation fail, now and then.
static void arm(void)
{
    (void)host_fail_allocation(allocations_fail && chance(40) ? 1 + pick(5) : 0);
}

// Whether the operation failed for want of memory, as arranged; then the model stays as it is.
static bool no_memory(int64_t result)
{
    (void)host_fail_allocation(0);
    CHECK(result != -E_NOMEM || allocations_fail);
    return result == -E_NOMEM;
}

// ---- objects ----

static struct model_object *model_object_new(struct memory *memory, bool paged, uint64_t pages)
{
    struct model_object *object = calloc(1, sizeof(*object));
    *object = (struct model_object){.users = 1, .memory = memory, .paged = paged, .pages = pages};
    return object;
}

static void close_object(unsigned i)
{
    if (objects[i] != NULL) {
        object_put(&objects[i]->memory->object);
        objects[i]->memory = NULL;
        model_object_put(objects[i]);
        objects[i] = NULL;
    }
}

static void op_create_object(void)
{
    unsigned i = pick(OBJECTS);
    bool paged = i % 2 != 0;
    uint64_t pages = 1 + pick(OBJECT_PAGES);
    if (objects[i] != NULL && chance(70)) {
        return; // pages gather in objects that live
    }
    struct memory *memory;
    NOTE("create object %u, %u pages", i, (unsigned)pages);
    close_object(i);
    arm();
    int error = memory_create(pages * PAGE_SIZE, paged ? MEMORY_PAGED : 0, NULL, 0, &memory);
    if (!no_memory(error)) {
        CHECK(error == 0);
        objects[i] = model_object_new(memory, paged, pages);
    }
}

static void supply(struct model_object *to, uint64_t to_index, struct model_object *from,
                   uint64_t from_index, uint64_t pages)
{
    int error = memory_supply(to->memory, to_index * PAGE_SIZE, from->memory,
                              from_index * PAGE_SIZE, pages * PAGE_SIZE);
    bool none = no_memory(error); // then a part may have been supplied: try again without failures
    if (none) {
        error = memory_supply(to->memory, to_index * PAGE_SIZE, from->memory,
                              from_index * PAGE_SIZE, pages * PAGE_SIZE);
    }
    int expected = 0;
    uint64_t i = 0;
    while (i < pages && to->page[to_index + i] != NULL) {
        i++;
    }
    for (; i < pages && expected == 0; i++) {
        struct model_page *page;
        expected = model_object_page(from, from_index + i, &page);
        if (expected == 0 && to->page[to_index + i] == NULL) {
            page->users++;
            to->page[to_index + i] = page;
        }
    }
    CHECK(error == expected);
}

static void op_supply(void)
{
    struct model_object *to = objects[pick(OBJECTS)];
    struct model_object *from = objects[pick(OBJECTS)];
    if (to == NULL || from == NULL || to == from || to->pages == 0 || from->pages == 0) {
        return;
    }
    struct range range = pick_range((unsigned)(to->pages < from->pages ? to->pages : from->pages));
    uint64_t from_index = pick((unsigned)from->pages - range.count + 1);
    if (range.first + range.count > to->pages) {
        return;
    }
    NOTE("supply %u pages", range.count);
    arm();
    supply(to, range.first, from, from_index, range.count);
}

// What a pager does: finds the data (here: a page of a fresh object with random bytes) and supplies
// it.
static void page_in(struct model_object *object, uint64_t index)
{
    struct memory *memory;
    struct page *page;
    if (object->memory == NULL) {
        return; // nobody has a handle any more
    }
    CHECK(memory_create(PAGE_SIZE, 0, NULL, 0, &memory) == 0 &&
          memory_page(memory, 0, true, &page) == 0);
    struct model_object *source = model_object_new(memory, false, 1);
    source->page[0] = model_page_new();
    for (unsigned i = 0; i < PAGE_SIZE; i += 64) {
        source->page[0]->bytes[i] = (uint8_t)pick(256);
    }
    memcpy(page_address(page), source->page[0]->bytes, PAGE_SIZE);
    page_put(page);
    supply(object, index, source, 0, 1);
    object_put(&memory->object);
    model_object_put(source);
}

static void op_decommit(void)
{
    struct model_object *object = objects[pick(OBJECTS)];
    if (object == NULL || object->pages == 0) {
        return;
    }
    struct range range = pick_range((unsigned)object->pages);
    NOTE("decommit %u+%u", range.first, range.count);
    CHECK(memory_decommit(object->memory, (uint64_t)range.first * PAGE_SIZE,
                          (uint64_t)range.count * PAGE_SIZE) == 0);
    for (unsigned i = range.first; i < range.first + range.count; i++) {
        model_page_put(object->page[i]);
        object->page[i] = NULL;
        object->dirty[i] = false;
    }
}

static void op_resize(void)
{
    struct model_object *object = objects[pick(OBJECTS)];
    uint64_t pages = chance(30) ? pick(OBJECT_PAGES + 1) : OBJECT_PAGES;
    if (object == NULL) {
        return;
    }
    NOTE("resize to %u", (unsigned)pages);
    CHECK(memory_resize(object->memory, pages * PAGE_SIZE) == 0);
    for (uint64_t i = pages; i < OBJECT_PAGES; i++) {
        model_page_put(object->page[i]);
        object->page[i] = NULL;
        object->dirty[i] = false;
    }
    object->pages = pages;
}

static void op_dirty(void)
{
    struct model_object *object = objects[pick(OBJECTS)];
    if (object == NULL || !object->paged || object->pages == 0) {
        return;
    }
    struct range range = pick_range((unsigned)object->pages);
    if (chance(60)) {
        range = (struct range){0, (unsigned)object->pages};
    }
    bool clear = chance(60);
    uint8_t bitmap[OBJECT_PAGES / 8 + 1];
    NOTE("dirty %u+%u clear %d", range.first, range.count, clear);
    int64_t count =
        memory_dirty(object->memory, (uint64_t)range.first * PAGE_SIZE, range.count, bitmap, clear);
    int64_t expected = 0;
    for (unsigned i = 0; i < range.count; i++) {
        bool *dirty = &object->dirty[range.first + i];
        CHECK((bitmap[i / 8] >> (i % 8) & 1) == *dirty);
        expected += *dirty;
        *dirty = *dirty && !clear;
    }
    CHECK(count == expected);
}

// ---- mappings ----

static void model_unmap(struct model_space *space, struct range range)
{
    for (unsigned i = range.first; i < range.first + range.count; i++) {
        model_slot_clear(&space->slots[i]);
    }
}

static bool any_mapped(const struct model_space *space, struct range range)
{
    for (unsigned i = range.first; i < range.first + range.count; i++) {
        if (space->slots[i].mapped) {
            return true;
        }
    }
    return false;
}

static void model_map(struct model_space *space, struct range range,
                      const struct aspace_map_args *args, struct model_object *object,
                      unsigned max_prot)
{
    bool anonymous_object = (args->flags & MAP_SHARED_ANON) != 0;
    if (anonymous_object) {
        object = model_object_new(NULL, false, range.count);
    }
    model_unmap(space, range);
    for (unsigned i = 0; i < range.count; i++) {
        struct model_slot *slot = &space->slots[range.first + i];
        *slot = (struct model_slot){
            .mapped = true,
            .shared = object != NULL && (args->flags & MAP_PRIVATE) == 0,
            .prot = args->prot,
            .max_prot = max_prot,
            .object = object,
            .tag = args->tag,
            .index = (anonymous_object ? 0 : args->offset / PAGE_SIZE) + i,
        };
        if (object != NULL) {
            object->users++;
        }
    }
    if (anonymous_object) {
        model_object_put(object);
    }
}

static void op_map(void)
{
    struct model_space *space = pick_space();
    struct range range = pick_range(MODEL_PAGES);
    struct model_object *object = chance(60) ? objects[pick(OBJECTS)] : NULL;
    unsigned rights = PROT_READ | (chance(80) ? PROT_WRITE : 0u) | (chance(80) ? PROT_EXECUTE : 0u);
    struct aspace_map_args args = {
        .address = address_of(range.first),
        .bytes = (uint64_t)range.count * PAGE_SIZE,
        .prot = pick_prot(),
        .offset = (uint64_t)pick(OBJECT_PAGES / 2) * PAGE_SIZE,
        .flags = MAP_FIXED,
        .tag = pick(2),
    };
    args.flags |= object != NULL && chance(50) ? MAP_PRIVATE : 0u;
    args.flags |= object == NULL && chance(30) ? MAP_SHARED_ANON : 0u;
    args.flags |= chance(20) ? MAP_NOREPLACE : 0u;
    // Populating makes private copies, and where that ends for want of memory is the kernel's
    // business.
    args.flags |=
        chance(20) && !(allocations_fail && (args.flags & MAP_PRIVATE) != 0) ? MAP_POPULATE : 0u;
    unsigned allowed =
        object == NULL ? 7u : rights | ((args.flags & MAP_PRIVATE) != 0 ? PROT_WRITE : 0u);
    uint64_t address = 0;
    NOTE("map %u: %u+%u prot %u flags %u", (unsigned)(space - spaces), range.first, range.count,
         args.prot, args.flags);
    arm();
    int error =
        aspace_map(space->aspace, &args, object == NULL ? NULL : object->memory, rights, &address);
    if (no_memory(error)) {
        return;
    }
    if ((args.prot & ~allowed) != 0) {
        CHECK(error == -E_ACCES);
    } else if ((args.flags & MAP_NOREPLACE) != 0 && any_mapped(space, range)) {
        CHECK(error == -E_EXIST);
    } else {
        CHECK(error == 0 && address == args.address);
        model_map(space, range, &args, object, allowed);
        unsigned access = (args.prot & PROT_WRITE) != 0 && (args.flags & MAP_PRIVATE) != 0
                              ? PROT_WRITE
                              : PROT_READ;
        uint8_t *bytes;
        for (unsigned i = 0; (args.flags & MAP_POPULATE) != 0 && i < range.count; i++) {
            if (model_access(space, range.first + i, access, &bytes) != 0) {
                break;
            }
        }
    }
}

static void op_map_hint(void)
{
    struct model_space *space = pick_space();
    struct range range = pick_range(MODEL_PAGES);
    struct aspace_map_args args = {.address = address_of(range.first),
                                   .bytes = (uint64_t)range.count * PAGE_SIZE,
                                   .prot = pick_prot()};
    uint64_t address = 0;
    NOTE("map %u: hint %u+%u", (unsigned)(space - spaces), range.first, range.count);
    arm();
    int error = aspace_map(space->aspace, &args, NULL, 0, &address);
    if (no_memory(error)) {
        return;
    }
    CHECK(error == 0 && address % PAGE_SIZE == 0);
    if (!any_mapped(space, range)) {
        CHECK(address == args.address);
    }
    CHECK(address + args.bytes <=
          args.address + args.bytes); // there is always room below the window
    if (address >= MODEL_BASE) {
        struct range chosen = {(unsigned)((address - MODEL_BASE) / PAGE_SIZE), range.count};
        CHECK(!any_mapped(space, chosen));
        model_map(space, chosen, &args, NULL, 7);
        return;
    }
    CHECK(aspace_unmap(space->aspace, address, args.bytes) == 0);
    for (uint64_t page = address; page < address + args.bytes; page += PAGE_SIZE) {
        if (page >= MODEL_BASE) {
            model_slot_clear(&space->slots[(page - MODEL_BASE) / PAGE_SIZE]);
        }
    }
}

static void op_unmap(void)
{
    struct model_space *space = pick_space();
    struct range range = pick_range(MODEL_PAGES);
    NOTE("unmap %u: %u+%u", (unsigned)(space - spaces), range.first, range.count);
    arm();
    int error =
        aspace_unmap(space->aspace, address_of(range.first), (uint64_t)range.count * PAGE_SIZE);
    if (!no_memory(error)) {
        CHECK(error == 0);
        model_unmap(space, range);
    }
}

static void op_protect(void)
{
    struct model_space *space = pick_space();
    struct range range = pick_range(MODEL_PAGES);
    unsigned prot = pick_prot();
    NOTE("protect %u: %u+%u %u", (unsigned)(space - spaces), range.first, range.count, prot);
    int expected = 0;
    for (unsigned i = range.first; i < range.first + range.count && expected == 0; i++) {
        expected = !space->slots[i].mapped                   ? -E_NOMEM
                   : (prot & ~space->slots[i].max_prot) != 0 ? -E_ACCES
                                                             : 0;
    }
    arm();
    int error = aspace_protect(space->aspace, address_of(range.first),
                               (uint64_t)range.count * PAGE_SIZE, prot);
    (void)host_fail_allocation(0);
    if (allocations_fail && error == -E_NOMEM) {
        return;
    }
    CHECK(error == expected);
    for (unsigned i = range.first; error == 0 && i < range.first + range.count; i++) {
        space->slots[i].prot = prot;
    }
}

static void op_discard(void)
{
    struct model_space *space = pick_space();
    struct range range = pick_range(MODEL_PAGES);
    NOTE("discard %u: %u+%u", (unsigned)(space - spaces), range.first, range.count);
    CHECK(aspace_discard(space->aspace, address_of(range.first),
                         (uint64_t)range.count * PAGE_SIZE) == 0);
    for (unsigned i = range.first; i < range.first + range.count; i++) {
        model_page_put(space->slots[i].own);
        space->slots[i].own = NULL;
    }
}

// Whether the kernel says that the range lies in one region.
static bool in_one_region(struct model_space *space, struct range range, struct region_info *info)
{
    return aspace_query(space->aspace, address_of(range.first), info) == 0 &&
           info->address <= address_of(range.first) &&
           info->address + info->bytes >= address_of(range.first + range.count);
}

static void model_extend(struct model_space *space, struct model_slot *slot, unsigned number)
{
    const struct model_slot *before = slot - 1;
    (void)space;
    (void)number;
    *slot = *before;
    slot->own = NULL;
    slot->index++;
    if (slot->object != NULL) {
        slot->object->users++;
    }
}

static void op_resize_mapping(void)
{
    struct model_space *space = pick_space();
    struct range range = pick_range(MODEL_PAGES);
    struct range wanted = {range.first, 1 + pick(MODEL_PAGES - range.first)};
    struct region_info info;
    bool inside = in_one_region(space, range, &info);
    bool at_end = inside && info.address + info.bytes == address_of(range.first + range.count);
    struct range more = {range.first + range.count,
                         wanted.count > range.count ? wanted.count - range.count : 0};
    uint64_t address;
    NOTE("resize mapping %u: %u+%u to %u", (unsigned)(space - spaces), range.first, range.count,
         wanted.count);
    arm();
    int error =
        aspace_move(space->aspace, address_of(range.first), (uint64_t)range.count * PAGE_SIZE,
                    address_of(range.first), (uint64_t)wanted.count * PAGE_SIZE, &address);
    (void)host_fail_allocation(0);
    if (allocations_fail && error == -E_NOMEM) {
        return;
    }
    if (!inside) {
        CHECK(error == -E_FAULT);
    } else if (more.count > 0 && (!at_end || any_mapped(space, more))) {
        CHECK(error == -E_NOMEM);
    } else {
        CHECK(error == 0 && address == address_of(range.first));
        for (unsigned i = 0; i < more.count; i++) {
            model_extend(space, &space->slots[more.first + i], i);
        }
        if (wanted.count < range.count) {
            model_unmap(space,
                        (struct range){range.first + wanted.count, range.count - wanted.count});
        }
    }
}

static void model_move(struct model_space *space, struct range from, struct range to)
{
    struct model_slot moved[MODEL_PAGES];
    model_unmap(space, to);
    for (unsigned i = 0; i < from.count; i++) {
        moved[i] = space->slots[from.first + i];
        space->slots[from.first + i] = (struct model_slot){.mapped = false};
    }
    for (unsigned i = to.count; i < from.count; i++) {
        model_slot_clear(&moved[i]);
    }
    for (unsigned i = 0; i < to.count; i++) {
        struct model_slot *slot = &space->slots[to.first + i];
        if (i < from.count) {
            *slot = moved[i];
        } else {
            model_extend(space, slot, i);
        }
    }
}

static void op_move(void)
{
    struct model_space *space = pick_space();
    struct range from = pick_range(MODEL_PAGES);
    struct range to = pick_range(MODEL_PAGES);
    if (chance(50)) {
        to.count = from.count <= MODEL_PAGES - to.first ? from.count : to.count;
    }
    bool overlap = from.first < to.first + to.count && to.first < from.first + from.count;
    if (overlap && from.first == to.first) {
        return; // op_resize_mapping
    }
    struct region_info info;
    bool inside = in_one_region(space, from, &info);
    uint64_t address;
    NOTE("move %u: %u+%u to %u+%u", (unsigned)(space - spaces), from.first, from.count, to.first,
         to.count);
    arm();
    int error = aspace_move(space->aspace, address_of(from.first), (uint64_t)from.count * PAGE_SIZE,
                            address_of(to.first), (uint64_t)to.count * PAGE_SIZE, &address);
    if (no_memory(error)) {
        // The destination may have been emptied already, entirely or not at all.
        if (aspace_query(space->aspace, address_of(to.first), &info) != 0 ||
            info.address >= address_of(to.first + to.count)) {
            model_unmap(space, to);
        }
        return;
    }
    CHECK(error == (overlap ? -E_INVAL : inside ? 0 : -E_FAULT));
    if (error == 0) {
        CHECK(address == address_of(to.first));
        model_move(space, from, to);
    }
}

// ---- spaces ----

static void close_space(struct model_space *space)
{
    model_unmap(space, (struct range){0, MODEL_PAGES});
    object_put(&space->aspace->object);
    space->aspace = NULL;
}

static void op_clone(void)
{
    struct model_space *from = pick_space();
    struct model_space *to = pick_space();
    struct aspace *clone;
    if (from == to) {
        return;
    }
    NOTE("clone %u to %u", (unsigned)(from - spaces), (unsigned)(to - spaces));
    arm();
    int error = aspace_clone(from->aspace, &clone);
    if (no_memory(error)) {
        return;
    }
    CHECK(error == 0);
    close_space(to);
    to->aspace = clone;
    for (unsigned i = 0; i < MODEL_PAGES; i++) {
        model_slot_copy(&to->slots[i], &from->slots[i]);
    }
}

static void op_clear(void)
{
    struct model_space *space = pick_space();
    if (!chance(20)) {
        return;
    }
    NOTE("clear %u", (unsigned)(space - spaces));
    CHECK(aspace_clear(space->aspace) == 0);
    model_unmap(space, (struct range){0, MODEL_PAGES});
}

// ---- accesses ----

// An access ended with -E_AGAIN: the fault names the object's page that the model says is absent.
static void check_paging(const struct model_space *space, unsigned number, struct fault *fault)
{
    const struct model_slot *slot = &space->slots[number];
    CHECK(fault->memory != NULL && fault->memory_offset == slot->index * PAGE_SIZE);
    CHECK(slot->object->memory == NULL || slot->object->memory == fault->memory);
    object_put(&fault->memory->object);
    page_in(slot->object, slot->index);
}

static void op_access(void)
{
    struct model_space *space = pick_space();
    unsigned number = pick(MODEL_PAGES);
    unsigned at = pick(PAGE_SIZE);
    unsigned access = chance(50) ? PROT_WRITE : chance(80) ? PROT_READ : PROT_EXECUTE;
    uint8_t *byte;
    uint8_t *expected;
    struct fault fault;
    NOTE("access %u: %u for %u", (unsigned)(space - spaces), number, access);
    arm();
    int error = host_access(space->aspace, address_of(number) + at, access, &byte, &fault);
    if (no_memory(error)) {
        return;
    }
    int model_error = model_access(space, number, access, &expected);
    CHECK(error == model_error);
    if (error == -E_FAULT) {
        CHECK(fault.mapped == space->slots[number].mapped);
    } else if (error == -E_AGAIN) {
        check_paging(space, number, &fault);
    } else {
        CHECK(*byte == expected[at]);
        if (access == PROT_WRITE) {
            *byte = (uint8_t)pick(256);
            expected[at] = *byte;
        }
    }
}

static void op_copy_out(void)
{
    struct model_space *space = pick_space();
    unsigned start = pick((MODEL_PAGES - 3) * PAGE_SIZE);
    unsigned bytes = 1 + pick(chance(50) ? 16 : 2 * PAGE_SIZE);
    static uint8_t source[2 * PAGE_SIZE];
    static uint8_t back[2 * PAGE_SIZE];
    struct fault fault;
    memset(source, (int)pick(256), bytes);
    NOTE("copy out %u: %#x+%u", (unsigned)(space - spaces), start, bytes);
    arm();
    int error = aspace_copy_out(space->aspace, MODEL_BASE + start, source, bytes, &fault);
    bool none = no_memory(error);
    int expected = 0;
    for (unsigned done = 0; done < bytes && expected == 0;) {
        unsigned number = (start + done) / PAGE_SIZE;
        unsigned part = PAGE_SIZE - (start + done) % PAGE_SIZE;
        part = part < bytes - done ? part : bytes - done;
        if (none && number >= (fault.address - MODEL_BASE) / PAGE_SIZE) {
            return;
        }
        uint8_t *to;
        expected = model_access(space, number, PROT_WRITE, &to);
        if (expected == 0) {
            memcpy(to + (start + done) % PAGE_SIZE, source + done, part);
        } else if (expected == -E_AGAIN) {
            CHECK(error == -E_AGAIN);
            check_paging(space, number, &fault);
        }
        done += part;
    }
    CHECK(error == expected);
    if (error == 0 && aspace_copy_in(space->aspace, back, MODEL_BASE + start, bytes, &fault) == 0) {
        struct model_slot *first = &space->slots[start / PAGE_SIZE];
        struct model_slot *last = &space->slots[(start + bytes - 1) / PAGE_SIZE];
        // Pages of one object mapped twice in the range would have been written over.
        bool plain = first->own != NULL && last->own != NULL && first != last - 2;
        CHECK(!plain || memcmp(back, source, bytes) == 0);
    }
}

static void op_copy_between(void)
{
    struct model_space *to = pick_space();
    struct model_space *from = pick_space();
    unsigned to_start = pick((MODEL_PAGES - 3) * PAGE_SIZE);
    unsigned from_start = pick((MODEL_PAGES - 3) * PAGE_SIZE);
    unsigned bytes = 1 + pick(chance(50) ? 16 : 2 * PAGE_SIZE);
    if (to == from && from_start < to_start + bytes && to_start < from_start + bytes) {
        return;
    }
    struct fault fault;
    struct aspace *fault_space;
    NOTE("copy %u:%#x from %u:%#x, %u", (unsigned)(to - spaces), to_start,
         (unsigned)(from - spaces), from_start, bytes);
    arm();
    int64_t result = aspace_copy_between(to->aspace, MODEL_BASE + to_start, from->aspace,
                                         MODEL_BASE + from_start, bytes, &fault, &fault_space);
    bool none = no_memory(result);
    int64_t done = 0;
    int error = 0;
    while (done < bytes && !none && !(allocations_fail && done == result)) {
        unsigned to_at = to_start + (unsigned)done;
        unsigned from_at = from_start + (unsigned)done;
        unsigned part = bytes - (unsigned)done;
        part = part < PAGE_SIZE - to_at % PAGE_SIZE ? part : PAGE_SIZE - to_at % PAGE_SIZE;
        part = part < PAGE_SIZE - from_at % PAGE_SIZE ? part : PAGE_SIZE - from_at % PAGE_SIZE;
        uint8_t *source;
        uint8_t *destination;
        struct model_space *side = from;
        unsigned number = from_at / PAGE_SIZE;
        error = model_access(from, number, PROT_READ, &source);
        if (error == 0) {
            side = to;
            number = to_at / PAGE_SIZE;
            error = model_access(to, number, PROT_WRITE, &destination);
        }
        if (error != 0) {
            if (done == 0 && error == -E_AGAIN) {
                CHECK(result == -E_AGAIN && fault_space == side->aspace);
                check_paging(side, number, &fault);
            }
            break;
        }
        copy_bytes(destination + to_at % PAGE_SIZE, source + from_at % PAGE_SIZE, part);
        done += part;
    }
    if (!none) {
        CHECK(result == (done > 0 ? done : error));
    }
}

static void op_futex(void)
{
    struct model_space *space = pick_space();
    unsigned number = pick(MODEL_PAGES);
    unsigned at = pick(PAGE_SIZE / 4) * 4;
    uint32_t value;
    struct futex_key key;
    struct fault fault;
    uint8_t *bytes;
    NOTE("futex %u: %u", (unsigned)(space - spaces), number);
    arm();
    int error = aspace_futex_load(space->aspace, address_of(number) + at, &value, &key, &fault);
    if (no_memory(error)) {
        return;
    }
    CHECK(error == model_access(space, number, PROT_READ, &bytes));
    const struct model_slot *slot = &space->slots[number];
    if (error == -E_AGAIN) {
        check_paging(space, number, &fault);
    } else if (error == 0) {
        CHECK(memcmp(&value, bytes + at, sizeof(value)) == 0);
        if (slot->shared) {
            CHECK(slot->object->memory == NULL || key.object == slot->object->memory);
            CHECK(key.offset == slot->index * PAGE_SIZE + at);
        } else {
            CHECK(key.object == space->aspace && key.offset == address_of(number) + at);
        }
    }
}

// ---- comparing ----

static void check_regions(struct model_space *space)
{
    struct region_info info;
    unsigned next = 0;
    for (uint64_t address = 0; aspace_query(space->aspace, address, &info) == 0;
         address = info.address + info.bytes) {
        CHECK(info.address >= MODEL_BASE && info.address + info.bytes <= address_of(MODEL_PAGES));
        unsigned first = (unsigned)((info.address - MODEL_BASE) / PAGE_SIZE);
        for (; next < first; next++) {
            CHECK(!space->slots[next].mapped);
        }
        for (unsigned i = 0; i < info.bytes / PAGE_SIZE; i++, next++) {
            const struct model_slot *slot = &space->slots[next];
            CHECK(slot->mapped && slot->prot == info.prot && slot->tag == info.tag);
            CHECK(slot->shared == ((info.flags & MAP_PRIVATE) == 0));
            CHECK((slot->object == NULL) == (info.memory_id == 0));
            CHECK(slot->object == NULL || slot->index == info.offset / PAGE_SIZE + i);
        }
    }
    for (; next < MODEL_PAGES; next++) {
        CHECK(!space->slots[next].mapped);
    }
}

// Reads every page that can be read.
static void check_contents(struct model_space *space)
{
    for (unsigned i = 0; i < MODEL_PAGES; i++) {
        uint8_t *bytes;
        uint8_t *expected;
        struct fault fault;
        int error = host_access(space->aspace, address_of(i), PROT_READ, &bytes, &fault);
        NOTE("contents %u: %u", (unsigned)(space - spaces), i);
        CHECK(error == model_access(space, i, PROT_READ, &expected));
        if (error == -E_AGAIN) {
            object_put(&fault.memory->object);
        } else if (error == 0) {
            CHECK(memcmp(bytes, expected, PAGE_SIZE) == 0);
        }
    }
}

static void check_references(void)
{
    struct aspace *all_spaces[SPACES];
    struct memory *all_objects[OBJECTS + SPACES * MODEL_PAGES];
    unsigned count = 0;
    for (unsigned i = 0; i < OBJECTS; i++) {
        if (objects[i] != NULL) {
            all_objects[count++] = objects[i]->memory;
        }
    }
    for (unsigned i = 0; i < SPACES; i++) {
        all_spaces[i] = spaces[i].aspace;
        for (unsigned r = 0; r < spaces[i].aspace->count; r++) {
            struct memory *memory = spaces[i].aspace->regions[r]->memory;
            bool known = memory == NULL;
            for (unsigned k = 0; k < count; k++) {
                known = known || all_objects[k] == memory;
            }
            if (!known) {
                all_objects[count++] = memory;
            }
        }
    }
    host_check_references(all_spaces, SPACES, all_objects, count);
}

static void check_all(unsigned step)
{
    host_reap();
    host_check_tlbs();
    for (unsigned i = 0; i < SPACES; i++) {
        assert_aspace_entries(spaces[i].aspace);
        check_regions(&spaces[i]);
    }
    if (step % 16 == 0) {
        check_references();
    }
    if (step % 256 == 0) {
        for (unsigned i = 0; i < SPACES; i++) {
            check_contents(&spaces[i]);
        }
    }
}

static void step(unsigned number)
{
    static void (*const operations[])(void) = {
        op_map,
        op_map,
        op_map,
        op_map_hint,
        op_unmap,
        op_protect,
        op_protect,
        op_clone,
        op_clone,
        op_discard,
        op_move,
        op_move,
        op_resize_mapping,
        op_decommit,
        op_resize,
        op_supply,
        op_dirty,
        op_dirty,
        op_create_object,
        op_clear,
        op_futex,
    };
    host_cpu = pick(HOST_CPUS);
    unsigned choice = pick(100);
    if (choice < 45) {
        op_access();
    } else if (choice < 60) {
        op_copy_between();
    } else if (choice < 65) {
        op_copy_out();
    } else {
        operations[pick(sizeof(operations) / sizeof(operations[0]))]();
    }
    check_all(number);
}

static unsigned environment(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : (unsigned)strtoul(text, NULL, 0);
}

static void run(unsigned seed)
{
    print_message("seed %u\n", seed);
    random_state = 0x9e3779b97f4a7c15u * (seed + 1ull);
    uint64_t used = host_pages_used();
    for (unsigned i = 0; i < SPACES; i++) {
        assert_int_equal(aspace_create(&spaces[i].aspace), 0);
    }
    unsigned steps = environment("XINIM_STEPS", STEPS);
    for (unsigned i = 1; i <= steps; i++) {
        step(i);
    }
    for (unsigned i = 0; i < SPACES; i++) {
        check_contents(&spaces[i]);
        close_space(&spaces[i]);
    }
    for (unsigned i = 0; i < OBJECTS; i++) {
        close_object(i);
    }
    host_reap();
    assert_int_equal(host_pages_used(), used);
}

static void test_random(void **state)
{
    (void)state;
    allocations_fail = false;
    run(environment("XINIM_SEED", 1));
}

static void test_random_with_failures(void **state)
{
    (void)state;
    allocations_fail = true;
    run(environment("XINIM_SEED", 2));
}

int main(void)
{
    host_init(16 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_with_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
