// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The tree of names: dentries and mounts. Internal to the VFS core.
//
// Invariants:
// T1 a dentry holds its parent, its inode and nothing else; a mount holds its root dentry, its
// parent mount and the
//    dentry it covers;
// T2 a hashed dentry is found by (parent, name) and says what the file system would say: an inode,
// or (negative) none; T3 a dentry without references is hashed and on the LRU list, or it is freed
// at once; T4 `mounted` counts the mounts that cover a dentry; the walk asks the mount table only
// if it is not 0. All of it is guarded by posix_lock.

#pragma once

#include "servers/posix/filesystem.h"
#include "servers/posix/vfs.h"

// ---- dentries ----

enum dentry_flag {
    DENTRY_HASHED = 1,
    DENTRY_ON_LRU = 2,
};

enum { DENTRY_INLINE_NAME = 32 };

struct dentry {
    struct dentry *hash_next;
    struct dentry *parent; // itself for a root
    struct inode *inode;   // NULL: negative
    const char *name;      // NUL-terminated
    uint32_t hash;
    uint16_t length;
    uint16_t flags; // enum dentry_flag
    uint32_t references;
    uint32_t mounted;
    struct superblock *superblock;
    struct list lru_node;
    struct list child_node;
    struct list children;
    char inline_name[DENTRY_INLINE_NAME];
};

// A name and its hash, as the walk makes them.
struct name {
    const char *text;
    uint32_t length;
    uint32_t hash;
};

// FNV-1a, a byte at a time while the walk looks for the slash anyway.
enum { NAME_HASH_START = 0x811c9dc5, NAME_HASH_FACTOR = 0x01000193 };

static inline uint32_t name_hash_step(uint32_t hash, char c)
{
    return (hash ^ (uint8_t)c) * (uint32_t)NAME_HASH_FACTOR;
}

struct name name_of(const char *text, size_t length);

int dentry_cache_init(void);
// Not counted, or NULL: not cached. Negative ones are found.
struct dentry *dentry_find(const struct dentry *parent, const struct name *name);
// A new negative unhashed dentry with one reference; NULL: no memory.
struct dentry *dentry_create(struct dentry *parent, const struct name *name);
// The root of a super-block; takes over the caller's reference to the inode.
struct dentry *dentry_create_root(struct superblock *superblock, struct inode *inode);
void dentry_hash(struct dentry *dentry);
void dentry_unhash(struct dentry *dentry);
// Gives a negative dentry its inode, whose reference it takes over.
void dentry_set_inode(struct dentry *dentry, struct inode *inode);
// The name refers to nothing any more (unlink): turns negative if nobody else uses it, else leaves
// the hash.
void dentry_forget(struct dentry *dentry);
// Rename. Prepare may fail (-E_NOMEM) and changes nothing; commit cannot.
struct dentry_move {
    struct dentry *dentry;
    struct dentry *parent;
    char *long_name;
    struct name name;
};
int dentry_move_prepare(struct dentry_move *move, struct dentry *dentry, struct dentry *parent,
                        const struct name *name);
void dentry_move_abort(struct dentry_move *move);
void dentry_move_commit(struct dentry_move *move);

void dentry_put_last(struct dentry *dentry);
void dentry_use_again(struct dentry *dentry);

static inline struct dentry *dentry_get(struct dentry *dentry)
{
    if (dentry->references++ == 0)
        dentry_use_again(dentry);
    return dentry;
}

static inline void dentry_put(struct dentry *dentry)
{
    if (--dentry->references == 0)
        dentry_put_last(dentry);
}

bool dentry_is_below(const struct dentry *dentry, const struct dentry *ancestor);
// Frees up to `count` of the least recently used; returns how many.
unsigned dentry_shrink(unsigned count);
// Frees all unused ones of a super-block.
void dentry_shrink_superblock(const struct superblock *superblock);
void dentry_count(uint64_t *total, uint64_t *unused);

// ---- super-blocks and inodes ----

void inode_table_init(void);
void superblock_put(
    struct superblock *superblock); // gives back a count of superblock->mounts; may sleep
int superblock_sync_all(void);

// ---- mounts ----

enum mount_flag {
    MOUNT_READ_ONLY = 1,
    MOUNT_NO_SUID = 2,
    MOUNT_NO_DEVICE = 4,
    MOUNT_NO_EXECUTE = 8,
    MOUNT_NO_ATIME = 16,
    MOUNT_NO_DIRATIME = 32,
    MOUNT_STRICT_ATIME = 64,
    MOUNT_INTERNAL = 128, // of things without a place in the tree (pipes, memfds)
};

