// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Rings, doorbells and status of character-device sessions; requests are in requests.c. See char.h.

#include "lib/char/char.h"

#include <string.h>

#include "abi/error.h"
#include "lib/char/private.h"
#include "lib/sys/log.h"

void char_class_init(struct char_class *class, struct driver *driver, const struct char_ops *ops,
                     struct char_port *port, uint32_t ports)
{
    *class = (struct char_class){.driver = driver, .ops = ops, .port = port, .ports = ports};
    for (uint32_t i = 0; i < ports; i++) {
        port[i].class = class;
        port[i].index = i;
    }
}

// ---- sessions that break the protocol ----

static void session_broken(struct char_port *port, const char *ring)
{
    log_warning("%s: port %u: impossible indices in the client's %s ring, session ended",
                port->class->driver->unit_name, port->index, ring);
    char_session_end(port);
}

// ---- RX ----

uint32_t char_rx_room(struct char_port *port)
{
    struct char_session *session = &port->session;
    int room;

    if (session->memory == NULL)
        return 0;
    room = ring_producer_room(&session->rx);
    if (room < 0) {
        session_broken(port, "RX");
        return 0;
    }
    session->rx_full = room == 0;
    return (uint32_t)room;
}

void char_rx_put(struct char_port *port, const void *bytes, uint32_t count)
{
    struct char_session *session = &port->session;
    int put = 0;

    if (session->memory != NULL) {
        put = ring_write(&session->rx, bytes, count);
        if (put < 0) {
            session_broken(port, "RX");
            put = 0;
        } else if (put > 0 && ring_publish(&session->rx)) {
            session->signal = true;
        }
    }
    port->status.rx_bytes += (uint32_t)put;
    port->status.rx_dropped += count - (uint32_t)put;
    port->status_changed = true;
}

// ---- TX ----

uint32_t char_tx_peek(struct char_port *port, uint32_t skip, void *bytes, uint32_t count)
{
    struct char_session *session = &port->session;
    struct ring_side *side = &session->tx.side;
    uint32_t at, first, ready;
    int known;

    if (session->memory == NULL)
        return 0;
    known = ring_consumer_ready(&session->tx);
    if (known < 0) {
        session_broken(port, "TX");
        return 0;
    }
    ready = (uint32_t)known;
    if (skip >= ready)
        return 0;
    if (count > ready - skip)
        count = ready - skip;
    at = (side->own + skip) & (side->capacity - 1);
    first = count < side->capacity - at ? count : side->capacity - at;
    memcpy(bytes, side->entries + at, first);
    memcpy((uint8_t *)bytes + first, side->entries, count - first);
    return count;
}

void char_tx_done(struct char_port *port, uint32_t epoch, uint32_t count)
{
    struct char_session *session = &port->session;

    if (session->memory == NULL || epoch != port->tx_epoch || count == 0)
        return;
    session->tx.side.own += count;
    if (ring_release(&session->tx))
        session->signal = true;
    port->status.tx_bytes += count;
    port->status_changed = true;
}

uint32_t char_tx_position(const struct char_port *port)
{
    return port->session.tx.side.own;
}

// ---- status and doorbells ----

void char_status_changed(struct char_port *port, bool signal)
{
    port->status_changed = true;
    if (signal)
        port->session.signal = true;
}

void char_ports_changed(struct char_class *class)
{
    class->ports_generation++;
    for (uint32_t i = 0; i < class->ports; i++) {
        class->port[i].status.ports_generation = class->ports_generation;
        char_status_changed(&class->port[i], true);
    }
}

// What the client's doorbell, or an attachment, may have changed.
void char_port_serve(struct char_port *port)
{
    const struct char_ops *ops = port->class->ops;

    if (port->session.memory == NULL)
        return;
    ops->tx_provide(port);
    if (port->session.rx_full && char_rx_room(port) > 0)
        ops->rx_provide(port);
}

void char_handle_signal(struct char_class *class, uint64_t bits)
{
    for (uint32_t i = 0; i < class->ports; i++) {
        if ((bits & DRIVER_SIGNAL_BIT(i % DRIVER_SIGNAL_COUNT)) != 0)
            char_port_serve(&class->port[i]);
    }
}

static void status_publish(struct char_port *port)
{
    if (!port->status_changed)
        return;
    port->status_changed = false;
    memcpy(port->session.memory, &port->status, sizeof port->status);
}

// Asks to be woken by new TX bytes and, if RX is stuck, by new room; serves at once what came
// before the asking.
static void doorbells_arm(struct char_port *port)
{
    struct char_session *session = &port->session;
    struct ring_side *tx = &session->tx.side;
    uint32_t seen = tx->seen;

    ring_side_arm(tx, &tx->shared->wake_consumer);
    if (ring_consumer_look(&session->tx) < 0) {
        session_broken(port, "TX");
        return;
    }
    if (tx->seen != seen)
        port->class->ops->tx_provide(port);
    if (session->memory != NULL && session->rx_full && !ring_producer_may_sleep(&session->rx))
        char_port_serve(port);
}

void char_before_wait(struct char_class *class)
{
    for (uint32_t i = 0; i < class->ports; i++) {
        struct char_port *port = &class->port[i];

        if (port->session.memory != NULL)
            doorbells_arm(port);
        if (port->session.memory == NULL)
            continue;
        status_publish(port);
        if (port->session.signal) {
            port->session.signal = false;
            char_kernel_signal(port->session.notification);
        }
    }
}
