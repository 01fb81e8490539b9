// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Path walks: dots, slashes, links, loops, roots, mounts, permissions, the dentry cache.

#include "servers/posix/vfs/test/fake.h"

#include <stdio.h>
#include <string.h>

#include "servers/posix/fs/tmpfs.h"

static struct fake_tree tree;

static int setup(void **state)
{
    (void)state;
    fake_tree_create(&tree, "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_tree_destroy(&tree);
    return 0;
}

static uint64_t inode_of(const char *path)
{
    struct stat_data data;
    return t_stat(&tree, path, &data) == 0 ? data.inode : 0;
}

static void dots_and_slashes(void **state)
{
    (void)state;
    assert_int_equal(t_mkdir(&tree, "/a", 0755), 0);
    assert_int_equal(t_mkdir(&tree, "/a/b", 0755), 0);
    assert_int_equal(t_create(&tree, "/a/b/f"), 0);
    uint64_t file = inode_of("/a/b/f"), root = inode_of("/");
    const char *const same[] = {"//a//b//f",    "/a/./b/./f", "/a/b/../b/f",
                                "/../../a/b/f", "a/b/f",      "./a/b/../../a/b/f"};
    for (unsigned i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        assert_int_equal(inode_of(same[i]), file);
    const char *const top[] = {"/", "//", "/.", "/..",        "/a/..",
                               ".", "./", "..", "/a/b/../..", "/a/../"};
    for (unsigned i = 0; i < sizeof(top) / sizeof(top[0]); i++)
        assert_int_equal(inode_of(top[i]), root);
    assert_int_equal(t_lookup(&tree, "", LOOKUP_FOLLOW), -E_NOENT);
    assert_int_equal(t_lookup(&tree, "/a/b/f/", LOOKUP_FOLLOW), -E_NOTDIR);
    assert_int_equal(t_lookup(&tree, "/a/b/f/.", LOOKUP_FOLLOW), -E_NOTDIR);
    assert_int_equal(t_lookup(&tree, "/a/b/f/..", LOOKUP_FOLLOW), -E_NOTDIR);
    assert_int_equal(t_lookup(&tree, "/a/b/f/x", LOOKUP_FOLLOW), -E_NOTDIR);
    assert_int_equal(t_lookup(&tree, "/a/x/f", LOOKUP_FOLLOW), -E_NOENT);
    assert_int_equal(t_lookup(&tree, "/a/b/f", LOOKUP_DIRECTORY), -E_NOTDIR);
}

static void names_too_long(void **state)
{
    char name[300];
    (void)state;
    memset(name, 'n', sizeof(name));
    name[255] = '\0';
    assert_int_equal(t_create(&tree, name), 0);
    assert_int_not_equal(inode_of(name), 0);
    name[255] = 'n';
    name[256] = '\0';
    assert_int_equal(t_create(&tree, name), -E_NAMETOOLONG);
    assert_int_equal(t_lookup(&tree, name, 0), -E_NAMETOOLONG);
    assert_int_equal(t_unlink(&tree, name), -E_NAMETOOLONG);
}

static void links(void **state)
{
    (void)state;
    assert_int_equal(t_mkdir(&tree, "/d", 0755), 0);
    assert_int_equal(t_create(&tree, "/d/f"), 0);
    assert_int_equal(t_symlink(&tree, "/d", "/abs"), 0);
    assert_int_equal(t_symlink(&tree, "d", "/rel"), 0);
    assert_int_equal(t_symlink(&tree, "d/f", "/file"), 0);
    assert_int_equal(t_symlink(&tree, "../rel/f", "/d/up"), 0);
    assert_int_equal(t_symlink(&tree, "nowhere", "/dangling"), 0);
    assert_int_equal(t_symlink(&tree, "d/", "/slash"), 0);
    uint64_t file = inode_of("/d/f");
    const char *const same[] = {"/abs/f",       "/rel/f",  "/file",   "/d/up",
                                "/abs/../file", "/rel/up", "/slash/f"};
    for (unsigned i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        assert_int_equal(inode_of(same[i]), file);
    struct stat_data data;
    assert_int_equal(t_lstat(&tree, "/file", &data), 0);
    assert_true(linux_s_islnk(data.mode));
    assert_int_equal(data.size, 3);
    assert_int_equal(t_lstat(&tree, "/rel/", &data), 0); // a slash follows the link
    assert_true(linux_s_isdir(data.mode));
    assert_int_equal(t_lookup(&tree, "/file/", 0), -E_NOTDIR);
    assert_int_equal(t_lookup(&tree, "/dangling", LOOKUP_FOLLOW), -E_NOENT);
    assert_int_equal(t_lookup(&tree, "/dangling", 0), 0);
    assert_int_equal(t_lookup(&tree, "/rel", LOOKUP_FOLLOW | LOOKUP_NO_SYMLINKS), -E_LOOP);
    assert_int_equal(t_lookup(&tree, "/rel/f", LOOKUP_NO_SYMLINKS), -E_LOOP);
}

static void loops(void **state)
{
    char from[16], to[16];
    (void)state;
    assert_int_equal(t_symlink(&tree, "self", "/self"), 0);
    assert_int_equal(t_lookup(&tree, "/self", LOOKUP_FOLLOW), -E_LOOP);
    assert_int_equal(t_symlink(&tree, "b", "/a"), 0);
    assert_int_equal(t_symlink(&tree, "a", "/b"), 0);
    assert_int_equal(t_lookup(&tree, "/a/x", 0), -E_LOOP);
    // 40 links are followed, 41 are not.
    assert_int_equal(t_create(&tree, "/l0"), 0);
    for (int i = 1; i <= 41; i++) {
        (void)snprintf(from, sizeof(from), "l%d", i - 1);
        (void)snprintf(to, sizeof(to), "/l%d", i);
        assert_int_equal(t_symlink(&tree, from, to), 0);
    }
    assert_int_equal(t_lookup(&tree, "/l40", LOOKUP_FOLLOW), 0);
    assert_int_equal(t_lookup(&tree, "/l41", LOOKUP_FOLLOW), -E_LOOP);
    // The same with something left to walk after each.
    assert_int_equal(t_mkdir(&tree, "/m0", 0755), 0);
    for (int i = 1; i <= 41; i++) {
        (void)snprintf(from, sizeof(from), "m%d/.", i - 1);
        (void)snprintf(to, sizeof(to), "/m%d", i);
        assert_int_equal(t_symlink(&tree, from, to), 0);
    }
    assert_int_equal(t_lookup(&tree, "/m40/.", LOOKUP_FOLLOW), 0);
    assert_int_equal(t_lookup(&tree, "/m41/.", LOOKUP_FOLLOW), -E_LOOP);
}

static void roots(void **state)
{
    struct path inner;
    (void)state;
    assert_int_equal(t_mkdir(&tree, "/jail", 0755), 0);
    assert_int_equal(t_mkdir(&tree, "/jail/in", 0755), 0);
    assert_int_equal(t_create(&tree, "/secret"), 0);
    assert_int_equal(t_symlink(&tree, "/secret", "/jail/out"), 0);
    assert_int_equal(t_symlink(&tree, "../../secret", "/jail/in/up"), 0);
    assert_int_equal(vfs_lookup(&tree.who, NULL, "/jail", 0, &inner), 0);

    struct fs_context jailed = tree.fs;
    jailed.root = jailed.cwd = inner;
    struct vfs_caller prisoner = tree.who;
    prisoner.fs = &jailed;
    struct path found;
    const char *const blocked[] = {"/secret", "../secret",     "out",
                                   "/in/up",  "/../../secret", "in/../../secret"};
    for (unsigned i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++)
        assert_int_equal(vfs_lookup(&prisoner, NULL, blocked[i], LOOKUP_FOLLOW, &found), -E_NOENT);

    // openat2's ways to stay inside.
    assert_int_equal(vfs_lookup(&tree.who, &inner, "../secret", LOOKUP_BENEATH, &found), -E_XDEV);
    assert_int_equal(vfs_lookup(&tree.who, &inner, "/secret", LOOKUP_BENEATH, &found), -E_XDEV);
    assert_int_equal(vfs_lookup(&tree.who, &inner, "out", LOOKUP_FOLLOW | LOOKUP_BENEATH, &found),
                     -E_XDEV);
    assert_int_equal(vfs_lookup(&tree.who, &inner, "in/..", LOOKUP_BENEATH, &found), 0);
    vfs_path_put(&found);
    assert_int_equal(vfs_lookup(&tree.who, &inner, "out", LOOKUP_FOLLOW | LOOKUP_IN_ROOT, &found),
                     -E_NOENT);
    assert_int_equal(vfs_lookup(&tree.who, &inner, "/in/../../in", LOOKUP_IN_ROOT, &found), 0);
    vfs_path_put(&found);
    vfs_path_put(&inner);
}

static void mounts(void **state)
{
    struct stat_data outer, inner, again;
    (void)state;
    assert_int_equal(t_mkdir(&tree, "/m", 0755), 0);
    assert_int_equal(t_create(&tree, "/m/hidden"), 0);
    assert_int_equal(t_stat(&tree, "/m", &outer), 0);
    assert_int_equal(vfs_mount(&tree.who, "none", "/m", "tmpfs", 0, ""), 0);
    assert_int_equal(t_stat(&tree, "/m", &inner), 0);
    assert_int_not_equal(outer.device, inner.device);
    assert_int_equal(t_lookup(&tree, "/m/hidden", 0), -E_NOENT);
    assert_int_equal(t_mkdir(&tree, "/m/deep", 0755), 0);
    assert_int_equal(vfs_mount(&tree.who, "none", "/m/deep", "tmpfs", 0, ""), 0);
    assert_int_equal(t_create(&tree, "/m/deep/f"), 0);
    // ".." of a mount's root leads out.
    assert_int_equal(t_stat(&tree, "/m/deep/..", &again), 0);
    assert_int_equal(again.inode, inner.inode);
    assert_int_equal(again.device, inner.device);
    assert_int_equal(inode_of("/m/deep/../.."), inode_of("/"));
    assert_int_equal(t_lookup(&tree, "/m/deep", LOOKUP_NO_XDEV), -E_XDEV);
    assert_int_equal(t_rename(&tree, "/m/deep/f", "/m/f", 0), -E_XDEV);
    assert_int_equal(t_link(&tree, "/m/deep/f", "/f"), -E_XDEV);
    assert_int_equal(t_rmdir(&tree, "/m"), -E_BUSY);
    assert_int_equal(t_rename(&tree, "/m", "/n", 0), -E_BUSY);
    // One on top of the other: the last is seen.
    assert_int_equal(vfs_mount(&tree.who, "none", "/m/deep", "tmpfs", 0, ""), 0);
    assert_int_equal(t_lookup(&tree, "/m/deep/f", 0), -E_NOENT);

    struct path at;
    struct file *file;
    assert_int_equal(vfs_lookup(&tree.who, NULL, "/m", 0, &at), 0);
    assert_int_equal(vfs_unmount(&tree.who, &at, 0), -E_BUSY); // has mounts in it
    vfs_path_put(&at);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vfs_lookup(&tree.who, NULL, "/m/deep", 0, &at), 0);
        assert_int_equal(vfs_unmount(&tree.who, &at, 0), 0);
        vfs_path_put(&at);
    }
    assert_int_equal(t_open(&tree, "/m/open", LINUX_O_CREAT | LINUX_O_RDWR, 0644, &file), 0);
    assert_int_equal(vfs_lookup(&tree.who, NULL, "/m", 0, &at), 0);
    assert_int_equal(vfs_unmount(&tree.who, &at, 0), -E_BUSY);
    assert_int_equal(vfs_unmount(&tree.who, &at, 2), 0); // MNT_DETACH
    vfs_path_put(&at);
    assert_int_equal(t_lookup(&tree, "/m/hidden", 0), 0);
    assert_int_equal(t_write(file, "x", 1),
                     1); // the detached file system lives as long as the file
    file_put(file);
    assert_int_equal(t_rmdir(&tree, "/m"), -E_NOTEMPTY);
}

static void binds_and_moves(void **state)
{
    (void)state;
    enum { MS_BIND = 4096, MS_MOVE = 8192 };
    assert_int_equal(t_mkdir(&tree, "/a", 0755), 0);
    assert_int_equal(t_mkdir(&tree, "/b", 0755), 0);
    assert_int_equal(t_mkdir(&tree, "/c", 0755), 0);
    assert_int_equal(t_create(&tree, "/a/f"), 0);
    assert_int_equal(vfs_mount(&tree.who, "/a", "/b", "", MS_BIND, ""), 0);
    assert_int_equal(inode_of("/b/f"), inode_of("/a/f"));
    assert_int_equal(inode_of("/b/.."), inode_of("/"));
    assert_int_equal(vfs_mount(&tree.who, "/b", "/c", "", MS_MOVE, ""), 0);
    assert_int_equal(inode_of("/b/f"), 0);
    assert_int_equal(inode_of("/c/f"), inode_of("/a/f"));
    assert_int_equal(t_mkdir(&tree, "/c/in", 0755), 0);
    assert_int_equal(vfs_mount(&tree.who, "/c", "/c/in", "", MS_MOVE, ""), -E_LOOP);
    struct path at;
    assert_int_equal(vfs_lookup(&tree.who, NULL, "/c", 0, &at), 0);
    assert_int_equal(vfs_unmount(&tree.who, &at, 0), 0);
    vfs_path_put(&at);
    assert_int_equal(inode_of("/a/in") != 0, 1);
}

static void permissions(void **state)
{
    static const uint32_t groups[] = {30};
    (void)state;
    assert_int_equal(t_mkdir(&tree, "/open", 0777), 0);
    tree.fs.umask = 0;
    assert_int_equal(t_mkdir(&tree, "/closed", 0700), 0);
    assert_int_equal(t_create(&tree, "/closed/f"), 0);
    assert_int_equal(t_mkdir(&tree, "/list", 0744), 0);
    assert_int_equal(t_create(&tree, "/list/f"), 0);
    assert_int_equal(t_mkdir(&tree, "/sticky", 01777), 0);
    assert_int_equal(t_create(&tree, "/sticky/root"), 0);
    assert_int_equal(t_mkdir(&tree, "/all", 0777), 0);
    struct path group_file;
    assert_int_equal(t_create(&tree, "/all/g"), 0);
    assert_int_equal(vfs_lookup(&tree.who, NULL, "/all/g", 0, &group_file), 0);
    assert_int_equal(vfs_chown(&tree.who, &group_file, 5, 30), 0);
    assert_int_equal(vfs_chmod(&tree.who, &group_file, 0060), 0);

    tree.who.privileged = false;
    tree.who.uid = 1000;
    tree.who.gid = 100;
    tree.who.groups = groups;
    tree.who.group_count = 1;
    assert_int_equal(t_lookup(&tree, "/closed/f", 0), -E_ACCES);
    assert_int_equal(t_lookup(&tree, "/closed/none", 0), -E_ACCES);
    assert_int_equal(t_lookup(&tree, "/list/f", 0), -E_ACCES);
    assert_int_equal(t_create(&tree, "/list/g"), -E_ACCES);
    assert_int_equal(t_create(&tree, "/new"), -E_OK); // the root is 1777
    assert_int_equal(t_unlink(&tree, "/sticky/root"), -E_PERM);
    assert_int_equal(t_rename(&tree, "/sticky/root", "/sticky/mine", 0), -E_PERM);
    assert_int_equal(t_create(&tree, "/sticky/mine"), 0);
    assert_int_equal(t_unlink(&tree, "/sticky/mine"), 0);
    assert_int_equal(vfs_permission(&tree.who, &group_file, MAY_READ | MAY_WRITE), 0);
    assert_int_equal(vfs_permission(&tree.who, &group_file, MAY_EXECUTE), -E_ACCES);
    assert_int_equal(vfs_chmod(&tree.who, &group_file, 0777), -E_PERM);
    assert_int_equal(vfs_chown(&tree.who, &group_file, 1000, UINT32_MAX), -E_PERM);
    tree.who.uid = 5; // the owner, who has fewer rights than the group
    assert_int_equal(vfs_permission(&tree.who, &group_file, MAY_READ), -E_ACCES);
    assert_int_equal(vfs_chmod(&tree.who, &group_file, 02777), 0);
    vfs_path_put(&group_file);
}

static void negative_names_and_eviction(void **state)
{
    char path[32];
    uint64_t total, unused;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(path, sizeof(path), "/none%d", i);
        assert_int_equal(t_lookup(&tree, path, 0), -E_NOENT);
    }
    dentry_count(&total, &unused);
    assert_true(total < 7000);
    // A name that was looked up in vain can be made, and one that was removed is gone.
    assert_int_equal(t_create(&tree, "/none19999"), 0);
    assert_int_not_equal(inode_of("/none19999"), 0);
    assert_int_equal(t_unlink(&tree, "/none19999"), 0);
    assert_int_equal(inode_of("/none19999"), 0);
    assert_int_equal(t_mkdir(&tree, "/none19998", 0700), 0);
    assert_int_equal(t_lookup(&tree, "/none19998/x", 0), -E_NOENT);
    assert_int_equal(t_rmdir(&tree, "/none19998"), 0);
    assert_int_equal(t_lookup(&tree, "/none19998/x", 0), -E_NOENT);
    // What is cached and evicted comes back as it was.
    assert_int_equal(t_mkdir(&tree, "/keep", 0700), 0);
    assert_int_equal(t_create(&tree, "/keep/f"), 0);
    uint64_t before = inode_of("/keep/f");
    dentry_shrink(100000);
    dentry_count(&total, &unused);
    assert_int_equal(unused, 0);
    assert_int_equal(inode_of("/keep/f"), before);
}

