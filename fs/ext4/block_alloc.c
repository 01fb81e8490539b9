// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Giving out blocks. The search begins at a goal, such as the block behind the file's last one, and
// goes on through the groups behind it: first for a run of some length, then for any.

#include "fs/ext4/edit.h"

enum { RUN_WANTED = 64 }; // blocks; a file in pieces of this size or more is good enough

// What is looked for in one group.
struct search {
    const uint8_t *bits;
    uint64_t first_block; // of bit 0
    uint32_t end;         // bits
    uint32_t max, wanted; // blocks in a row
    uint32_t at, count;   // the best found
};

// Shortens a run of free bits to what does not wait for a commit. False: nothing is left.
static bool run_trim(const struct ext4 *fs, uint64_t first_block, uint32_t *at, uint32_t *count)
{
    uint64_t block = first_block + *at, end = block + *count;
    uint64_t waits;
    if (!ext4_freed_waiting(fs))
        return true;
    while (block < end && (waits = ext4_freed_end(fs, block)) != 0)
        block = waits;
    if (block >= end)
        return false;
    uint64_t to = block + 1;
    while (to < end && ext4_freed_end(fs, to) == 0)
        to++;
    *at = (uint32_t)(block - first_block);
    *count = (uint32_t)(to - block);
    return true;
}

// Looks at the free runs in [from, end) of the group; true: one is as long as wanted.
static bool search_bits(const struct ext4 *fs, struct search *search, uint32_t from, uint32_t end)
{
    uint32_t at = ext4_bits_next_clear(search->bits, from, end);
    while (at < end) {
        uint32_t limit = end - at > search->max ? at + search->max : end;
        uint32_t next = ext4_bits_next_set(search->bits, at, limit);
        uint32_t start = at, count = next - at;
        if (run_trim(fs, search->first_block, &start, &count) && count > search->count) {
            search->at = start;
            search->count = count;
            if (count >= search->wanted)
                return true;
        }
        at = ext4_bits_next_clear(search->bits, next, end);
    }
    return false;
}

// Takes a run of at least `wanted` blocks in the group: 1; 0 if it has none.
static int group_allocate(struct ext4 *fs, uint64_t group, uint32_t from, struct search *search)
{
    struct ext4_group decoded;
    struct ext4_buffer *buffer;
    struct ext4_bitmap_edit edit;
    int error = ext4_group_get(fs, group, &decoded);
    if (error || decoded.free_blocks == 0)
        return error;
    search->first_block = ext4_group_first_block(fs, group);
    search->end = ext4_group_blocks(fs, group);
    search->count = 0;
    error = ext4_bitmap_get(fs, group, EXT4_BITMAP_BLOCKS, &decoded, &buffer);
    if (!error && !buffer) {
        error = ext4_bitmap_edit(fs, group, EXT4_BITMAP_BLOCKS, &edit);
        if (!error)
            error = ext4_buffer_get(fs, decoded.block_bitmap, 0, &buffer);
    }
    if (error)
        return error;
    search->bits = buffer->data;
    if (!search_bits(fs, search, from < search->end ? from : 0, search->end))
        search_bits(fs, search, 0, from < search->end ? from : 0);
    ext4_buffer_put(fs, buffer);
    if (search->count < search->wanted)
        return 0;
    error = ext4_bitmap_edit(fs, group, EXT4_BITMAP_BLOCKS, &edit);
    if (!error)
        error = ext4_bitmap_set(&edit, search->at, search->count, true);
    return error ? error : 1;
}

static uint32_t run_wanted(uint32_t max)
{
    return max < RUN_WANTED ? max : RUN_WANTED;
}

