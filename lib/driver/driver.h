// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The frame of every driver: one device, one process, one thread, one event loop, written as a
// table of callbacks.
//
// main() fills a struct driver_ops, names its state and calls driver_run, which binds the
// interrupts that were granted ("irq0" ..), calls init, and then turns everything that happens into
// a callback. Callbacks run one at a time and must not wait for clients or peers; waits for the
// device are short, bounded and named (driver_wait_until).
//
// The callbacks, in the same order in every driver's table; any may be NULL but name and init:
//   init            the device comes up, whatever state a dead predecessor left it in
//   handle_irq      interrupt n ("irqN") fired
//   handle_message  a client's request on the endpoint (class protocol)
//   handle_signal   bits that were given out by driver_signal_create: doorbells
//   handle_timer    the deadline set by driver_set_timer has passed
//   before_wait     all that is known is handled, the thread is about to sleep: flush batches
//   is_healthy      asked with each heartbeat; false lets the reincarnation server act
//   quiesce         rs asks the driver to end: make the device silent; the process ends afterwards
//   inject          for tests of recovery: break the class's protocol (RS_FAULT_GARBAGE), or tell
//                   the device to write outside its window (RS_FAULT_BAD_DMA)
//
// Death: an error out of init, a fault of the device that a reset did not cure (driver_fail), or
// quiesce end the process; the reincarnation server starts a successor, which begins with a reset.

#pragma once

#include "abi/message.h"
#include "abi/rs.h"
#include "abi/types.h"
#include "lib/driver/mmio.h"

struct driver;

struct driver_ops {
    const char *name;
    int (*init)(struct driver *driver);
    void (*handle_irq)(struct driver *driver, unsigned irq);
    // Fills the reply (tag: numbers of words and handles) and returns its label: 0 or a negative
    // error; -E_NOSYS for a label that is not the class's. DRIVER_DEFERRED: the handler has called
    // driver_defer and answers later. The library closes the request's handles that were not taken
    // (driver_take_handle), and the reply's once they are sent.
    int (*handle_message)(struct driver *driver, struct message *request, struct message *reply);
    void (*handle_signal)(struct driver *driver, uint64_t bits);
    void (*handle_timer)(struct driver *driver);
    void (*before_wait)(struct driver *driver);
    bool (*is_healthy)(struct driver *driver);
    void (*quiesce)(struct driver *driver);
    int (*inject)(struct driver *driver, enum rs_fault fault);
};

enum { DRIVER_DEFERRED = 1 };

// Bits of the driver's notification.
enum {
    DRIVER_IRQ_BITS = 16, // 0 .. 15: interrupts
    DRIVER_TIMER_BIT = 16,
    DRIVER_PING_BIT = 17,     // from the reincarnation server; the library answers (abi/rs.h)
    DRIVER_WAKE_BIT = 18,     // driver_wake
    DRIVER_STOP_BIT = 19,     // from the reincarnation server: the loop ends, then quiesce
    DRIVER_SIGNAL_FIRST = 24, // 24 .. 55: given out by driver_signal_create
    DRIVER_SIGNAL_COUNT = 32,
};
#define DRIVER_SIGNAL_BIT(n) ((uint64_t)1 << (DRIVER_SIGNAL_FIRST + (n)))
#define DRIVER_SIGNAL_MASK   ((uint64_t)UINT32_MAX << DRIVER_SIGNAL_FIRST)

struct driver {
    const struct driver_ops *ops;
    void *state;           // the chip's own
    const char *unit_name; // what devmgr calls the device: "vda"
    handle_t endpoint;
    handle_t notification;
    handle_t wake; // to our own notification, for driver_wake
    handle_t dma;  // HANDLE_NONE: a device without
    handle_t timer;
    handle_t irq[DRIVER_IRQ_BITS];
    unsigned irqs;       // highest granted + 1
    uint64_t interrupts; // handled
    bool stopping;       // set by a callback to end the loop
    bool mute;           // told to complete nothing any more (fault.h)
    bool lose_irq;       // told to overlook the next interrupt
};

// Runs the loop. Returns the process's exit code when init fails or after quiesce.
int driver_run(const struct driver_ops *ops, void *state);

// Ends the process with last words: the device is beyond what the driver can cure, its successor
// starts with a reset.
__attribute__((noreturn, format(printf, 2, 3))) void driver_fail(struct driver *driver,
                                                                 const char *format, ...);

// ---- for callbacks ----

// A handle to the driver's notification that sets signal bit n (0 .. DRIVER_SIGNAL_COUNT - 1), to
// be sent to a client in a reply; the caller owns it. -E_INVAL, -E_NOMEM.
int driver_signal_create(struct driver *driver, unsigned n, handle_t *handle);

// Takes ownership of a handle that came with the request; HANDLE_NONE if there is none.
handle_t driver_take_handle(struct message *request, unsigned index);

// Sets the caller aside; the reply handle is for sys_reply_to. -E_NOMEM.
int driver_defer(struct driver *driver, handle_t *reply);

// handle_timer is called once when `deadline` has passed; replaces the earlier one; DEADLINE_NEVER:
// none.
int driver_set_timer(struct driver *driver, time_ns_t deadline);

// The loop does not sleep but comes back after what else is waiting (before_wait is called again).
void driver_wake(struct driver *driver);

// Maps a granted memory object ("bar4", "config") whole. Device memory keeps the caching it was
// made with. The mapping stays until the process ends. -E_NOENT not granted, -E_INVAL, -E_NOMEM.
int driver_map_grant(struct driver *driver, const char *name, bool writable, void **address,
                     uint64_t *bytes);

// Maps the registers granted as "mmio<index>": where they begin, and how many bytes they are.
// -E_NOENT not granted, -E_INVAL the grant is impossible, -E_NOMEM.
int driver_map_registers(struct driver *driver, unsigned index, volatile void **registers,
                         uint64_t *bytes);

// Sleeps so long: the times that a device wants before it is spoken to again, at most milliseconds.
void driver_pause(uint64_t ns);

// Polls `ready` until it is true or `timeout_ns` has passed; sleeps in between, from 1 us up to 1
// ms at a time. For resets and the like, never for ordinary I/O. -E_TIMEDOUT; `what` goes into the
// log line.
int driver_wait_until(bool (*ready)(void *context), void *context, uint64_t timeout_ns,
                      const char *what);
