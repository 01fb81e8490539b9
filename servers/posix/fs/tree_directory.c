// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/fs/tree_directory.h"

#include <stdlib.h>
#include <string.h>

#include "servers/posix/vfs/tree.h"

enum { FEW = 8, BUCKETS_FIRST = 16, COOKIE_FIRST = 2 };

void tree_directory_init(struct tree_directory *directory)
{
    memset(directory, 0, sizeof(*directory));
    list_init(&directory->entries);
    directory->next_cookie = COOKIE_FIRST;
}

static bool entry_is(const struct tree_entry *entry, const struct name *name)
{
    return entry->hash == name->hash && entry->length == name->length &&
           memcmp(entry->name, name->text, name->length) == 0;
}

struct tree_entry *tree_directory_find(const struct tree_directory *directory, const char *text,
                                       size_t length)
{
    struct name name = name_of(text, length);
    if (directory->bucket != NULL) {
        struct tree_entry *entry = directory->bucket[name.hash & (directory->buckets - 1)];
        while (entry != NULL && !entry_is(entry, &name))
            entry = entry->hash_next;
        return entry;
    }
    list_for_each(node, &directory->entries)
    {
        struct tree_entry *entry = list_entry(node, struct tree_entry, node);
        if (entry_is(entry, &name))
            return entry;
    }
    return NULL;
}

static void bucket_add(struct tree_directory *directory, struct tree_entry *entry)
{
    struct tree_entry **bucket = &directory->bucket[entry->hash & (directory->buckets - 1)];
    entry->hash_next = *bucket;
    *bucket = entry;
}

// More buckets, if there is memory for them: without, lookups only get slower.
static void directory_grow(struct tree_directory *directory)
{
    uint32_t buckets = directory->buckets == 0 ? BUCKETS_FIRST : directory->buckets * 2;
    struct tree_entry **bucket = calloc(buckets, sizeof(struct tree_entry *));
    if (bucket == NULL)
        return;
    free(directory->bucket);
    directory->bucket = bucket;
    directory->buckets = buckets;
    list_for_each(node, &directory->entries)
        bucket_add(directory, list_entry(node, struct tree_entry, node));
}

int tree_directory_add(struct tree_directory *directory, const char *text, size_t length,
                       struct inode *inode)
{
    struct tree_entry *entry = malloc(sizeof(*entry) + length + 1);
    if (entry == NULL)
        return -E_NOMEM;
    struct name name = name_of(text, length);
    memcpy(entry->name, text, length);
    entry->name[length] = '\0';
    entry->length = name.length;
    entry->hash = name.hash;
    entry->hash_next = NULL;
    entry->inode = inode;
    entry->cookie = directory->next_cookie++;
    list_add_tail(&directory->entries, &entry->node);
    directory->count++;
    if (directory->bucket != NULL)
        bucket_add(directory, entry);
    if (directory->count > FEW && directory->count > directory->buckets)
        directory_grow(directory);
    return 0;
}

struct inode *tree_directory_remove(struct tree_directory *directory, struct tree_entry *entry)
{
    struct inode *inode = entry->inode;
    if (directory->bucket != NULL) {
        struct tree_entry **link = &directory->bucket[entry->hash & (directory->buckets - 1)];
        while (*link != entry)
            link = &(*link)->hash_next;
        *link = entry->hash_next;
    }
    list_remove(&entry->node);
    directory->count--;
    free(entry);
    return inode;
}

int tree_directory_read(const struct tree_directory *directory, struct file *file,
                        struct readdir_sink *sink)
{
    list_for_each(node, &directory->entries)
    {
        const struct tree_entry *entry = list_entry(node, struct tree_entry, node);
        if (entry->cookie < file->position)
            continue;
        if (!readdir_emit(sink, entry->name, entry->length, entry->inode->number,
                          entry->inode->mode, entry->cookie + 1))
            break;
        file->position = entry->cookie + 1;
    }
    return 0;
}

void tree_directory_destroy(struct tree_directory *directory)
{
    free(directory->bucket);
    directory->bucket = NULL;
    directory->buckets = 0;
}
