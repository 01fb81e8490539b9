// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See toy.h.

#include "fs/ext4/test/toy.h"

#include "fs/ext4/test/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void toy_image_make(const char *scratch, const char *path, const char *options)
{
    run("rm -rf %s/toy && mkdir %s/toy && for i in $(seq 0 %u); do : >%s/toy/f$i; done", scratch,
        scratch, TOY_FILES - 1, scratch);
    run("rm -f %s && mke2fs -q -F -d %s/toy %s %s >/dev/null 2>&1", path, scratch, path, options);
}

static void log_line(void *context, const char *format, va_list arguments)
{
    (void)context;
    if (!getenv("EXT4_LOG"))
        return;
    printf("# ");
    vprintf(format, arguments);
    printf("\n");
}

int toy_mount(struct recorder *recorder, bool writable, uint64_t client, struct ext4 **fs)
{
    static void *memory;
    if (!memory)
        memory = aligned_alloc(4096, EXT4_MEMORY_MIN);
    struct ext4_setup setup = {
        .source = recorder_source(recorder),
        .memory = memory,
        .memory_bytes = EXT4_MEMORY_MIN,
        .log = log_line,
        .writable = writable,
        .client = client,
        .now = {.seconds = TOY_TIME},
    };
    return ext4_open(&setup, fs);
}

int toy_open(struct toy *toy, struct ext4 *fs)
{
    struct ext4_inode root = {0};
    *toy = (struct toy){.fs = fs};
    int error = ext4_inode_get(fs, EXT4_ROOT, &root);
    for (unsigned i = 0; !error && i < TOY_FILES; i++) {
        char name[8];
        snprintf(name, sizeof(name), "f%u", i);
        error = ext4_lookup(&root, name, (unsigned)strlen(name), &toy->ino[i]);
    }
    if (root.buffer)
        ext4_inode_put(&root);
    return error ? error : toy_read(toy, &toy->state);
}

// ---- reading ----

static int content_read(const struct ext4_inode *inode, uint32_t *out)
{
    static uint32_t block[EXT4_BLOCK_BYTES_MAX / sizeof(uint32_t)];
    struct fs_extent extent;
    uint64_t end;
    *out = 0;
    if (inode->size == 0)
        return 0;
    int count = ext4_map(inode, 0, inode->size, &extent, 1, &end);
    if (count < 0)
        return count;
    if (extent.flags & FS_EXTENT_UNWRITTEN) {
        *out = TOY_UNWRITTEN;
        return 0;
    }
    int got = ext4_read(inode, 0, block, (uint32_t)inode->size);
    if (got < 0)
        return got;
    for (int i = 0; i < got / 4; i++) {
        if (block[i] != block[0]) {
            fprintf(stderr, "ext4 test: inode %u: a data block is torn: %x, %x\n", inode->ino,
                    block[0], block[i]);
            abort();
        }
    }
    *out = block[0];
    return 0;
}

static int file_read(struct toy *toy, unsigned index, struct toy_file *out)
{
    struct ext4_inode inode;
    struct fs_attributes attributes;
    int error = ext4_inode_get(toy->fs, toy->ino[index], &inode);
    if (error)
        return error;
    ext4_inode_attributes(&inode, &attributes);
    *out = (struct toy_file){.stamp = (uint32_t)attributes.mtime.seconds};
    int got = ext4_xattr_get(&inode, "user.v", 6, &out->note, sizeof(out->note));
    error = got < 0 && got != -E_NODATA ? got : content_read(&inode, &out->content);
    ext4_inode_put(&inode);
    return error;
}

int toy_read(struct toy *toy, struct toy_state *out)
{
    for (unsigned i = 0; i < TOY_FILES; i++) {
        int error = file_read(toy, i, &out->file[i]);
        if (error)
            return error;
    }
    return 0;
}

// ---- changing: one group, descriptor behind the superblock's block ----

struct change { // of one inode, with the bitmap
    struct ext4 *fs;
    struct ext4_buffer *table, *bitmap, *descriptor;
    struct ext4_disk_inode *inode;
    uint32_t ino;
};

static int get(struct ext4 *fs, uint64_t block, struct ext4_buffer **out)
{
    int error = ext4_buffer_get(fs, block, 0, out);
    if (error) {
        *out = NULL;
        return error;
    }
    return ext4_buffer_modify(fs, *out);
}

static void change_put(struct change *change)
{
    struct ext4_buffer *const buffers[] = {change->table, change->bitmap, change->descriptor};
    for (unsigned i = 0; i < 3; i++)
        if (buffers[i])
            ext4_buffer_put(change->fs, buffers[i]);
}

