// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The file systems inside posix, and those that other processes serve.

#pragma once

#include "servers/posix/filesystem.h"

extern struct filesystem tmpfs_type, proc_type, devtmpfs_type, devpts_type, sysfs_type;
extern struct filesystem ext4_type; // served by ext4's process
