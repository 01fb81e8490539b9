// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// QEMU's firmware configuration device: named blobs of the machine's owner.

#pragma once

#include "abi/types.h"

enum { FW_CFG_NAME_MAX = 56, FW_CFG_BYTES_MAX = 256 };

struct fw_cfg_info {
    uint32_t size;
    uint16_t key;
    uint16_t reserved;
    char name[FW_CFG_NAME_MAX]; // NUL-terminated, with slashes: "opt/org.example/text"
};
_Static_assert(sizeof(struct fw_cfg_info) == 64, "eight message words");

enum fw_cfg_op {
    // (index) -> words: struct fw_cfg_info; E_NOENT past the end
    FW_CFG_INFO = 0xb00,
    // (key, offset, bytes) -> label: how many, at most FW_CFG_BYTES_MAX, 0 at the end; words: they.
    // E_NOENT no such file, E_IO the device fails.
    FW_CFG_READ,
};
