// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Layouts of "Virtual I/O Device (VIRTIO) Version 1.2", section 5.3: console device; names are the
// specification's.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { VIRTIO_ID_CONSOLE = 3 };

#define VIRTIO_CONSOLE_F_SIZE      (1ull << 0)
#define VIRTIO_CONSOLE_F_MULTIPORT (1ull << 1)

struct virtio_console_config { // 5.3.4
    uint16_t cols;
    uint16_t rows;
    uint32_t max_nr_ports;
    uint32_t emerg_wr;
};
_Static_assert(sizeof(struct virtio_console_config) == 12, "5.3.4");

struct virtio_console_control { // 5.3.6.2
    uint32_t id;
    uint16_t event;
    uint16_t value;
};
_Static_assert(sizeof(struct virtio_console_control) == 8, "5.3.6.2");

enum virtio_console_event {
    VIRTIO_CONSOLE_DEVICE_READY = 0,
    VIRTIO_CONSOLE_DEVICE_ADD = 1,
    VIRTIO_CONSOLE_DEVICE_REMOVE = 2,
    VIRTIO_CONSOLE_PORT_READY = 3,
    VIRTIO_CONSOLE_CONSOLE_PORT = 4,
    VIRTIO_CONSOLE_RESIZE = 5,
    VIRTIO_CONSOLE_PORT_OPEN = 6,
    VIRTIO_CONSOLE_PORT_NAME = 7, // the name follows, without NUL
};

struct virtio_console_resize { // follows the control message; 5.3.6.2.1
    uint16_t cols;
    uint16_t rows;
};
_Static_assert(sizeof(struct virtio_console_resize) == 4, "5.3.6.2.1");

enum { // 5.3.2: queues
    VIRTIO_CONSOLE_CONTROL_RX = 2,
    VIRTIO_CONSOLE_CONTROL_TX = 3,
};

// receiveq and transmitq of a port: 0 and 1 for port 0, 4 and 5 for port 1, 6 and 7 for port 2 ...
static inline uint16_t virtio_console_rx_queue(uint32_t port)
{
    return (uint16_t)(port == 0 ? 0 : 2 * port + 2);
}
