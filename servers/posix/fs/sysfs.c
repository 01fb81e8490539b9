// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// /sys: what XINIM tells of itself, and the little of Linux's tree that programs look for.
//
//   xinim/services/<name>/{status,stats,log,ctl}   from rs and the log server
//   xinim/devices                                  from devmgr
//   xinim/kernel                                   what the kernel has in use
//   class/virtio-ports/<device>/name
//   firmware/qemu_fw_cfg/by_name/<name>/{raw,size,key}
//   class/block, block                             (names of disks)
//   devices/system/cpu/{online,possible,present}, devices/system/node
//
// Like /proc: inodes are made anew at each lookup, texts when they are read from position 0. Calls
// to other servers release posix_lock.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/devmgr.h"
#include "abi/rs.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/posix/device.h"
#include "servers/posix/fs/proc/proc.h"
#include "servers/posix/fs/services.h"
#include "servers/posix/fs/types.h"
#include "servers/posix/fw_cfg.h"
#include "servers/posix/io/disk.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs/tree.h"

enum { SYSFS_MAGIC = 0x62656572, NAME_BYTES = 64, TEXT_CALLS_MAX = 4096, CPUS_MAX = 64 };

enum sys_kind {
    SYS_FILE,
    SYS_DIRECTORY,
    SYS_SERVICES, // one directory a service
    SYS_PORTS,    // one directory a virtio-serial port
    SYS_DISKS,    // one directory a disk
    SYS_FW_CFG,   // those of the configuration's names below `subject`
};

struct sys_entry {
    const char *name;
    enum sys_kind kind;
    uint32_t mode;
    // `subject`: the service, port or disk whose directory this is below.
    int (*show)(struct proc_text *text, const char *subject);
    int (*write)(struct task *who, const char *subject, const char *data);
    const struct sys_entry
        *children; // ends with a NULL name; of generated directories: what each holds
};

struct sys_node {
    const struct sys_entry *entry;
    bool generated; // a directory <subject> in entry's directory
    char subject[NAME_BYTES];
};

// ---- texts from other servers ----

static int show_devices(struct proc_text *text, const char *subject)
{
    (void)subject;
    for (unsigned i = 0; i < TEXT_CALLS_MAX; i++) {
        struct message message = {.tag = message_tag(DEVMGR_TEXT, 1, 0), .word = {text->used}};
        int64_t bytes = service_call("devmgr", &message);
        if (bytes <= 0)
            return (int)bytes;
        int error = service_append(text, &message, 0, bytes);
        if (error != 0)
            return error;
    }
    return 0;
}

// What the kernel has in use, for leak checks: one "key value" a line.
static int show_kernel(struct proc_text *text, const char *subject)
{
    static const char *const names[OBJECT_TYPES] = {
        [OBJECT_PROCESS] = "processes",  [OBJECT_THREAD] = "threads",
        [OBJECT_ENDPOINT] = "endpoints", [OBJECT_NOTIFICATION] = "notifications",
        [OBJECT_REPLY] = "replies",      [OBJECT_TIMER] = "timers",
        [OBJECT_MEMORY] = "memories",    [OBJECT_ASPACE] = "aspaces",
        [OBJECT_GUEST] = "guests",       [OBJECT_IRQ] = "interrupts",
        [OBJECT_DMA] = "dma_windows",    [OBJECT_RESOURCE] = "resources",
    };
    struct info_kernel kernel = {.handles = 0};
    struct info_memory memory = {.free_bytes = 0};
    (void)subject;
    (void)sys_info(INFO_KERNEL, 0, &kernel, sizeof(kernel));
    (void)sys_info(INFO_MEMORY, 0, &memory, sizeof(memory));
    for (unsigned i = OBJECT_NONE + 1; i < OBJECT_TYPES; i++)
        proc_printf(text, "%s %lu\n", names[i], (unsigned long)kernel.objects[i]);
    proc_printf(text, "handles %lu\nheap_bytes %lu\n", (unsigned long)kernel.handles,
                (unsigned long)kernel.heap_bytes);
    proc_printf(text, "free_bytes %lu\nkernel_bytes %lu\nquarantined_bytes %lu\n",
                (unsigned long)memory.free_bytes, (unsigned long)memory.kernel_bytes,
                (unsigned long)memory.quarantined_bytes);
    return 0;
}