// If the goal itself is free (the block behind the file's last one), it is the best place, however
// short the run.
static int goal_allocate(struct ext4 *fs, uint64_t group, uint32_t bit, struct search *search)
{
    struct ext4_group decoded;
    struct ext4_buffer *buffer;
    int error = ext4_group_get(fs, group, &decoded);
    if (!error)
        error = ext4_bitmap_get(fs, group, EXT4_BITMAP_BLOCKS, &decoded, &buffer);
    if (error || !buffer)
        return error;
    uint32_t end = ext4_group_blocks(fs, group);
    uint32_t limit = end - bit > search->max ? bit + search->max : end;
    uint32_t at = bit, count = ext4_bits_next_set(buffer->data, bit, limit) - bit;
    ext4_buffer_put(fs, buffer);
    search->first_block = ext4_group_first_block(fs, group);
    if (count == 0 || !run_trim(fs, search->first_block, &at, &count) || at != bit)
        return 0;
    search->at = at;
    search->count = count;
    struct ext4_bitmap_edit edit;
    error = ext4_bitmap_edit(fs, group, EXT4_BITMAP_BLOCKS, &edit);
    if (!error)
        error = ext4_bitmap_set(&edit, at, count, true);
    return error ? error : 1;
}

int ext4_blocks_allocate(struct ext4 *fs, uint64_t goal, uint32_t max, uint64_t *block,
                         uint32_t *count)
{
    struct search search = {.max = max};
    if (!ext4_blocks_valid(fs, goal, 1))
        goal = fs->first_data_block;
    uint64_t home = (goal - fs->first_data_block) / fs->super.s_blocks_per_group;
    uint32_t bit = (uint32_t)((goal - fs->first_data_block) % fs->super.s_blocks_per_group);

    int found = goal_allocate(fs, home, bit, &search);
    for (unsigned pass = 0; pass < 2 && !found; pass++) {
        search.wanted = pass == 0 ? run_wanted(max) : 1;
        for (uint64_t i = 0; i < fs->groups && !found; i++)
            found = group_allocate(fs, (home + i) % fs->groups, i == 0 ? bit : 0, &search);
    }
    if (found < 0)
        return found;
    if (!found)
        return ext4_freed_waiting(fs) ? -E_AGAIN : -E_NOSPC;
    *block = search.first_block + search.at;
    *count = search.count;
    return 0;
}

int ext4_blocks_take(struct ext4 *fs, uint64_t block, uint32_t count)
{
    if (!ext4_blocks_valid(fs, block, count))
        return -E_NOSPC;
    while (count > 0) {
        struct ext4_bitmap_edit edit;
        uint64_t group = (block - fs->first_data_block) / fs->super.s_blocks_per_group;
        uint32_t first = (uint32_t)(block - ext4_group_first_block(fs, group));
        uint32_t here = ext4_group_blocks(fs, group) - first;
        if (here > count)
            here = count;
        int error = ext4_bitmap_edit(fs, group, EXT4_BITMAP_BLOCKS, &edit);
        if (error)
            return error;
        uint32_t at = first, free = here;
        if (ext4_bits_next_set(edit.bits, first, first + here) != first + here)
            return -E_NOSPC;
        if (!run_trim(fs, ext4_group_first_block(fs, group), &at, &free) || at != first ||
            free != here)
            return -E_AGAIN;
        error = ext4_bitmap_set(&edit, first, here, true);
        if (error)
            return error;
        block += here;
        count -= here;
    }
    return 0;
}

int ext4_blocks_free(struct ext4 *fs, uint64_t block, uint64_t count, bool metadata)
{
    if (!ext4_blocks_valid(fs, block, count))
        return ext4_report(fs, -E_UCLEAN, "blocks outside the file system", 0, block);
    for (uint64_t at = block, left = count; left > 0;) {
        struct ext4_bitmap_edit edit;
        uint64_t group = (at - fs->first_data_block) / fs->super.s_blocks_per_group;
        uint32_t first = (uint32_t)(at - ext4_group_first_block(fs, group));
        uint32_t here = ext4_group_blocks(fs, group) - first;
        if (here > left)
            here = (uint32_t)left;
        int error = ext4_bitmap_edit(fs, group, EXT4_BITMAP_BLOCKS, &edit);
        if (!error)
            error = ext4_bitmap_set(&edit, first, here, false);
        if (error)
            return error;
        at += here;
        left -= here;
    }
    return metadata ? ext4_forget(fs, block, count) : ext4_freed(fs, block, count);
}
