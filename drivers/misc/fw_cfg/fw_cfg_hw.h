// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// QEMU's firmware configuration device: QEMU 7.2, docs/specs/fw_cfg.txt. All wide values are
// big-endian but the ID and the selector port of x86.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum fw_cfg_port { // from 0x510
    FW_CFG_PORT_SELECTOR = 0,
    FW_CFG_PORT_DATA = 1,
    FW_CFG_PORT_DMA_HIGH = 4,
    FW_CFG_PORT_DMA_LOW = 8, // starts the transfer
    FW_CFG_PORTS = 12,
};

enum fw_cfg_register { // from the device tree's address
    FW_CFG_MMIO_DATA = 0x00,
    FW_CFG_MMIO_SELECTOR = 0x08,
    FW_CFG_MMIO_DMA_HIGH = 0x10,
    FW_CFG_MMIO_DMA_LOW = 0x14, // starts the transfer
    FW_CFG_MMIO_BYTES = 0x18,
};

enum fw_cfg_key {
    FW_CFG_SIGNATURE = 0x0000,
    FW_CFG_ID = 0x0001,
    FW_CFG_FILE_DIR = 0x0019,
};

enum { // FW_CFG_ID
    FW_CFG_ID_TRADITIONAL = 1 << 0,
    FW_CFG_ID_DMA = 1 << 1,
};

struct fw_cfg_file { // one entry of the directory, behind a count of 32 bits
    uint32_t size;
    uint16_t select;
    uint16_t reserved;
    char name[56];
};
_Static_assert(sizeof(struct fw_cfg_file) == 64, "fw_cfg.txt, File Directory");

struct fw_cfg_dma_access {
    uint32_t control;
    uint32_t length;
    uint64_t address;
};
_Static_assert(sizeof(struct fw_cfg_dma_access) == 16, "fw_cfg.txt, DMA Interface");

enum { // control
    FW_CFG_DMA_ERROR = 1 << 0,
    FW_CFG_DMA_READ = 1 << 1,
    FW_CFG_DMA_SKIP = 1 << 2,
    FW_CFG_DMA_SELECT = 1 << 3,
    FW_CFG_DMA_WRITE = 1 << 4,
    FW_CFG_DMA_KEY_SHIFT = 16,
};
