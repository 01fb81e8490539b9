// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See small.h.

#define _GNU_SOURCE

#include "fs/ext4/test/small.h"

#include <stdio.h>

enum { NAMES = 90, FRAGMENTS = 40 };

void small_image_make(const char *scratch, const char *path, const char *options)
{
    small_image_make_sized(scratch, path, options, "2M");
}

void small_image_make_sized(const char *scratch, const char *path, const char *options,
                            const char *size)
{
    char tree[300];
    snprintf(tree, sizeof(tree), "%s/small", scratch);
    run("rm -rf %s && mkdir -p %s/hashed %s/below/deep && echo plain >%s/plain && "
        "head -c 100 /dev/zero | tr '\\0' i >%s/inline && : >%s/note && "
        "ln -s \"$(head -c 70 /dev/zero | tr '\\0' l)\" %s/link && ln -s plain %s/short",
        tree, tree, tree, tree, tree, tree, tree, tree);
    run("cd %s/hashed && for i in $(seq %u); do echo $i >a-name-of-some-length-%080u-$i; done",
        tree, NAMES, 1u);
    run("cd %s && for i in $(seq %u); do printf data | dd of=fragmented bs=1 seek=$((i * 8192)) "
        "conv=notrunc status=none; done",
        tree, FRAGMENTS);
    run("rm -f %s && mke2fs -q -F -d %s %s %s %s >/dev/null 2>&1", path, tree, options, path, size);
    run("printf 'ea_set note user.large %0700u\\nea_set note user.small s\\n' | "
        "debugfs -w -f - %s >/dev/null 2>&1",
        1u, path);
    run("e2fsck -fyD %s >/dev/null 2>&1 || [ $? -eq 1 ]", path);
}
