// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Disks as files (/dev/vda, /dev/vda1): their contents go through the page cache, in an inode of
// each disk's own, whatever node they are opened by.

#include <string.h>

#include "servers/posix/io/disk_internal.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"

enum block_ioctl { // Linux's <linux/fs.h>
    BLKROGET = 0x125e,
    BLKGETSIZE = 0x1260,
    BLKFLSBUF = 0x1261,
    BLKSSZGET = 0x1268,
    BLKPBSZGET = 0x127b,
};
#define BLKBSZGET    0x80081270u
#define BLKGETSIZE64 0x80081272u

static struct superblock bdev_superblock; // of all disks' inodes

// ---- contents ----

static int move_pages(struct inode *inode, enum block_request_op op, struct page **pages,
                      unsigned count)
{
    struct disk_io io;
    disk_io_begin(&io, inode->data, op);
    for (unsigned i = 0; i < count; i++) {
        uint64_t offset = pages[i]->index * PAGE_SIZE;
        uint64_t left = inode->size - offset;
        uint32_t bytes = left < PAGE_SIZE ? (uint32_t)left : PAGE_SIZE;
        if (op == BLOCK_READ && bytes < PAGE_SIZE)
            memset(pages[i]->data + bytes, 0, PAGE_SIZE - bytes);
        disk_io_add(&io, offset, pages[i], 0, bytes);
    }
    return disk_io_end(&io);
}

static int read_pages(struct inode *inode, struct page **pages, unsigned count)
{
    return move_pages(inode, BLOCK_READ, pages, count);
}

static int write_pages(struct inode *inode, struct page **pages, unsigned count)
{
    return move_pages(inode, BLOCK_WRITE, pages, count);
}

static const struct inode_operations disk_inode_operations = {
    .read_pages = read_pages,
    .write_pages = write_pages,
};

static const struct superblock_operations bdev_superblock_operations;

static int disk_inode_make(struct disk *disk)
{
    bdev_superblock.ops = &bdev_superblock_operations;
    bdev_superblock.block_bytes = PAGE_SIZE;
    bdev_superblock.max_bytes = INT64_MAX;
    struct inode *inode =
        inode_create(&bdev_superblock, disk_device_number(disk), LINUX_S_IFBLK | 0600);
    if (inode == NULL)
        return -E_NOMEM;
    inode->ops = &disk_inode_operations;
    inode->data = disk;
    inode->flags |= INODE_CACHED_DATA;
    inode->size = disk_capacity(disk);
    disk->inode = inode;
    return 0;
}

// ---- open files ----

static int64_t block_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    return pagecache_read(file, out, position);
}

static int64_t block_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    struct inode *inode = file->inode;
    const struct disk *disk = inode->data;
    if (block_client_info(disk->client)->features & BLOCK_READ_ONLY)
        return -E_PERM;
    if (*position >= inode->size)
        return user_buffer_left(in) == 0 ? 0 : -E_NOSPC;
    if (in->left > inode->size - *position)
        in->left = inode->size - *position;
    return pagecache_write(file, in, position);
}

static int block_fsync(struct file *file, bool data_only)
{
    (void)data_only;
    int error = pagecache_sync(file->inode);
    return error != 0 ? error : disk_flush(file->inode->data);
}

static int64_t block_ioctl(struct task *task, struct file *file, uint32_t command, uint64_t address)
{
    const struct disk *disk = file->inode->data;
    const struct block_info *info = block_client_info(disk->client);
    uint64_t capacity = disk_capacity(disk);
    uint64_t sectors = capacity / BLOCK_SECTOR_BYTES;
    switch (command) {
    case BLKGETSIZE64:
        return user_write(task, address, &capacity, sizeof(capacity));
    case BLKGETSIZE:
        return user_write(task, address, &sectors, sizeof(sectors));
    case BLKSSZGET:
        return user_write_u32(task, address, info->block_bytes);
    case BLKPBSZGET:
        return user_write_u32(task, address,
                              info->physical_bytes != 0 ? info->physical_bytes : info->block_bytes);
    case BLKBSZGET:
        return user_write_u32(task, address, PAGE_SIZE);
    case BLKROGET:
        return user_write_u32(task, address, (info->features & BLOCK_READ_ONLY) != 0);
    case BLKFLSBUF: {
        int error = block_fsync(file, false);
        if (error == 0)
            pagecache_forget(file->inode, 0, UINT64_MAX);
        return error;
    }
    default:
        return -E_NOTTY;
    }
}

// The last to close a disk writes it back, as a program that then pulls the plug expects.
static void block_release(struct file *file)
{
    struct disk *disk = file->inode->data;
    if (--disk->opens == 0)
        (void)pagecache_sync(file->inode);
}

static const struct file_operations block_operations = {
    .read = block_read,
    .write = block_write,
    .seek = file_seek,
    .ioctl = block_ioctl,
    .mmap = pagecache_mmap,
    .fsync = block_fsync,
    .release = block_release,
};

static int block_open(struct device *device, struct file *file, const struct vfs_caller *who,
                      uint32_t open_flags)
{
    struct disk *disk = device->data;
    (void)who;
    (void)open_flags;
    if (disk->inode == NULL) {
        int error = disk_inode_make(disk);
        if (error != 0)
            return error;
    }
    // The node keeps its attributes (through the path); what is read and written is the disk's.
    inode_put(file->inode);
    file->inode = inode_hold(disk->inode);
    file->ops = &block_operations;
    file->kind = FILE_POSITION;
    disk->opens++;
    return 0;
}

int block_device_publish(struct disk *disk, uint32_t major, uint32_t minor)
{
    disk->device = (struct device){
        .name = disk->name,
        .major = major,
        .minor = minor,
        .mode = LINUX_S_IFBLK | 0660,
        .open = block_open,
        .data = disk,
    };
    return device_register(&disk->device);
}
