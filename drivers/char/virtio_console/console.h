// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The virtio console device's code: ports over queues, the control protocol. No register is touched
// here; telling the device of new buffers goes through `notify`, so it also runs against a made-up
// device.

#pragma once

#include "drivers/char/virtio_console/virtio_console_hw.h"
#include "lib/char/char.h"
#include "lib/driver/dma.h"
#include "lib/virtio/virtqueue.h"

enum {
    CONSOLE_PORTS_MAX = 16, // ports beyond are left alone, with a log line
    CONSOLE_RX_BUFFERS = 4,
    CONSOLE_RX_BYTES = 1024,
    CONSOLE_TX_BYTES = 4096,
    CONSOLE_PORT_QUEUE_SIZE = 4, // holds every buffer of a port's queue
    CONSOLE_CONTROL_BUFFERS = 32,
    CONSOLE_CONTROL_BYTES = 128, // header and the longest name
};

// An RX buffer is free, with the device, or holds bytes that the client's ring has no room for yet.
enum console_rx_state { CONSOLE_RX_FREE, CONSOLE_RX_POSTED, CONSOLE_RX_HELD };

struct console_rx {
    enum console_rx_state state;
    uint8_t *bytes;
    uint64_t bus;
    uint32_t posted; // bytes the device may write
    uint32_t filled, taken;
};

// What a port keeps in memory that survives the process (its page of the manifest's checkpoint):
// the output under way. Behind it, at CONSOLE_SAVED_QUEUE, is the TX queue itself, where a
// successor finds whether the device had taken it. `bytes` is written last when output begins and
// first when it is done; what does not fit its checksum is as if it were not there.
struct console_saved {
    uint64_t session;  // of the client's memory, char_status.session
    uint32_t position; // of the first byte in the client's TX ring
    uint32_t bytes;    // 0: nothing under way
    uint16_t size;     // of the queue
    uint16_t used;     // the used index that says the device has taken it
    uint32_t version;  // CONSOLE_SAVED_VERSION
    uint64_t sum;      // of the above
    uint64_t taken;    // 1: a successor has seen that already
};
_Static_assert(sizeof(struct console_saved) == 40, "read by the next incarnation");

enum { CONSOLE_SAVED_QUEUE = 256, CONSOLE_SAVED_VERSION = 1 };

struct console;

struct console_port {
    struct console *console;
    struct console_saved *saved;
    uint32_t
        sent_before; // bytes a predecessor sent: they leave the ring when their session is attached
    struct char_port *port;
    struct virtqueue rx, tx;
    struct console_rx buffer[CONSOLE_RX_BUFFERS];
    uint8_t held[CONSOLE_RX_BUFFERS]; // indices of held buffers, in order of arrival
    uint32_t held_count;
    uint8_t *tx_bytes;
    uint64_t tx_bus;
    uint32_t tx_under_way; // bytes; 0: idle
    uint32_t tx_epoch;
    bool usable;     // queues and buffers are there
    bool peer_open;  // the device says the other end listens: before, output stays in the ring
    bool open;       // a program has it open
    bool send_ready; // control messages owed to the device
    bool send_open;
};

struct console {
    bool multiport;
    struct char_class *class;
    uint32_t ports;
    struct console_port port[CONSOLE_PORTS_MAX];
    struct virtqueue control_rx, control_tx;
    uint8_t *control_bytes; // CONSOLE_CONTROL_BUFFERS to receive, then one to send
    uint64_t control_bus;
    bool send_device_ready;
    bool control_busy;
    int fault; // a queue is broken: the device must be reset
    void (*notify)(struct console *console, uint16_t queue);
    handle_t dma;
};

// All of these are for a zeroed struct console with class, ports, multiport, dma and notify set.

// Looks what a predecessor left in the page at `saved`; before the queue there is initialised.
void console_port_recover(struct console_port *port, struct console_saved *saved);

// Buffers of one port. Its queues must be initialised. E_NOMEM.
int console_port_init(struct console *console, uint32_t index);
// Buffers of the control queues, which must be initialised. Nothing is sent yet.
int console_control_init(struct console *console);

// The device is live: begins the control protocol, or, without MULTIPORT, has port 0 ready.
void console_begin(struct console *console);

// Looks at every queue. Call at interrupts. console->fault tells of a broken queue afterwards.
void console_service(struct console *console);

// Everything sent is acknowledged and everything received is handled at this moment.
bool console_settled(const struct console *console);

// The size of port 0's window, where the device has it in its configuration.
void console_resize(struct console *console, uint32_t index, uint16_t columns, uint16_t rows);

extern const struct char_ops console_char_ops;

// ---- between port.c and control.c ----

void console_port_service(struct console_port *port);
void console_port_peer(struct console_port *port, bool open);
void console_control_service(struct console *console);
