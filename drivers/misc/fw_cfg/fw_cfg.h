// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The firmware configuration device above its registers; main.c puts it on ports or memory.
//
// Trust: the device is QEMU, but its directory is checked like any other's: count, names, sizes.

#pragma once

#include <stdbool.h>

#include "abi/fw_cfg.h"

enum {
    FW_CFG_FILES_MAX = 256,
    FW_CFG_BUFFER_BYTES = FW_CFG_BYTES_MAX, // of one DMA transfer
    FW_CFG_DMA_BYTES = FW_CFG_BUFFER_BYTES + 16,
};

// A transfer is over when the device has cleared its control word.
#define FW_CFG_TIMEOUT_NS 1000000000ull

struct fw_cfg_io {
    void (*select)(void *context, uint16_t key);
    uint8_t (*read)(void *context);                 // the next byte of what is selected
    void (*start)(void *context, uint64_t address); // of a struct fw_cfg_dma_access
    void *context;
};

struct fw_cfg {
    struct fw_cfg_io io;
    uint8_t *memory; // FW_CFG_DMA_BYTES: the access, then the data; NULL: no DMA
    uint64_t bus;
    uint32_t files;
    struct fw_cfg_info file[FW_CFG_FILES_MAX];
};

// Checks the signature and reads the directory. `memory` at `bus`: FW_CFG_DMA_BYTES that the device
// reaches, or NULL. -E_NODEV: no such device; -E_BADMSG: its directory is impossible.
int fw_cfg_init(struct fw_cfg *cfg, const struct fw_cfg_io *io, void *memory, uint64_t bus);

// NULL: none.
const struct fw_cfg_info *fw_cfg_by_key(const struct fw_cfg *cfg, uint64_t key);
const struct fw_cfg_info *fw_cfg_by_name(const struct fw_cfg *cfg, const char *name);

// Copies up to `bytes`, at most FW_CFG_BYTES_MAX, of a file from `offset`. Returns how many, 0 at
// the end; -E_IO the device reports an error, -E_TIMEDOUT it does not end the transfer.
int fw_cfg_read(struct fw_cfg *cfg, const struct fw_cfg_info *file, uint64_t offset, void *to,
                uint32_t bytes);

// Writes by DMA; the device says whether the file may be written. -E_OPNOTSUPP without DMA,
// -E_INVAL beyond the file, errors as above.
int fw_cfg_write(struct fw_cfg *cfg, const struct fw_cfg_info *file, uint64_t offset,
                 const void *from, uint32_t bytes);
