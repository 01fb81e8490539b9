// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Class skeleton of character-device drivers: the driver's side of abi/char.h. It keeps sessions
// and rings; the chip's code moves bytes between rings and registers through the functions below
// and never sees a client.
//
// A driver's struct driver_ops hands handle_message, handle_signal and before_wait on to
// char_handle_message, char_handle_signal and char_before_wait. Single-threaded like its driver;
// nothing here blocks.
//
// Trust: the client is not trusted. Sizes come from the message and are checked against the memory
// object; ring indices are checked by lib/ring, and a broken ring ends the session, with a log
// line, and nothing else.

#pragma once

#include "abi/char.h"
#include "abi/message.h"
#include "lib/driver/driver.h"
#include "lib/ring/ring.h"

struct char_port;

// What the chip's code does. Always in this order; any but tx_provide and rx_provide may be NULL.
struct char_ops {
    // A program has the port open, or none has any more.
    int (*open)(struct char_port *port, bool open);
    // *baud: asked for, replaced by what is set. format: enum char_format.
    int (*set_line)(struct char_port *port, uint32_t *baud, uint32_t format);
    int (*set_modem)(struct char_port *port, uint32_t raise, uint32_t lower);
    int (*send_break)(struct char_port *port, uint32_t ms);
    // The transmitter forgets what it holds; the ring is emptied by the library.
    int (*flush_tx)(struct char_port *port);
    // There are bytes in the TX ring: char_tx_peek what the device can take, char_tx_done when it
    // has.
    void (*tx_provide)(struct char_port *port);
    // There is room in the RX ring where there was none: char_rx_put what the device holds.
    void (*rx_provide)(struct char_port *port);
};

struct char_session {
    uint8_t *memory; // NULL: nobody is attached
    uint64_t bytes;
    uint64_t client; // badge
    handle_t notification;
    struct ring_producer rx;
    struct ring_consumer tx;
    bool rx_low; // the chip's code was told of less room than CHAR_RX_LOW
    bool signal; // owed to the client
};

struct char_port {
    struct char_class *class;
    uint32_t index;
    uint32_t flags; // enum char_port_flag
    char name[CHAR_NAME_MAX];
    struct char_status status; // what the client's page gets a copy of
    bool status_changed;
    struct char_session session;
    uint32_t tx_epoch; // changes when the TX ring's content does so by more than the next bytes
    void *state;       // the chip's own
};

struct char_class {
    struct driver *driver;
    const struct char_ops *ops;
    struct char_port *port;
    uint32_t ports; // slots
    uint32_t ports_generation;
    uint32_t sessions_generation;
};

// `ports` zeroed slots at `port`, owned by the caller, get their index; flags, name and state are
// set by it.
void char_class_init(struct char_class *class, struct driver *driver, const struct char_ops *ops,
                     struct char_port *port, uint32_t ports);

// ---- for struct driver_ops ----

int char_handle_message(struct char_class *class, struct message *request, struct message *reply);
void char_handle_signal(struct char_class *class, uint64_t bits);
// Sends what is owed to clients and arms the rings' doorbells.
void char_before_wait(struct char_class *class);

// ---- for the chip's code ----

// Bytes the RX ring has room for; 0 without a session. After fewer than CHAR_RX_LOW, rx_provide is
// called once there are more.
enum { CHAR_RX_LOW = 64 };
uint32_t char_rx_room(struct char_port *port);

// Puts bytes into the RX ring; those that find no room are dropped and counted.
void char_rx_put(struct char_port *port, const void *bytes, uint32_t count);

// Copies up to `count` bytes from the TX ring, from `skip` bytes after the first that is not done;
// they stay in the ring. Returns how many.
uint32_t char_tx_peek(struct char_port *port, uint32_t skip, void *bytes, uint32_t count);

// The device has taken the first `count` bytes: they leave the ring. No more than were peeked.
// `epoch` is port->tx_epoch at the time of the peek: bytes of a ring that was flushed or exchanged
// since then are no longer counted.
void char_tx_done(struct char_port *port, uint32_t epoch, uint32_t count);

// The running count of bytes that have left the TX ring.
uint32_t char_tx_position(const struct char_port *port);

// The status is copied to the client's page before the next wait; `signal` wakes the client.
void char_status_changed(struct char_port *port, bool signal);

// Ports came, went or changed names or flags.
void char_ports_changed(struct char_class *class);
