// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The path walk (path_resolution(7)). Names in the dentry cache cost no reference counting and no
// call into the file system; only where the walk may sleep it pins the place it has reached.

#include <stdlib.h>
#include <string.h>

#include "servers/posix/vfs/tree.h"

void vfs_path_get(const struct path *path)
{
    if (path->mount != NULL)
        path->mount->references++;
    if (path->dentry != NULL)
        dentry_get(path->dentry);
}

void vfs_path_put(const struct path *path)
{
    if (path->dentry != NULL)
        dentry_put(path->dentry);
    if (path->mount != NULL)
        mount_put(path->mount);
}

static void walk_pin(struct walk *walk)
{
    struct path old = walk->pinned;
    walk->pinned = walk->at;
    vfs_path_get(&walk->pinned);
    vfs_path_put(&old);
}

int walk_begin(struct walk *walk, const struct vfs_caller *who, const struct path *start,
               const char *path, uint32_t flags)
{
    if (start == NULL)
        start = &who->fs->cwd;
    walk->who = who;
    walk->flags = flags;
    walk->links = walk->depth = walk->buffers = 0;
    walk->trailing_slash = false;
    walk->pinned = (struct path){NULL, NULL};
    walk->root = (flags & LOOKUP_IN_ROOT) ? *start : who->fs->root;
    walk->start = *start;
    if (*path != '/') {
        walk->at = *start;
        return 0;
    }
    if (flags & LOOKUP_BENEATH)
        return -E_XDEV;
    if ((flags & LOOKUP_NO_XDEV) && walk->root.mount != start->mount)
        return -E_XDEV;
    walk->at = walk->root;
    return 0;
}

void walk_end(struct walk *walk)
{
    while (walk->buffers > 0)
        free(walk->buffer[--walk->buffers]);
    vfs_path_put(&walk->pinned);
    walk->pinned = (struct path){NULL, NULL};
}

// ---- one step ----

static int lookup_miss(struct dentry *directory, const struct name *name, struct dentry **out)
{
    struct inode *inode = directory->inode;
    bool sleeps = (inode->superblock->flags & SUPERBLOCK_SLEEPS) != 0;
    if (inode->flags & INODE_DEAD)
        return -E_NOENT;
    if (sleeps) {
        inode_lock(inode);
        struct dentry *cached = dentry_find(directory, name); // somebody else asked meanwhile
        if (cached != NULL) {
            *out = dentry_get(cached);
            inode_unlock(inode);
            return 0;
        }
    }
    int error = -E_NOMEM;
    struct dentry *dentry = dentry_create(directory, name);
    if (dentry != NULL) {
        struct inode *found = NULL;
        error = inode->ops->lookup != NULL
                    ? inode->ops->lookup(inode, dentry->name, name->length, &found)
                    : -E_NOTDIR;
        if (error == 0)
            dentry_set_inode(dentry, found);
        else if (error == -E_NOENT)
            error = 0;
        if (error != 0)
            dentry_put(dentry);
        else if ((inode->superblock->flags & SUPERBLOCK_NO_CACHE) == 0)
            dentry_hash(dentry);
    }
    if (sleeps)
        inode_unlock(inode);
    if (error == 0)
        *out = dentry;
    return error;
}

int dentry_lookup(struct dentry *directory, const struct name *name, struct dentry **out)
{
    struct dentry *cached = dentry_find(directory, name);
    if (cached != NULL) {
        *out = dentry_get(cached);
        return 0;
    }
    return lookup_miss(directory, name, out);
}

// The dentry of a component, found or looked up; alive as long as walk->pinned is (which may become
// it).
static int walk_lookup(struct walk *walk, const struct name *name, struct dentry **out)
{
    struct dentry *directory = walk->at.dentry;
    struct dentry *dentry = dentry_find(directory, name);
    if (dentry != NULL) {
        *out = dentry;
        return 0;
    }
    if (name->length > LINUX_NAME_MAX)
        return -E_NAMETOOLONG;
    if (walk->flags & LOOKUP_CACHED)
        return -E_AGAIN;
    walk_pin(walk);
    int error = lookup_miss(directory, name, &dentry);
    if (error != 0)
        return error;
    // Hand our reference to the pin; it holds the directory through its parent.
    struct dentry *old = walk->pinned.dentry;
    walk->pinned.dentry = dentry;
    dentry_put(old);
    *out = dentry;
    return 0;
}

static int walk_up(struct walk *walk)
{
    struct path *at = &walk->at;
    if ((walk->flags & LOOKUP_BENEATH) != 0 && at->dentry == walk->start.dentry &&
        at->mount == walk->start.mount)
        return -E_XDEV;
    for (;;) {
        if (at->dentry == walk->root.dentry && at->mount == walk->root.mount)
            return 0;
        if (at->dentry != at->mount->root) {
            at->dentry = at->dentry->parent;
            break;
        }
        if (at->mount->parent == NULL || at->mount->parent == at->mount)
            return 0; // the root of all, or of a detached tree
        if (walk->flags & LOOKUP_NO_XDEV)
            return -E_XDEV;
        at->dentry = at->mount->mountpoint;
        at->mount = at->mount->parent;
    }
    mount_descend(at);
    return 0;
}