// ---- texts of our own ----

static int show_cpus(struct proc_text *text, const char *subject)
{
    struct info_cpu cpu[CPUS_MAX];
    (void)subject;
    int64_t bytes = sys_info(INFO_CPUS, 0, cpu, sizeof(cpu));
    uint64_t count = bytes > 0 ? (uint64_t)bytes / sizeof(cpu[0]) : 1;
    if (count <= 1)
        proc_printf(text, "0\n");
    else
        proc_printf(text, "0-%lu\n", (unsigned long)(count - 1));
    return 0;
}

static int show_node_zero(struct proc_text *text, const char *subject)
{
    (void)subject;
    proc_printf(text, "0\n");
    return 0;
}

struct port_search {
    const char *device; // looked for
    const char *name;   // found
};

static void port_match(const struct device *device, void *context)
{
    struct port_search *search = context;
    if (device->port_name != NULL && device->name != NULL &&
        strcmp(device->name, search->device) == 0)
        search->name = device->port_name;
}

static int show_port_name(struct proc_text *text, const char *subject)
{
    struct port_search search = {.device = subject};
    device_each(port_match, &search);
    if (search.name == NULL)
        return -E_NODEV;
    proc_printf(text, "%s\n", search.name);
    return 0;
}

static int show_disk_size(struct proc_text *text, const char *subject)
{
    const struct disk *disk = disk_find(subject);
    if (disk == NULL)
        return -E_NODEV;
    proc_printf(text, "%lu\n", (unsigned long)(disk_capacity(disk) / 512));
    return 0;
}

static int show_disk_device(struct proc_text *text, const char *subject)
{
    const struct disk *disk = disk_find(subject);
    if (disk == NULL)
        return -E_NODEV;
    uint64_t number = disk_device_number(disk);
    proc_printf(text, "%u:%u\n", linux_dev_major(number), linux_dev_minor(number));
    return 0;
}

// ---- firmware configuration ----

static int show_fw_cfg_raw(struct proc_text *text, const char *subject)
{
    const struct fw_cfg_info *file = fw_cfg_find(subject);
    return file == NULL ? -E_NODEV : fw_cfg_append(text, file);
}

static int show_fw_cfg_size(struct proc_text *text, const char *subject)
{
    const struct fw_cfg_info *file = fw_cfg_find(subject);
    if (file != NULL)
        proc_printf(text, "%u\n", file->size);
    return file == NULL ? -E_NODEV : 0;
}

static int show_fw_cfg_key(struct proc_text *text, const char *subject)
{
    const struct fw_cfg_info *file = fw_cfg_find(subject);
    if (file != NULL)
        proc_printf(text, "%u\n", file->key);
    return file == NULL ? -E_NODEV : 0;
}

// The child of this name: a file's directory, or one that further names are below.
static bool fw_cfg_lookup(const struct sys_node *directory, const char *name, size_t length,
                          struct sys_node *child)
{
    const char *slash = directory->subject[0] == '\0' ? "" : "/";
    int bytes = snprintf(child->subject, sizeof(child->subject), "%s%s%.*s", directory->subject,
                         slash, (int)length, name);
    if (bytes >= (int)sizeof(child->subject))
        return false;
    child->generated = fw_cfg_find(child->subject) != NULL;
    return child->generated || fw_cfg_is_directory(child->subject);
}

// ---- the tree ----

#define TEXT(entry_name, function)                                                           \
    {                                                                                        \
        .name = entry_name, .kind = SYS_FILE, .mode = LINUX_S_IFREG | 0444, .show = function \
    }
#define FOLDER(entry_name, entry_kind, entries)                                                   \
    {                                                                                             \
        .name = entry_name, .kind = entry_kind, .mode = LINUX_S_IFDIR | 0755, .children = entries \
    }