static void texts(void **state)
{
    char buffer[64];
    struct path at;
    struct file *file;
    (void)state;
    assert_int_equal(t_mkdir(&tree, "/a", 0755), 0);
    assert_int_equal(t_mkdir(&tree, "/a/b", 0755), 0);
    assert_int_equal(vfs_mount(&tree.who, "none", "/a/b", "tmpfs", 0, ""), 0);
    assert_int_equal(t_mkdir(&tree, "/a/b/c", 0755), 0);
    assert_int_equal(vfs_lookup(&tree.who, NULL, "/a/b/c", 0, &at), 0);
    assert_string_equal(vfs_path_text(&at, &tree.fs.root, buffer, sizeof(buffer)), "/a/b/c");
    assert_null(vfs_path_text(&at, &tree.fs.root, buffer, 6));
    assert_non_null(vfs_path_text(&at, &tree.fs.root, buffer, 7));
    assert_string_equal(vfs_path_text(&tree.fs.root, &tree.fs.root, buffer, sizeof(buffer)), "/");
    assert_string_equal(vfs_path_text(&tree.fs.root, &at, buffer, sizeof(buffer)),
                        "(unreachable)/");
    assert_int_equal(t_open(&tree, "/a/b/f", LINUX_O_CREAT | LINUX_O_RDWR, 0600, &file), 0);
    assert_int_equal(t_unlink(&tree, "/a/b/f"), 0);
    assert_string_equal(vfs_path_text(&file->path, &tree.fs.root, buffer, sizeof(buffer)),
                        "/a/b/f (deleted)");
    file_put(file);
    vfs_path_put(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dots_and_slashes, setup, teardown),
        cmocka_unit_test_setup_teardown(names_too_long, setup, teardown),
        cmocka_unit_test_setup_teardown(links, setup, teardown),
        cmocka_unit_test_setup_teardown(loops, setup, teardown),
        cmocka_unit_test_setup_teardown(roots, setup, teardown),
        cmocka_unit_test_setup_teardown(mounts, setup, teardown),
        cmocka_unit_test_setup_teardown(binds_and_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(permissions, setup, teardown),
        cmocka_unit_test_setup_teardown(negative_names_and_eviction, setup, teardown),
        cmocka_unit_test_setup_teardown(texts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
