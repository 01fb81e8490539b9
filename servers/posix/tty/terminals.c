// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The terminal devices that are not lines of their own: /dev/tty and /dev/console; and what becomes
// of each character port that is found. See terminals.h.

#include "servers/posix/terminals.h"

#include <string.h>

#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/posix/device.h"
#include "servers/posix/task.h"
#include "servers/posix/tty/chardev.h"
#include "servers/posix/tty/pty.h"
#include "servers/posix/tty/serial.h"
#include "servers/posix/tty/tty.h"
#include "servers/posix/tty/vport.h"
#include "servers/posix/vfs.h"

enum { COMMAND_LINE_BYTES = 4096, CONSOLE_NAME_BYTES = 16 };

static char console_name[CONSOLE_NAME_BYTES] = "ttyS0";
static struct tty *console;

// ---- /dev/tty and /dev/console ----

static int tty_device_open(struct device *device, struct file *file, const struct vfs_caller *who,
                           uint32_t open_flags)
{
    struct tty *tty = who->task == NULL ? NULL : tty_controlling(who->task);

    (void)device;
    return tty == NULL ? -E_NXIO : tty_open(tty, file, who, open_flags | LINUX_O_NOCTTY);
}

static int console_device_open(struct device *device, struct file *file,
                               const struct vfs_caller *who, uint32_t open_flags)
{
    int error;

    (void)device;
    (void)open_flags;
    if (console == NULL)
        return -E_NODEV;
    error = tty_open_console(console, file, who);
    if (error == 0)
        chardev_take_console();
    return error;
}

static struct device tty_device = {
    .name = "tty",
    .major = MAJOR_TTY_AUX,
    .minor = 0,
    .mode = LINUX_S_IFCHR | 0666,
    .open = tty_device_open,
};

static struct device console_device = {
    .name = "console",
    .major = MAJOR_TTY_AUX,
    .minor = 1,
    .mode = LINUX_S_IFCHR | 0600,
    .open = console_device_open,
};

// The last console= of the kernel's command line names the console, as on Linux.
static void read_console_name(void)
{
    static char line[COMMAND_LINE_BYTES];
    int64_t bytes = sys_info(INFO_COMMAND_LINE, 0, line, sizeof line - 1);
    const char *at = line;

    line[bytes > 0 ? bytes : 0] = '\0';
    while ((at = strstr(at, "console=")) != NULL) {
        size_t length = strcspn(at + strlen("console="), " ,\n");

        if ((at == line || at[-1] == ' ') && length > 0 && length < sizeof console_name) {
            memcpy(console_name, at + strlen("console="), length);
            console_name[length] = '\0';
        }
        at += strlen("console=");
    }
}

// ---- ports ----

static void port_found(struct chardev_port *port)
{
    struct tty *tty;

    if ((port->flags & (CHAR_PORT_CONSOLE | CHAR_PORT_LINE)) == 0) {
        int error = vport_create(port);

        if (error < 0)
            log_error("%s port %u: no device node: error %d", chardev_device(port), port->index,
                      error);
        return;
    }
    tty = serial_create(port);
    if (tty != NULL && strcmp(tty->name, console_name) == 0)
        console = tty;
}

int terminals_init(void)
{
    int error;

    read_console_name();
    error = device_register(&tty_device);
    if (error == 0)
        error = device_register(&console_device);
    if (error == 0)
        error = pty_init();
    if (error < 0)
        return error;
    error = chardev_start(port_found);
    if (error < 0)
        log_error("no character devices: error %d", error);
    return 0;
}
