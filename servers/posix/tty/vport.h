// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Plain byte channels on character ports: /dev/vportNpM, and /dev/virtio-ports/<name> where the
// port has a name.

#pragma once

struct chardev_port;

// The port's device node; it stays for ever. 0 or a negative error.
int vport_create(struct chardev_port *port);
