// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Rings, doorbells and status of character-device sessions; requests are in requests.c. See char.h.

#include "lib/char/char.h"

#include <string.h>

#include "abi/error.h"
#include "lib/char/private.h"
#include "lib/sys/log.h"

enum { ARM_ROUNDS = 16 };

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
    session->rx_low = room < CHAR_RX_LOW;
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
    if (port->session.rx_low && char_rx_room(port) > 0)
        ops->rx_provide(port);
}

void char_handle_signal(struct char_class *class, uint64_t bits)
{
    for (uint32_t i = 0; i < class->ports; i++) {
        if ((bits & DRIVER_SIGNAL_BIT(i % DRIVER_SIGNAL_COUNT)) != 0)
            char_port_serve(&class->port[i]);
    }
}

// Whoever comes here has offered all there is to the device.
static void note_waiting(struct char_port *port)
{
    bool waits = ring_consumer_ready(&port->session.tx) > 0;

    if (port->status.tx_waits != (uint32_t)waits)
        port->status_changed = true;
    port->status.tx_waits = waits;
}

static void status_publish(struct char_port *port)
{
    if (!port->status_changed)
        return;
    port->status_changed = false;
    memcpy(port->session.memory, &port->status, sizeof port->status);
}

// Asks to be woken by new TX bytes; true: some just came, or the ring is broken.
static bool arm_tx(struct char_session *session)
{
    struct ring_side *side = &session->tx.side;
    uint32_t seen = side->seen;

    ring_side_arm(side, &side->shared->wake_consumer);
    return ring_consumer_look(&session->tx) < 0 || side->seen != seen;
}

// The same by new RX room.
static bool arm_rx(struct char_session *session)
{
    struct ring_side *side = &session->rx.side;
    uint32_t seen = side->seen;

    ring_side_arm(side, &side->shared->wake_producer);
    return ring_producer_look(&session->rx) < 0 || side->seen != seen;
}

// Serves what came before the asking, and asks again, for what was asked is answered with that.
static void doorbells_arm(struct char_port *port)
{
    struct char_session *session = &port->session;

    for (unsigned round = 0; round < ARM_ROUNDS; round++) {
        bool came = arm_tx(session);

        if (session->rx_low && arm_rx(session))
            came = true;
        if (!came)
            return;
        if (session->tx.side.broken || session->rx.side.broken) {
            session_broken(port, session->tx.side.broken ? "TX" : "RX");
            return;
        }
        char_port_serve(port);
        if (session->memory == NULL)
            return;
    }
    driver_wake(port->class->driver); // a busy client: first the others
}

void char_before_wait(struct char_class *class)
{
    for (uint32_t i = 0; i < class->ports; i++) {
        struct char_port *port = &class->port[i];

        if (port->session.memory != NULL)
            doorbells_arm(port);
        if (port->session.memory == NULL)
            continue;
        note_waiting(port);
        status_publish(port);
        if (port->session.signal) {
            port->session.signal = false;
            char_kernel_signal(port->session.notification);
        }
    }
}
