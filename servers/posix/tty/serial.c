// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Terminals on character ports: serial lines (ttyS0, ttyAMA0) and virtio consoles (hvc0).

#include "servers/posix/tty/serial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys/log.h"
#include "servers/posix/tty/chardev.h"
#include "servers/posix/tty/tty.h"

enum { RECEIVE_CHUNK = 512, MAJOR_AMBA = 204, MAJOR_HVC = 229, MINOR_TTYS = 64, NAME_BYTES = 16 };
enum { CONSOLE_SPEED = 115200 }; // what firmware and the kernel leave the line at

struct serial {
    struct tty tty; // first
    struct device device;
    struct chardev_port *port;
    char name[NAME_BYTES];
    uint32_t breaks; // as last seen
    bool carrier;
};

static struct serial *serial_of(struct tty *tty)
{
    return (struct serial *)tty;
}

static struct chardev_port *port_of(struct tty *tty)
{
    return serial_of(tty)->port;
}

// ---- what the terminal asks of the line ----

static uint32_t serial_room(struct tty *tty)
{
    return chardev_room(port_of(tty));
}

static void serial_put(struct tty *tty, const uint8_t *bytes, uint32_t count)
{
    chardev_write(port_of(tty), bytes, count);
}

static bool serial_drained(struct tty *tty)
{
    return chardev_drained(port_of(tty));
}

static uint32_t serial_unsent(struct tty *tty)
{
    return chardev_unsent(port_of(tty));
}

static void serial_flush(struct tty *tty)
{
    if (chardev_unsent(port_of(tty)) > 0)
        chardev_request(port_of(tty), CHARDEV_WORK_FLUSH);
}

// Moves bytes from the ring to the line discipline, as far as it has room.
static void serial_more(struct tty *tty)
{
    uint8_t bytes[RECEIVE_CHUNK];

    for (;;) {
        uint32_t room = ldisc_receive_room(&tty->ldisc);
        uint32_t count =
            chardev_read(port_of(tty), bytes, room < sizeof bytes ? room : sizeof bytes);

        if (count == 0)
            return;
        tty_receive(tty, bytes, count);
    }
}

static void serial_opened(struct tty *tty, bool open)
{
    struct chardev_port *port = port_of(tty);

    port->opened = open;
    chardev_request(port, CHARDEV_WORK_OPEN);
}

static uint32_t line_format(uint32_t cflag)
{
    static const uint8_t bits[] = {5, 6, 7, 8};
    uint32_t format = bits[(cflag & CSIZE) >> 4];

    if ((cflag & CSTOPB) != 0)
        format |= CHAR_STOP2;
    if ((cflag & PARENB) != 0)
        format |= CHAR_PARITY;
    if ((cflag & PARODD) != 0)
        format |= CHAR_PARITY_ODD;
    if ((cflag & CRTSCTS) != 0)
        format |= CHAR_FLOW_RTSCTS;
    return format;
}

static void serial_line(struct tty *tty)
{
    struct chardev_port *port = port_of(tty);

    if ((port->flags & CHAR_PORT_LINE) == 0)
        return;
    if (tty->speed == 0) { // B0 hangs up
        port->modem_lower |= CHAR_DTR | CHAR_RTS;
        chardev_request(port, CHARDEV_WORK_MODEM);
        return;
    }
    port->baud = tty->speed;
    port->format = line_format(tty->ldisc.termios.cflag);
    chardev_request(port, CHARDEV_WORK_LINE);
}

static uint32_t serial_modem(struct tty *tty)
{
    static const struct {
        uint32_t line, linux_line;
    } lines[] = {{CHAR_DTR, TIOCM_DTR}, {CHAR_RTS, TIOCM_RTS}, {CHAR_CTS, TIOCM_CTS},
                 {CHAR_DSR, TIOCM_DSR}, {CHAR_RI, TIOCM_RNG},  {CHAR_DCD, TIOCM_CAR}};
    uint32_t modem = 0;

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if ((port_of(tty)->status.modem & lines[i].line) != 0)
            modem |= lines[i].linux_line;
    }
    return modem;
}

