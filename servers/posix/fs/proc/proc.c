// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// /proc as a file system: inodes made anew at each lookup (nothing here is worth caching, and
// processes come and go), directories, links, and files whose text is made when they are read from
// position 0.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/posix/fs/proc/proc.h"
#include "servers/posix/fs/types.h"
#include "servers/posix/mm.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs/tree.h"

enum { PROC_MAGIC = 0x9fa0, PID_POSITION = 256 };

// What an inode is.
struct proc_node {
    const struct proc_entry *entry;
    pid_linux_t tid; // 0: not about a process
    bool thread;     // below task/
    int fd;          // PROC_FD, fdinfo/<fd>
};

static const struct inode_operations directory_operations, file_operations, link_operations,
    magic_operations;
static const struct file_operations directory_file_operations, text_operations;

static const struct proc_entry root_entry = {
    .name = "/", .kind = PROC_ROOT, .mode = LINUX_S_IFDIR | 0555, .children = proc_root_entries};
static const struct proc_entry process_entry = {
    .kind = PROC_PROCESS, .mode = LINUX_S_IFDIR | 0555, .children = proc_process_entries};
static const struct proc_entry thread_entry = {
    .kind = PROC_PROCESS, .mode = LINUX_S_IFDIR | 0555, .children = proc_thread_entries};
static const struct proc_entry fd_entry = {.kind = PROC_FD, .mode = LINUX_S_IFLNK | 0700};
static const struct proc_entry fdinfo_entry = PROC_PRIVATE_TEXT(NULL, proc_show_fdinfo);

// ---- subjects ----

static bool subject_get(const struct proc_node *node, struct proc_subject *subject)
{
    *subject = (struct proc_subject){.thread = node->thread, .fd = node->fd};
    if (node->tid == 0)
        return true;
    struct task *task = task_find(node->tid);
    if (node->thread) {
        subject->task = task;
        subject->proc = task != NULL ? task->proc : NULL;
        return task != NULL;
    }
    subject->proc = task != NULL ? task->proc : proc_find(node->tid);
    if (subject->proc == NULL)
        return false;
    subject->task = task != NULL ? task : proc_any_task(subject->proc);
    return true;
}

bool proc_may_inspect(const struct vfs_caller *who, const struct proc *proc)
{
    return who->privileged || (who->task != NULL && who->task->proc == proc) ||
           (who->uid == proc->cred->euid && who->uid == proc->cred->uid);
}

// ---- inodes ----

static uint64_t node_number(const struct proc_entry *entry, pid_linux_t tid, int fd)
{
    // Entries are static and lie close together, so their addresses tell them apart.
    return (uint64_t)(uint32_t)tid << 40 | (uint64_t)(uint32_t)(fd + 1) << 20 |
           (((uintptr_t)entry >> 3) & 0xfffff);
}

static int node_create(struct superblock *superblock, const struct proc_node *what,
                       struct inode **out)
{
    const struct proc_entry *entry = what->entry;
    struct proc_node *node = malloc(sizeof(*node));
    struct inode *inode =
        inode_create(superblock, node_number(entry, what->tid, what->fd), entry->mode);
    if (node == NULL || inode == NULL) {
        free(node);
        if (inode != NULL)
            inode_put(inode);
        return -E_NOMEM;
    }
    *node = *what;
    inode->data = node;
    switch (entry->mode & LINUX_S_IFMT) {
    case LINUX_S_IFDIR:
        inode->ops = &directory_operations;
        inode->file_ops = &directory_file_operations;
        inode->links = 2;
        break;
    case LINUX_S_IFLNK:
        inode->ops = entry->kind == PROC_FD || entry->kind >= PROC_EXE ? &magic_operations
                                                                       : &link_operations;
        break;
    default:
        inode->ops = &file_operations;
        inode->file_ops = &text_operations;
    }
    struct proc_subject subject;
    if (what->tid != 0 && subject_get(node, &subject)) {
        inode->uid = subject.proc->cred->euid;
        inode->gid = subject.proc->cred->egid;
    }
    *out = inode;
    return 0;
}

static void proc_evict(struct inode *inode)
{
    free(inode->data);
}

// ---- directories ----

// A decimal number without leading zeros, or -1.
static int64_t number_of(const char *name, size_t length)
{
    int64_t value = 0;
    if (length == 0 || length > 9 || (name[0] == '0' && length > 1))
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        value = value * 10 + (name[i] - '0');
    }
    return value;
}

