// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See model.h.

#include "fs/ext4/test/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 20000 };

#define CHECK(condition, ...)                                                      \
    do {                                                                           \
        if (!(condition)) {                                                        \
            fprintf(stderr, "model: %s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                                          \
            fprintf(stderr, "\n");                                                 \
            abort();                                                               \
        }                                                                          \
    } while (0)

static uint64_t random_next(struct model *model)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return model->random * 0x2545F4914F6CDD1Dull >> 16;
}

static unsigned below(struct model *model, unsigned end)
{
    return (unsigned)(random_next(model) % end);
}

static bool is_directory(const struct model_node *node)
{
    return (node->mode & EXT4_S_IFMT) == EXT4_S_IFDIR;
}

static bool is_regular(const struct model_node *node)
{
    return (node->mode & EXT4_S_IFMT) == EXT4_S_IFREG;
}

// ---- nodes ----

static struct model_node *node_new(struct model *model, unsigned mode)
{
    static const unsigned strides[] = {1, 1, 2, 3, 700, 300000};
    struct model_node *node = calloc(1, sizeof(*node));
    if (model->count == model->room) {
        model->room = model->room ? model->room * 2 : 64;
        model->node = realloc(model->node, model->room * sizeof(*model->node));
    }
    node->mode = mode;
    node->used = true;
    node->stride = strides[below(model, 6)];
    model->node[model->count++] = node;
    return node;
}

static void node_free(struct model *model, struct model_node *node)
{
    for (unsigned i = 0; i < model->count; i++)
        if (model->node[i] == node)
            model->node[i] = model->node[--model->count];
    if (model->favourite == node)
        model->favourite = model->root;
    free(node->names);
    free(node);
}

static int name_find(const struct model_node *directory, const char *name)
{
    for (unsigned i = 0; i < directory->count; i++)
        if (strcmp(directory->names[i].name, name) == 0)
            return (int)i;
    return -1;
}

static void name_add(struct model_node *directory, const char *name, struct model_node *node)
{
    if (directory->count == directory->room) {
        directory->room = directory->room ? directory->room * 2 : 8;
        directory->names = realloc(directory->names, directory->room * sizeof(*directory->names));
    }
    struct model_name *entry = &directory->names[directory->count++];
    strcpy(entry->name, name);
    entry->node = node;
    if (is_directory(node)) {
        node->parent = directory;
        directory->links++;
    }
}

static void name_remove(struct model_node *directory, unsigned at)
{
    if (is_directory(directory->names[at].node))
        directory->links--;
    directory->names[at] = directory->names[--directory->count];
}

static void node_lose_name(struct model_node *node)
{
    node->links = is_directory(node) ? 0 : node->links - 1;
}

static struct model_node *pick(struct model *model, bool directory)
{
    if (directory && below(model, 3) == 0)
        return model->favourite;
    for (unsigned tries = 0; tries < 30; tries++) {
        struct model_node *node = model->node[below(model, model->count)];
        if (is_directory(node) == directory)
            return node;
    }
    return directory ? model->root : NULL;
}

static void random_name(struct model *model, const struct model_node *directory, char *name)
{
    if (directory->count && below(model, 100) >= 50 + model->grow / 2) {
        strcpy(name, directory->names[below(model, directory->count)].name);
        return;
    }
    unsigned length =
        below(model, 100) < model->long_names ? 100 + below(model, 156) : 1 + below(model, 24);
    for (unsigned i = 0; i < length; i++)
        name[i] = (char)('a' + below(model, 26));
    name[length] = 0;
    if (length == 1)
        name[0] = 'X';
}

static struct model_node *child(const struct model_node *directory, const char *name)
{
    int at = name_find(directory, name);
    return at < 0 ? NULL : directory->names[at].node;
}

// ---- operations on the file system ----

enum kind {
    MAKE,
    LINK,
    REMOVE,
    RENAME,
    WRITE,
    SIZE,
    ATTRIBUTE,
    XATTR,
    RELEASE,
    KINDS,
};

struct step {
    enum kind kind;
    struct model_node *directory, *other, *node; // `node`: what the operation is on
    char name[FS_NAME_MAX + 1], other_name[FS_NAME_MAX + 1];
    char target[FS_LINK_MAX + 1];
    unsigned mode, attribute, length;
    uint8_t value[MODEL_VALUE_MAX];
    uint64_t flags, offset, bytes, size;
    struct fs_extent extents[40];
    unsigned extent_count;
    uint64_t end, ino, generation;
};

static struct ext4_name name_of(const char *name)
{
    return (struct ext4_name){name, (unsigned)strlen(name)};
}

static int inode_open(struct model *model, const struct model_node *node, struct ext4_inode *inode)
{
    int error = ext4_inode_get_used(model->fs, node->ino, inode);
    CHECK(!error && inode->generation == node->generation, "ino %u: %d", (unsigned)node->ino,
          error);
    return error;
}

static int do_make(struct model *model, struct step *step, struct ext4_inode *directory)
{
    struct ext4_inode inode;
    struct ext4_name name = name_of(step->name);
    struct ext4_make make = {.mode = step->mode, .uid = 70000, .gid = 5, .rdev = 7ull << 32 | 300};
    (void)model;
    int error =
        ext4_make(directory, &name, &make, step->target, (uint32_t)strlen(step->target), &inode);
    if (error)
        return error;
    step->ino = inode.ino;
    step->generation = inode.generation;
    ext4_inode_put(&inode);
    return 0;
}

static int do_remove(struct model *model, struct step *step, struct ext4_inode *directory)
{
    struct ext4_inode inode;
    struct ext4_name name = name_of(step->name);
    struct fs_inode_id expected = {step->node ? step->node->ino : 1,
                                   step->node ? step->node->generation : 1};
    (void)model;
    int error = ext4_remove(directory, &name, step->flags != 0, &expected, &inode);
    if (!error)
        ext4_inode_put(&inode);
    return error;
}

static int do_rename(struct model *model, struct step *step, struct ext4_inode *directory)
{
    struct ext4_inode other, moved, replaced;
    bool across = step->other != step->directory;
    if (across)
        inode_open(model, step->other, &other);
    struct ext4_rename rename = {directory, across ? &other : directory, name_of(step->name),
                                 name_of(step->other_name), step->flags};
    int error = ext4_rename(&rename, &moved, &replaced);
    if (!error) {
        ext4_inode_put(&moved);
        if (replaced.buffer)
            ext4_inode_put(&replaced);
    }
    if (across)
        ext4_inode_put(&other);
    return error;
}

static int do_link(struct model *model, struct step *step, struct ext4_inode *directory)
{
    struct ext4_inode inode;
    struct ext4_name name = name_of(step->name);
    inode_open(model, step->node, &inode);
    int error = ext4_link(&inode, directory, &name);
    ext4_inode_put(&inode);
    return error;
}

static int do_allocate(struct step *step, struct ext4_inode *inode)
{
    struct ext4_allocation allocation = {
        .offset = step->offset,
        .bytes = step->bytes,
        .extents = step->extents,
        .room = 1 + (unsigned)(step->flags % 40),
    };
    int result = ext4_allocate(inode, &allocation);
    if (result < 0)
        return result;
    step->extent_count = (unsigned)result;
    step->end = allocation.end;
    return 0;
}

static int do_xattr(struct step *step, struct ext4_inode *inode)
{
    char name[40];
    struct ext4_xattr_value value = {step->value, step->length};
    snprintf(name, sizeof(name), "%s%u", step->attribute % 2 ? "user.note" : "trusted.t",
             step->attribute);
    return ext4_xattr_set(inode, name, strlen(name), &value, step->flags);
}

static int do_attributes(struct step *step, struct ext4_inode *inode)
{
    struct fs_setattr_request request = {.valid = step->flags,
                                         .mode = step->mode,
                                         .uid = (uint32_t)step->length,
                                         .size = step->size};
    return ext4_set_attributes(inode, &request);
}

static int step_do(struct model *model, struct step *step)
{
    struct ext4_inode inode;
    bool on_directory = step->kind <= RENAME;
    int result;
    inode_open(model, on_directory ? step->directory : step->node, &inode);
    switch (step->kind) {
    case MAKE:
        result = do_make(model, step, &inode);
        break;
    case LINK:
        result = do_link(model, step, &inode);
        break;
    case REMOVE:
        result = do_remove(model, step, &inode);
        break;
    case RENAME:
        result = do_rename(model, step, &inode);
        break;
    case WRITE:
        result = step->size ? ext4_commit_written(&inode, step->offset, step->bytes, step->size)
                            : do_allocate(step, &inode);
        break;
    case XATTR:
        result = do_xattr(step, &inode);
        break;
    case RELEASE:
        result = ext4_release(&inode);
        break;
    default:
        result = do_attributes(step, &inode);
        break;
    }
    ext4_inode_put(&inode);
    return result;
}

// One operation, repeated when blocks had to wait for a commit. Failures by plan count as E_NOMEM.
static int operate(struct model *model, struct step *step)
{
    struct fs_time now = {.seconds = (int64_t)++model->now, .nanoseconds = 5};
    uint64_t ino = step->kind <= RENAME ? step->directory->ino : step->node->ino;
    int result;
    unsigned room = model->fs->journal.operation_blocks;
    bool fails = model->faults && below(model, 20) == 0;
    model->sequence++;
    for (;;) {
        CHECK(ext4_op_begin(model->fs, model->sequence, &now) == 0, "begin");
        if (fails)
            model->fs->journal.operation_blocks = 1 + below(model, 12);
        result = step_do(model, step);
        model->fs->journal.operation_blocks = room;
        if (result >= 0)
            break;
        if (result != -E_AGAIN) {
            ext4_op_undo(model->fs);
            break;
        }
        ext4_op_retract(model->fs);
        CHECK(ext4_commit(model->fs) == 0, "commit");
    }
    if (result >= 0)
        ext4_op_end(model->fs);
    if (result == EXT4_UNFINISHED)
        result = (step->kind == RELEASE ? ext4_orphan_finish
                                        : ext4_truncate_finish)(model->fs, (uint32_t)ino, &now);
    CHECK(ext4_buffers_pinned(model->fs) == 0, "kind %d leaves a pin", (int)step->kind);
    if (model->after)
        model->after(model);
    if (below(model, 50) == 0)
        CHECK((below(model, 2) ? ext4_commit : ext4_checkpoint)(model->fs) == 0, "commit");
    if (result >= 0)
        model->done[step->kind]++;
    else
        model->failed++;
    return result;
}

// True: done; false: failed as it may, with nothing changed.
static bool succeeded(struct model *model, struct step *step, int expected)
{
    int result = operate(model, step);
    if (result == -E_NOSPC || (result == -E_NOMEM && model->faults))
        return false;
    CHECK(result == expected, "kind %d flags %u: result %d, expected %d", (int)step->kind,
          (unsigned)step->flags, result, expected);
    return result == 0;
}

static void gone(struct model *model, struct model_node *node)
{
    struct step step = {.kind = RELEASE, .node = node};
    if (node->links > 0 || below(model, 3) == 0)
        return; // an orphan for a while
    if (succeeded(model, &step, 0))
        node_free(model, node);
}

// ---- the kinds ----

static unsigned random_mode(struct model *model)
{
    static const unsigned types[] = {EXT4_S_IFREG, EXT4_S_IFREG, EXT4_S_IFREG,  EXT4_S_IFDIR,
                                     EXT4_S_IFLNK, EXT4_S_IFIFO, EXT4_S_IFSOCK, EXT4_S_IFCHR};
    return types[below(model, 8)] | 0644;
}

static void step_make(struct model *model)
{
    struct step step = {.kind = MAKE, .directory = pick(model, true), .mode = random_mode(model)};
    unsigned type = step.mode & EXT4_S_IFMT;
    random_name(model, step.directory, step.name);
    if (type == EXT4_S_IFLNK) {
        memset(step.target, 't', sizeof(step.target));
        step.target[1 + below(model, below(model, 2) ? 90 : 1000)] = 0;
    }
    int expected = child(step.directory, step.name) ? -E_EXIST
                   : step.directory->links == 0     ? -E_NOENT
                                                    : 0;
    if (!succeeded(model, &step, expected))
        return;
    struct model_node *node = node_new(model, step.mode);
    node->ino = step.ino;
    node->generation = step.generation;
    node->links = type == EXT4_S_IFDIR ? 2 : 1;
    node->uid = 70000;
    node->size = strlen(step.target);
    if (type == EXT4_S_IFDIR)
        node->size = ext4_block_bytes(model->fs);
    strcpy(node->target, step.target);
    name_add(step.directory, step.name, node);
}

static void step_link(struct model *model)
{
    struct step step = {
        .kind = LINK, .directory = pick(model, true), .node = pick(model, below(model, 10) == 0)};
    if (!step.node)
        return;
    random_name(model, step.directory, step.name);
    int expected = is_directory(step.node)            ? -E_PERM
                   : step.node->links == 0            ? -E_NOENT
                   : child(step.directory, step.name) ? -E_EXIST
                   : step.directory->links == 0       ? -E_NOENT
                                                      : 0;
    if (!succeeded(model, &step, expected))
        return;
    step.node->links++;
    name_add(step.directory, step.name, step.node);
}

static void step_remove(struct model *model)
{
    struct step step = {.kind = REMOVE, .directory = pick(model, true)};
    random_name(model, step.directory, step.name);
    int at = name_find(step.directory, step.name);
    struct model_node *node = at < 0 ? NULL : step.directory->names[at].node;
    step.node = node;
    step.flags = node && is_directory(node) ? below(model, 8) != 0 : below(model, 8) == 0;
    int expected = 0;
    if (!node)
        expected = -E_NOENT;
    else if (is_directory(node) != (step.flags != 0))
        expected = is_directory(node) ? -E_ISDIR : -E_NOTDIR;
    else if (node->count)
        expected = -E_NOTEMPTY;
    if (!succeeded(model, &step, expected))
        return;
    name_remove(step.directory, (unsigned)at);
    node_lose_name(node);
    gone(model, node);
}

static bool lies_in(const struct model_node *node, const struct model_node *directory)
{
    for (; node; node = node->parent)
        if (node == directory)
            return true;
    return false;
}

static int rename_expected(const struct step *step, const struct model_node *moved,
                           const struct model_node *replaced)
{
    bool across = step->directory != step->other;
    bool swap = (step->flags & FS_RENAME_EXCHANGE) != 0;
    if (!moved)
        return -E_NOENT;
    if (replaced && (step->flags & FS_RENAME_NO_REPLACE))
        return -E_EXIST;
    if (swap && !replaced)
        return -E_NOENT;
    if (replaced == moved)
        return 0;
    if (step->other->links == 0)
        return -E_NOENT;
    if (across && is_directory(moved) && lies_in(step->other, moved))
        return -E_INVAL;
    if (swap)
        return across && is_directory(replaced) && lies_in(step->directory, replaced) ? -E_INVAL
                                                                                      : 0;
    if (!replaced)
        return 0;
    if (is_directory(moved) != is_directory(replaced))
        return is_directory(moved) ? -E_NOTDIR : -E_ISDIR;
    return replaced->count ? -E_NOTEMPTY : 0;
}

static void step_rename(struct model *model)
{
    struct step step = {.kind = RENAME, .directory = pick(model, true)};
    step.other = below(model, 2) ? step.directory : pick(model, true);
    step.flags = below(model, 3);
    random_name(model, step.directory, step.name);
    if (step.directory->count)
        strcpy(step.name, step.directory->names[below(model, step.directory->count)].name);
    random_name(model, step.other, step.other_name);
    struct model_node *moved = child(step.directory, step.name);
    struct model_node *replaced = child(step.other, step.other_name);
    if (!succeeded(model, &step, rename_expected(&step, moved, replaced)) || moved == replaced)
        return;
    name_remove(step.directory, (unsigned)name_find(step.directory, step.name));
    if (replaced)
        name_remove(step.other, (unsigned)name_find(step.other, step.other_name));
    name_add(step.other, step.other_name, moved);
    if (step.flags & FS_RENAME_EXCHANGE) {
        name_add(step.directory, step.name, replaced);
    } else if (replaced) {
        node_lose_name(replaced);
        gone(model, replaced);
    }
}

static void data_write(struct model *model, const struct step *step, uint8_t value)
{
    for (unsigned i = 0; i < step->extent_count; i++) {
        const struct fs_extent *extent = &step->extents[i];
        CHECK(!(extent->flags & FS_EXTENT_HOLE), "a hole after allocation");
        memset(model->device + extent->device_offset, value, extent->bytes);
    }
}

static void step_write(struct model *model)
{
    struct model_node *node = pick(model, false);
    if (!node || !is_regular(node))
        return;
    uint64_t block_bytes = ext4_block_bytes(model->fs);
    unsigned first = below(model, MODEL_BLOCKS), count = 1;
    uint8_t value = (uint8_t)(1 + below(model, 255));
    if (node->stride == 1)
        count = 1 + below(model, MODEL_BLOCKS - first);
    struct step step = {.kind = WRITE,
                        .node = node,
                        .offset = (uint64_t)first * node->stride * block_bytes,
                        .bytes = count * block_bytes,
                        .flags = below(model, 40)};
    if (!succeeded(model, &step, 0))
        return;
    count = (unsigned)((step.end - step.offset) / block_bytes);
    CHECK(count > 0 && step.end <= step.offset + step.bytes, "nothing allocated");
    if (below(model, 5) == 0)
        return; // never committed: reads as before
    bool overwrites = step.end <= node->size || below(model, 3) != 0;
    data_write(model, &step, value);
    if (!overwrites)
        for (unsigned i = first; i < first + count; i++)
            CHECK(true, "kept");
    step.bytes = step.end - step.offset;
    step.size = step.end;
    bool done = succeeded(model, &step, 0);
    for (unsigned i = 0; i < count; i++)
        if (done || node->block[first + i])
            node->block[first + i] = value;
    if (done && step.end > node->size)
        node->size = step.end;
}

static void step_size(struct model *model)
{
    struct model_node *node = pick(model, false);
    if (!node || !is_regular(node))
        return;
    uint64_t block_bytes = ext4_block_bytes(model->fs);
    unsigned blocks = below(model, MODEL_BLOCKS);
    struct step step = {.kind = SIZE,
                        .node = node,
                        .flags = FS_VALID_SIZE,
                        .size = (uint64_t)blocks * node->stride * block_bytes};
    if (!succeeded(model, &step, 0))
        return;
    node->size = step.size;
    memset(node->block + blocks, 0, MODEL_BLOCKS - blocks);
}

static void step_attribute(struct model *model)
{
    struct model_node *node = pick(model, below(model, 2));
    if (!node)
        return;
    struct step step = {.kind = ATTRIBUTE,
                        .node = node,
                        .flags = FS_VALID_MODE | FS_VALID_UID,
                        .length = below(model, 100000),
                        .mode = (node->mode & EXT4_S_IFMT) | below(model, 4096)};
    if (!succeeded(model, &step, 0))
        return;
    node->mode = step.mode;
    node->uid = step.length;
}

static void step_xattr(struct model *model)
{
    struct model_node *node = pick(model, below(model, 3) == 0);
    if (!node)
        return;
    struct step step = {.kind = XATTR, .node = node, .attribute = below(model, MODEL_ATTRIBUTES)};
    unsigned had = node->attribute[step.attribute].length;
    int expected = 0;
    step.length = 1 + below(model, below(model, 2) ? 20 : MODEL_VALUE_MAX);
    step.flags = below(model, 2) ? 0 : 1ull << below(model, 3);
    memset(step.value, (int)below(model, 256), step.length);
    if (had && step.flags == FS_XATTR_CREATE)
        expected = -E_EXIST;
    if (!had && (step.flags & (FS_XATTR_REPLACE | FS_XATTR_REMOVE)))
        expected = -E_NODATA;
    if (!succeeded(model, &step, expected))
        return;
    node->attribute[step.attribute].length = step.flags == FS_XATTR_REMOVE ? 0 : step.length;
    memcpy(node->attribute[step.attribute].value, step.value, step.length);
}

static void step_release(struct model *model)
{
    struct model_node *node = model->node[below(model, model->count)];
    if (node->links == 0 && (!is_directory(node) || node != model->favourite))
        gone(model, node);
}

void model_step(struct model *model)
{
    static void (*const steps[])(struct model *) = {
        step_make,   step_make,   step_make,  step_link,      step_remove,
        step_remove, step_rename, step_write, step_write,     step_write,
        step_size,   step_xattr,  step_xattr, step_attribute, step_release,
    };
    steps[below(model, sizeof(steps) / sizeof(steps[0]))](model);
    if (below(model, 200) == 0 || model->favourite->links == 0)
        model->favourite = model->root;
    if (below(model, 200) == 0) {
        struct model_node *node = pick(model, true);
        if (node->links)
            model->favourite = node;
    }
}

// ---- comparing ----

static bool count_entry(void *context, const struct ext4_entry *entry)
{
    (void)entry;
    ++*(unsigned *)context;
    return true;
}

static void compare_directory(struct model *model, struct model_node *node,
                              const struct ext4_inode *inode)
{
    unsigned count = 0;
    uint64_t position = 0;
    uint32_t ino;
    int error = ext4_readdir(inode, &position, count_entry, &count);
    CHECK(!error && count == node->count + 2, "directory %u: error %d, %u names, should be %u",
          inode->ino, error, count, node->count + 2);
    for (unsigned i = 0; i < node->count; i++) {
        const struct model_name *name = &node->names[i];
        error = ext4_lookup(inode, name->name, (unsigned)strlen(name->name), &ino);
        CHECK(!error && ino == name->node->ino, "name %s: error %d", name->name, error);
    }
    error = ext4_lookup(inode, "..", 2, &ino);
    const struct model_node *parent = node->parent ? node->parent : model->root;
    if (node->links)
        CHECK(!error && ino == parent->ino, "\"..\" of %u", inode->ino);
}

static void compare_content(struct model *model, const struct model_node *node,
                            const struct ext4_inode *inode)
{
    uint8_t data[EXT4_WRITE_BLOCK_MAX];
    uint32_t block_bytes = (uint32_t)ext4_block_bytes(model->fs);
    for (unsigned i = 0; i < MODEL_BLOCKS; i++) {
        uint64_t offset = (uint64_t)i * node->stride * block_bytes;
        if (offset >= node->size)
            break;
        int got = ext4_read(inode, offset, data, block_bytes);
        CHECK(got == (int)block_bytes, "reading: %d", got);
        for (unsigned at = 0; at < block_bytes; at++)
            CHECK(data[at] == node->block[i], "inode %u, block %u: %u, should be %u", inode->ino,
                  i * node->stride, data[at], node->block[i]);
    }
}

static void compare_attributes(const struct model_node *node, const struct ext4_inode *inode)
{
    struct fs_attributes attributes;
    uint8_t value[MODEL_VALUE_MAX];
    char name[40];
    ext4_inode_attributes(inode, &attributes);
    CHECK(attributes.mode == node->mode && attributes.links == node->links &&
              attributes.uid == node->uid,
          "inode %u: mode %o %o links %u %u", inode->ino, attributes.mode, node->mode,
          attributes.links, node->links);
    CHECK(is_directory(node) || attributes.size == node->size, "inode %u: size", inode->ino);
    for (unsigned i = 0; i < MODEL_ATTRIBUTES; i++) {
        snprintf(name, sizeof(name), "%s%u", i % 2 ? "user.note" : "trusted.t", i);
        int got = ext4_xattr_get(inode, name, strlen(name), value, sizeof(value));
        int expected = node->attribute[i].length ? (int)node->attribute[i].length : -E_NODATA;
        CHECK(got == expected, "inode %u: attribute %s: %d, should be %d", inode->ino, name, got,
              expected);
        CHECK(got < 0 || memcmp(value, node->attribute[i].value, (size_t)got) == 0, "value");
    }
}

void model_compare(struct model *model)
{
    char target[FS_LINK_MAX];
    for (unsigned i = 0; i < model->count; i++) {
        struct model_node *node = model->node[i];
        struct ext4_inode inode;
        inode_open(model, node, &inode);
        compare_attributes(node, &inode);
        if (is_directory(node))
            compare_directory(model, node, &inode);
        if (is_regular(node))
            compare_content(model, node, &inode);
        if ((node->mode & EXT4_S_IFMT) == EXT4_S_IFLNK) {
            int length = ext4_readlink(&inode, target, sizeof(target));
            CHECK(length == (int)node->size && memcmp(target, node->target, node->size) == 0,
                  "link");
        }
        ext4_inode_put(&inode);
    }
    CHECK(ext4_cache_fault(model->fs) == NULL, "%s", ext4_cache_fault(model->fs));
}

// ---- beginning and end ----

static struct model_node *adopt(struct model *model, uint64_t ino, struct model_node *parent)
{
    struct ext4_inode inode;
    struct fs_attributes attributes;
    CHECK(ext4_inode_get(model->fs, ino, &inode) == 0, "inode %u", (unsigned)ino);
    ext4_inode_attributes(&inode, &attributes);
    ext4_inode_put(&inode);
    struct model_node *node = node_new(model, attributes.mode);
    node->ino = ino;
    node->generation = attributes.generation;
    node->links = attributes.links;
    node->uid = attributes.uid;
    node->parent = parent;
    return node;
}

void model_begin(struct model *model, struct ext4 *fs, uint8_t *device, uint64_t seed)
{
    struct ext4_inode root;
    uint32_t ino;
    *model = (struct model){.fs = fs, .device = device, .now = 1800000000, .grow = 30};
    model->random = (seed + 1) * 0x9E3779B97F4A7C15ull;
    model->root = model->favourite = adopt(model, EXT4_ROOT, NULL);
    CHECK(ext4_inode_get(fs, EXT4_ROOT, &root) == 0, "root");
    if (ext4_lookup(&root, "lost+found", 10, &ino) == 0) {
        struct model_node *lost = adopt(model, ino, model->root);
        name_add(model->root, "lost+found", lost);
        model->root->links--;
    }
    ext4_inode_put(&root);
}

void model_release_orphans(struct model *model)
{
    bool faults = model->faults;
    model->faults = false;
    for (unsigned i = 0; i < model->count;) {
        struct step step = {.kind = RELEASE, .node = model->node[i]};
        if (step.node->links > 0) {
            i++;
            continue;
        }
        CHECK(operate(model, &step) == 0, "release");
        node_free(model, step.node);
    }
    model->faults = faults;
}

void model_end(struct model *model)
{
    while (model->count)
        node_free(model, model->node[model->count - 1]);
    free(model->node);
}
