// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/vfs/test/fake.h"

#undef malloc
#undef calloc
#undef realloc
#undef free

#include <stdlib.h>
#include <string.h>

#include "lib/sys/log.h"
#include "servers/posix/fs/tmpfs.h"
#include "servers/posix/io/anonymous.h"
#include "servers/posix/pagecache.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs/pagecache_internal.h"

void (*fake_sleep_hook)(void *context);
void *fake_sleep_context;
unsigned fake_fail_allocation;
unsigned long fake_allocations;

uint64_t fake_seed = 0x243f6a8885a308d3ull;

uint32_t random_below(uint32_t bound)
{
    fake_seed ^= fake_seed << 13;
    fake_seed ^= fake_seed >> 7;
    fake_seed ^= fake_seed << 17;
    return (uint32_t)((fake_seed >> 16) % bound);
}

void sys_log_at(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

// ---- allocation ----

static bool allocation_fails(void)
{
    fake_allocations++;
    return fake_fail_allocation != 0 && --fake_fail_allocation == 0;
}

void *fake_malloc(size_t bytes);
void *fake_calloc(size_t count, size_t bytes);
void *fake_realloc(void *block, size_t bytes);
void fake_free(void *block);

void *fake_malloc(size_t bytes)
{
    return allocation_fails() ? NULL : malloc(bytes);
}

void *fake_calloc(size_t count, size_t bytes)
{
    return allocation_fails() ? NULL : calloc(count, bytes);
}

void *fake_realloc(void *block, size_t bytes)
{
    return allocation_fails() ? NULL : realloc(block, bytes);
}

void fake_free(void *block)
{
    free(block);
}

// ---- waiting ----

static struct waiter only_waiter;

void posix_lock(void)
{
}

void posix_unlock(void)
{
}

void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->entries);
}

static void entry_wake(struct wait_entry *entry)
{
    entry->waiter->word = 1;
}

void wait_wake_all(struct wait_queue *queue)
{
    list_for_each_safe(node, &queue->entries)
    {
        struct wait_entry *entry = list_entry(node, struct wait_entry, node);
        entry->wake(entry);
    }
}

void wait_queue_destroy(struct wait_queue *queue)
{
    struct list *node;
    while ((node = list_pop_head(&queue->entries)) != NULL)
        list_entry(node, struct wait_entry, node)->wake(list_entry(node, struct wait_entry, node));
}

int wait_sleep(struct wait_queue *queue, time_ns_t deadline, enum wait_kind kind)
{
    (void)queue;
    if (fake_sleep_hook != NULL) {
        fake_sleep_hook(fake_sleep_context);
        return 0;
    }
    if (deadline != DEADLINE_NEVER)
        return -E_TIMEDOUT;
    assert_int_not_equal(kind, WAIT_UNINTERRUPTIBLE);
    return -E_INTR;
}

void poll_table_init(struct poll_table *table)
{
    memset(table, 0, sizeof(*table));
}

void poll_wait(struct poll_table *table, struct wait_queue *queue)
{
    if (table == NULL)
        return;
    assert_true(table->used < POLL_TABLE_INLINE);
    struct wait_entry *entry = &table->entry[table->used++];
    entry->waiter = &only_waiter;
    entry->wake = table->wake != NULL ? table->wake : entry_wake;
    entry->context = table->context;
    list_add_tail(&queue->entries, &entry->node);
}

void poll_table_release(struct poll_table *table)
{
    for (unsigned i = 0; i < table->used; i++)
        list_remove(&table->entry[i].node);
    table->used = 0;
}

// ---- programs' memory ----

void user_buffer_init_kernel(struct user_buffer *buffer, void *memory, size_t bytes)
{
    memset(buffer, 0, sizeof(*buffer));
    buffer->storage[0].address = (uint64_t)(uintptr_t)memory;
    buffer->left = bytes;
}

