// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Output of a virtio console that was under way when a driver died: sent again only if the device
// had not taken it. The device has been reset by the time a successor looks, so what the used ring
// says is final.
//
// A device that had passed on part of a buffer when it was reset says nothing of it: that part is
// sent twice.

#include "drivers/char/virtio_console/saved.h"
#include "drivers/char/virtio_console/console.h"
#include "lib/checkpoint/checkpoint.h"

// Of the record as it is when output of so many bytes is under way.
static uint64_t sum_of(const struct console_saved *saved, uint32_t bytes)
{
    struct console_saved whole = *saved;

    whole.bytes = bytes;
    return checkpoint_sum(CHECKPOINT_SUM, &whole, offsetof(struct console_saved, sum));
}

static bool valid(const struct console_saved *saved)
{
    return saved->version == CONSOLE_SAVED_VERSION && saved->sum == sum_of(saved, saved->bytes) &&
           saved->bytes != 0 && saved->bytes <= CONSOLE_TX_BYTES && saved->size != 0 &&
           saved->size <= CONSOLE_PORT_QUEUE_SIZE && (saved->size & (saved->size - 1)) == 0;
}

static bool device_took_it(const struct console_saved *saved)
{
    size_t at = CONSOLE_SAVED_QUEUE + virtqueue_layout(saved->size, 0).used;
    const struct virtq_used *used = (const void *)((const uint8_t *)saved + at);

    return saved->taken == 1 || used->idx == saved->used;
}

void console_port_recover(struct console_port *port, struct console_saved *saved)
{
    port->saved = saved;
    port->sent_before = 0;
    if (valid(saved) && device_took_it(saved)) {
        saved->taken = 1; // the queue is about to be cleared
        port->sent_before = saved->bytes;
    } else {
        saved->bytes = 0;
    }
}

void console_saved_begin(struct console_port *port, uint32_t bytes)
{
    struct console_saved *saved = port->saved;

    saved->session = port->port->status.session;
    saved->position = char_tx_position(port->port);
    saved->size = port->tx.size;
    saved->used =
        port->tx.avail_next; // nothing else is under way, so the device will have used as many
    saved->taken = 0;
    saved->version = CONSOLE_SAVED_VERSION;
    saved->sum = sum_of(saved, bytes);
    __atomic_store_n(&saved->bytes, bytes, __ATOMIC_RELEASE);
}

void console_saved_end(struct console_port *port)
{
    __atomic_store_n(&port->saved->bytes, 0, __ATOMIC_RELEASE);
}

void console_saved_apply(struct console_port *port)
{
    struct console_saved *saved = port->saved;

    if (port->sent_before == 0 || port->port->session.memory == NULL)
        return;
    if (saved->session == port->port->status.session &&
        saved->position == char_tx_position(port->port))
        char_tx_done(port->port, port->port->tx_epoch, port->sent_before);
    port->sent_before = 0;
    console_saved_end(port);
}