static const struct sys_entry service_entries[] = {
    {.name = "ctl", .kind = SYS_FILE, .mode = LINUX_S_IFREG | 0200, .write = service_control},
    TEXT("log", service_show_log),
    TEXT("stats", service_show_stats),
    TEXT("status", service_show_status),
    {.name = NULL},
};
static const struct sys_entry xinim_entries[] = {
    TEXT("devices", show_devices),
    TEXT("kernel", show_kernel),
    FOLDER("services", SYS_SERVICES, service_entries),
    {.name = NULL},
};
static const struct sys_entry port_entries[] = {TEXT("name", show_port_name), {.name = NULL}};
static const struct sys_entry disk_entries[] = {
    TEXT("dev", show_disk_device), TEXT("size", show_disk_size), {.name = NULL}};
static const struct sys_entry class_entries[] = {
    FOLDER("block", SYS_DISKS, disk_entries),
    FOLDER("virtio-ports", SYS_PORTS, port_entries),
    {.name = NULL},
};
static const struct sys_entry cpu_entries[] = {TEXT("online", show_cpus),
                                               TEXT("possible", show_cpus),
                                               TEXT("present", show_cpus),
                                               {.name = NULL}};
static const struct sys_entry node_entries[] = {
    TEXT("online", show_node_zero), TEXT("possible", show_node_zero), {.name = NULL}};
static const struct sys_entry system_entries[] = {FOLDER("cpu", SYS_DIRECTORY, cpu_entries),
                                                  FOLDER("node", SYS_DIRECTORY, node_entries),
                                                  {.name = NULL}};
static const struct sys_entry devices_entries[] = {FOLDER("system", SYS_DIRECTORY, system_entries),
                                                   {.name = NULL}};
static const struct sys_entry fw_cfg_entries[] = {
    {.name = "key", .kind = SYS_FILE, .mode = LINUX_S_IFREG | 0400, .show = show_fw_cfg_key},
    {.name = "raw", .kind = SYS_FILE, .mode = LINUX_S_IFREG | 0400, .show = show_fw_cfg_raw},
    {.name = "size", .kind = SYS_FILE, .mode = LINUX_S_IFREG | 0400, .show = show_fw_cfg_size},
    {.name = NULL},
};
static const struct sys_entry qemu_entries[] = {FOLDER("by_name", SYS_FW_CFG, fw_cfg_entries),
                                                {.name = NULL}};
static const struct sys_entry firmware_entries[] = {
    FOLDER("qemu_fw_cfg", SYS_DIRECTORY, qemu_entries), {.name = NULL}};
static const struct sys_entry root_entries[] = {
    FOLDER("block", SYS_DISKS, disk_entries),
    FOLDER("class", SYS_DIRECTORY, class_entries),
    FOLDER("devices", SYS_DIRECTORY, devices_entries),
    FOLDER("firmware", SYS_DIRECTORY, firmware_entries),
    FOLDER("xinim", SYS_DIRECTORY, xinim_entries),
    {.name = NULL},
};
static const struct sys_entry root_entry = FOLDER("/", SYS_DIRECTORY, root_entries);

// ---- generated directories ----

struct name_list {
    unsigned wanted; // index
    unsigned seen;
    char name[NAME_BYTES];
};

static void list_name(struct name_list *list, const char *name)
{
    if (list->seen++ == list->wanted)
        (void)snprintf(list->name, sizeof(list->name), "%s", name);
}

static void list_port(const struct device *device, void *context)
{
    if (device->port_name != NULL && device->name != NULL)
        list_name(context, device->name);
}

static void list_disk(const struct disk *disk, const char *name, void *context)
{
    (void)disk;
    list_name(context, name);
}

// The name of the `index`-th directory; false: there are fewer. May sleep.
static bool generated_name(const struct sys_entry *entry, unsigned index, char name[NAME_BYTES])
{
    struct name_list list = {.wanted = index};
    if (entry->kind == SYS_SERVICES) {
        struct message message = {.tag = message_tag(RS_SERVICE, 1, 0), .word = {index}};
        struct rs_service_info info;
        if (service_call("rs", &message) < 0 ||
            message_get_bytes(&message, 0, &info, sizeof(info)) < 0)
            return false;
        info.name[sizeof(info.name) - 1] = '\0';
        (void)snprintf(name, NAME_BYTES, "%s", info.name);
        return true;
    }
    if (entry->kind == SYS_PORTS)
        device_each(list_port, &list);
    else if (entry->kind == SYS_DISKS)
        disk_each(list_disk, &list);
    memcpy(name, list.name, NAME_BYTES);
    return list.seen > index;
}

