// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The writing operations of abi/fs.h on ext4 volumes: each is one operation of the library
// (write.h) around a function of change.h. See server.h.

#include "fs/ext4/change.h"
#include "fs/ext4/volume.h"

#include <string.h>

// An operation under way: `body` does it on the volume; `context` is its own.
struct job {
    struct ext4_volume *volume;
    const void *request; // begins with the header
    void *reply;
    int (*body)(struct job *job);
    // What some have besides.
    const char *name, *second;
    const void *value;
    struct ext4_allocation *allocation;
    bool rmdir;
};

static struct ext4_name name_of(const char *text)
{
    return (struct ext4_name){text, (unsigned)strlen(text)};
}

// Returns what the body does. If blocks wait for a commit, a second try comes behind one.
static int job_run(struct job *job)
{
    struct ext4 *fs = job->volume->fs;
    const struct fs_write_header *header = job->request;
    for (unsigned tries = 0;; tries++) {
        int result = ext4_op_begin(fs, header->sequence, &header->now);
        if (result)
            return result;
        result = job->body(job);
        if (result >= 0) {
            ext4_op_end(fs);
            return result;
        }
        if (result != -E_AGAIN || tries > 0) {
            ext4_op_undo(fs);
            return result == -E_AGAIN ? -E_NOSPC : result;
        }
        ext4_op_retract(fs);
        result = ext4_commit(fs);
        if (result)
            return result;
    }
}

// ---- names ----

static int make_body(struct job *job)
{
    const struct fs_make_request *request = job->request;
    struct fs_make_reply *reply = job->reply;
    struct ext4_inode directory, inode;
    struct ext4_name name = name_of(job->name);
    struct ext4_make make = {request->mode, request->uid, request->gid, request->rdev,
                             request->wanted};
    int error = ext4_volume_inode_open(job->volume, &request->directory, &directory);
    if (error)
        return error;
    error = ext4_make(&directory, &name, &make, job->second, (uint32_t)strlen(job->second), &inode);
    if (!error) {
        ext4_inode_attributes(&inode, &reply->inode);
        ext4_inode_attributes(&directory, &reply->directory);
        ext4_inode_put(&inode);
    }
    ext4_inode_put(&directory);
    return error;
}

int ext4_server_make(void *volume, const struct fs_make_request *request, const char *name,
                     const char *target, struct fs_make_reply *reply)
{
    struct job job = {volume, request, reply, make_body, .name = name, .second = target};
    int error = job_run(&job);
    reply->stable = ext4_stable(job.volume->fs);
    return error;
}

static int link_body(struct job *job)
{
    const struct fs_link_request *request = job->request;
    struct fs_make_reply *reply = job->reply;
    struct ext4_inode directory, inode;
    struct ext4_name name = name_of(job->name);
    int error = ext4_volume_inode_open(job->volume, &request->inode, &inode);
    if (error)
        return error;
    error = ext4_volume_inode_open(job->volume, &request->directory, &directory);
    if (!error) {
        error = ext4_link(&inode, &directory, &name);
        ext4_inode_attributes(&inode, &reply->inode);
        ext4_inode_attributes(&directory, &reply->directory);
        ext4_inode_put(&directory);
    }
    ext4_inode_put(&inode);
    return error;
}

int ext4_server_link(void *volume, const struct fs_link_request *request, const char *name,
                     struct fs_make_reply *reply)
{
    struct job job = {volume, request, reply, link_body, .name = name};
    int error = job_run(&job);
    reply->stable = ext4_stable(job.volume->fs);
    return error;
}

static int remove_body(struct job *job)
{
    const struct fs_remove_request *request = job->request;
    struct fs_remove_reply *reply = job->reply;
    struct ext4_inode directory, inode;
    struct ext4_name name = name_of(job->name);
    int error = ext4_volume_inode_open(job->volume, &request->directory, &directory);
    if (error)
        return error;
    error = ext4_remove(&directory, &name, job->rmdir, &request->expected, &inode);
    if (!error) {
        ext4_inode_attributes(&inode, &reply->inode);
        ext4_inode_attributes(&directory, &reply->directory);
        ext4_inode_put(&inode);
    }
    ext4_inode_put(&directory);
    return error;
}

int ext4_server_remove(void *volume, const struct fs_remove_request *request, bool rmdir,
                       const char *name, struct fs_remove_reply *reply)
{
    struct job job = {volume, request, reply, remove_body, .name = name, .rmdir = rmdir};
    int error = job_run(&job);
    reply->stable = ext4_stable(job.volume->fs);
    return error;
}

static int rename_between(struct job *job, struct ext4_inode *old_directory,
                          struct ext4_inode *new_directory)
{
    const struct fs_rename_request *request = job->request;
    struct fs_rename_reply *reply = job->reply;
    struct ext4_inode moved, replaced;
    struct ext4_rename rename = {old_directory, new_directory, name_of(job->name),
                                 name_of(job->second), request->flags};
    int error = ext4_rename(&rename, &moved, &replaced);
    if (error)
        return error;
    ext4_inode_attributes(&moved, &reply->inode);
    ext4_inode_put(&moved);
    reply->replaced = (struct fs_attributes){0};
    if (replaced.buffer) {
        ext4_inode_attributes(&replaced, &reply->replaced);
        ext4_inode_put(&replaced);
    }
    return 0;
}

static int rename_body(struct job *job)
{
    const struct fs_rename_request *request = job->request;
    struct ext4_inode from, to;
    int error = ext4_volume_inode_open(job->volume, &request->old_directory, &from);
    if (error)
        return error;
    if (request->old_directory.ino == request->new_directory.ino) {
        bool same = request->old_directory.generation == request->new_directory.generation;
        error = same ? rename_between(job, &from, &from) : -E_SRCH;
    } else {
        error = ext4_volume_inode_open(job->volume, &request->new_directory, &to);
        if (!error) {
            error = rename_between(job, &from, &to);
            ext4_inode_put(&to);
        }
    }
    ext4_inode_put(&from);
    return error;
}