static uint8_t *buffer_take(struct user_buffer *buffer, uint64_t *bytes)
{
    if (*bytes > buffer->left)
        *bytes = buffer->left;
    uint8_t *at = (uint8_t *)(uintptr_t)buffer->storage[0].address;
    buffer->storage[0].address += *bytes;
    buffer->left -= *bytes;
    return at;
}

int64_t user_buffer_put(struct user_buffer *buffer, const void *source, uint64_t bytes)
{
    uint8_t *at = buffer_take(buffer, &bytes);
    memcpy(at, source, bytes);
    return (int64_t)bytes;
}

int64_t user_buffer_get(struct user_buffer *buffer, void *destination, uint64_t bytes)
{
    const uint8_t *at = buffer_take(buffer, &bytes);
    memcpy(destination, at, bytes);
    return (int64_t)bytes;
}

int64_t user_buffer_clear(struct user_buffer *buffer, uint64_t bytes)
{
    uint8_t *at = buffer_take(buffer, &bytes);
    memset(at, 0, bytes);
    return (int64_t)bytes;
}

int user_write(struct task *task, uint64_t address, const void *source, size_t bytes)
{
    (void)task;
    memcpy((void *)(uintptr_t)address, source, bytes);
    return 0;
}

// ---- time and memory objects ----

struct file_time file_time_now(void)
{
    static int64_t seconds = 1000000;
    return (struct file_time){.seconds = ++seconds};
}

enum { FAKE_MEMORY = 16 * 1024 * 1024 };

int vfs_memory_create_pool(uint64_t bytes, bool large, handle_t *memory, uint8_t **base)
{
    (void)large;
    *base = aligned_alloc(PAGE_SIZE, bytes);
    assert_non_null(*base);
    memset(*base, 0xa5, bytes); // stale contents that must never show
    *memory = 1;
    return 0;
}

int vfs_memory_commit(handle_t memory, uint8_t *base, uint64_t offset, uint64_t bytes)
{
    (void)memory;
    (void)base;
    (void)offset;
    (void)bytes;
    return allocation_fails() ? -E_NOMEM : 0;
}

void vfs_memory_decommit(handle_t memory, uint64_t offset, uint64_t bytes)
{
    (void)memory;
    (void)offset;
    (void)bytes;
}

int vfs_memory_create_shared(uint64_t bytes, handle_t *memory)
{
    (void)bytes;
    *memory = 2;
    return allocation_fails() ? -E_NOMEM : 0;
}

int vfs_memory_resize_shared(handle_t memory, uint64_t bytes)
{
    (void)memory;
    (void)bytes;
    return 0;
}

int vfs_memory_share(handle_t memory, uint64_t offset, handle_t pool, uint64_t pool_offset,
                     uint64_t bytes)
{
    (void)memory;
    (void)offset;
    (void)pool;
    (void)pool_offset;
    (void)bytes;
    return 0;
}

void vfs_memory_unshare(handle_t memory, uint64_t offset, uint64_t bytes)
{
    (void)memory;
    (void)offset;
    (void)bytes;
}

void vfs_memory_close(handle_t memory)
{
    (void)memory;
}

void vfs_memory_totals(uint64_t *total, uint64_t *available)
{
    *total = *available = FAKE_MEMORY;
}

// ---- the tree ----

void fake_tree_create(struct fake_tree *tree, const char *options)
{
    struct path root;
    assert_int_equal(dentry_cache_init(), 0);
    inode_table_init();
    mount_table_init();
    assert_int_equal(pagecache_init(64 * PAGE_SIZE), 0);
    filesystem_register(&tmpfs_type);
    assert_int_equal(anonymous_init(), 0);
    assert_int_equal(vfs_mount_root("tmpfs", "none", 0, options, &root), 0);
    tree->fs = (struct fs_context){.references = 1, .umask = 022, .root = root, .cwd = root};
    vfs_path_get(&root);
    tree->who = (struct vfs_caller){.fs = &tree->fs, .privileged = true};
}

