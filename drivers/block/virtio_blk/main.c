// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// virtio-blk driver: the process. The device is a modern virtio PCI function; the device manager
// granted its configuration space ("config"), BARs, interrupts and DMA window (virtio_blk.svc).
//
// Interrupts: with MSI-X, entry 0 is the configuration's and entry 1 the queue's, or entry 0 serves
// both where there is one only. Without MSI-X one interrupt is shared, and the ISR register says
// what for.

#include <stdio.h>

#include "abi/error.h"
#include "drivers/block/virtio_blk/virtio_blk.h"
#include "lib/block/unit.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"
#include "lib/virtio/pci.h"

struct state {
    struct virtio_pci pci;
    struct virtio_blk blk;
    unsigned queue_irq;
};

static int map_bar(void *context, unsigned bar, void **address, uint64_t *bytes)
{
    char name[8];
    snprintf(name, sizeof(name), "bar%u", bar);
    return driver_map_grant(context, name, true, address, bytes);
}

static int find_device(struct driver *driver, struct state *state)
{
    void *config;
    uint64_t bytes;
    int status = driver_map_grant(driver, "config", false, &config, &bytes);
    if (status == 0)
        status = virtio_pci_init(&state->pci, config, (size_t)bytes, map_bar, driver);
    if (status == 0 && state->pci.device_type != VIRTIO_ID_BLOCK)
        status = -E_NODEV;
    return status;
}

static struct virtio_blk_vectors choose_vectors(const struct driver *driver, struct state *state)
{
    if (!state->pci.has_msix) {
        state->queue_irq = 0;
        return (struct virtio_blk_vectors){VIRTIO_MSI_NO_VECTOR, VIRTIO_MSI_NO_VECTOR};
    }
    state->queue_irq = driver->irqs > 1 ? 1 : 0;
    return (struct virtio_blk_vectors){.config = 0, .queue = (uint16_t)state->queue_irq};
}

// ---- callbacks ----

static int init(struct driver *driver)
{
    struct state *state = driver->state;
    if (driver->irqs == 0 || driver->dma == HANDLE_NONE) {
        log_error("virtio_blk: no interrupt or no DMA window granted");
        return -E_NODEV;
    }
    int status = find_device(driver, state);
    if (status < 0) {
        log_error("virtio_blk: no modern virtio block device here: error %d", status);
        return status;
    }
    block_server_init(driver);
    status = virtio_blk_init(&state->blk, &state->pci.transport, choose_vectors(driver, state),
                             driver->dma, driver->unit_name);
    return status < 0 ? status : block_server_start();
}

static void handle_irq(struct driver *driver, unsigned irq)
{
    struct state *state = driver->state;
    bool queue = irq == state->queue_irq;
    bool config = irq == 0;
    if (!state->pci.has_msix) {
        uint8_t cause = state->pci.transport.ops->acknowledge(&state->pci.transport);
        queue = (cause & VIRTIO_ISR_QUEUE) != 0;
        config = (cause & VIRTIO_ISR_CONFIG) != 0;
    }
    if (queue)
        virtio_blk_handle_queue(&state->blk);
    if (config)
        virtio_blk_handle_config(&state->blk);
}

static void quiesce(struct driver *driver)
{
    struct state *state = driver->state;
    virtio_blk_quiesce(&state->blk);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static struct state state;
    static const struct driver_ops ops = {
        .name = "virtio_blk",
        .init = init,
        .handle_irq = handle_irq,
        .handle_message = block_server_handle_message,
        .handle_signal = block_server_handle_signal,
        .handle_timer = block_server_handle_timer,
        .before_wait = block_server_before_wait,
        .is_healthy = block_server_is_healthy,
        .quiesce = quiesce,
    };
    return driver_run(&ops, &state);
}
