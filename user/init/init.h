// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the parts of init share. init is process 1, a Linux program: it mounts what programs expect
// and then either runs the one command that the launcher sends over a virtio-serial port (kernel
// option init.mode=command) or keeps a shell on the console. docs/launcher.md describes the
// protocol on the ports.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    PORT_WAIT_MS = 30000, // a port's driver may come up after init: how long to wait for it
    PORT_POLL_MS = 10,
    OFF_WAIT_MS = 10000,            // how long the launcher may take to fetch the last output
    LINE_BYTES = 128,               // longest control line
    COMMAND_BYTES = 128 * 1024 - 1, // longest argument that Linux's execve takes
};

// port.c

// Opens the virtio-serial port with this name, waiting up to `wait_ms` for it to appear; a
// descriptor or -1 with errno.
int port_open(const char *name, int flags, int wait_ms);

// Reads one line without its newline; false when the port is gone, the line is too long, or
// `timeout_ms` (negative: none) has passed.
bool port_read_line(int port, char *line, size_t size, int timeout_ms);

// Read or write all of it; false when the port is gone.
bool port_read_all(int port, void *data, size_t size);
bool port_write_all(int port, const void *data, size_t size);

// command.c

// Runs the launcher's command and reports its status. Returns when the machine shall be powered
// off.
void command_run(void);

// console.c

// Starts a shell that leads a session on the terminal `path`; its process id, or -1.
pid_t console_start_shell(const char *path);

// Starts the process that hands the launcher's window size on to the terminal `path`.
void console_follow_window(const char *path);

// init.c

// Writes one line to the console.
__attribute__((format(printf, 1, 2))) void init_say(const char *format, ...);

// Gives a child of init an ordinary program's signal state.
void init_reset_signals(void);
