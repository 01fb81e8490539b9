// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A driver for QEMU's edu device that points it at whatever address it is told (rogue.h): what a
// broken or hostile driver could do. It holds what every driver holds, and no more.
//
// It waits for its device inside of a request, as no honest driver does: its client waits, too.

#include <string.h>

#include "abi/error.h"
#include "lib/driver/dma.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "tests/guest/edu/edu_hw.h"
#include "tests/guest/rogue/rogue.h"

// All time-outs of this driver.
#define TRANSFER_TIMEOUT_NS 2000000000ull // of a transfer, which takes 100 ms

enum {
    REGISTERS_BYTES = 0xa0,
    CONFIG_BAR0 = 0x10,
    CONFIG_BAR_FLAGS = 0xf,
};

struct state {
    uint8_t *registers;
    struct dma_buffer own;
    handle_t mapped; // the client's memory, HANDLE_NONE: none
    uint64_t mapped_bytes;
};

// ---- the device ----

static bool is_idle(void *context)
{
    const struct state *state = context;
    return (mmio_read32(state->registers + EDU_DMA_COMMAND) & EDU_DMA_RUN) == 0;
}

static int wait_idle(struct state *state)
{
    return driver_wait_until(is_idle, state, TRANSFER_TIMEOUT_NS, "rogue: transfer");
}

static int begin(struct state *state, bool to_bus, uint64_t bus, uint64_t at, uint64_t bytes)
{
    if (bytes == 0 || bytes > ROGUE_TRANSFER_MAX || at > ROGUE_TRANSFER_MAX)
        return -E_INVAL;
    int status = wait_idle(state); // of a predecessor
    if (status < 0)
        return status;
    at += EDU_DMA_BUFFER;
    mmio_write64(state->registers + EDU_DMA_SOURCE, to_bus ? at : bus);
    mmio_write64(state->registers + EDU_DMA_DESTINATION, to_bus ? bus : at);
    mmio_write64(state->registers + EDU_DMA_COUNT, bytes);
    mmio_write64(state->registers + EDU_DMA_COMMAND, EDU_DMA_RUN | (to_bus ? EDU_DMA_TO_BUS : 0));
    return 0;
}

static int transfer(struct state *state, bool to_bus, uint64_t bus, uint64_t at, uint64_t bytes)
{
    int status = begin(state, to_bus, bus, at, bytes);
    return status < 0 ? status : wait_idle(state);
}

// ---- requests ----

static int fill(struct state *state, const struct message *request)
{
    memcpy(state->own.memory, request->word, ROGUE_WORDS * sizeof(request->word[0]));
    return transfer(state, false, state->own.bus, 0, ROGUE_WORDS * sizeof(request->word[0]));
}

static int show(struct state *state, uint64_t at, struct message *reply)
{
    int status = transfer(state, true, state->own.bus, at, ROGUE_WORDS * sizeof(reply->word[0]));
    memcpy(reply->word, state->own.memory, ROGUE_WORDS * sizeof(reply->word[0]));
    reply->tag = message_tag(0, ROGUE_WORDS, 0);
    return status;
}

static int map(struct driver *driver, struct message *request, struct message *reply)
{
    struct state *state = driver->state;
    if (state->mapped != HANDLE_NONE)
        return -E_BUSY;
    state->mapped = driver_take_handle(request, 0);
    state->mapped_bytes = request->word[0];
    int64_t status = sys_dma_map(driver->dma, state->mapped, 0, state->mapped_bytes,
                                 RIGHT_READ | RIGHT_WRITE, &reply->word[0]);
    reply->tag = message_tag(0, 1, 0);
    return (int)status;
}

static int unmap(struct driver *driver)
{
    struct state *state = driver->state;
    int64_t status = sys_dma_unmap(driver->dma, state->mapped, 0, state->mapped_bytes, 0);
    sys_handle_close(state->mapped);
    state->mapped = HANDLE_NONE;
    return (int)status;
}

static int tell(struct driver *driver, struct message *reply)
{
    const struct state *state = driver->state;
    void *config;
    uint64_t bytes;
    int status = driver_map_grant(driver, "config", false, &config, &bytes);
    if (status < 0)
        return status;
    reply->word[0] = state->own.bus;
    reply->word[1] =
        *(const uint32_t *)((uint8_t *)config + CONFIG_BAR0) & ~(uint32_t)CONFIG_BAR_FLAGS;
    int64_t copy = sys_handle_duplicate(state->own.object, RIGHTS_ALL, 0);
    if (copy < 0)
        return (int)copy;
    reply->handle[0] = (handle_t)copy;
    reply->tag = message_tag(0, 2, 1);
    return 0;
}

static int handle_message(struct driver *driver, struct message *request, struct message *reply)
{
    struct state *state = driver->state;
    uint64_t bus = request->word[0], bytes = request->word[1];
    switch (message_label(request->tag)) {
    case ROGUE_READ:
        return transfer(state, false, bus, 0, bytes);
    case ROGUE_WRITE:
        return transfer(state, true, bus, 0, bytes);
    case ROGUE_WRITE_LATE:
        return begin(state, true, bus, 0, bytes);
    case ROGUE_FILL:
        return fill(state, request);
    case ROGUE_SHOW:
        return show(state, request->word[0], reply);
    case ROGUE_MAP:
        return map(driver, request, reply);
    case ROGUE_UNMAP:
        return unmap(driver);
    case ROGUE_TELL:
        return tell(driver, reply);
    case ROGUE_LIVENESS:
        reply->word[0] = mmio_read32(state->registers + EDU_LIVENESS);
        reply->tag = message_tag(0, 1, 0);
        return 0;
    case ROGUE_INTERRUPT:
        mmio_write32(state->registers + EDU_INTERRUPT_ACKNOWLEDGE, ~0u);
        mmio_write32(state->registers + EDU_INTERRUPT_RAISE, 1);
        return 0;
    default:
        return -E_NOSYS;
    }
}

// ---- the process ----

static int init(struct driver *driver)
{
    struct state *state = driver->state;
    void *registers;
    uint64_t bytes;
    int status = driver_map_grant(driver, "bar0", true, &registers, &bytes);
    if (status < 0)
        return status;
    if (bytes < REGISTERS_BYTES)
        return -E_NODEV;
    state->registers = registers;
    return dma_buffer_create(driver->dma, PAGE_SIZE, DMA_ANYWHERE, &state->own);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static struct state state = {.mapped = HANDLE_NONE};
    static const struct driver_ops ops = {
        .name = "rogue",
        .init = init,
        .handle_message = handle_message,
    };
    return driver_run(&ops, &state);
}
