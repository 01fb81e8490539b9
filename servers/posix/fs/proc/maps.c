// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// /proc/<pid>/maps and smaps, from the kernel's list of regions.

#include "lib/sys/sys.h"
#include "servers/posix/fs/proc/proc.h"
#include "servers/posix/mm.h"

enum { REGIONS_MAX = 65536, PATH_COLUMN = 73 };

// The name shown for a region, "" for plain anonymous memory.
static const char *region_name(const struct region_info *region, const struct vfs_caller *who,
                               char *buffer, size_t size)
{
    switch (region->tag) {
    case MM_TAG_HEAP:
        return "[heap]";
    case MM_TAG_STACK:
        return "[stack]";
    case MM_TAG_VDSO:
        return "[vdso]";
    case MM_TAG_VVAR:
        return "[vvar]";
    default:
        break;
    }
    const struct file *file = mm_tag_file(region->tag);
    if (file == NULL || file->path.dentry == NULL || who->fs == NULL)
        return "";
    const char *text = vfs_path_text(&file->path, &who->fs->root, buffer, size);
    return text != NULL ? text : "";
}

static void append_region(struct proc_text *text, const struct region_info *region,
                          const struct vfs_caller *who)
{
    char buffer[LINUX_PATH_MAX];
    const struct file *file = mm_tag_file(region->tag);
    const struct inode *inode = file != NULL ? file->inode : NULL;
    uint64_t device = inode != NULL ? inode->superblock->device : 0;
    bool private = (region->flags & MAP_PRIVATE) != 0 || region->memory_id == 0;
    size_t start = text->used;
    proc_printf(text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", (unsigned long)region->address,
                (unsigned long)(region->address + region->bytes),
                region->prot & PROT_READ ? 'r' : '-', region->prot & PROT_WRITE ? 'w' : '-',
                region->prot & PROT_EXECUTE ? 'x' : '-', private ? 'p' : 's',
                inode != NULL ? (unsigned long)region->offset : 0ul, linux_dev_major(device),
                linux_dev_minor(device), inode != NULL ? (unsigned long)inode->number : 0ul);
    const char *name = region_name(region, who, buffer, sizeof(buffer));
    if (*name != '\0') {
        while (text->error == 0 && text->used - start < PATH_COLUMN)
            proc_append(text, " ", 1);
        proc_printf(text, "%s", name);
    }
    proc_append(text, "\n", 1);
}

static void append_region_details(struct proc_text *text, const struct region_info *region)
{
    unsigned long resident = (unsigned long)region->resident_bytes / 1024;
    bool private = (region->flags & MAP_PRIVATE) != 0 || region->memory_id == 0;
    proc_printf(
        text,
        "Size:           %8lu kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"
        "Rss:            %8lu kB\nPss:            %8lu kB\n",
        (unsigned long)region->bytes / 1024, resident, resident);
    proc_printf(
        text,
        "Shared_Clean:   %8lu kB\nShared_Dirty:          0 kB\nPrivate_Clean:         0 kB\n"
        "Private_Dirty:  %8lu kB\nReferenced:     %8lu kB\nAnonymous:      %8lu kB\n",
        private ? 0ul : resident, private ? resident : 0ul, resident, private ? resident : 0ul);
    proc_printf(
        text,
        "LazyFree:              0 kB\nAnonHugePages:         0 kB\nSwap:                  0 kB\n"
        "SwapPss:               0 kB\nLocked:                0 kB\n");
}

static int show_regions(struct proc_text *text, const struct proc_subject *subject,
                        const struct vfs_caller *who, bool details)
{
    if (subject->task == NULL || subject->task->mm == NULL)
        return 0;
    handle_t aspace = subject->task->mm->aspace;
    struct region_info region;
    uint64_t address = 0;
    for (unsigned i = 0; i < REGIONS_MAX && text->error == 0; i++) {
        if (sys_aspace_query(aspace, address, &region) < 0)
            break;
        append_region(text, &region, who);
        if (details)
            append_region_details(text, &region);
        address = region.address + region.bytes;
    }
    return 0;
}

int proc_show_maps(struct proc_text *text, const struct proc_subject *subject,
                   const struct vfs_caller *who)
{
    return show_regions(text, subject, who, false);
}

int proc_show_smaps(struct proc_text *text, const struct proc_subject *subject,
                    const struct vfs_caller *who)
{
    return show_regions(text, subject, who, true);
}