static void serial_set_modem(struct tty *tty, uint32_t raise, uint32_t lower)
{
    struct chardev_port *port = port_of(tty);
    uint32_t up = ((raise & TIOCM_DTR) != 0 ? (uint32_t)CHAR_DTR : 0) |
                  ((raise & TIOCM_RTS) != 0 ? (uint32_t)CHAR_RTS : 0);
    uint32_t down = ((lower & TIOCM_DTR) != 0 ? (uint32_t)CHAR_DTR : 0) |
                    ((lower & TIOCM_RTS) != 0 ? (uint32_t)CHAR_RTS : 0);

    port->modem_raise = (port->modem_raise | up) & ~down;
    port->modem_lower = (port->modem_lower | down) & ~up;
    chardev_request(port, CHARDEV_WORK_MODEM);
}

static void serial_break(struct tty *tty, uint32_t ms)
{
    port_of(tty)->break_ms = ms;
    chardev_request(port_of(tty), CHARDEV_WORK_BREAK);
}

static const struct tty_ops serial_ops = {
    .room = serial_room,
    .put = serial_put,
    .drained = serial_drained,
    .unsent = serial_unsent,
    .flush = serial_flush,
    .more = serial_more,
    .opened = serial_opened,
    .line = serial_line,
    .modem = serial_modem,
    .set_modem = serial_set_modem,
    .send_break = serial_break,
};

// ---- what the line tells ----

static void port_receive(struct chardev_port *port)
{
    serial_more(&((struct serial *)port->owner)->tty);
}

static void port_room(struct chardev_port *port)
{
    tty_output_ready(&((struct serial *)port->owner)->tty);
}

// A line without CLOCAL that loses its carrier is hung up.
static void carrier_update(struct serial *serial)
{
    bool carrier = (serial->port->status.modem & CHAR_DCD) != 0;
    bool lost = serial->carrier && !carrier;

    serial->carrier = carrier;
    if (lost && (serial->tty.ldisc.termios.cflag & CLOCAL) == 0)
        tty_hangup(&serial->tty);
}

static void port_status(struct chardev_port *port)
{
    struct serial *serial = port->owner;
    struct winsize_linux winsize = {.rows = port->status.rows, .columns = port->status.columns};

    for (; serial->breaks != port->status.breaks; serial->breaks++)
        ldisc_receive_break(&serial->tty.ldisc);
    if (winsize.rows != 0 && winsize.columns != 0)
        tty_resize(&serial->tty, &winsize);
    carrier_update(serial);
}

static const struct chardev_events events = {
    .receive = port_receive,
    .room = port_room,
    .status = port_status,
};

// ---- coming up ----

static int device_open(struct device *device, struct file *file, const struct vfs_caller *who,
                       uint32_t open_flags)
{
    return tty_open(device->data, file, who, open_flags);
}

// The number at the end of a driver's device name.
static uint32_t trailing_number(const char *name)
{
    while (*name != '\0' && (*name < '0' || *name > '9'))
        name++;
    return (uint32_t)strtoul(name, NULL, 10);
}

static void name_line(struct serial *serial, const struct chardev_port *port)
{
    static uint32_t consoles;

    if ((port->flags & CHAR_PORT_LINE) != 0) {
        snprintf(serial->name, sizeof serial->name, "%s", chardev_device(port));
        serial->device.major = strncmp(serial->name, "ttyAMA", 6) == 0 ? MAJOR_AMBA : MAJOR_TTY;
        serial->device.minor = MINOR_TTYS + trailing_number(serial->name);
    } else {
        snprintf(serial->name, sizeof serial->name, "hvc%u", consoles);
        serial->device.major = MAJOR_HVC;
        serial->device.minor = consoles++;
    }
}

struct tty *serial_create(struct chardev_port *port)
{
    struct serial *serial = calloc(1, sizeof *serial);
    int error;

    if (serial == NULL)
        return NULL;
    serial->port = port;
    serial->breaks = port->status.breaks;
    name_line(serial, port);
    tty_init(&serial->tty, &serial_ops, serial, serial->name, serial->device.major,
             serial->device.minor);
    serial->tty.ldisc.termios.cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL;
    serial->tty.speed = CONSOLE_SPEED;
    serial->device.name = serial->name;
    serial->device.mode = LINUX_S_IFCHR | 0660;
    serial->device.gid = SERIAL_GROUP;
    serial->device.open = device_open;
    serial->device.data = &serial->tty;
    error = device_register(&serial->device);
    if (error < 0) {
        log_error("%s: no device node: error %d", serial->name, error);
        free(serial);
        return NULL;
    }
    port->owner = serial;
    port->events = &events;
    return &serial->tty;
}