static inline int walk_may_search(struct walk *walk)
{
    struct inode *inode = walk->at.dentry->inode;
    if (!linux_s_isdir(inode->mode))
        return -E_NOTDIR;
    if ((inode->mode & 0111) == 0111 && inode->ops->permission == NULL)
        return 0;
    return inode_permission(walk->who, inode, MAY_EXECUTE);
}

static inline void walk_enter(struct walk *walk, struct dentry *dentry)
{
    walk->at.dentry = dentry;
    if (dentry->mounted != 0)
        mount_descend(&walk->at);
}

// ---- symbolic links ----

// Reads the text of a link into a new buffer of the walk.
static int walk_read_link(struct walk *walk, struct inode *link, const char **text)
{
    if (link->ops->readlink == NULL)
        return -E_INVAL;
    char *buffer = malloc(LINUX_PATH_MAX);
    if (buffer == NULL)
        return -E_NOMEM;
    int64_t length = link->ops->readlink(link, walk->who, buffer, LINUX_PATH_MAX - 1);
    if (length <= 0) {
        free(buffer);
        return length == 0 ? -E_NOENT : (int)length;
    }
    buffer[length] = '\0';
    walk->buffer[walk->buffers++] = buffer;
    *text = buffer;
    return 0;
}

// A link that leads straight to an object.
static int walk_follow_magic(struct walk *walk, struct inode *link)
{
    if (walk->flags & (LOOKUP_NO_MAGICLINKS | LOOKUP_BENEATH | LOOKUP_IN_ROOT))
        return walk->flags & LOOKUP_NO_MAGICLINKS ? -E_LOOP : -E_XDEV;
    struct path target;
    int error = link->ops->follow(link, walk->who, &target);
    if (error != 0)
        return error;
    if ((walk->flags & LOOKUP_NO_XDEV) != 0 && target.mount != walk->at.mount) {
        vfs_path_put(&target);
        return -E_XDEV;
    }
    struct path old = walk->pinned;
    walk->at = walk->pinned = target;
    vfs_path_put(&old);
    return 0;
}

// Follows the link `dentry` in walk->at. *text: what to walk next, NULL after a magic link.
static int walk_follow(struct walk *walk, struct dentry *dentry, const char **text)
{
    *text = NULL;
    if (walk->flags & LOOKUP_NO_SYMLINKS)
        return -E_LOOP;
    if (++walk->links > WALK_LINKS_MAX)
        return -E_LOOP;
    if (walk->flags & LOOKUP_CACHED)
        return -E_AGAIN;
    struct path here = {walk->at.mount, dentry}; // reading may sleep
    vfs_path_get(&here);
    struct path old = walk->pinned;
    walk->pinned = here;
    vfs_path_put(&old);

    struct inode *link = dentry->inode;
    inode_mark_accessed(link);
    if (link->ops->follow != NULL)
        return walk_follow_magic(walk, link);
    int error = walk_read_link(walk, link, text);
    if (error != 0)
        return error;
    if (**text == '/') {
        if (walk->flags & LOOKUP_BENEATH)
            return -E_XDEV;
        if ((walk->flags & LOOKUP_NO_XDEV) && walk->root.mount != walk->at.mount)
            return -E_XDEV;
        walk->at = walk->root;
    }
    return 0;
}

// ---- the loop ----

// Takes the component at *path, whose end becomes *path.
static inline struct name walk_component(const char **path)
{
    const char *p = *path;
    struct name name = {.text = p};
    uint32_t hash = NAME_HASH_START;
    for (char c = *p; c != '\0' && c != '/'; c = *++p)
        hash = name_hash_step(hash, c);
    name.length = (uint32_t)(p - name.text);
    name.hash = hash;
    *path = p;
    return name;
}

static inline enum last_kind walk_kind(const struct name *name)
{
    if (name->text[0] != '.')
        return LAST_NORMAL;
    if (name->length == 1)
        return LAST_DOT;
    if (name->length == 2 && name->text[1] == '.')
        return LAST_DOTDOT;
    return LAST_NORMAL;
}

// One ordinary component. *text: a link's text to go on with, or NULL.
static int walk_normal(struct walk *walk, const struct name *name, bool follow, const char **text)
{
    struct dentry *dentry;
    *text = NULL;
    int error = walk_lookup(walk, name, &dentry);
    if (error != 0)
        return error;
    struct inode *inode = dentry->inode;
    if (inode == NULL)
        return -E_NOENT;
    if (follow && linux_s_islnk(inode->mode))
        return walk_follow(walk, dentry, text);
    if (dentry->mounted != 0 && (walk->flags & LOOKUP_NO_XDEV) != 0 &&
        mount_covering(walk->at.mount, dentry) != NULL)
        return -E_XDEV;
    walk_enter(walk, dentry);
    return 0;
}