static int change_begin(struct change *change, struct ext4 *fs, uint32_t ino, bool blocks)
{
    struct ext4_group group;
    uint64_t offset = (uint64_t)(ino - 1) * fs->inode_bytes;
    *change = (struct change){.fs = fs, .ino = ino};
    int error = ext4_group_get(fs, 0, &group);
    if (!error)
        error = get(fs, group.inode_table + (offset >> fs->block_shift), &change->table);
    if (!error && blocks)
        error = get(fs, group.block_bitmap, &change->bitmap);
    if (!error && blocks)
        error = get(fs, (EXT4_SUPER_OFFSET >> fs->block_shift) + 1, &change->descriptor);
    if (!error)
        change->inode = (void *)(change->table->data + (offset & (fs->block_bytes - 1)));
    return error;
}

static void inode_checksum_set(struct change *change)
{
    struct ext4 *fs = change->fs;
    struct ext4_disk_inode *inode = change->inode;
    if (!fs->metadata_csum)
        return;
    uint32_t crc = ext4_crc32c(fs->checksum_seed, &change->ino, 4);
    crc = ext4_crc32c(crc, &inode->i_generation, 4);
    inode->i_checksum_lo = 0;
    inode->i_checksum_hi = 0;
    crc = ext4_crc32c(crc, inode, fs->inode_bytes);
    inode->i_checksum_lo = (uint16_t)crc;
    inode->i_checksum_hi = (uint16_t)(crc >> 16);
}

static void descriptor_checksum_set(struct change *change)
{
    struct ext4 *fs = change->fs;
    struct ext4_group_desc *desc = (void *)change->descriptor->data;
    uint32_t index = 0;
    if (!fs->metadata_csum)
        return;
    uint32_t crc =
        ext4_crc32c(fs->checksum_seed, change->bitmap->data, fs->super.s_blocks_per_group / 8);
    desc->bg_block_bitmap_csum_lo = (uint16_t)crc;
    if (fs->desc_bytes >= 64)
        desc->bg_block_bitmap_csum_hi = (uint16_t)(crc >> 16);
    desc->bg_checksum = 0;
    crc = ext4_crc32c(fs->checksum_seed, &index, 4);
    desc->bg_checksum = (uint16_t)ext4_crc32c(crc, desc, fs->desc_bytes);
}

static void count_change(struct change *change, int blocks)
{
    struct ext4_group_desc *desc = (void *)change->descriptor->data;
    desc->bg_free_blocks_count_lo = (uint16_t)(desc->bg_free_blocks_count_lo + blocks);
    change->fs->super.s_free_blocks_count_lo += (uint32_t)blocks;
    change->inode->i_blocks_lo -= (uint32_t)blocks * (change->fs->block_bytes / 512);
    descriptor_checksum_set(change);
}

// The first free one: what was freed last is used again as soon as it may.
static uint64_t block_allocate(struct change *change)
{
    struct ext4 *fs = change->fs;
    for (uint64_t block = fs->first_data_block + 1; block < fs->blocks; block++) {
        uint64_t bit = block - fs->first_data_block;
        uint8_t *byte = &change->bitmap->data[bit / 8];
        if ((*byte & 1u << bit % 8) || ext4_freed_end(fs, block))
            continue;
        *byte |= (uint8_t)(1u << bit % 8);
        count_change(change, -1);
        return block;
    }
    abort();
}

static void block_clear(struct change *change, uint64_t block)
{
    uint64_t bit = block - change->fs->first_data_block;
    change->bitmap->data[bit / 8] &= (uint8_t) ~(1u << bit % 8);
    count_change(change, 1);
}

static int finish(struct toy *toy, int error, bool undo, const struct toy_state *state)
{
    if (error || undo) {
        ext4_op_undo(toy->fs);
        return error;
    }
    ext4_op_end(toy->fs);
    toy->state = *state;
    return 0;
}

static int begin(struct toy *toy, uint64_t sequence)
{
    struct fs_time now = {.seconds = (int64_t)(TOY_TIME + sequence / 8)};
    return ext4_op_begin(toy->fs, sequence, &now);
}

// ---- operations ----

int toy_stamp(struct toy *toy, uint64_t sequence, bool undo)
{
    struct toy_state state = toy->state;
    int error = begin(toy, sequence);
    if (error)
        return error;
    for (unsigned i = 0; i < TOY_FILES && !error; i++) {
        struct change change;
        error = change_begin(&change, toy->fs, toy->ino[i], false);
        if (!error) {
            state.file[i].stamp = (uint32_t)sequence;
            change.inode->i_mtime = (uint32_t)sequence;
            inode_checksum_set(&change);
        }
        change_put(&change);
    }
    return finish(toy, error, undo, &state);
}

// "user.v" in a block of its own.
static void note_fill(struct ext4 *fs, struct ext4_buffer *buffer, uint32_t value)
{
    struct ext4_xattr_header *header = (void *)buffer->data;
    struct ext4_xattr_entry *entry = (void *)(header + 1);
    uint32_t hash = 'v';
    memcpy(buffer->data + fs->block_bytes - 4, &value, 4);
    hash = hash << 16 ^ hash >> 16 ^ value;
    *entry = (struct ext4_xattr_entry){
        .e_name_len = 1,
        .e_name_index = EXT4_XATTR_INDEX_USER,
        .e_value_offs = (uint16_t)(fs->block_bytes - 4),
        .e_value_size = 4,
        .e_hash = hash,
    };
    memcpy(entry + 1, "v", 1);
    *header = (struct ext4_xattr_header){
        .h_magic = (uint32_t)EXT4_XATTR_MAGIC, .h_refcount = 1, .h_blocks = 1, .h_hash = hash};
    if (fs->metadata_csum) {
        uint32_t crc = ext4_crc32c(fs->checksum_seed, &buffer->block, 8);
        header->h_checksum = ext4_crc32c(crc, buffer->data, fs->block_bytes);
    }
}