// Likewise, of this directory.
static bool child_name(const struct sys_node *node, unsigned index, char name[NAME_BYTES])
{
    if (node->entry->kind == SYS_FW_CFG)
        return fw_cfg_child(node->subject, index, name);
    return generated_name(node->entry, index, name);
}

static bool generated_exists(const struct sys_entry *entry, const char *name)
{
    if (entry->kind == SYS_SERVICES) {
        struct message message = {.tag = message_tag(RS_FIND, RS_NAME_WORDS, 0)};
        if (strlen(name) >= RS_NAME_MAX)
            return false;
        service_put_name(&message, 0, name);
        return service_call("rs", &message) >= 0;
    }
    char other[NAME_BYTES];
    for (unsigned i = 0; generated_name(entry, i, other); i++) {
        if (strcmp(other, name) == 0)
            return true;
    }
    return false;
}

// ---- inodes ----

static const struct inode_operations directory_operations, file_operations;
static const struct file_operations directory_file_operations, text_operations;

static uint64_t node_number(const struct sys_node *node)
{
    uint64_t hash = 0;
    for (const char *c = node->subject; *c != '\0'; c++)
        hash = hash * 31 + (uint8_t)*c;
    return (hash & 0xffffff) << 21 | (uint64_t)node->generated << 20 |
           (((uintptr_t)node->entry >> 3) & 0xfffff);
}

static int node_create(struct superblock *superblock, const struct sys_node *what,
                       struct inode **out)
{
    uint32_t mode = what->generated ? LINUX_S_IFDIR | 0755 : what->entry->mode;
    struct sys_node *node = malloc(sizeof(*node));
    struct inode *inode = inode_create(superblock, node_number(what), mode);
    if (node == NULL || inode == NULL) {
        free(node);
        if (inode != NULL)
            inode_put(inode);
        return -E_NOMEM;
    }
    *node = *what;
    inode->data = node;
    if (linux_s_isdir(mode)) {
        inode->ops = &directory_operations;
        inode->file_ops = &directory_file_operations;
        inode->links = 2;
    } else {
        inode->ops = &file_operations;
        inode->file_ops = &text_operations;
        inode->size = PAGE_SIZE;
    }
    *out = inode;
    return 0;
}

static void sysfs_evict(struct inode *inode)
{
    free(inode->data);
}

static bool holds_fixed_children(const struct sys_node *node)
{
    return node->generated || node->entry->kind == SYS_DIRECTORY;
}

static int sysfs_lookup(struct inode *directory, const char *name, size_t length,
                        struct inode **out)
{
    const struct sys_node *node = directory->data;
    struct sys_node child = *node;
    if (holds_fixed_children(node)) {
        for (const struct sys_entry *entry = node->entry->children; entry->name != NULL; entry++) {
            if (strlen(entry->name) == length && memcmp(entry->name, name, length) == 0) {
                child.entry = entry;
                child.generated = false;
                return node_create(directory->superblock, &child, out);
            }
        }
        return -E_NOENT;
    }
    if (length >= NAME_BYTES)
        return -E_NOENT;
    if (node->entry->kind == SYS_FW_CFG)
        return fw_cfg_lookup(node, name, length, &child)
                   ? node_create(directory->superblock, &child, out)
                   : -E_NOENT;
    memset(child.subject, 0, sizeof(child.subject));
    memcpy(child.subject, name, length);
    child.generated = true;
    if (!generated_exists(node->entry, child.subject))
        return -E_NOENT;
    return node_create(directory->superblock, &child, out);
}

