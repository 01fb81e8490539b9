// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The thread that finds character-device drivers, attaches their ports, and talks to them; see
// chardev.h.
//
// Its notification: bit n: the driver of port n has something, WORK_BIT: chardev_request,
// DEVICES_BIT: devmgr has news. Drivers are less trusted than this server, so each call to one has
// a deadline (CALL_NS); one that misses it is asked again at the next event. A driver that leaves
// bytes lying in a ring, though its device would take them, is replaced by rs (COMPLAINT_LOOKS).

#include <stdlib.h>
#include <string.h>

#include "abi/devmgr.h"
#include "abi/error.h"
#include "abi/rs.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/posix/random.h"
#include "servers/posix/tty/chardev.h"
#include "servers/posix/wait.h"

#define WORK_BIT    (1ull << 62)
#define DEVICES_BIT (1ull << 63)
#define CALL_NS     2000000000ull
#define LOOK_NS     1000000000ull // between two looks whether drivers do their work

enum { COMPLAINT_LOOKS = 3 };

static struct {
    struct waiter waiter;
    handle_t devmgr, work_signal;
    bool take_console; // devmgr is to be told
    time_ns_t look_at; // if chardev_looking
    struct list drivers;
    void (*found)(struct chardev_port *port);
} self = {.look_at = DEADLINE_NEVER, .drivers = LIST_INIT(self.drivers)};

// ---- calls, without posix_lock ----

static int call_until(handle_t endpoint, struct message *message)
{
    int64_t status;

    posix_unlock();
    status = sys_call_until(endpoint, message, sys_clock() + CALL_NS);
    posix_lock();
    return status < 0 ? (int)status : message_label(message->tag);
}

// For requests whose answers carry no handles: what a driver at fault sends all the same is closed.
static int call_plain(handle_t endpoint, struct message *message)
{
    int status = call_until(endpoint, message);

    if (status >= 0)
        message_close_handles(message);
    return status;
}

static int call_trusted(handle_t endpoint, struct message *message)
{
    int status;

    posix_unlock();
    status = (int)message_call_retry(endpoint, message);
    posix_lock();
    return status;
}

static int port_call(struct chardev_port *port, enum char_op op, uint64_t a, uint64_t b)
{
    struct message message = {.tag = message_tag((int32_t)op, 3, 0), .word = {port->index, a, b}};

    return call_plain(port->driver->endpoint, &message);
}

// ---- attaching ----

static int attach(struct chardev_port *port)
{
    chardev_repair(port);
    struct message message = {
        .tag = message_tag(CHAR_ATTACH, 3, 2),
        .word = {port->index, port->rx.side.capacity, port->tx.side.capacity},
        .handle = {port->object, port->signal},
    };
    int status = call_until(port->driver->endpoint, &message);

    port->refused = status < 0 || message_handles(message.tag) != 1;
    if (status < 0)
        return status;
    if (message_handles(message.tag) != 1)
        return -E_PROTO;
    if (port->doorbell != HANDLE_NONE)
        sys_handle_close(port->doorbell);
    port->doorbell = message.handle[0];
    return 0;
}

static int read_info(struct chardev_driver *driver, uint32_t index, struct char_port_info *info)
{
    struct message message = {.tag = message_tag(CHAR_PORT_INFO, 1, 0), .word = {index}};
    int status = call_plain(driver->endpoint, &message);

    if (status < 0)
        return status;
    if (message_get_bytes(&message, 0, info, sizeof *info) < 0)
        return -E_PROTO;
    info->name[CHAR_NAME_MAX - 1] = '\0';
    return 0;
}

static struct chardev_port *find_port(const struct chardev_driver *driver, uint32_t index)
{
    list_for_each(node, &chardev_ports)
    {
        struct chardev_port *port = list_entry(node, struct chardev_port, node);

        if (port->driver == driver && port->index == index)
            return port;
    }
    return NULL;
}

static void update_port(struct chardev_driver *driver, uint32_t index)
{
    struct char_port_info info;
    struct chardev_port *port;

    if (read_info(driver, index, &info) < 0)
        return;
    port = find_port(driver, index);
    if (port == NULL)
        port = chardev_port_create(driver, index);
    if (port == NULL)
        return;
    port->flags = info.flags;
    memcpy(port->name, info.name, sizeof port->name);
    if (port->doorbell == HANDLE_NONE)
        port->work |= CHARDEV_WORK_ATTACH;
    if (port->events == NULL)
        self.found(port);
}

// Looks which ports the driver has now.
static void update_ports(struct chardev_driver *driver)
{
    struct message message = {.tag = message_tag(CHAR_PORTS, 0, 0)};
    uint32_t ports;

    if (call_plain(driver->endpoint, &message) < 0)
        return;
    ports = message.word[0] < CHAR_PORTS_MAX ? (uint32_t)message.word[0] : CHAR_PORTS_MAX;
    driver->ports_generation = (uint32_t)message.word[1];
    for (uint32_t i = 0; i < ports; i++)
        update_port(driver, i);
}

