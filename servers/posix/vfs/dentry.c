// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The dentry cache: names by (parent, name) in one hash table, unused ones on an LRU list of
// bounded length. Invariants in tree.h.

#include <stdlib.h>
#include <string.h>

#include "servers/posix/vfs/tree.h"

enum {
    HASH_BITS = 12,
    HASH_SIZE = 1 << HASH_BITS,
    UNUSED_MAX = 6144, // about 1 MiB of names that nobody uses
};

static struct dentry *hash_table[HASH_SIZE];
static struct list lru = LIST_INIT(lru); // least recently used first
static uint64_t total_count, unused_count;

static inline uint32_t bucket_of(const struct dentry *parent, uint32_t hash)
{
    uint64_t mixed = (hash ^ ((uint64_t)(uintptr_t)parent >> 6)) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(mixed >> (64 - HASH_BITS));
}

struct name name_of(const char *text, size_t length)
{
    uint32_t hash = NAME_HASH_START;
    for (size_t i = 0; i < length; i++)
        hash = name_hash_step(hash, text[i]);
    return (struct name){.text = text, .length = (uint32_t)length, .hash = hash};
}

int dentry_cache_init(void)
{
    memset(hash_table, 0, sizeof(hash_table));
    list_init(&lru);
    total_count = unused_count = 0;
    return 0;
}

struct dentry *dentry_find(const struct dentry *parent, const struct name *name)
{
    struct dentry *dentry = hash_table[bucket_of(parent, name->hash)];
    for (; dentry != NULL; dentry = dentry->hash_next) {
        if (dentry->hash == name->hash && dentry->parent == parent &&
            dentry->length == name->length && memcmp(dentry->name, name->text, name->length) == 0)
            return dentry;
    }
    return NULL;
}

void dentry_hash(struct dentry *dentry)
{
    struct dentry **bucket = &hash_table[bucket_of(dentry->parent, dentry->hash)];
    dentry->hash_next = *bucket;
    *bucket = dentry;
    dentry->flags |= DENTRY_HASHED;
}

void dentry_unhash(struct dentry *dentry)
{
    if ((dentry->flags & DENTRY_HASHED) == 0)
        return;
    struct dentry **link = &hash_table[bucket_of(dentry->parent, dentry->hash)];
    while (*link != dentry)
        link = &(*link)->hash_next;
    *link = dentry->hash_next;
    dentry->flags &= (uint16_t)~DENTRY_HASHED;
}

// Room for a name that does not fit into the dentry; NULL in *out if it does.
static int name_room(uint32_t length, char **out)
{
    *out = NULL;
    if (length < DENTRY_INLINE_NAME)
        return 0;
    *out = malloc((size_t)length + 1);
    return *out == NULL ? -E_NOMEM : 0;
}

static void name_set(struct dentry *dentry, char *long_name, const struct name *name)
{
    char *to = long_name != NULL ? long_name : dentry->inline_name;
    memmove(to, name->text, name->length); // exchange: the text may be in the dentry itself
    to[name->length] = '\0';
    dentry->name = to;
    dentry->length = (uint16_t)name->length;
    dentry->hash = name->hash;
}

static void name_free(struct dentry *dentry)
{
    if (dentry->name != dentry->inline_name)
        free((void *)(uintptr_t)dentry->name);
}

static struct dentry *dentry_allocate(const struct name *name)
{
    char *long_name;
    if (name_room(name->length, &long_name) != 0)
        return NULL;
    struct dentry *dentry = malloc(sizeof(*dentry));
    if (dentry == NULL) {
        free(long_name);
        return NULL;
    }
    dentry->inode = NULL;
    dentry->hash_next = NULL;
    dentry->flags = 0;
    dentry->references = 1;
    dentry->mounted = 0;
    list_init(&dentry->lru_node);
    list_init(&dentry->child_node);
    list_init(&dentry->children);
    name_set(dentry, long_name, name);
    total_count++;
    return dentry;
}

struct dentry *dentry_create(struct dentry *parent, const struct name *name)
{
    struct dentry *dentry = dentry_allocate(name);
    if (dentry == NULL)
        return NULL;
    dentry->parent = dentry_get(parent);
    dentry->superblock = parent->superblock;
    list_add_head(&parent->children, &dentry->child_node);
    return dentry;
}

struct dentry *dentry_create_root(struct superblock *superblock, struct inode *inode)
{
    struct name name = name_of("/", 1);
    struct dentry *dentry = dentry_allocate(&name);
    if (dentry == NULL)
        return NULL;
    dentry->parent = dentry;
    dentry->superblock = superblock;
    dentry->inode = inode;
    return dentry;
}

