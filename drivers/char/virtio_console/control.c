// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The control queues of a virtio console (VIRTIO 1.2, section 5.3.6.2); see console.h.
//
//   driver: DEVICE_READY -> device: DEVICE_ADD (each port) -> driver: PORT_READY
//     -> device: CONSOLE_PORT, PORT_NAME, PORT_OPEN as they apply; PORT_OPEN and RESIZE later at
//     any time
//   driver: PORT_OPEN when a program opens or closes the port
//
// One message of ours is under way at a time: devices drop control messages for which there is no
// buffer, and each of ours causes a few. What is owed is kept as flags of the ports, so nothing can
// overflow.

#include <string.h>

#include "abi/error.h"
#include "drivers/char/virtio_console/console.h"
#include "lib/sys/log.h"

// ---- to the device ----

static void control_send(struct console *console, uint32_t id, uint16_t event, uint16_t value)
{
    uint32_t offset = CONSOLE_CONTROL_BUFFERS * CONSOLE_CONTROL_BYTES;
    struct virtio_console_control message = {.id = id, .event = event, .value = value};
    struct virtqueue_piece piece = {.bus = console->control_bus + offset, .bytes = sizeof message};

    memcpy(console->control_bytes + offset, &message, sizeof message);
    if (virtqueue_add(&console->control_tx, &piece, 1, 0, console) < 0)
        return;
    console->control_busy = true;
    if (virtqueue_publish(&console->control_tx))
        console->notify(console, console->control_tx.index);
}

static void send_port(struct console *console, uint32_t index)
{
    struct console_port *port = &console->port[index];

    if (port->send_ready) {
        port->send_ready = false;
        control_send(console, index, VIRTIO_CONSOLE_PORT_READY, port->usable);
    } else {
        port->send_open = false;
        control_send(console, index, VIRTIO_CONSOLE_PORT_OPEN, port->open);
    }
}