// A new incarnation knows nothing: everything it must know is work again.
static void driver_restarted(struct chardev_driver *driver)
{
    list_for_each(node, &chardev_ports)
    {
        struct chardev_port *port = list_entry(node, struct chardev_port, node);

        if (port->driver != driver)
            continue;
        port->work |= CHARDEV_WORK_ATTACH;
        if (port->opened)
            port->work |= CHARDEV_WORK_OPEN;
        if (port->baud != 0)
            port->work |= CHARDEV_WORK_LINE;
    }
}

// ---- drivers ----

static int connect_service(const char *service, handle_t *endpoint)
{
    struct message message = {.tag = message_tag(RS_CONNECT, RS_NAME_WORDS, 0)};
    int status;

    message_put_bytes(&message, 0, service, strlen(service));
    status = call_trusted(startup_handle("rs"), &message);
    if (status < 0)
        return status;
    if (message_handles(message.tag) != 1)
        return -E_PROTO;
    *endpoint = message.handle[0];
    return 0;
}

static struct chardev_driver *find_driver(const char *device)
{
    list_for_each(node, &self.drivers)
    {
        struct chardev_driver *driver = list_entry(node, struct chardev_driver, node);

        if (strcmp(driver->device, device) == 0)
            return driver;
    }
    return NULL;
}

static struct chardev_driver *create_driver(const struct device_info *info)
{
    struct chardev_driver *driver = calloc(1, sizeof *driver);
    int status;

    if (driver == NULL)
        return NULL;
    memcpy(driver->device, info->name, sizeof driver->device);
    memcpy(driver->service, info->service, sizeof driver->service);
    driver->device[sizeof driver->device - 1] = driver->service[sizeof driver->service - 1] = '\0';
    driver->incarnation = UINT64_MAX;
    status = connect_service(driver->service, &driver->endpoint);
    if (status < 0) {
        log_warning("%s: no connection to %s: error %d", driver->device, driver->service, status);
        free(driver);
        return NULL;
    }
    list_add_tail(&self.drivers, &driver->node);
    return driver;
}

static void update_device(const struct device_info *info)
{
    struct chardev_driver *driver;

    if (info->class != DEVICE_CHAR || info->state != DEVICE_RUNNING || info->name[0] == '\0')
        return;
    driver = find_driver(info->name);
    if (driver == NULL)
        driver = create_driver(info);
    if (driver == NULL || driver->incarnation == info->incarnation)
        return;
    driver->incarnation = info->incarnation;
    driver_restarted(driver);
    update_ports(driver);
}

static void update_devices(void)
{
    for (uint64_t index = 0;; index++) {
        struct message message = {.tag = message_tag(DEVMGR_DEVICE, 1, 0), .word = {index}};
        struct device_info info;

        if (call_trusted(self.devmgr, &message) < 0 ||
            message_get_bytes(&message, 0, &info, sizeof info) < 0)
            return;
        update_device(&info);
    }
}

// ---- work ----

static int do_work(struct chardev_port *port, uint32_t work)
{
    switch (work) {
    case CHARDEV_WORK_ATTACH:
        return attach(port);
    case CHARDEV_WORK_OPEN:
        return port_call(port, CHAR_OPEN, port->opened, 0);
    case CHARDEV_WORK_LINE:
        return port_call(port, CHAR_SET_LINE, port->baud, port->format);
    case CHARDEV_WORK_MODEM: {
        uint32_t raise = port->modem_raise, lower = port->modem_lower;

        port->modem_raise = port->modem_lower = 0;
        return port_call(port, CHAR_SET_MODEM, raise, lower);
    }
    case CHARDEV_WORK_BREAK:
        return port_call(port, CHAR_BREAK, port->break_ms, 0);
    default:
        return port_call(port, CHAR_FLUSH_TX, 0, 0);
    }
}

static void do_port_work(struct chardev_port *port)
{
    for (uint32_t work = 1; work <= CHARDEV_WORK_FLUSH; work <<= 1) {
        int status;

        if ((port->work & work) == 0 || (port->flags & CHAR_PORT_PRESENT) == 0)
            continue;
        port->work &= ~work; // before the call: what is asked for meanwhile is done again
        status = do_work(port, work);
        if (status == 0 || status == -E_NOSYS)
            continue;
        if (status == -E_RESTARTED || status == -E_TIMEDOUT || status == -E_BADF)
            port->work |= work; // again when devmgr tells of the successor
        else
            log_warning("%s port %u: the driver refuses request %u: error %d", port->driver->device,
                        port->index, work, status);
        return;
    }
}

static void do_all_work(void)
{
    list_for_each(node, &chardev_ports)
    {
        struct chardev_port *port = list_entry(node, struct chardev_port, node);

        if (port->work != 0)
            do_port_work(port);
    }
}

// ---- what drivers tell ----