static const struct proc_entry *child_find(const struct proc_entry *directory, const char *name,
                                           size_t length)
{
    const struct proc_entry *child = directory->children;
    if (child == NULL)
        return NULL;
    for (; child->name != NULL; child++) {
        if (strlen(child->name) == length && memcmp(child->name, name, length) == 0)
            return child;
    }
    return NULL;
}

// What a number means in a directory; false: nothing.
static bool numbered_child(const struct proc_node *directory, int64_t number, struct proc_node *out)
{
    struct proc_subject subject;
    const struct task *task;
    if (number < 0 || number > INT32_MAX || !subject_get(directory, &subject))
        return false;
    switch (directory->entry->kind) {
    case PROC_ROOT:
        *out = (struct proc_node){.entry = &process_entry, .tid = (pid_linux_t)number};
        return number > 0 && subject_get(out, &subject);
    case PROC_TASKS:
        task = task_find((pid_linux_t)number);
        *out =
            (struct proc_node){.entry = &thread_entry, .tid = (pid_linux_t)number, .thread = true};
        return task != NULL && task->proc == subject.proc;
    case PROC_FDS:
    case PROC_FDINFOS:
        *out = *directory;
        out->entry = directory->entry->kind == PROC_FDS ? &fd_entry : &fdinfo_entry;
        out->fd = (int)number;
        return subject.task != NULL && file_table_peek(subject.task->files, (int)number) != NULL;
    default:
        return false;
    }
}

static int proc_lookup(struct inode *directory, const char *name, size_t length, struct inode **out)
{
    const struct proc_node *node = directory->data;
    struct proc_node child = *node;
    struct proc_subject subject;
    child.entry = child_find(node->entry, name, length);
    if (child.entry == NULL) {
        if (!numbered_child(node, number_of(name, length), &child))
            return -E_NOENT;
    } else if (!subject_get(node, &subject)) {
        return -E_NOENT;
    }
    return node_create(directory->superblock, &child, out);
}

// The next number of a directory at or above `from`, or -1.
static int64_t next_number(const struct proc_node *directory, const struct proc_subject *subject,
                           int64_t from)
{
    int64_t best = -1;
    switch (directory->entry->kind) {
    case PROC_ROOT:
        list_for_each(link, &proc_list)
        {
            int64_t pid = list_entry(link, struct proc, all_node)->pid;
            if (pid >= from && (best < 0 || pid < best))
                best = pid;
        }
        return best;
    case PROC_TASKS:
        list_for_each(link, &subject->proc->threads)
        {
            int64_t tid = list_entry(link, struct task, proc_node)->tid;
            if (tid >= from && (best < 0 || tid < best))
                best = tid;
        }
        return best;
    case PROC_FDS:
    case PROC_FDINFOS:
        return subject->task != NULL ? file_table_next(subject->task->files, (int)from) : -1;
    default:
        return -1;
    }
}

// Positions: 2 .. the table's entries; from PID_POSITION on, PID_POSITION + number.
static int proc_readdir(struct file *file, struct readdir_sink *sink)
{
    struct inode *inode = file->inode;
    const struct proc_node *node = inode->data;
    struct proc_subject subject;
    if (!subject_get(node, &subject))
        return -E_NOENT;
    if (!readdir_dots(file, sink))
        return 0;
    const struct proc_entry *child = node->entry->children;
    for (uint64_t at = 2; child != NULL && child->name != NULL; child++, at++) {
        if (at < file->position)
            continue;
        if (!readdir_emit(sink, child->name, strlen(child->name), node_number(child, node->tid, -1),
                          child->mode, at + 1))
            return 0;
        file->position = at + 1;
    }
    if (file->position < PID_POSITION)
        file->position = PID_POSITION;
    for (;;) {
        char name[16];
        int64_t number = next_number(node, &subject, (int64_t)(file->position - PID_POSITION));
        struct proc_node numbered;
        if (number < 0 || !numbered_child(node, number, &numbered))
            return 0;
        int length = snprintf(name, sizeof(name), "%d", (int)number);
        uint64_t next = PID_POSITION + (uint64_t)number + 1;
        if (!readdir_emit(sink, name, (size_t)length,
                          node_number(numbered.entry, numbered.tid, numbered.fd),
                          numbered.entry->mode, next))
            return 0;
        file->position = next;
    }
}