static int walk_run(struct walk *walk, const char *path, bool parent)
{
    for (;;) {
        while (*path == '/')
            path++;
        if (*path == '\0') {
            if (walk->depth == 0)
                break;
            path = walk->rest[--walk->depth];
            continue;
        }
        int error = walk_may_search(walk);
        if (error != 0)
            return error;
        struct name name = walk_component(&path);
        enum last_kind kind = walk_kind(&name);
        const char *after = path;
        while (*after == '/')
            after++;
        bool last = *after == '\0' && walk->depth == 0;
        if (last && after != path)
            walk->trailing_slash = true;
        if (last && parent) {
            walk->last = name;
            walk->last_kind = kind;
            return name.length > LINUX_NAME_MAX ? -E_NAMETOOLONG : 0;
        }
        path = after;
        if (kind != LAST_NORMAL) {
            if (kind == LAST_DOTDOT && (error = walk_up(walk)) != 0)
                return error;
            continue;
        }
        const char *text;
        bool follow = !last || (walk->flags & LOOKUP_FOLLOW) != 0 || walk->trailing_slash;
        error = walk_normal(walk, &name, follow, &text);
        if (error != 0)
            return error;
        if (text != NULL) {
            if (*path != '\0')
                walk->rest[walk->depth++] = path; // depth <= links <= WALK_LINKS_MAX
            path = text;
        }
    }
    walk->last_kind = LAST_ROOT; // parent mode: nothing but slashes
    return 0;
}

int walk_all(struct walk *walk, const char *path)
{
    if (*path == '\0' && (walk->flags & LOOKUP_EMPTY) == 0)
        return -E_NOENT;
    int error = walk_run(walk, path, false);
    if (error != 0)
        return error;
    if ((walk->trailing_slash || (walk->flags & LOOKUP_DIRECTORY) != 0) &&
        !linux_s_isdir(walk->at.dentry->inode->mode))
        return -E_NOTDIR;
    return 0;
}

int walk_parent(struct walk *walk, const char *path)
{
    if (*path == '\0')
        return -E_NOENT;
    return walk_run(walk, path, true);
}

int walk_last(struct walk *walk, struct dentry **out)
{
    // The directory must outlive this walk's own pin changes: the result holds it.
    walk_pin(walk);
    return dentry_lookup(walk->at.dentry, &walk->last, out);
}

int walk_follow_last(struct walk *walk, struct dentry *link, bool *done)
{
    const char *text;
    int error = walk_follow(walk, link, &text);
    *done = text == NULL;
    if (error != 0 || text == NULL)
        return error;
    return walk_run(walk, text, true);
}

int vfs_lookup(const struct vfs_caller *who, const struct path *start, const char *path,
               uint32_t flags, struct path *out)
{
    struct walk walk;
    int error = walk_begin(&walk, who, start, path, flags);
    if (error == 0)
        error = walk_all(&walk, path);
    if (error == 0) {
        *out = walk.at;
        vfs_path_get(out);
    }
    walk_end(&walk);
    return error;
}

// ---- paths as text ----

static bool prepend(char **at, const char *buffer, const char *text, size_t length)
{
    if ((size_t)(*at - buffer) < length)
        return false;
    *at -= length;
    memcpy(*at, text, length);
    return true;
}

char *vfs_path_text(const struct path *path, const struct path *root, char *buffer, size_t size)
{
    static const char deleted[] = " (deleted)", outside[] = "(unreachable)";
    if (size == 0)
        return NULL;
    char *at = buffer + size;
    bool fits = prepend(&at, buffer, "", 1);
    const struct dentry *dentry = path->dentry;
    const struct mount *mount = path->mount;
    if (dentry->inode != NULL && dentry != dentry->parent && (dentry->flags & DENTRY_HASHED) == 0 &&
        (dentry->superblock->flags & SUPERBLOCK_NO_CACHE) == 0)
        fits = fits && prepend(&at, buffer, deleted, sizeof(deleted) - 1);
    bool any = false, reached = false;
    while (fits) {
        if (dentry == root->dentry && mount == root->mount) {
            reached = true;
            break;
        }
        if (dentry == mount->root) {
            reached = (mount->flags & MOUNT_INTERNAL) != 0;
            if (mount->parent == NULL || mount->parent == mount)
                break;
            dentry = mount->mountpoint;
            mount = mount->parent;
            continue;
        }
        if (dentry == dentry->parent)
            break; // a pipe's, which is in no tree
        fits = prepend(&at, buffer, dentry->name, dentry->length) && prepend(&at, buffer, "/", 1);
        any = true;
        dentry = dentry->parent;
    }
    if (!any)
        fits = fits && prepend(&at, buffer, "/", 1);
    if (!reached)
        fits = fits && prepend(&at, buffer, outside, sizeof(outside) - 1);
    return fits ? at : NULL;
}
