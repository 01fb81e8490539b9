// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the VFS needs around it, for unit tests on the build machine: memory objects made of malloc,
// one thread without locks, sleeping as a hook, an allocator that fails on demand; and a tree with
// a tmpfs as root.

#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "servers/posix/vfs/operations.h"

// Called when the code under test would sleep: does what another thread would do. NULL:
// interruptible sleeps end with E_INTR, others fail the test.
extern void (*fake_sleep_hook)(void *context);
extern void *fake_sleep_context;

// The n-th allocation from now on fails (1: the next); 0: none. Counts down.
extern unsigned fake_fail_allocation;
extern unsigned long fake_allocations; // made so far

// Random numbers, the same in every run with the same seed.
extern uint64_t fake_seed;
uint32_t random_below(uint32_t bound);

// Makes a tree: tmpfs as "/", and who walks it: root by default.
struct fake_tree {
    struct fs_context fs;
    struct vfs_caller who;
};
void fake_tree_create(struct fake_tree *tree, const char *options);
// Takes everything down and checks that nothing is left.
void fake_tree_destroy(struct fake_tree *tree);

// The calls under test with the tree's caller and working directory.
int t_mkdir(struct fake_tree *tree, const char *path, uint32_t mode);
int t_create(struct fake_tree *tree, const char *path); // an empty file
int t_symlink(struct fake_tree *tree, const char *target, const char *path);
int t_link(struct fake_tree *tree, const char *from, const char *to);
int t_unlink(struct fake_tree *tree, const char *path);
int t_rmdir(struct fake_tree *tree, const char *path);
int t_rename(struct fake_tree *tree, const char *from, const char *to, uint32_t flags);
int t_stat(struct fake_tree *tree, const char *path, struct stat_data *out);
int t_lstat(struct fake_tree *tree, const char *path, struct stat_data *out);
int t_lookup(struct fake_tree *tree, const char *path, uint32_t flags);
int t_open(struct fake_tree *tree, const char *path, uint32_t flags, uint32_t mode,
           struct file **out);
int t_chdir(struct fake_tree *tree, const char *path);
int64_t t_write(struct file *file, const void *data, size_t bytes);
int64_t t_read(struct file *file, void *data, size_t bytes);
