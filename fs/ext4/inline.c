// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inline data: small files and directories inside the inode, first in i_block, then in the value of
// the attribute "system.data". An inline directory has no entries "." and ".."; its first four
// bytes are the parent's number. Cookies of its entries: 0 ".", 2 "..", then the byte position in
// the data.

#include "fs/ext4/internal.h"

#include <string.h>

enum { DOT_COOKIE = 0, DOTDOT_COOKIE = 2, PARENT_BYTES = 4 };

int ext4_inline_find(const struct ext4_inode *inode, struct ext4_inline *out)
{
    *out = (struct ext4_inline){.head = (const uint8_t *)ext4_disk_inode(inode)->i_block};
    out->head_bytes = inode->size < EXT4_I_BLOCK_BYTES ? (uint32_t)inode->size : EXT4_I_BLOCK_BYTES;
    if (inode->size <= EXT4_I_BLOCK_BYTES)
        return 0;
    uint32_t bytes = 0;
    int error = ext4_xattr_in_inode(inode, EXT4_XATTR_INDEX_SYSTEM, "data", 4, &out->tail, &bytes);
    if (error && error != -E_NODATA)
        return error;
    uint64_t rest = inode->size - EXT4_I_BLOCK_BYTES;
    if (error)
        bytes = 0;
    if (rest > bytes && ext4_inode_type(inode) != EXT4_S_IFREG)
        return ext4_report(inode->fs, -E_UCLEAN, "inline data shorter than its size", inode->ino,
                           inode->buffer->block);
    out->tail_bytes = rest < bytes ? (uint32_t)rest : bytes;
    return 0;
}

// The two parts that hold entries, checked.
static int inline_directory(const struct ext4_inode *directory, struct ext4_inline *out,
                            uint32_t *parent)
{
    int error = ext4_inline_find(directory, out);
    if (error)
        return error;
    const char *reason = "inline directory too short";
    error = -E_UCLEAN;
    if (out->head_bytes == EXT4_I_BLOCK_BYTES) {
        memcpy(parent, out->head, sizeof(*parent));
        error = ext4_entries_check(directory->fs, out->head + PARENT_BYTES,
                                   out->head_bytes - PARENT_BYTES, &reason);
    }
    if (!error)
        error = ext4_entries_check(directory->fs, out->tail, out->tail_bytes, &reason);
    if (error)
        return ext4_report(directory->fs, error, reason, directory->ino, directory->buffer->block);
    return 0;
}

int ext4_inline_lookup(const struct ext4_inode *directory, const struct ext4_name *name,
                       uint32_t *ino)
{
    struct ext4 *fs = directory->fs;
    struct ext4_inline parts;
    uint32_t parent;
    int error = inline_directory(directory, &parts, &parent);
    if (error)
        return error;
    if (name->bytes[0] == '.' && name->length == 1) {
        *ino = directory->ino;
        return 0;
    }
    if (name->bytes[0] == '.' && name->length == 2 && name->bytes[1] == '.') {
        *ino = parent;
        return 0;
    }
    struct ext4_place place;
    error = ext4_entries_find(fs, parts.head + PARENT_BYTES, parts.head_bytes - PARENT_BYTES, name,
                              &place);
    if (error == -E_NOENT)
        error = ext4_entries_find(fs, parts.tail, parts.tail_bytes, name, &place);
    if (!error)
        *ino = place.ino;
    return error;
}

// "." and "..". Returns 1 to go on, 0 when emit stopped.
static int emit_dots(uint32_t self, uint32_t parent, uint64_t *position, ext4_emit_t emit,
                     void *context)
{
    const struct ext4_entry dots[] = {
        {DOTDOT_COOKIE, self, FS_TYPE_DIRECTORY, 1, "."},
        {PARENT_BYTES, parent, FS_TYPE_DIRECTORY, 2, ".."},
    };
    for (unsigned i = *position > DOT_COOKIE; i < 2 && *position < PARENT_BYTES; i++) {
        if (!emit(context, &dots[i]))
            return 0;
        *position = dots[i].next;
    }
    return 1;
}

int ext4_inline_readdir(const struct ext4_inode *directory, uint64_t *position, ext4_emit_t emit,
                        void *context)
{
    struct ext4 *fs = directory->fs;
    struct ext4_inline parts;
    uint32_t parent;
    int error = inline_directory(directory, &parts, &parent);
    if (error)
        return error;
    if (*position > directory->size)
        return -E_INVAL;
    if (!emit_dots(directory->ino, parent, position, emit, context))
        return 0;
    if (!ext4_entries_emit(fs, parts.head + PARENT_BYTES, parts.head_bytes - PARENT_BYTES,
                           PARENT_BYTES, position, emit, context))
        return 0;
    ext4_entries_emit(fs, parts.tail, parts.tail_bytes, EXT4_I_BLOCK_BYTES, position, emit,
                      context);
    return 0;
}
