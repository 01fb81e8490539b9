// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// fw_cfg driver: the process. The registers are ports ("io0", on a PC) or memory ("mmio0", where
// the device tree says); transfers go by DMA where the device can.

#include <string.h>

#include "abi/error.h"
#include "drivers/misc/fw_cfg/fw_cfg.h"
#include "drivers/misc/fw_cfg/fw_cfg_hw.h"
#include "lib/driver/dma.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

struct state {
    handle_t ports;
    volatile uint8_t *registers;
    struct fw_cfg cfg;
    struct dma_buffer dma;
};

// ---- registers ----

static void port_write(struct state *state, unsigned port, unsigned width, uint32_t value)
{
    int64_t status = sys_port_write(state->ports, port, width, value);

    if (status < 0)
        sys_panic("fw_cfg: port %u cannot be written: error %d", port, (int)status);
}

static void port_select(void *context, uint16_t key)
{
    port_write(context, FW_CFG_PORT_SELECTOR, 2, key);
}

static uint8_t port_read(void *context)
{
    return (uint8_t)sys_port_read(((struct state *)context)->ports, FW_CFG_PORT_DATA, 1);
}

static void port_start(void *context, uint64_t address)
{
    port_write(context, FW_CFG_PORT_DMA_HIGH, 4, __builtin_bswap32((uint32_t)(address >> 32)));
    port_write(context, FW_CFG_PORT_DMA_LOW, 4, __builtin_bswap32((uint32_t)address));
}

static void memory_select(void *context, uint16_t key)
{
    mmio_write16(((struct state *)context)->registers + FW_CFG_MMIO_SELECTOR,
                 __builtin_bswap16(key));
}

static uint8_t memory_read(void *context)
{
    return mmio_read8(((struct state *)context)->registers + FW_CFG_MMIO_DATA);
}

static void memory_start(void *context, uint64_t address)
{
    volatile uint8_t *registers = ((struct state *)context)->registers;

    mmio_write32(registers + FW_CFG_MMIO_DMA_HIGH, __builtin_bswap32((uint32_t)(address >> 32)));
    mmio_write32(registers + FW_CFG_MMIO_DMA_LOW, __builtin_bswap32((uint32_t)address));
}

static int find_registers(struct driver *driver, struct state *state, struct fw_cfg_io *io)
{
    volatile void *registers;
    uint64_t bytes;
    int status;

    state->ports = startup_handle("io0");
    if (state->ports != HANDLE_NONE) {
        *io = (struct fw_cfg_io){port_select, port_read, port_start, state};
        return 0;
    }
    *io = (struct fw_cfg_io){memory_select, memory_read, memory_start, state};
    status = driver_map_registers(driver, 0, &registers, &bytes);
    if (status == 0 && bytes < FW_CFG_MMIO_BYTES)
        status = -E_INVAL;
    if (status == 0)
        state->registers = registers;
    return status;
}

// ---- callbacks ----

static int init(struct driver *driver)
{
    struct state *state = driver->state;
    struct fw_cfg_io io;
    int status = find_registers(driver, state, &io);

    if (status == 0)
        status = dma_buffer_create(driver->dma, FW_CFG_DMA_BYTES, DMA_ANYWHERE, &state->dma);
    if (status == 0)
        status = fw_cfg_init(&state->cfg, &io, state->dma.memory, state->dma.bus);
    if (status == 0)
        log_info("%s: QEMU's firmware configuration, %u files%s", driver->unit_name,
                 state->cfg.files, state->cfg.memory != NULL ? ", DMA" : "");
    return status;
}

static int handle_info(const struct fw_cfg *cfg, uint64_t index, struct message *reply)
{
    int64_t words;

    if (index >= cfg->files)
        return -E_NOENT;
    words = message_put_bytes(reply, 0, &cfg->file[index], sizeof cfg->file[index]);
    reply->tag = message_tag(0, words < 0 ? 0 : (unsigned)words, 0);
    return words < 0 ? (int)words : 0;
}

static int handle_read(struct fw_cfg *cfg, const struct message *request, struct message *reply)
{
    const struct fw_cfg_info *file = fw_cfg_by_key(cfg, request->word[0]);
    uint64_t wanted = request->word[2];
    uint8_t bytes[FW_CFG_BYTES_MAX];
    int64_t words;
    int count;

    if (message_words(request->tag) < 3)
        return -E_INVAL;
    if (file == NULL)
        return -E_NOENT;
    count = fw_cfg_read(cfg, file, request->word[1], bytes,
                        wanted < sizeof bytes ? (uint32_t)wanted : (uint32_t)sizeof bytes);
    if (count < 0)
        return count;
    words = message_put_bytes(reply, 0, bytes, (size_t)count);
    reply->tag = message_tag(0, words < 0 ? 0 : (unsigned)words, 0);
    return words < 0 ? (int)words : count;
}

static int handle_message(struct driver *driver, struct message *request, struct message *reply)
{
    struct fw_cfg *cfg = &((struct state *)driver->state)->cfg;

    switch (message_label(request->tag)) {
    case FW_CFG_INFO:
        return message_words(request->tag) < 1 ? -E_INVAL
                                               : handle_info(cfg, request->word[0], reply);
    case FW_CFG_READ:
        return handle_read(cfg, request, reply);
    default:
        return -E_NOSYS;
    }
}

int main(int argc, char **argv)
{
    static const struct driver_ops ops = {
        .name = "fw_cfg",
        .init = init,
        .handle_message = handle_message,
    };
    static struct state state;

    (void)argc;
    (void)argv;
    return driver_run(&ops, &state);
}