static int note_add(struct change *change, uint32_t value)
{
    struct ext4_buffer *buffer;
    uint64_t block = block_allocate(change);
    int error = ext4_buffer_fresh(change->fs, block, &buffer);
    if (error)
        return error;
    note_fill(change->fs, buffer, value);
    ext4_buffer_put(change->fs, buffer);
    change->inode->i_file_acl_lo = (uint32_t)block;
    return 0;
}

static int note_remove(struct change *change)
{
    uint64_t block = change->inode->i_file_acl_lo;
    block_clear(change, block);
    change->inode->i_file_acl_lo = 0;
    return ext4_forget(change->fs, block, 1);
}

int toy_note(struct toy *toy, uint64_t sequence, unsigned file, bool undo)
{
    struct change change;
    struct toy_state state = toy->state;
    struct toy_file *wanted = &state.file[file];
    int error = begin(toy, sequence);
    if (error)
        return error;
    error = change_begin(&change, toy->fs, toy->ino[file], true);
    if (!error) {
        wanted->stamp = (uint32_t)sequence;
        wanted->note = wanted->note ? 0 : (uint32_t)sequence;
        change.inode->i_mtime = (uint32_t)sequence;
        error = wanted->note ? note_add(&change, wanted->note) : note_remove(&change);
        inode_checksum_set(&change);
    }
    change_put(&change);
    return finish(toy, error, undo, &state);
}

static struct ext4_extent *extent_of(struct ext4_disk_inode *inode)
{
    return (void *)((uint8_t *)inode->i_block + sizeof(struct ext4_extent_header));
}

static void content_place(struct change *change)
{
    struct ext4_extent_header *header = (void *)change->inode->i_block;
    uint64_t block = block_allocate(change);
    memset(change->inode->i_block, 0, sizeof(change->inode->i_block));
    *header = (struct ext4_extent_header){.eh_magic = EXT4_EXT_MAGIC, .eh_entries = 1, .eh_max = 4};
    *extent_of(change->inode) =
        (struct ext4_extent){.ee_len = EXT4_INIT_MAX_LEN + 1, .ee_start_lo = (uint32_t)block};
    change->inode->i_flags |= EXT4_EXTENTS_FL;
    change->inode->i_size_lo = change->fs->block_bytes;
}

static int content_free(struct change *change)
{
    struct ext4_extent_header *header = (void *)change->inode->i_block;
    uint64_t block = extent_of(change->inode)->ee_start_lo;
    header->eh_entries = 0;
    *extent_of(change->inode) = (struct ext4_extent){0};
    change->inode->i_size_lo = 0;
    block_clear(change, block);
    return ext4_freed(change->fs, block, 1);
}

// Past the library, as the client's block driver does.
static int content_write(struct toy *toy, unsigned file, uint32_t value)
{
    static uint32_t data[EXT4_BLOCK_BYTES_MAX / sizeof(uint32_t)];
    struct ext4_inode inode;
    struct fs_extent extent;
    uint64_t end;
    int error = ext4_inode_get(toy->fs, toy->ino[file], &inode);
    if (error)
        return error;
    int count = ext4_map(&inode, 0, inode.size, &extent, 1, &end);
    ext4_inode_put(&inode);
    if (count < 0)
        return count;
    for (unsigned i = 0; i < toy->fs->block_bytes / 4; i++)
        data[i] = value;
    return toy->fs->source.write(toy->fs->source.context, extent.device_offset,
                                 toy->fs->block_bytes, data);
}

int toy_content(struct toy *toy, uint64_t sequence, unsigned file, bool undo)
{
    struct change change;
    struct toy_state state = toy->state;
    uint32_t *content = &state.file[file].content;
    int error = *content == TOY_UNWRITTEN ? content_write(toy, file, (uint32_t)sequence) : 0;
    if (!error)
        error = begin(toy, sequence);
    if (error)
        return error;
    error = change_begin(&change, toy->fs, toy->ino[file], true);
    if (!error && *content == 0) {
        content_place(&change);
        *content = TOY_UNWRITTEN;
    } else if (!error && *content == TOY_UNWRITTEN) {
        extent_of(change.inode)->ee_len = 1;
        *content = (uint32_t)sequence;
    } else if (!error) {
        error = content_free(&change);
        *content = 0;
    }
    if (!error)
        inode_checksum_set(&change);
    change_put(&change);
    return finish(toy, error, undo, &state);
}