static void send_next(struct console *console)
{
    if (console->control_busy)
        return;
    if (console->send_device_ready) {
        console->send_device_ready = false;
        control_send(console, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
        return;
    }
    for (uint32_t i = 0; i < console->ports; i++) {
        if (console->port[i].send_ready || console->port[i].send_open) {
            send_port(console, i);
            return;
        }
    }
}

static void collect_sent(struct console *console)
{
    void *token;
    uint32_t written;
    int status;

    while ((status = virtqueue_get(&console->control_tx, &token, &written)) == 0)
        console->control_busy = false;
    if (status == -E_PROTO)
        console->fault = status;
}

// ---- from the device ----

static void port_add(struct console *console, uint32_t index)
{
    struct console_port *port = &console->port[index];

    port->port->flags |= CHAR_PORT_PRESENT;
    port->send_ready = true;
    port->send_open = port->open; // it was unplugged while a program had it open
    char_ports_changed(console->class);
}

static void port_remove(struct console *console, uint32_t index)
{
    struct console_port *port = &console->port[index];

    console_port_peer(port, false);
    port->port->flags = 0;
    memset(port->port->name, 0, sizeof port->port->name);
    port->send_ready = port->send_open = false;
    char_ports_changed(console->class);
}

static void port_name(struct console *console, uint32_t index, const uint8_t *name, uint32_t bytes)
{
    struct char_port *port = console->port[index].port;

    if (bytes > CHAR_NAME_MAX - 1)
        bytes = CHAR_NAME_MAX - 1;
    memset(port->name, 0, sizeof port->name);
    memcpy(port->name, name, bytes); // ends at the first NUL, if the device sent one
    char_ports_changed(console->class);
}

static void port_resize(struct console *console, uint32_t index, const uint8_t *body,
                        uint32_t bytes)
{
    struct virtio_console_resize size;

    if (bytes < sizeof size)
        return;
    memcpy(&size, body, sizeof size);
    console_resize(console, index, size.cols, size.rows);
}

static void handle_message(struct console *console, const uint8_t *bytes, uint32_t length)
{
    struct virtio_console_control message;
    const uint8_t *body = bytes + sizeof message;

    if (length < sizeof message)
        return;
    memcpy(&message, bytes, sizeof message);
    length -= (uint32_t)sizeof message;
    if (message.id >= console->ports) {
        if (message.event == VIRTIO_CONSOLE_DEVICE_ADD)
            log_warning("virtio_console: port %u is beyond the %u that are served, left alone",
                        message.id, console->ports);
        return;
    }
    if (message.event != VIRTIO_CONSOLE_DEVICE_ADD &&
        (console->port[message.id].port->flags & CHAR_PORT_PRESENT) == 0)
        return; // of a port that is not there
    switch (message.event) {
    case VIRTIO_CONSOLE_DEVICE_ADD:
        port_add(console, message.id);
        break;
    case VIRTIO_CONSOLE_DEVICE_REMOVE:
        port_remove(console, message.id);
        break;
    case VIRTIO_CONSOLE_CONSOLE_PORT:
        console->port[message.id].port->flags |= CHAR_PORT_CONSOLE;
        break;
    case VIRTIO_CONSOLE_RESIZE:
        port_resize(console, message.id, body, length);
        break;
    case VIRTIO_CONSOLE_PORT_OPEN:
        console_port_peer(&console->port[message.id], message.value != 0);
        break;
    case VIRTIO_CONSOLE_PORT_NAME:
        port_name(console, message.id, body, length);
        break;
    default:
        break;
    }
}

static void post(struct console *console, uint32_t index)
{
    struct virtqueue_piece piece = {.bus = console->control_bus + index * CONSOLE_CONTROL_BYTES,
                                    .bytes = CONSOLE_CONTROL_BYTES};

    virtqueue_add(&console->control_rx, &piece, 0, 1,
                  console->control_bytes + index * CONSOLE_CONTROL_BYTES);
}

static void collect_received(struct console *console)
{
    uint8_t copy[CONSOLE_CONTROL_BYTES];
    void *token;
    uint32_t written;
    int status;

    while ((status = virtqueue_get(&console->control_rx, &token, &written)) == 0) {
        memcpy(copy, token, written);
        post(console,
             (uint32_t)((uint8_t *)token - console->control_bytes) / CONSOLE_CONTROL_BYTES);
        if (virtqueue_publish(&console->control_rx))
            console->notify(console, console->control_rx.index);
        handle_message(console, copy, written);
    }
    if (status == -E_PROTO)
        console->fault = status;
}

void console_control_service(struct console *console)
{
    if (!console->multiport)
        return;
    do {
        collect_received(console);
        collect_sent(console);
        send_next(console);
    } while (console->fault == 0 && (!virtqueue_enable_interrupts(&console->control_rx) ||
                                     !virtqueue_enable_interrupts(&console->control_tx)));
}

// ---- the device as a whole ----

int console_control_init(struct console *console)
{
    uint32_t bytes = (CONSOLE_CONTROL_BUFFERS + 1) * CONSOLE_CONTROL_BYTES;
    struct dma_buffer memory;
    int status = dma_buffer_create(console->dma, bytes, DMA_ANYWHERE, &memory);

    if (status < 0)
        return status;
    console->control_bytes = memory.memory;
    console->control_bus = memory.bus;
    return 0;
}

void console_begin(struct console *console)
{
    if (!console->multiport) {
        console->port[0].port->flags = CHAR_PORT_PRESENT | CHAR_PORT_CONSOLE;
        console_port_peer(&console->port[0], true);
        return;
    }
    for (uint32_t i = 0; i < CONSOLE_CONTROL_BUFFERS && i < console->control_rx.size; i++)
        post(console, i);
    if (virtqueue_publish(&console->control_rx))
        console->notify(console, console->control_rx.index);
    console->send_device_ready = true;
    console_control_service(console);
}

void console_service(struct console *console)
{
    console_control_service(console);
    for (uint32_t i = 0; i < console->ports && console->fault == 0; i++) {
        if (console->port[i].usable)
            console_port_service(&console->port[i]);
    }
}

bool console_settled(const struct console *console)
{
    if (!console->multiport)
        return true;
    if (console->send_device_ready || console->control_busy)
        return false;
    for (uint32_t i = 0; i < console->ports; i++) {
        if (console->port[i].send_ready)
            return false;
    }
    return true;
}