static void pool_free(struct page_pool *pool)
{
    assert_int_equal(pool->used_pages, 0);
    for (uint32_t i = 0; i < pool->chunks; i++)
        fake_free(pool->chunk[i]);
    fake_free(pool->chunk);
    free(pool->base);
}

void fake_tree_destroy(struct fake_tree *tree)
{
    uint64_t total, unused;
    fake_fail_allocation = 0;
    vfs_path_put(&tree->fs.cwd);
    vfs_path_put(&tree->fs.root);
    mount_detach(mount_root);
    for (unsigned kind = 0; kind < ANONYMOUS_KINDS; kind++)
        mount_put(anonymous_mount((enum anonymous_kind)kind));
    dentry_count(&total, &unused);
    assert_int_equal(total, 0);
    assert_int_equal(unused, 0);
    pool_free(&pagecache_disk_pool);
    pool_free(&pagecache_memory_pool);
}

static struct path_argument at(const char *path)
{
    return (struct path_argument){.start = NULL, .text = path};
}

int t_mkdir(struct fake_tree *tree, const char *path, uint32_t mode)
{
    return vfs_make(&tree->who, at(path), LINUX_S_IFDIR | mode, 0, NULL);
}

int t_create(struct fake_tree *tree, const char *path)
{
    return vfs_make(&tree->who, at(path), LINUX_S_IFREG | 0666, 0, NULL);
}

int t_symlink(struct fake_tree *tree, const char *target, const char *path)
{
    return vfs_make(&tree->who, at(path), LINUX_S_IFLNK | 0777, 0, target);
}

int t_link(struct fake_tree *tree, const char *from, const char *to)
{
    return vfs_link(&tree->who, at(from), at(to), 0);
}

int t_unlink(struct fake_tree *tree, const char *path)
{
    return vfs_unlink(&tree->who, at(path));
}

int t_rmdir(struct fake_tree *tree, const char *path)
{
    return vfs_rmdir(&tree->who, at(path));
}

int t_rename(struct fake_tree *tree, const char *from, const char *to, uint32_t flags)
{
    return vfs_rename(&tree->who, at(from), at(to), flags);
}

static int stat_flags(struct fake_tree *tree, const char *path, uint32_t flags,
                      struct stat_data *out)
{
    struct path found;
    int error = vfs_lookup(&tree->who, NULL, path, flags, &found);
    if (error != 0)
        return error;
    error = vfs_stat(&tree->who, &found, out);
    vfs_path_put(&found);
    return error;
}

int t_stat(struct fake_tree *tree, const char *path, struct stat_data *out)
{
    return stat_flags(tree, path, LOOKUP_FOLLOW, out);
}

int t_lstat(struct fake_tree *tree, const char *path, struct stat_data *out)
{
    return stat_flags(tree, path, 0, out);
}

int t_lookup(struct fake_tree *tree, const char *path, uint32_t flags)
{
    struct path found;
    int error = vfs_lookup(&tree->who, NULL, path, flags, &found);
    if (error == 0)
        vfs_path_put(&found);
    return error;
}

int t_open(struct fake_tree *tree, const char *path, uint32_t flags, uint32_t mode,
           struct file **out)
{
    return vfs_open(&tree->who, NULL, path, flags, mode, out);
}

int t_chdir(struct fake_tree *tree, const char *path)
{
    struct path found;
    int error = vfs_lookup(&tree->who, NULL, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &found);
    if (error != 0)
        return error;
    vfs_path_put(&tree->fs.cwd);
    tree->fs.cwd = found;
    return 0;
}

int64_t t_write(struct file *file, const void *data, size_t bytes)
{
    struct user_buffer buffer;
    user_buffer_init_kernel(&buffer, (void *)(uintptr_t)data, bytes);
    return file_write(file, &buffer, NULL);
}

int64_t t_read(struct file *file, void *data, size_t bytes)
{
    struct user_buffer buffer;
    user_buffer_init_kernel(&buffer, data, bytes);
    return file_read(file, &buffer, NULL);
}