static int sysfs_readdir(struct file *file, struct readdir_sink *sink)
{
    const struct sys_node *node = file->inode->data;
    if (!readdir_dots(file, sink))
        return 0;
    if (holds_fixed_children(node)) {
        uint64_t at = 2;
        for (const struct sys_entry *entry = node->entry->children; entry->name != NULL;
             entry++, at++) {
            struct sys_node child = {.entry = entry};
            memcpy(child.subject, node->subject, sizeof(child.subject));
            if (at < file->position)
                continue;
            if (!readdir_emit(sink, entry->name, strlen(entry->name), node_number(&child),
                              entry->mode, at + 1))
                return 0;
            file->position = at + 1;
        }
        return 0;
    }
    struct sys_node child = {.entry = node->entry, .generated = true};
    while (child_name(node, (unsigned)(file->position - 2), child.subject)) {
        uint64_t next = file->position + 1;
        if (!readdir_emit(sink, child.subject, strlen(child.subject), node_number(&child),
                          LINUX_S_IFDIR, next))
            return 0;
        file->position = next;
    }
    return 0;
}

// ---- files ----

static int64_t text_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    struct proc_text *text = file->data;
    const struct sys_node *node = file->inode->data;
    if (node->entry->show == NULL)
        return -E_INVAL;
    if (*position == 0) {
        // Made aside: another thread may read the same open file while this sleeps.
        struct proc_text fresh = {.data = NULL};
        int error = node->entry->show(&fresh, node->subject);
        if (error == 0)
            error = fresh.error;
        if (error != 0) {
            free(fresh.data);
            return error;
        }
        free(text->data);
        *text = fresh;
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
    const struct sys_node *node = file->inode->data;
    char data[SERVICE_CONTROL_MAX];
    if (node->entry->write == NULL || in->task == NULL)
        return -E_INVAL;
    int64_t moved = user_buffer_get(in, data, sizeof(data) - 1);
    if (moved < 0)
        return moved;
    data[moved] = '\0';
    int error = node->entry->write(in->task, node->subject, data);
    if (error != 0)
        return error;
    *position += (uint64_t)moved;
    return moved;
}

static int text_open(struct inode *inode, struct file *file, const struct vfs_caller *who,
                     uint32_t flags)
{
    (void)inode;
    (void)who;
    (void)flags;
    file->data = calloc(1, sizeof(struct proc_text));
    return file->data == NULL ? -E_NOMEM : 0;
}

static void text_release(struct file *file)
{
    struct proc_text *text = file->data;
    free(text->data);
    free(text);
}

static int sysfs_set_attributes(struct inode *inode, const struct attributes *change)
{
    (void)inode;
    return (change->valid & (ATTRIBUTE_MODE | ATTRIBUTE_UID | ATTRIBUTE_GID)) != 0 ? -E_PERM : 0;
}

static const struct inode_operations directory_operations = {
    .lookup = sysfs_lookup,
};

// Who may not write to a control file is told EPERM, as by the other calls that only root may make.
static int sysfs_permission(struct inode *inode, const struct vfs_caller *who, uint32_t access)
{
    const struct sys_node *node = inode->data;
    if (who->privileged)
        return (access & MAY_EXECUTE) != 0 ? -E_ACCES : 0;
    if ((access & MAY_WRITE) != 0 && node->entry->write != NULL)
        return -E_PERM;
    return (access & ~(inode->mode & 7)) != 0 ? -E_ACCES : 0;
}

static const struct inode_operations file_operations = {
    .permission = sysfs_permission,
    .set_attributes = sysfs_set_attributes,
    .open = text_open,
};

static const struct file_operations directory_file_operations = {
    .seek = file_seek,
    .readdir = sysfs_readdir,
};

static const struct file_operations text_operations = {
    .read = text_read,
    .write = text_write,
    .seek = file_seek,
    .release = text_release,
};

static const struct superblock_operations superblock_operations = {
    .evict = sysfs_evict,
};

static int sysfs_mount(struct superblock *superblock, const char *source, const char *options,
                       struct inode **root)
{
    struct sys_node node = {.entry = &root_entry};
    (void)source;
    (void)options;
    superblock->ops = &superblock_operations;
    superblock->magic = SYSFS_MAGIC;
    superblock->flags |= SUPERBLOCK_NO_CACHE | SUPERBLOCK_SLEEPS;
    return node_create(superblock, &node, root);
}

struct filesystem sysfs_type = {
    .name = "sysfs",
    .flags = FILESYSTEM_SINGLE | FILESYSTEM_KEEP,
    .mount = sysfs_mount,
};
