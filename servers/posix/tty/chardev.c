// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Rings of character ports, from the programs' side; see chardev.h.

#include "servers/posix/tty/chardev.h"

#include <stdlib.h>
#include <string.h>

#include "lib/sys/log.h"
#include "lib/sys/sys.h"

enum { RX_BYTES = 16384, TX_BYTES = 16384 };

struct list chardev_ports = LIST_INIT(chardev_ports);
handle_t chardev_notification;
bool chardev_looking;

static uint32_t ports_made;

const char *chardev_device(const struct chardev_port *port)
{
    return port->driver->device;
}

// ---- making a port ----

static int map_session(struct chardev_port *port)
{
    uint64_t bytes =
        (CHAR_SESSION_BYTES(RX_BYTES, TX_BYTES) + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    struct aspace_map_args map = {.bytes = bytes, .prot = PROT_READ | PROT_WRITE};
    int64_t object = sys_memory_create(bytes, 0, HANDLE_NONE);
    int64_t address;

    if (object < 0)
        return (int)object;
    map.memory = (handle_t)object;
    address = sys_aspace_map(HANDLE_SELF, &map);
    if (address < 0) {
        sys_handle_close((handle_t)object);
        return (int)address;
    }
    port->object = (handle_t)object;
    port->memory = (uint8_t *)(uintptr_t)address;
    return 0;
}

static int make_rings(struct chardev_port *port)
{
    uint8_t *rx = port->memory + CHAR_RX_OFFSET;
    uint8_t *tx = port->memory + CHAR_TX_OFFSET(RX_BYTES);
    int status;

    ring_format(rx);
    ring_format(tx);
    status = ring_consumer_init(&port->rx, rx, RING_BYTES(RX_BYTES, 1), RX_BYTES, 1);
    if (status == 0)
        status = ring_producer_init(&port->tx, tx, RING_BYTES(TX_BYTES, 1), TX_BYTES, 1);
    return status;
}

struct chardev_port *chardev_port_create(struct chardev_driver *driver, uint32_t index)
{
    struct chardev_port *port;
    int64_t signal;

    if (ports_made == CHARDEV_PORTS_MAX) {
        log_warning("%s: port %u is left alone, %d ports are served already", driver->device, index,
                    CHARDEV_PORTS_MAX);
        return NULL;
    }
    port = calloc(1, sizeof *port);
    if (port == NULL || map_session(port) < 0 || make_rings(port) < 0) {
        free(port);
        return NULL;
    }
    signal = sys_handle_duplicate(
        chardev_notification, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER, 1ull << ports_made);
    if (signal < 0) {
        sys_handle_close(port->object);
        free(port);
        return NULL;
    }
    port->signal = (handle_t)signal;
    port->driver = driver;
    port->index = index;
    port->number = ports_made++;
    list_add_tail(&chardev_ports, &port->node);
    return port;
}

// ---- the rings ----

static void ring_doorbell(const struct chardev_port *port)
{
    if (port->doorbell != HANDLE_NONE)
        sys_signal(
            port->doorbell); // a driver that is gone needs none: its successor looks by itself
}

// A driver that breaks its rings is listened to no more; it is replaced (chardev_look).
static uint32_t positive(int count)
{
    return count > 0 ? (uint32_t)count : 0;
}

uint32_t chardev_read(struct chardev_port *port, void *bytes, uint32_t count)
{
    uint32_t got = positive(ring_read(&port->rx, bytes, count));

    if (got > 0 && ring_release(&port->rx))
        ring_doorbell(port);
    return got;
}

uint32_t chardev_readable(struct chardev_port *port)
{
    return positive(ring_consumer_ready(&port->rx));
}

uint32_t chardev_room(struct chardev_port *port)
{
    uint32_t room = positive(ring_producer_room(&port->tx));

    if (room < CHARDEV_ROOM_LOW) {
        ring_side_arm(&port->tx.side, &port->tx.side.shared->wake_producer);
        room = positive(ring_producer_room(&port->tx)); // what became free before the asking
    }
    return room;
}

void chardev_write(struct chardev_port *port, const void *bytes, uint32_t count)
{
    uint32_t put = positive(ring_write(&port->tx, bytes, count));

    if (put > 0 && ring_publish(&port->tx))
        ring_doorbell(port);
    if (put > 0 && !chardev_looking)
        chardev_wake();
}

uint32_t chardev_unsent(struct chardev_port *port)
{
    return TX_BYTES - positive(ring_producer_room(&port->tx));
}

bool chardev_at_fault(const struct chardev_port *port)
{
    return port->refused || ring_side_is_broken(&port->rx.side) ||
           ring_side_is_broken(&port->tx.side);
}

void chardev_repair(struct chardev_port *port)
{
    if (ring_side_is_broken(&port->rx.side) || ring_side_is_broken(&port->tx.side))
        log_warning("%s port %u: its driver broke the rings", port->driver->device, port->index);
    ring_consumer_repair(&port->rx);
    ring_producer_repair(&port->tx);
}

uint32_t chardev_look(struct chardev_port *port)
{
    uint32_t waits =
        __atomic_load_n(&((const struct char_status *)port->memory)->tx_waits, __ATOMIC_ACQUIRE);
    uint32_t unsent = chardev_unsent(port);
    uint32_t sent = port->tx.side.own - unsent;

    if (!chardev_at_fault(port) &&
        (port->doorbell == HANDLE_NONE || unsent == 0 || waits != 0 || sent != port->sent))
        port->idle_looks = 0;
    else
        port->idle_looks++;
    port->sent = sent;
    return port->idle_looks;
}

bool chardev_drained(const struct chardev_port *port)
{
    uint32_t idle =
        __atomic_load_n(&((const struct char_status *)port->memory)->tx_idle, __ATOMIC_ACQUIRE);

    return idle != 0 && ring_producer_room((struct ring_producer *)&port->tx) == TX_BYTES;
}

void chardev_request(struct chardev_port *port, uint32_t work)
{
    port->work |= work;
    chardev_wake();
}