struct mount {
    struct superblock *superblock;
    struct dentry *root;
    struct mount *parent;      // itself for the root of all; NULL once detached
    struct dentry *mountpoint; // in parent
    uint32_t flags;            // enum mount_flag
    uint32_t references;       // paths, and the tree's own
    uint32_t id;
    struct list hash_node;
    struct list children; // child_node of the mounts in it
    struct list child_node;
    struct list all_node; // mount_list, in order
};

extern struct list mount_list;
extern struct mount *mount_root;

void mount_table_init(void);
// The topmost mount that covers (mount, dentry), or NULL.
struct mount *mount_covering(const struct mount *mount, const struct dentry *dentry);
void mount_put_last(struct mount *mount);

static inline void mount_put(struct mount *mount)
{
    if (--mount->references == 0)
        mount_put_last(mount);
}

// Goes to what covers the path, through all layers. The path's counts are not touched.
static inline void mount_descend(struct path *path)
{
    while (path->dentry->mounted != 0) {
        struct mount *top = mount_covering(path->mount, path->dentry);
        if (top == NULL)
            return;
        path->mount = top;
        path->dentry = top->root;
    }
}

static inline bool mount_is_read_only(const struct mount *mount)
{
    return (mount->flags & MOUNT_READ_ONLY) != 0 ||
           (mount->superblock->flags & SUPERBLOCK_READ_ONLY) != 0;
}

// A super-block of `type` and a mount of it, not in the tree; *out has one reference.
int mount_create(struct filesystem *type, const char *source, const char *options, uint32_t flags,
                 bool read_only, struct mount **out);
// One more mount of a part of a mounted tree (bind).
int mount_create_bind(const struct path *source, struct mount **out);
// Puts it over `where` (which must be a directory if its root is); the tree takes over the
// reference.
int mount_attach(struct mount *mount, const struct path *where);
// Moves an attached mount to another place. E_NOTDIR, E_NOENT.
int mount_reattach(struct mount *mount, const struct path *where);
void mount_detach(struct mount *mount);
bool mount_is_busy(const struct mount *mount);

// ---- walking ----

enum last_kind { LAST_NORMAL, LAST_DOT, LAST_DOTDOT, LAST_ROOT };

enum { WALK_LINKS_MAX = 40 };

struct walk {
    const struct vfs_caller *who;
    struct path at;     // not counted, kept alive by `pinned` or by being its ancestor
    struct path pinned; // counted
    struct path root;   // where / and .. stop
    struct path start;  // for LOOKUP_BENEATH
    uint32_t flags;     // enum lookup_flag
    unsigned links;     // followed so far
    unsigned depth;     // of `rest`
    unsigned buffers;
    const char *rest[WALK_LINKS_MAX]; // what is left of the paths whose links are being followed
    char *buffer[WALK_LINKS_MAX];     // link texts, freed at the end
    // Parent mode: the component that the walk stopped before.
    struct name last;
    enum last_kind last_kind;
    bool trailing_slash; // the last component must be a directory
};

// Start a walk; `path` relative to `start` (NULL: working directory). Always walk_end.
int walk_begin(struct walk *walk, const struct vfs_caller *who, const struct path *start,
               const char *path, uint32_t flags);
void walk_end(struct walk *walk);
// All components: walk->at is the result.
int walk_all(struct walk *walk, const char *path);
// All but the last: walk->at is the directory, last and last_kind say what is left.
int walk_parent(struct walk *walk, const char *path);
// The dentry of walk->last in directory walk->at, perhaps negative; counted.
int walk_last(struct walk *walk, struct dentry **out);
// `link` (in directory walk->at) is a symbolic link to be followed, the last component: goes on in
// parent mode.
int walk_follow_last(struct walk *walk, struct dentry *link, bool *done);

// Name `name` in `directory`, from the cache or the file system; counted. May sleep.
int dentry_lookup(struct dentry *directory, const struct name *name, struct dentry **out);

// ---- permissions (permission.c) ----

enum { MAY_EXECUTE = 1, MAY_WRITE = 2, MAY_READ = 4 };

int inode_permission(const struct vfs_caller *who, struct inode *inode, uint32_t access);
bool caller_in_group(const struct vfs_caller *who, uint32_t gid);
// Owner or privileged.
static inline bool caller_owns(const struct vfs_caller *who, const struct inode *inode)
{
    return who->privileged || who->uid == inode->uid;
}
// May `victim` (an inode in directory) be removed or renamed? E_ACCES, E_PERM, E_ROFS.
int directory_may_remove(const struct vfs_caller *who, const struct path *directory,
                         const struct inode *victim);
int directory_may_add(const struct vfs_caller *who, const struct path *directory);
