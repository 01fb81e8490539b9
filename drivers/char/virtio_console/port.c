// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Bytes of a virtio console's ports; see console.h.
//
// RX: the device gets buffers for no more bytes than the client's ring has room for, so nothing is
// ever dropped: the host waits. What arrives for a client that has just left is held until the next
// one comes. TX: one buffer a port is under way; its bytes leave the ring when the device has used
// it. While the other end is not open they stay in the ring: a device may discard what nobody
// reads.

#include <string.h>

#include "abi/error.h"
#include "drivers/char/virtio_console/console.h"
#include "drivers/char/virtio_console/saved.h"

static void queue_publish(struct console *console, struct virtqueue *queue)
{
    if (virtqueue_publish(queue))
        console->notify(console, queue->index);
}

static void fault(struct console *console, int status)
{
    if (status == -E_PROTO)
        console->fault = status;
}

int console_port_init(struct console *console, uint32_t index)
{
    struct console_port *port = &console->port[index];
    struct dma_buffer memory;
    int status =
        dma_buffer_create(console->dma, CONSOLE_RX_BUFFERS * CONSOLE_RX_BYTES + CONSOLE_TX_BYTES,
                          DMA_ANYWHERE, &memory);

    if (status < 0)
        return status;
    port->console = console;
    port->port = &console->class->port[index];
    port->port->state = port;
    for (uint32_t i = 0; i < CONSOLE_RX_BUFFERS; i++) {
        port->buffer[i].bytes = (uint8_t *)memory.memory + i * CONSOLE_RX_BYTES;
        port->buffer[i].bus = memory.bus + i * CONSOLE_RX_BYTES;
    }
    port->tx_bytes = (uint8_t *)memory.memory + CONSOLE_RX_BUFFERS * CONSOLE_RX_BYTES;
    port->tx_bus = memory.bus + CONSOLE_RX_BUFFERS * CONSOLE_RX_BYTES;
    port->usable = true;
    return 0;
}

// ---- RX ----

static void rx_collect(struct console_port *port)
{
    void *token;
    uint32_t written;
    int status;

    while ((status = virtqueue_get(&port->rx, &token, &written)) == 0) {
        struct console_rx *buffer = token;

        buffer->state = CONSOLE_RX_HELD;
        buffer->filled = written;
        buffer->taken = 0;
        port->held[port->held_count++] = (uint8_t)(buffer - port->buffer);
    }
    fault(port->console, status);
}

static void rx_deliver(struct console_port *port)
{
    while (port->held_count > 0) {
        struct console_rx *buffer = &port->buffer[port->held[0]];
        uint32_t count = buffer->filled - buffer->taken;
        uint32_t room = char_rx_room(port->port);

        if (count > room)
            count = room;
        if (count > 0)
            char_rx_put(port->port, buffer->bytes + buffer->taken, count);
        buffer->taken += count;
        if (buffer->taken < buffer->filled)
            return;
        buffer->state = CONSOLE_RX_FREE;
        port->held_count--;
        memmove(port->held, port->held + 1, port->held_count);
    }
}

static void rx_post(struct console_port *port)
{
    uint32_t room = char_rx_room(port->port);

    for (uint32_t i = 0; i < CONSOLE_RX_BUFFERS; i++) {
        uint32_t posted = port->buffer[i].state == CONSOLE_RX_POSTED ? port->buffer[i].posted : 0;

        room = room > posted ? room - posted : 0;
    }
    for (uint32_t i = 0; i < CONSOLE_RX_BUFFERS && room > 0; i++) {
        struct console_rx *buffer = &port->buffer[i];
        struct virtqueue_piece piece = {.bus = buffer->bus};

        if (buffer->state != CONSOLE_RX_FREE)
            continue;
        piece.bytes = room < CONSOLE_RX_BYTES ? room : CONSOLE_RX_BYTES;
        if (virtqueue_add(&port->rx, &piece, 0, 1, buffer) < 0)
            break;
        buffer->state = CONSOLE_RX_POSTED;
        buffer->posted = piece.bytes;
        room -= piece.bytes;
    }
    queue_publish(port->console, &port->rx);
}

static void rx_service(struct console_port *port)
{
    rx_collect(port);
    rx_deliver(port);
    if (port->held_count == 0)
        rx_post(port);
}

// ---- TX ----

static void console_tx_provide(struct char_port *char_port)
{
    struct console_port *port = char_port->state;
    struct virtqueue_piece piece = {.bus = port->tx_bus};

    if (!port->usable || !port->peer_open || port->tx_under_way != 0)
        return;
    console_saved_apply(port);
    piece.bytes = char_tx_peek(char_port, 0, port->tx_bytes, CONSOLE_TX_BYTES);
    if (piece.bytes == 0 || virtqueue_add(&port->tx, &piece, 1, 0, port) < 0)
        return;
    port->tx_under_way = piece.bytes;
    port->tx_epoch = char_port->tx_epoch;
    char_port->status.tx_idle = 0;
    console_saved_begin(port, piece.bytes);
    queue_publish(port->console, &port->tx);
}

static void tx_service(struct console_port *port)
{
    void *token;
    uint32_t written;
    int status;

    while ((status = virtqueue_get(&port->tx, &token, &written)) == 0) {
        char_tx_done(port->port, port->tx_epoch, port->tx_under_way);
        console_saved_end(port);
        port->tx_under_way = 0;
    }
    fault(port->console, status);
    console_tx_provide(port->port);
    if (port->tx_under_way == 0 && port->port->status.tx_idle == 0) {
        port->port->status.tx_idle = 1;
        char_status_changed(port->port, true);
    }
}

// Handles what is used, and asks for an interrupt at the next that is.
void console_port_service(struct console_port *port)
{
    do {
        rx_service(port);
        tx_service(port);
    } while (port->console->fault == 0 &&
             (!virtqueue_enable_interrupts(&port->rx) || !virtqueue_enable_interrupts(&port->tx)));
}

static void console_rx_provide(struct char_port *char_port)
{
    struct console_port *port = char_port->state;

    if (port->usable)
        console_port_service(port);
}

// ---- requests and the other end ----

static int console_open(struct char_port *char_port, bool open)
{
    struct console_port *port = char_port->state;

    port->open = open;
    port->send_open = port->console->multiport;
    console_control_service(port->console);
    return 0;
}

void console_port_peer(struct console_port *port, bool open)
{
    struct char_status *status = &port->port->status;

    port->peer_open = open;
    port->port->flags &= ~(uint32_t)CHAR_PORT_PEER_OPEN;
    if (open)
        port->port->flags |= CHAR_PORT_PEER_OPEN;
    status->modem = open ? CHAR_DCD : 0;
    status->changes++;
    char_status_changed(port->port, true);
    if (open)
        console_tx_provide(port->port);
}

void console_resize(struct console *console, uint32_t index, uint16_t columns, uint16_t rows)
{
    struct char_port *port = &console->class->port[index];

    if (port->status.columns == columns && port->status.rows == rows)
        return;
    port->status.columns = columns;
    port->status.rows = rows;
    port->status.changes++;
    char_status_changed(port, true);
}

const struct char_ops console_char_ops = {
    .open = console_open,
    .tx_provide = console_tx_provide,
    .rx_provide = console_rx_provide,
};
