// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Directories: reading them, the working directory, the root, the umask.

#include <string.h>

#include "servers/posix/calls/call.h"

// ---- getdents ----

enum { DIRENT_BUFFER = 8192 };

// struct linux_dirent64: u64 inode, s64 offset, u16 length, u8 type, name; the older struct
// linux_dirent has the type in the last byte of the record.
enum { DIRENT_NAME_64 = 19, DIRENT_NAME_OLD = 18 };

struct dirent_sink {
    struct readdir_sink sink; // first: the emit function gets its address
    bool old;
    uint32_t used, room;
    uint8_t data[DIRENT_BUFFER];
};

static bool dirent_emit(struct readdir_sink *sink, const char *name, size_t length, uint64_t inode,
                        uint8_t type, uint64_t next_position)
{
    struct dirent_sink *out = (struct dirent_sink *)sink;
    uint32_t header = out->old ? DIRENT_NAME_OLD : DIRENT_NAME_64;
    uint32_t bytes = (header + (uint32_t)length + 1 + out->old + 7) & ~7u;
    if (bytes > out->room - out->used)
        return false;
    uint8_t *at = out->data + out->used;
    uint16_t record = (uint16_t)bytes;
    memset(at, 0, bytes);
    memcpy(at, &inode, 8);
    memcpy(at + 8, &next_position, 8);
    memcpy(at + 16, &record, 2);
    if (out->old)
        at[bytes - 1] = type;
    else
        at[18] = type;
    memcpy(at + header, name, length);
    out->used += bytes;
    return true;
}

static int64_t read_directory(struct task *task, struct file *file, uint64_t address, uint64_t size,
                              bool old)
{
    struct dirent_sink sink;
    sink.sink.emit = dirent_emit;
    sink.old = old;
    sink.used = 0;
    sink.room = size < DIRENT_BUFFER ? (uint32_t)size : DIRENT_BUFFER;
    if (file_is_path_only(file))
        return -E_BADF;
    if (file->ops->readdir == NULL)
        return -E_NOTDIR;
    if (file->inode->flags & INODE_DEAD)
        return -E_NOENT;
    uint64_t before = file->position;
    int error = file->ops->readdir(file, &sink.sink);
    if (error != 0 && sink.used == 0)
        return error;
    // Not even one entry fitted, though there is one.
    if (sink.used == 0 && size < DIRENT_NAME_64 + LINUX_NAME_MAX + 1) {
        struct dirent_sink probe = {
            .sink = {.emit = dirent_emit}, .old = old, .room = DIRENT_BUFFER};
        (void)file->ops->readdir(file, &probe.sink);
        file->position = before;
        return probe.used == 0 ? 0 : -E_INVAL;
    }
    error = user_write(task, address, sink.data, sink.used);
    if (error != 0) {
        file->position = before;
        return error;
    }
    return sink.used;
}

static int64_t getdents(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS], bool old)
{
    struct file *file = file_get(task, (int)(uint32_t)argument[0]);
    if (file == NULL)
        return -E_BADF;
    int64_t result = read_directory(task, file, argument[1], (uint32_t)argument[2], old);
    file_put(file);
    return result;
}

int64_t linux_getdents64(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return getdents(task, argument, false);
}

int64_t linux_getdents(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return getdents(task, argument, true);
}

// ---- working directory and root ----

int64_t linux_getcwd(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    char buffer[LINUX_PATH_MAX];
    const struct path *cwd = &task->fs->cwd;
    const struct dentry *dentry = cwd->dentry;
    if (dentry->inode->flags & INODE_DEAD)
        return -E_NOENT;
    const char *text = vfs_path_text(cwd, &task->fs->root, buffer, sizeof(buffer));
    if (text == NULL)
        return -E_NAMETOOLONG;
    size_t length = (size_t)(buffer + sizeof(buffer) - text); // with the NUL
    if (length > argument[1])
        return -E_RANGE;
    int error = user_write(task, argument[0], text, length);
    return error != 0 ? error : (int64_t)length;
}

// Takes over the reference to *to.
static void replace_path(struct path *place, const struct path *to)
{
    struct path old = *place;
    *place = *to;
    vfs_path_put(&old);
}

static int lookup_directory(struct task *task, const struct vfs_caller *who, uint64_t address,
                            struct path *out)
{
    int error = call_lookup(task, who, CALL_CWD, address, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, out);
    if (error != 0)
        return error;
    error = vfs_permission(who, out, MAY_EXECUTE);
    if (error != 0)
        vfs_path_put(out);
    return error;
}

int64_t linux_chdir(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct vfs_caller who;
    struct path path;
    vfs_caller_of(task, &who);
    int error = lookup_directory(task, &who, argument[0], &path);
    if (error == 0)
        replace_path(&task->fs->cwd, &path);
    return error;
}

int64_t linux_fchdir(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct vfs_caller who;
    struct file *file = file_table_peek(task->files, (int)(uint32_t)argument[0]);
    if (file == NULL)
        return -E_BADF;
    if (file->path.dentry == NULL || !linux_s_isdir(file->inode->mode))
        return -E_NOTDIR;
    vfs_caller_of(task, &who);
    int error = vfs_permission(&who, &file->path, MAY_EXECUTE);
    if (error == 0) {
        struct path path = file->path;
        vfs_path_get(&path);
        replace_path(&task->fs->cwd, &path);
    }
    return error;
}

int64_t linux_chroot(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct vfs_caller who;
    struct path path;
    vfs_caller_of(task, &who);
    int error = lookup_directory(task, &who, argument[0], &path);
    if (error != 0)
        return error;
    if (!cred_capable(task->cred, CAP_SYS_CHROOT)) {
        vfs_path_put(&path);
        return -E_PERM;
    }
    replace_path(&task->fs->root, &path);
    return 0;
}

int64_t linux_umask(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint32_t old = task->fs->umask;
    task->fs->umask = (uint32_t)argument[0] & 0777;
    return old;
}
