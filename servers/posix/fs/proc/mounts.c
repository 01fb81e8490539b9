// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// /proc/mounts and /proc/<pid>/mountinfo.

#include "servers/posix/fs/proc/proc.h"
#include "servers/posix/vfs/tree.h"

static void append_mount_flags(struct proc_text *text, const struct mount *mount, bool read_only)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        {MOUNT_NO_SUID, ",nosuid"},         {MOUNT_NO_DEVICE, ",nodev"},
        {MOUNT_NO_EXECUTE, ",noexec"},      {MOUNT_NO_ATIME, ",noatime"},
        {MOUNT_NO_DIRATIME, ",nodiratime"},
    };
    proc_printf(text, "%s", read_only ? "ro" : "rw");
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (mount->flags & names[i].flag)
            proc_printf(text, "%s", names[i].name);
    }
    if ((mount->flags & (MOUNT_NO_ATIME | MOUNT_STRICT_ATIME)) == 0)
        proc_printf(text, ",relatime");
}

static void append_superblock_options(struct proc_text *text, struct superblock *superblock)
{
    char options[128];
    if (superblock->ops->show_options == NULL)
        return;
    size_t length = superblock->ops->show_options(superblock, options, sizeof(options));
    proc_append(text, options, length);
}

// The mount's place as `root` sees it; NULL: not below that root.
static const char *mount_place(const struct mount *mount, const struct path *root, char *buffer,
                               size_t size)
{
    struct path path = {(struct mount *)(uintptr_t)mount, mount->root};
    const char *place = vfs_path_text(&path, root, buffer, size);
    return place != NULL && place[0] == '/' ? place : NULL;
}

static const struct path *subject_root(const struct proc_subject *subject,
                                       const struct vfs_caller *who)
{
    if (subject->task != NULL)
        return &subject->task->fs->root;
    return who->fs != NULL ? &who->fs->root : NULL;
}

int proc_show_mounts(struct proc_text *text, const struct proc_subject *subject,
                     const struct vfs_caller *who)
{
    char buffer[LINUX_PATH_MAX];
    const struct path *root = subject_root(subject, who);
    if (root == NULL)
        return -E_INVAL;
    list_for_each(node, &mount_list)
    {
        const struct mount *mount = list_entry(node, struct mount, all_node);
        const char *place = mount_place(mount, root, buffer, sizeof(buffer));
        if (place == NULL)
            continue;
        proc_append_escaped(text, mount->superblock->source[0] != '\0' ? mount->superblock->source
                                                                       : "none");
        proc_printf(text, " ");
        proc_append_escaped(text, place);
        proc_printf(text, " %s ", mount->superblock->type->name);
        append_mount_flags(text, mount, mount_is_read_only(mount));
        append_superblock_options(text, mount->superblock);
        proc_printf(text, " 0 0\n");
    }
    return 0;
}

int proc_show_mountinfo(struct proc_text *text, const struct proc_subject *subject,
                        const struct vfs_caller *who)
{
    char buffer[LINUX_PATH_MAX];
    const struct path *root = subject_root(subject, who);
    if (root == NULL)
        return -E_INVAL;
    list_for_each(node, &mount_list)
    {
        const struct mount *mount = list_entry(node, struct mount, all_node);
        struct superblock *superblock = mount->superblock;
        const char *place = mount_place(mount, root, buffer, sizeof(buffer));
        if (place == NULL)
            continue;
        proc_printf(text, "%u %u %u:%u ", mount->id, mount->parent != mount ? mount->parent->id : 1,
                    linux_dev_major(superblock->device), linux_dev_minor(superblock->device));
        // What part of the file system is shown: its own path from the super-block's root.
        char inner[LINUX_PATH_MAX];
        struct mount whole = {.superblock = superblock, .root = superblock->root};
        struct path shown = {&whole, mount->root}, top = {&whole, superblock->root};
        const char *part = vfs_path_text(&shown, &top, inner, sizeof(inner));
        proc_append_escaped(text, part != NULL ? part : "/");
        proc_printf(text, " ");
        proc_append_escaped(text, place);
        proc_printf(text, " ");
        append_mount_flags(text, mount, (mount->flags & MOUNT_READ_ONLY) != 0);
        proc_printf(text, " - %s ", superblock->type->name);
        proc_append_escaped(text, superblock->source[0] != '\0' ? superblock->source : "none");
        proc_printf(text, " %s", (superblock->flags & SUPERBLOCK_READ_ONLY) ? "ro" : "rw");
        append_superblock_options(text, superblock);
        proc_printf(text, "\n");
    }
    return 0;
}