static void look_at_status(struct chardev_port *port)
{
    struct char_status before = port->status;

    memcpy(&port->status, port->memory, sizeof port->status);
    if (port->status.ports_generation != port->driver->ports_generation)
        update_ports(port->driver);
    if (port->events != NULL &&
        (before.changes != port->status.changes || before.breaks != port->status.breaks ||
         before.modem != port->status.modem))
        port->events->status(port);
}

static void look_at_port(struct chardev_port *port)
{
    look_at_status(port);
    if (port->events == NULL)
        return;
    port->events->receive(port);
    port->events->room(port);
}

// Asks to be woken by the next byte. What its owner has no room for stays in the ring, without a
// doorbell.
static bool arm(struct chardev_port *port)
{
    uint32_t seen = port->rx.side.seen;

    ring_side_arm(&port->rx.side, &port->rx.side.shared->wake_consumer);
    ring_consumer_look(&port->rx);
    return port->rx.side.seen == seen;
}

static void look_at_ports(uint64_t bits)
{
    list_for_each(node, &chardev_ports)
    {
        struct chardev_port *port = list_entry(node, struct chardev_port, node);

        if ((bits >> port->number & 1) == 0)
            continue;
        do {
            look_at_port(port);
        } while (!arm(port));
    }
}

// ---- drivers that do not do their work ----

static void complain(struct chardev_port *port)
{
    struct chardev_driver *driver = port->driver;
    struct message message = {
        .tag = message_tag(RS_COMPLAIN, 2 + RS_NAME_WORDS, 0),
        .word = {driver->incarnation, sys_clock() - COMPLAINT_LOOKS * LOOK_NS},
    };
    int status;

    memcpy(&message.word[2], driver->service, sizeof driver->service);
    port->idle_looks = 0;
    status = call_trusted(startup_handle("rs"), &message);
    log_warning("%s port %u: its driver does not do its work, and is to be replaced: %s (%d)",
                driver->device, port->index, status < 0 ? "rs refuses" : "rs agrees", status);
}

// Looks at all ports once a second while any of them has something to send.
static void look_at_drivers(void)
{
    time_ns_t now = sys_clock();
    bool sending = false;

    list_for_each(node, &chardev_ports)
    {
        struct chardev_port *port = list_entry(node, struct chardev_port, node);

        sending |= chardev_unsent(port) > 0 || chardev_at_fault(port);
        if (chardev_looking && now >= self.look_at && chardev_look(port) >= COMPLAINT_LOOKS)
            complain(port);
    }
    if (chardev_looking && now < self.look_at)
        return;
    chardev_looking = sending;
    self.look_at = sending ? now + LOOK_NS : DEADLINE_NEVER;
}

// ---- the thread ----

void chardev_wake(void)
{
    sys_signal(self.work_signal);
}

void chardev_take_console(void)
{
    self.take_console = true;
    chardev_wake();
}

static void tell_console_taken(void)
{
    struct message message = {.tag = message_tag(DEVMGR_CONSOLE, 0, 0)};
    int status;

    self.take_console = false;
    status = call_trusted(self.devmgr, &message);
    if (status < 0)
        log_warning("the kernel keeps writing to the console: error %d", status);
}

static void run(void *argument)
{
    uint64_t bits = ~0ull;
    int64_t status;

    (void)argument;
    thread_self()->user = &self.waiter;
    for (;;) {
        posix_lock();
        if ((bits & DEVICES_BIT) != 0)
            update_devices();
        do_all_work();
        if (self.take_console)
            tell_console_taken();
        look_at_ports(bits);
        look_at_drivers();
        posix_unlock();
        status = sys_wait(chardev_notification, self.look_at, &bits);
        random_add_timing();
        if (status == -E_TIMEDOUT)
            bits = 0;
        else if (status < 0)
            sys_panic("the chardev thread cannot wait");
    }
}

static int watch_devices(void)
{
    struct message message = {.tag = message_tag(DEVMGR_WATCH, 0, 1)};
    int64_t signal = sys_handle_duplicate(
        chardev_notification, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER, DEVICES_BIT);
    int status;

    if (signal < 0)
        return (int)signal;
    message.handle[0] = (handle_t)signal;
    status = call_trusted(self.devmgr, &message);
    sys_handle_close((handle_t)signal);
    return status;
}

int chardev_start(void (*found)(struct chardev_port *port))
{
    int64_t status = sys_notification_create();

    if (status < 0)
        return (int)status;
    chardev_notification = (handle_t)status;
    status = sys_handle_duplicate(chardev_notification, RIGHT_SEND, WORK_BIT);
    if (status < 0)
        return (int)status;
    self.work_signal = (handle_t)status;
    self.devmgr = startup_handle("devmgr");
    self.found = found;
    status = watch_devices();
    if (status < 0)
        return (int)status;
    update_devices(); // those that run already have their nodes before the first program starts
    return (int)thread_start(run, NULL, PRIORITY_SERVER, 0, NULL);
}