static int proc_permission(struct inode *inode, const struct vfs_caller *who, uint32_t access)
{
    const struct proc_node *node = inode->data;
    enum proc_kind kind = node->entry->kind;
    struct proc_subject subject;
    if (kind == PROC_FDS || kind == PROC_FDINFOS)
        return subject_get(node, &subject) && proc_may_inspect(who, subject.proc) ? 0 : -E_ACCES;
    uint32_t allowed = who->uid == inode->uid ? inode->mode >> 6 : inode->mode;
    if ((access & ~allowed & 7) == 0 || who->privileged)
        return 0;
    return -E_ACCES;
}

static int proc_get_attributes(struct inode *inode, const struct vfs_caller *who)
{
    const struct proc_node *node = inode->data;
    struct proc_subject subject;
    (void)who;
    if (!subject_get(node, &subject))
        return -E_NOENT;
    if (node->tid != 0) {
        inode->uid = subject.proc->cred->euid;
        inode->gid = subject.proc->cred->egid;
    }
    return 0;
}

// ---- links ----

static int64_t copy_text(const char *text, char *buffer, size_t size)
{
    size_t length = strlen(text);
    if (length > size)
        length = size;
    memcpy(buffer, text, length);
    return (int64_t)length;
}

static int64_t link_readlink(struct inode *link, const struct vfs_caller *who, char *buffer,
                             size_t size)
{
    const struct proc_node *node = link->data;
    char text[64];
    switch (node->entry->kind) {
    case PROC_SELF_LINK:
        if (who->task == NULL)
            return -E_NOENT;
        (void)snprintf(text, sizeof(text), "%d", who->task->proc->pid);
        return copy_text(text, buffer, size);
    case PROC_THREAD_SELF_LINK:
        if (who->task == NULL)
            return -E_NOENT;
        (void)snprintf(text, sizeof(text), "%d/task/%d", who->task->proc->pid, who->task->tid);
        return copy_text(text, buffer, size);
    default:
        return copy_text(node->entry->target, buffer, size);
    }
}

// The place that exe, cwd or root lead to, counted.
static int magic_target(const struct proc_node *node, const struct proc_subject *subject,
                        struct path *out)
{
    struct task *task = subject->task;
    if (task == NULL)
        return -E_NOENT;
    switch (node->entry->kind) {
    case PROC_EXE:
        if (task->mm == NULL || task->mm->exe == NULL)
            return -E_NOENT;
        *out = task->mm->exe->path;
        break;
    case PROC_CWD:
        *out = task->fs->cwd;
        break;
    default:
        *out = task->fs->root;
    }
    vfs_path_get(out);
    return 0;
}

static int64_t magic_readlink(struct inode *link, const struct vfs_caller *who, char *buffer,
                              size_t size)
{
    const struct proc_node *node = link->data;
    struct proc_subject subject;
    char text[LINUX_PATH_MAX];
    struct path target;
    if (!subject_get(node, &subject))
        return -E_NOENT;
    if (!proc_may_inspect(who, subject.proc))
        return -E_ACCES;
    if (node->entry->kind == PROC_FD)
        return proc_fd_readlink(&subject, who, buffer, size);
    int error = magic_target(node, &subject, &target);
    if (error != 0)
        return error;
    const char *path = vfs_path_text(&target, &who->fs->root, text, sizeof(text));
    int64_t length = path != NULL ? copy_text(path, buffer, size) : -E_NAMETOOLONG;
    vfs_path_put(&target);
    return length;
}

static int magic_follow(struct inode *link, const struct vfs_caller *who, struct path *out)
{
    const struct proc_node *node = link->data;
    struct proc_subject subject;
    if (!subject_get(node, &subject))
        return -E_NOENT;
    if (!proc_may_inspect(who, subject.proc))
        return -E_ACCES;
    return node->entry->kind == PROC_FD ? proc_fd_follow(&subject, out)
                                        : magic_target(node, &subject, out);
}

// ---- files ----

static uint64_t memory_of(const struct proc_subject *subject)
{
    const struct task *task = subject->task;
    return task != NULL && task->mm != NULL ? task->mm->serial : 0;
}

