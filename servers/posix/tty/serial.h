// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Terminals on character ports.

#pragma once

struct chardev_port;
struct tty;

enum { SERIAL_GROUP = 20 }; // Debian's "dialout"

// A terminal on the port, with its device node; it stays for ever. NULL: no memory, or its name is
// taken (logged).
struct tty *serial_create(struct chardev_port *port);
