// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See fw_cfg.h; specification in fw_cfg_hw.h.

#include "drivers/misc/fw_cfg/fw_cfg.h"

#include <string.h>

#include "abi/error.h"
#include "drivers/misc/fw_cfg/fw_cfg_hw.h"
#include "lib/driver/driver.h"

static void read_bytes(struct fw_cfg *cfg, void *to, uint32_t bytes)
{
    for (uint8_t *at = to; bytes > 0; bytes--)
        *at++ = cfg->io.read(cfg->io.context);
}

static uint32_t big32(uint32_t value)
{
    return __builtin_bswap32(value);
}

// ---- DMA ----

static volatile struct fw_cfg_dma_access *access_of(const struct fw_cfg *cfg)
{
    return (volatile struct fw_cfg_dma_access *)(void *)cfg->memory;
}

static bool is_over(void *context)
{
    return (big32(access_of(context)->control) & ~(uint32_t)FW_CFG_DMA_ERROR) == 0;
}

static int transfer(struct fw_cfg *cfg, uint32_t control, uint32_t length)
{
    volatile struct fw_cfg_dma_access *access = access_of(cfg);
    int status;

    access->address = __builtin_bswap64(cfg->bus + sizeof *access);
    access->length = big32(length);
    access->control = big32(control);
    dma_write_barrier();
    cfg->io.start(cfg->io.context, cfg->bus);
    status = driver_wait_until(is_over, cfg, FW_CFG_TIMEOUT_NS, "fw_cfg transfer");
    dma_read_barrier();
    if (status < 0)
        return status;
    return (big32(access->control) & FW_CFG_DMA_ERROR) != 0 ? -E_IO : 0;
}

// Selects the file and goes to the offset.
static int seek(struct fw_cfg *cfg, const struct fw_cfg_info *file, uint32_t offset)
{
    return transfer(
        cfg, (uint32_t)file->key << FW_CFG_DMA_KEY_SHIFT | FW_CFG_DMA_SELECT | FW_CFG_DMA_SKIP,
        offset);
}

// ---- files ----

static int read_by_data(struct fw_cfg *cfg, const struct fw_cfg_info *file, uint32_t offset,
                        void *to, uint32_t bytes)
{
    cfg->io.select(cfg->io.context, file->key);
    while (offset-- > 0)
        (void)cfg->io.read(cfg->io.context);
    read_bytes(cfg, to, bytes);
    return (int)bytes;
}

int fw_cfg_read(struct fw_cfg *cfg, const struct fw_cfg_info *file, uint64_t offset, void *to,
                uint32_t bytes)
{
    int status;

    if (offset >= file->size || bytes == 0)
        return 0;
    if (bytes > file->size - offset)
        bytes = file->size - (uint32_t)offset;
    if (bytes > FW_CFG_BYTES_MAX)
        bytes = FW_CFG_BYTES_MAX;
    if (cfg->memory == NULL)
        return read_by_data(cfg, file, (uint32_t)offset, to, bytes);
    status = seek(cfg, file, (uint32_t)offset);
    if (status == 0)
        status = transfer(cfg, FW_CFG_DMA_READ, bytes);
    if (status < 0)
        return status;
    memcpy(to, cfg->memory + sizeof(struct fw_cfg_dma_access), bytes);
    return (int)bytes;
}

int fw_cfg_write(struct fw_cfg *cfg, const struct fw_cfg_info *file, uint64_t offset,
                 const void *from, uint32_t bytes)
{
    int status;

    if (cfg->memory == NULL)
        return -E_OPNOTSUPP;
    if (bytes > FW_CFG_BYTES_MAX || offset > file->size || bytes > file->size - offset)
        return -E_INVAL;
    status = seek(cfg, file, (uint32_t)offset);
    memcpy(cfg->memory + sizeof(struct fw_cfg_dma_access), from, bytes);
    if (status == 0)
        status = transfer(cfg, FW_CFG_DMA_WRITE, bytes);
    return status < 0 ? status : (int)bytes;
}

const struct fw_cfg_info *fw_cfg_by_key(const struct fw_cfg *cfg, uint64_t key)
{
    for (uint32_t i = 0; i < cfg->files; i++) {
        if (cfg->file[i].key == key)
            return &cfg->file[i];
    }
    return NULL;
}

const struct fw_cfg_info *fw_cfg_by_name(const struct fw_cfg *cfg, const char *name)
{
    for (uint32_t i = 0; i < cfg->files; i++) {
        if (strcmp(cfg->file[i].name, name) == 0)
            return &cfg->file[i];
    }
    return NULL;
}

// ---- start ----

static int read_directory(struct fw_cfg *cfg)
{
    uint32_t count;

    cfg->io.select(cfg->io.context, FW_CFG_FILE_DIR);
    read_bytes(cfg, &count, sizeof count);
    count = big32(count);
    if (count > FW_CFG_FILES_MAX)
        return -E_BADMSG;
    for (uint32_t i = 0; i < count; i++) {
        struct fw_cfg_file entry;

        read_bytes(cfg, &entry, sizeof entry);
        if (entry.name[0] == '\0' || memchr(entry.name, 0, sizeof entry.name) == NULL)
            return -E_BADMSG;
        cfg->file[i] =
            (struct fw_cfg_info){.size = big32(entry.size), .key = __builtin_bswap16(entry.select)};
        memcpy(cfg->file[i].name, entry.name, sizeof entry.name);
        cfg->files = i + 1;
    }
    return 0;
}

int fw_cfg_init(struct fw_cfg *cfg, const struct fw_cfg_io *io, void *memory, uint64_t bus)
{
    char signature[4];
    uint32_t id;

    *cfg = (struct fw_cfg){.io = *io};
    io->select(io->context, FW_CFG_SIGNATURE);
    read_bytes(cfg, signature, sizeof signature);
    if (memcmp(signature, "QEMU", sizeof signature) != 0)
        return -E_NODEV;
    io->select(io->context, FW_CFG_ID);
    read_bytes(cfg, &id, sizeof id); // little-endian
    if ((id & FW_CFG_ID_DMA) != 0) {
        cfg->memory = memory;
        cfg->bus = bus;
    }
    return read_directory(cfg);
}
