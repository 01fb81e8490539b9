// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// virtio-blk driver: the process. The device is a PCI function or an MMIO slot
// (lib/virtio/attach.h), granted with its interrupts and DMA window (virtio_blk.svc).
//
// Interrupts: with MSI-X, entry 0 is the configuration's and entry 1 the queue's, or entry 0 serves
// both where there is one only. Without MSI-X one interrupt is shared, and the transport says what
// for.

#include "abi/error.h"
#include "drivers/block/virtio_blk/virtio_blk.h"
#include "lib/block/unit.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"
#include "lib/virtio/attach.h"

struct state {
    struct virtio_attachment bus;
    struct virtio_blk blk;
    unsigned queue_irq;
};

static struct virtio_blk_vectors choose_vectors(const struct driver *driver, struct state *state)
{
    if (!state->bus.vectors) {
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
    int status = virtio_attach(driver, VIRTIO_ID_BLOCK, &state->bus);
    if (status < 0) {
        log_error("virtio_blk: no virtio block device here: error %d", status);
        return status;
    }
    block_server_init(driver);
    status = virtio_blk_init(&state->blk, state->bus.transport, choose_vectors(driver, state),
                             driver->dma, driver->unit_name);
    return status < 0 ? status : block_server_start();
}

static void handle_irq(struct driver *driver, unsigned irq)
{
    struct state *state = driver->state;
    bool queue = irq == state->queue_irq;
    bool config = irq == 0;
    if (!state->bus.vectors) {
        uint8_t cause = state->bus.transport->ops->acknowledge(state->bus.transport);
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
        .inject = block_server_inject,
    };
    return driver_run(&ops, &state);
}