static int text_fill(struct file *file, const struct vfs_caller *who)
{
    const struct proc_node *node = file->inode->data;
    struct proc_text *text = file->data;
    struct proc_subject subject;
    if (!subject_get(node, &subject))
        return -E_SRCH;
    text->used = 0;
    text->error = 0;
    if (node->entry->of_memory && memory_of(&subject) != text->mm)
        return 0;
    int error = node->entry->show(text, &subject, who);
    return error != 0 ? error : text->error;
}

static int64_t text_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    struct proc_text *text = file->data;
    const struct proc_node *node = file->inode->data;
    if (node->entry->show == NULL)
        return -E_INVAL;
    if (*position == 0) {
        struct vfs_caller who = {.privileged = true};
        struct task *task =
            waiter_self()->task; // not the buffer's: sendfile reads into the server's own memory
        if (task != NULL)
            vfs_caller_of(task, &who);
        int error = text_fill(file, &who);
        if (error != 0)
            return error;
    }
    if (*position >= text->used)
        return 0;
    int64_t moved = user_buffer_put(out, text->data + *position, text->used - *position);
    if (moved > 0)
        *position += (uint64_t)moved;
    return moved;
}

static int64_t text_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    const struct proc_node *node = file->inode->data;
    struct proc_subject subject;
    struct vfs_caller who;
    char data[PAGE_SIZE];
    if (node->entry->write == NULL || in->task == NULL)
        return -E_INVAL;
    if (!subject_get(node, &subject))
        return -E_SRCH;
    vfs_caller_of(in->task, &who);
    int64_t moved = user_buffer_get(in, data, sizeof(data) - 1);
    if (moved < 0)
        return moved;
    data[moved] = '\0';
    int error = node->entry->write(&subject, &who, data, (size_t)moved);
    if (error != 0)
        return error;
    *position += (uint64_t)moved;
    return moved;
}

static int text_open(struct inode *inode, struct file *file, const struct vfs_caller *who,
                     uint32_t flags)
{
    const struct proc_node *node = inode->data;
    struct proc_subject subject;
    (void)flags;
    if (!subject_get(node, &subject))
        return -E_SRCH;
    if (node->tid != 0 && (node->entry->mode & 0004) == 0 && !proc_may_inspect(who, subject.proc))
        return -E_ACCES;
    struct proc_text *text = calloc(1, sizeof(*text));
    if (text == NULL)
        return -E_NOMEM;
    text->mm = memory_of(&subject);
    file->data = text;
    return 0;
}

static void text_release(struct file *file)
{
    struct proc_text *text = file->data;
    free(text->data);
    free(text);
}

// Settings may be opened for truncation by a shell's redirection; nothing else about them changes.
static int text_set_attributes(struct inode *inode, const struct attributes *change)
{
    (void)inode;
    return (change->valid & (ATTRIBUTE_MODE | ATTRIBUTE_UID | ATTRIBUTE_GID)) != 0 ? -E_PERM : 0;
}

static const struct inode_operations directory_operations = {
    .lookup = proc_lookup,
    .get_attributes = proc_get_attributes,
    .permission = proc_permission,
};

static const struct inode_operations file_operations = {
    .get_attributes = proc_get_attributes,
    .permission = proc_permission,
    .set_attributes = text_set_attributes,
    .open = text_open,
};

static const struct inode_operations link_operations = {
    .readlink = link_readlink,
};

static const struct inode_operations magic_operations = {
    .readlink = magic_readlink,
    .follow = magic_follow,
    .get_attributes = proc_get_attributes,
};

static const struct file_operations directory_file_operations = {
    .seek = file_seek,
    .readdir = proc_readdir,
};

static const struct file_operations text_operations = {
    .read = text_read,
    .write = text_write,
    .seek = file_seek,
    .release = text_release,
};

static const struct superblock_operations superblock_operations = {
    .evict = proc_evict,
};

static int proc_mount(struct superblock *superblock, const char *source, const char *options,
                      struct inode **root)
{
    struct proc_node node = {.entry = &root_entry};
    (void)source;
    (void)options;
    superblock->ops = &superblock_operations;
    superblock->magic = PROC_MAGIC;
    superblock->flags |= SUPERBLOCK_NO_CACHE;
    superblock->block_bytes = 1024;
    return node_create(superblock, &node, root);
}

struct filesystem proc_type = {
    .name = "proc",
    .flags = FILESYSTEM_SINGLE | FILESYSTEM_KEEP,
    .mount = proc_mount,
};
