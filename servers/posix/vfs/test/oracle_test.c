// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The build machine's own kernel as oracle: random operations on names are done in a temporary
// directory and on our tmpfs alike; result and, after each, what the path then is must be the same.
//
// Paths have at most four components and links no "..", and the working directory lies deeper than
// that, so nothing outside the temporary directory is ever named.

#define _GNU_SOURCE
#include "servers/posix/vfs/test/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 60000, NAMES = 4, COMPONENTS_MAX = 4 };

static struct fake_tree tree;
static void random_path(char *path, bool dots)
{
    static const char *const names[NAMES] = {"a", "b", "c", "dd"};
    unsigned count = 1 + random_below(COMPONENTS_MAX);
    *path = '\0';
    for (unsigned i = 0; i < count; i++) {
        uint32_t kind = random_below(12);
        if (dots && kind == 0)
            strcat(path, "..");
        else if (kind == 1)
            strcat(path, ".");
        else
            strcat(path, names[random_below(NAMES)]);
        if (i + 1 < count || random_below(12) == 0)
            strcat(path, random_below(20) == 0 ? "//" : "/");
    }
}

// Linux's stat against ours: what a program sees of the object at the path.
static void compare_stat(const char *path, const char *what)
{
    struct stat theirs;
    struct stat_data ours;
    int host = lstat(path, &theirs) < 0 ? -errno : 0;
    int own = t_lstat(&tree, path, &ours);
    if (host != own)
        fail_msg("%s: lstat(%s): Linux %d, ours %d", what, path, host, own);
    if (host != 0)
        return;
    if (theirs.st_mode != ours.mode)
        fail_msg("%s: %s: mode: Linux %o, ours %o", what, path, theirs.st_mode, ours.mode);
    if (!S_ISDIR(theirs.st_mode) && theirs.st_nlink != ours.links)
        fail_msg("%s: %s: links: Linux %lu, ours %u", what, path, (unsigned long)theirs.st_nlink,
                 ours.links);
    if (!S_ISDIR(theirs.st_mode) && (uint64_t)theirs.st_size != ours.size)
        fail_msg("%s: %s: size: Linux %ld, ours %lu", what, path, (long)theirs.st_size,
                 (unsigned long)ours.size);
    if (S_ISLNK(theirs.st_mode)) {
        char host_text[64] = {0}, own_text[64] = {0};
        struct path at;
        assert_true(readlink(path, host_text, sizeof(host_text) - 1) >= 0);
        assert_int_equal(vfs_lookup(&tree.who, NULL, path, 0, &at), 0);
        (void)at.dentry->inode->ops->readlink(at.dentry->inode, &tree.who, own_text,
                                              sizeof(own_text) - 1);
        vfs_path_put(&at);
        assert_string_equal(host_text, own_text);
    }
}

static int of_errno(int result)
{
    return result < 0 ? -errno : 0;
}

static const struct {
    int host;
    uint32_t own;
} open_flags[] = {
    {O_RDONLY, LINUX_O_RDONLY},
    {O_RDWR | O_CREAT, LINUX_O_RDWR | LINUX_O_CREAT},
    {O_WRONLY | O_CREAT | O_EXCL, LINUX_O_WRONLY | LINUX_O_CREAT | LINUX_O_EXCL},
    {O_WRONLY | O_TRUNC, LINUX_O_WRONLY | LINUX_O_TRUNC},
    {O_RDONLY | O_NOFOLLOW, LINUX_O_RDONLY | LINUX_O_NOFOLLOW},
    {O_RDONLY | O_DIRECTORY, LINUX_O_RDONLY | LINUX_O_DIRECTORY},
    {O_WRONLY | O_CREAT | O_NOFOLLOW | O_TRUNC,
     LINUX_O_WRONLY | LINUX_O_CREAT | LINUX_O_NOFOLLOW | LINUX_O_TRUNC},
    {O_PATH | O_NOFOLLOW, LINUX_O_PATH | LINUX_O_NOFOLLOW},
};

