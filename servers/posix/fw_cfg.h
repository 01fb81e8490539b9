// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// QEMU's firmware configuration (abi/fw_cfg.h) as a tree of files, for /sys/firmware/qemu_fw_cfg.
// The list is fetched once: it does not change while the machine runs. posix_lock held; dropped
// while the driver works.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/fw_cfg.h"

struct proc_text;

// NULL: no such file.
const struct fw_cfg_info *fw_cfg_find(const char *name);

// The index-th name, each once, directly below the directory `prefix` ("" is the root, else without
// a slash at its end). False: there are fewer.
bool fw_cfg_child(const char *prefix, unsigned index, char name[FW_CFG_NAME_MAX]);

// Whether there are files below `prefix`.
bool fw_cfg_is_directory(const char *prefix);

// Appends the file's content.
int fw_cfg_append(struct proc_text *text, const struct fw_cfg_info *file);
