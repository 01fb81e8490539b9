// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See standin.h.

#include "fs/ext4/test/standin.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKS = EXT4_OPERATION_BLOCKS, FREED_MAX = EXT4_FREED_RUNS, OPERATIONS_A_COMMIT = 20 };

static struct changed {
    struct ext4_buffer *buffer;
    uint8_t *before;
} changed[BLOCKS];
static unsigned changed_count, freed_count, freed_before, operations;
static struct ext4_blocks freed[FREED_MAX];
static struct ext4_super_block super_before;
uint64_t standin_fail_in;

int ext4_op_begin(struct ext4 *fs, uint64_t sequence, const struct fs_time *now)
{
    if (operations++ % OPERATIONS_A_COMMIT == 0 || freed_count + EXT4_OPERATION_FREED > FREED_MAX)
        ext4_commit(fs);
    fs->operation = (struct ext4_operation){.open = true, .sequence = sequence, .now = *now};
    changed_count = 0;
    freed_before = freed_count;
    super_before = fs->super;
    return 0;
}

static void super_write(struct ext4 *fs)
{
    fs->super.s_checksum = ext4_crc32c(~0u, &fs->super, EXT4_SUPER_CHECKSUM_OFFSET);
    fs->source.write(fs->source.context, EXT4_SUPER_OFFSET, EXT4_SUPER_BYTES, &fs->super);
}

void ext4_op_end(struct ext4 *fs)
{
    for (unsigned i = 0; i < changed_count; i++) {
        struct ext4_buffer *buffer = changed[i].buffer;
        fs->source.write(fs->source.context, buffer->block << fs->block_shift, fs->block_bytes,
                         buffer->data);
        ext4_buffer_put(fs, buffer);
        free(changed[i].before);
    }
    super_write(fs);
    fs->operation.open = false;
}

void ext4_op_undo(struct ext4 *fs)
{
    for (unsigned i = 0; i < changed_count; i++) {
        struct ext4_buffer *buffer = changed[i].buffer;
        memcpy(buffer->data, changed[i].before, fs->block_bytes);
        buffer->verified = EXT4_KIND_NONE;
        ext4_buffer_put(fs, buffer);
        free(changed[i].before);
    }
    fs->super = super_before;
    freed_count = freed_before;
    fs->operation.open = false;
}

unsigned ext4_op_room(const struct ext4 *fs)
{
    (void)fs;
    return BLOCKS - changed_count;
}

unsigned ext4_op_freed_room(const struct ext4 *fs)
{
    (void)fs;
    return EXT4_OPERATION_FREED - (freed_count - freed_before);
}

int ext4_buffer_modify(struct ext4 *fs, struct ext4_buffer *buffer)
{
    if (!fs->operation.open)
        abort();
    if (standin_fail_in && --standin_fail_in == 0)
        return -E_NOMEM;
    for (unsigned i = 0; i < changed_count; i++)
        if (changed[i].buffer == buffer)
            return 0;
    if (changed_count == BLOCKS)
        return -E_NOMEM;
    struct changed *change = &changed[changed_count++];
    *change = (struct changed){buffer, malloc(fs->block_bytes)};
    memcpy(change->before, buffer->data, fs->block_bytes);
    buffer->pins++;
    return 0;
}

int ext4_buffer_fresh(struct ext4 *fs, uint64_t block, struct ext4_buffer **out)
{
    int error = ext4_buffer_get(fs, block, 0, out);
    if (error)
        return error;
    error = ext4_buffer_modify(fs, *out);
    if (error) {
        ext4_buffer_put(fs, *out);
        return error;
    }
    memset((*out)->data, 0, fs->block_bytes);
    (*out)->verified = EXT4_KIND_NONE;
    return 0;
}

int ext4_freed(struct ext4 *fs, uint64_t block, uint64_t count)
{
    if (ext4_op_freed_room(fs) == 0)
        return -E_NOMEM;
    freed[freed_count++] = (struct ext4_blocks){block, count};
    return 0;
}

int ext4_forget(struct ext4 *fs, uint64_t block, uint64_t count)
{
    return ext4_freed(fs, block, count);
}

uint64_t ext4_freed_end(const struct ext4 *fs, uint64_t block)
{
    (void)fs;
    for (unsigned i = 0; i < freed_count; i++)
        if (block >= freed[i].first && block - freed[i].first < freed[i].count)
            return freed[i].first + freed[i].count;
    return 0;
}

bool ext4_freed_waiting(const struct ext4 *fs)
{
    (void)fs;
    return freed_count > 0;
}

int ext4_commit(struct ext4 *fs)
{
    (void)fs;
    freed_count = 0;
    return 0;
}