int ext4_server_rename(void *volume, const struct fs_rename_request *request, const char *old_name,
                       const char *new_name, struct fs_rename_reply *reply)
{
    struct job job = {volume, request, reply, rename_body, .name = old_name, .second = new_name};
    int error = job_run(&job);
    reply->stable = ext4_stable(job.volume->fs);
    return error;
}

// ---- inodes ----

static int release_body(struct job *job)
{
    const struct fs_release_request *request = job->request;
    struct ext4_inode inode;
    int result = ext4_volume_inode_open(job->volume, &request->inode, &inode);
    if (result)
        return result;
    result = ext4_release(&inode);
    ext4_inode_put(&inode);
    return result;
}

// What is left of an inode behind the operation costs space only: it is on the list of orphans.
int ext4_server_release(void *volume, const struct fs_release_request *request,
                        struct fs_stable_reply *reply)
{
    struct job job = {volume, request, reply, release_body, .name = NULL};
    struct ext4 *fs = job.volume->fs;
    int result = job_run(&job);
    if (result == EXT4_UNFINISHED)
        result = ext4_orphan_finish(fs, (uint32_t)request->inode.ino, &request->header.now);
    reply->stable = ext4_stable(fs);
    return result;
}

static int setattr_body(struct job *job)
{
    const struct fs_setattr_request *request = job->request;
    struct fs_inode_reply *reply = job->reply;
    struct ext4_inode inode;
    int result = ext4_volume_inode_open(job->volume, &request->inode, &inode);
    if (result)
        return result;
    result = ext4_set_attributes(&inode, request);
    ext4_inode_attributes(&inode, &reply->inode);
    ext4_inode_put(&inode);
    return result;
}

static int attributes_again(const struct ext4_volume *volume, const struct fs_inode_id *id,
                            struct fs_attributes *out)
{
    struct ext4_inode inode;
    int error = ext4_volume_inode_open(volume, id, &inode);
    if (error)
        return error;
    ext4_inode_attributes(&inode, out);
    ext4_inode_put(&inode);
    return 0;
}

int ext4_server_setattr(void *volume, const struct fs_setattr_request *request,
                        struct fs_inode_reply *reply)
{
    struct job job = {volume, request, reply, setattr_body, .name = NULL};
    struct ext4 *fs = job.volume->fs;
    int result = job_run(&job);
    if (result == EXT4_UNFINISHED) {
        result = ext4_truncate_finish(fs, (uint32_t)request->inode.ino, &request->header.now);
        if (!result)
            result = attributes_again(job.volume, &request->inode, &reply->inode);
    }
    reply->stable = ext4_stable(fs);
    return result;
}

static int setxattr_body(struct job *job)
{
    const struct fs_setxattr_request *request = job->request;
    struct fs_inode_reply *reply = job->reply;
    struct ext4_inode inode;
    struct ext4_xattr_value value = {job->value, request->value_bytes};
    int error = ext4_volume_inode_open(job->volume, &request->inode, &inode);
    if (error)
        return error;
    error = ext4_xattr_set(&inode, job->name, strlen(job->name), &value, request->flags);
    ext4_inode_attributes(&inode, &reply->inode);
    ext4_inode_put(&inode);
    return error;
}

int ext4_server_setxattr(void *volume, const struct fs_setxattr_request *request, const char *name,
                         const void *value, struct fs_inode_reply *reply)
{
    struct job job = {volume, request, reply, setxattr_body, .name = name, .value = value};
    int error = job_run(&job);
    reply->stable = ext4_stable(job.volume->fs);
    return error;
}

// ---- content ----

static int allocate_body(struct job *job)
{
    const struct fs_allocate_request *request = job->request;
    struct ext4_inode inode;
    int result = ext4_volume_inode_open(job->volume, &request->inode, &inode);
    if (result)
        return result;
    result = ext4_allocate(&inode, job->allocation);
    ext4_inode_put(&inode);
    return result;
}

int ext4_server_allocate(void *volume, const struct fs_allocate_request *request,
                         const struct fs_extent *wanted, struct fs_extent *extents, unsigned room,
                         struct fs_map_reply *reply)
{
    struct ext4_allocation allocation = {
        .offset = request->offset,
        .bytes = request->bytes,
        .wanted = wanted,
        .wanted_count = (unsigned)request->wanted_extents,
        .extents = extents,
        .room = room,
    };
    struct job job = {volume, request, reply, allocate_body, .allocation = &allocation};
    int result = job_run(&job);
    reply->end = allocation.end;
    reply->stable = ext4_stable(job.volume->fs);
    return result;
}

static int commit_body(struct job *job)
{
    const struct fs_commit_request *request = job->request;
    struct fs_inode_reply *reply = job->reply;
    struct ext4_inode inode;
    int error = ext4_volume_inode_open(job->volume, &request->inode, &inode);
    if (error)
        return error;
    error = ext4_commit_written(&inode, request->offset, request->bytes, request->size);
    ext4_inode_attributes(&inode, &reply->inode);
    ext4_inode_put(&inode);
    return error;
}

int ext4_server_commit(void *volume, const struct fs_commit_request *request,
                       struct fs_inode_reply *reply)
{
    struct job job = {volume, request, reply, commit_body, .name = NULL};
    int error = job_run(&job);
    reply->stable = ext4_stable(job.volume->fs);
    return error;
}
