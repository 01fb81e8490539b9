// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Ports of character-device drivers, as terminals and port files use them: the client of
// abi/char.h.
//
// One thread of the server (the chardev thread) finds drivers through devmgr, attaches every port
// with rings of this server's own memory, and does all that needs a call to a driver, without
// posix_lock. When a driver has died, its successor is given the same memory: writers see a pause.
//
// Ports are never freed: one that is unplugged and comes back is the same. posix_lock guards
// everything here; nothing but the thread itself sleeps.

#pragma once

#include "abi/char.h"
#include "lib/ring/ring.h"
#include "servers/posix/list.h"

enum { CHARDEV_PORTS_MAX = 60 };

struct chardev_port;

// Told by the chardev thread, with posix_lock held.
struct chardev_events {
    void (*receive)(struct chardev_port *port); // there are bytes to read
    void (*room)(struct chardev_port *port);    // there is room to write, or all is written
    void (*status)(struct chardev_port *port);  // port->status is new
};

struct chardev_driver;

struct chardev_port {
    struct list node; // chardev_ports
    struct chardev_driver *driver;
    uint32_t index;  // of the driver's ports
    uint32_t number; // of all ports: bit of the thread's notification
    uint32_t flags;  // enum char_port_flag
    char name[CHAR_NAME_MAX];
    const struct chardev_events *events; // NULL: nobody listens yet
    void *owner;

    struct char_status status;         // as last seen
    uint8_t *memory;                   // session memory; stays for ever
    handle_t object, signal, doorbell; // doorbell HANDLE_NONE: no driver at the moment
    struct ring_consumer rx;
    struct ring_producer tx;

    // What the driver is to be told (work), and with which values.
    uint32_t work; // enum chardev_work
    bool opened;
    uint32_t baud, format;
    uint32_t break_ms;
    uint32_t modem_raise, modem_lower;

    // Is the driver at work?
    bool refused;  // the last attachment
    uint32_t sent; // running count of bytes that had left the TX ring at the last look
    uint32_t idle_looks;
};

enum chardev_work {
    CHARDEV_WORK_ATTACH = 1 << 0,
    CHARDEV_WORK_OPEN = 1 << 1,
    CHARDEV_WORK_LINE = 1 << 2,
    CHARDEV_WORK_MODEM = 1 << 3,
    CHARDEV_WORK_BREAK = 1 << 4,
    CHARDEV_WORK_FLUSH = 1 << 5,
};

extern struct list chardev_ports;

// The driver's device name, such as "ttyS0" or "vport0".
const char *chardev_device(const struct chardev_port *port);

// Starts the thread; `found` is told of every new port. Errors are those of threads and memory.
int chardev_start(void (*found)(struct chardev_port *port));

// Takes up to `count` bytes that came in.
uint32_t chardev_read(struct chardev_port *port, void *bytes, uint32_t count);
uint32_t chardev_readable(struct chardev_port *port);
// Bytes that chardev_write takes now. Fewer than CHARDEV_ROOM_LOW: events->room will be called when
// there are more, for a writer may have no use for a few.
enum { CHARDEV_ROOM_LOW = 64 };
uint32_t chardev_room(struct chardev_port *port);
void chardev_write(struct chardev_port *port, const void *bytes, uint32_t count);
// Everything written has left the device.
bool chardev_drained(const struct chardev_port *port);
uint32_t chardev_unsent(struct chardev_port *port);
// Looks whether the driver takes what there is; to be called in even intervals. How many times in a
// row it had done nothing, though it was not waiting for its device.
uint32_t chardev_look(struct chardev_port *port);

// The driver broke a ring, or cannot be attached to: to be looked at until it is replaced.
bool chardev_at_fault(const struct chardev_port *port);
// Makes the rings usable for a successor, whatever the driver that is gone wrote into them. Bytes
// whose fate nobody knows are sent again.
void chardev_repair(struct chardev_port *port);

// A program has the console: the thread asks devmgr to silence the kernel there.
void chardev_take_console(void);

// Hands work (enum chardev_work, values already in the port) to the thread.
void chardev_request(struct chardev_port *port, uint32_t work);

// ---- between chardev.c and chardev_thread.c ----

struct chardev_driver {
    struct list node;
    char device[16]; // name that devmgr gave
    char service[32];
    uint64_t incarnation; // attached to; UINT64_MAX: to none
    handle_t endpoint;
    uint32_t ports_generation;
};

// A port with its session memory. NULL: no memory, or too many ports.
struct chardev_port *chardev_port_create(struct chardev_driver *driver, uint32_t index);
// Wakes the thread.
void chardev_wake(void);
extern handle_t chardev_notification;
extern bool chardev_looking; // the thread looks from time to time whether drivers do their work