void dentry_set_inode(struct dentry *dentry, struct inode *inode)
{
    dentry->inode = inode;
}

void dentry_forget(struct dentry *dentry)
{
    struct inode *inode = dentry->inode;
    if (dentry->references == 1 && (dentry->flags & DENTRY_HASHED) != 0 &&
        list_empty(&dentry->children)) {
        dentry->inode = NULL;
        if (inode != NULL)
            inode_put(inode);
    } else {
        dentry_unhash(dentry);
    }
}

static void lru_add(struct dentry *dentry)
{
    list_add_tail(&lru, &dentry->lru_node);
    dentry->flags |= DENTRY_ON_LRU;
    unused_count++;
}

// Frees one that has no references, and the parents that lose their last by it. A loop, not
// recursion: paths are long.
static void dentry_free(struct dentry *dentry)
{
    for (;;) {
        struct dentry *parent = dentry->parent;
        struct inode *inode = dentry->inode;
        dentry_unhash(dentry);
        if (dentry->flags & DENTRY_ON_LRU) {
            list_remove(&dentry->lru_node);
            unused_count--;
        }
        list_remove(&dentry->child_node);
        name_free(dentry);
        free(dentry);
        total_count--;
        if (inode != NULL)
            inode_put(inode);
        if (parent == dentry || --parent->references != 0)
            return;
        if (parent->flags & DENTRY_HASHED) {
            lru_add(parent);
            return;
        }
        dentry = parent;
    }
}

void dentry_put_last(struct dentry *dentry)
{
    if ((dentry->flags & DENTRY_HASHED) == 0) {
        dentry_free(dentry);
        return;
    }
    lru_add(dentry);
    if (unused_count > UNUSED_MAX)
        dentry_shrink(2); // one more than came, so that a long list gets shorter
}

void dentry_use_again(struct dentry *dentry)
{
    list_remove(&dentry->lru_node);
    dentry->flags &= (uint16_t)~DENTRY_ON_LRU;
    unused_count--;
}

unsigned dentry_shrink(unsigned count)
{
    unsigned freed = 0;
    while (freed < count && !list_empty(&lru)) {
        dentry_free(list_entry(lru.next, struct dentry, lru_node));
        freed++;
    }
    return freed;
}

void dentry_shrink_superblock(const struct superblock *superblock)
{
    // Freeing a leaf may put its parent on the LRU list: again until a pass finds none. The ones
    // found move to a list of their own first, because freeing may sleep and the LRU list change
    // meanwhile.
    struct list found = LIST_INIT(found);
    do {
        while (!list_empty(&found))
            dentry_free(list_entry(found.next, struct dentry, lru_node));
        list_for_each_safe(node, &lru)
        {
            if (list_entry(node, struct dentry, lru_node)->superblock == superblock) {
                list_remove(node);
                list_add_tail(&found, node);
            }
        }
    } while (!list_empty(&found));
}

void dentry_count(uint64_t *total, uint64_t *unused)
{
    *total = total_count;
    *unused = unused_count;
}

bool dentry_is_below(const struct dentry *dentry, const struct dentry *ancestor)
{
    for (;;) {
        if (dentry == ancestor)
            return true;
        if (dentry->parent == dentry)
            return false;
        dentry = dentry->parent;
    }
}

int dentry_move_prepare(struct dentry_move *move, struct dentry *dentry, struct dentry *parent,
                        const struct name *name)
{
    move->dentry = dentry;
    move->parent = parent;
    move->name = *name;
    return name_room(name->length, &move->long_name);
}

void dentry_move_abort(struct dentry_move *move)
{
    free(move->long_name);
    move->long_name = NULL;
}

void dentry_move_commit(struct dentry_move *move)
{
    struct dentry *dentry = move->dentry;
    bool hashed = (dentry->flags & DENTRY_HASHED) != 0;
    dentry_unhash(dentry);
    const char *old_name = dentry->name;
    bool was_long = old_name != dentry->inline_name;
    name_set(dentry, move->long_name, &move->name);
    if (was_long)
        free((void *)(uintptr_t)old_name);
    if (dentry->parent != move->parent) {
        struct dentry *old_parent = dentry->parent;
        list_remove(&dentry->child_node);
        dentry->parent = dentry_get(move->parent);
        list_add_head(&move->parent->children, &dentry->child_node);
        dentry_put(old_parent);
    }
    if (hashed)
        dentry_hash(dentry);
}