static void try_open(const char *path, char *what, size_t size)
{
    uint32_t i = random_below(sizeof(open_flags) / sizeof(open_flags[0]));
    int fd = open(path, open_flags[i].host, 0640);
    int host = fd < 0 ? -errno : 0;
    struct file *file;
    int own = t_open(&tree, path, open_flags[i].own, 0640, &file);
    (void)snprintf(what, size, "open(%s, %o)", path, (unsigned)open_flags[i].host);
    if (host != own)
        fail_msg("%s: Linux %d, ours %d", what, host, own);
    if (host != 0)
        return;
    if ((open_flags[i].own & LINUX_O_ACCMODE) != 0) {
        assert_int_equal(write(fd, "hello", 5), 5);
        assert_int_equal(t_write(file, "hello", 5), 5);
    }
    close(fd);
    file_put(file);
}

static void try_two(const char *from, const char *to, char *what, size_t size)
{
    int host, own;
    uint32_t kind = random_below(5);
    if (kind == 0) {
        host = of_errno(link(from, to));
        own = t_link(&tree, from, to);
    } else if (kind == 1) {
        host = of_errno(symlink(from, to));
        own = t_symlink(&tree, from, to);
    } else {
        uint32_t flags = kind == 2 ? RENAME_NOREPLACE : kind == 3 ? RENAME_EXCHANGE : 0;
        host = of_errno(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags));
        own = t_rename(&tree, from, to, flags);
    }
    (void)snprintf(what, size, "two-path call %u(%s, %s)", kind, from, to);
    if (host != own)
        fail_msg("%s: Linux %d, ours %d", what, host, own);
}

static void try_one(const char *path, char *what, size_t size)
{
    struct path at;
    int host = 0, own = 0;
    uint32_t kind = random_below(5);
    switch (kind) {
    case 0:
        host = of_errno(mkdir(path, 0751));
        own = t_mkdir(&tree, path, 0751);
        break;
    case 1:
        host = of_errno(rmdir(path));
        own = t_rmdir(&tree, path);
        break;
    case 2:
        host = of_errno(unlink(path));
        own = t_unlink(&tree, path);
        break;
    case 3:
        host = of_errno(mknod(path, S_IFIFO | 0620, 0));
        own =
            vfs_make(&tree.who, (struct path_argument){NULL, path}, LINUX_S_IFIFO | 0620, 0, NULL);
        break;
    default: {
        off_t bytes = (off_t)random_below(9000);
        host = of_errno(truncate(path, bytes));
        own = vfs_lookup(&tree.who, NULL, path, LOOKUP_FOLLOW, &at);
        if (own == 0) {
            own = vfs_truncate(&tree.who, &at, (uint64_t)bytes);
            vfs_path_put(&at);
        }
    }
    }
    (void)snprintf(what, size, "one-path call %u(%s)", kind, path);
    if (host != own)
        fail_msg("%s: Linux %d, ours %d", what, host, own);
}

static void one_round(void)
{
    char path[64], other[64], what[256];
    bool is_fifo = false;
    random_path(path, true);
    random_path(other, false); // may become a link's text
    switch (random_below(3)) {
    case 0: {
        struct stat status;
        is_fifo = stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
        if (!is_fifo) // opening one would wait
            try_open(path, what, sizeof(what));
        break;
    }
    case 1:
        try_two(other, path, what, sizeof(what));
        compare_stat(other, what);
        break;
    default:
        try_one(path, what, sizeof(what));
    }
    if (!is_fifo)
        compare_stat(path, what);
}

static void same_as_linux(void **state)
{
    char folder[] = "/tmp/vfs-oracle-XXXXXX";
    (void)state;
    const char *given = getenv("VFS_SEED");
    fake_seed = given != NULL ? strtoull(given, NULL, 0) : 0x9e3779b97f4a7c15ull;
    print_message("# seed 0x%lx\n", (unsigned long)fake_seed);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    umask(022);
    fake_tree_create(&tree, "");
    for (int i = 0; i < COMPONENTS_MAX + 2; i++) {
        assert_int_equal(mkdir("in", 0755), 0);
        assert_int_equal(chdir("in"), 0);
        assert_int_equal(t_mkdir(&tree, "in", 0755), 0);
        assert_int_equal(t_chdir(&tree, "in"), 0);
    }
    for (unsigned i = 0; i < ROUNDS; i++)
        one_round();
    fake_tree_destroy(&tree);
    assert_int_equal(chdir("/"), 0);
    char command[64];
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_linux)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
