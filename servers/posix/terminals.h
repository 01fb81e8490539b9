// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the rest of the posix server asks of terminals (tty/).

#pragma once

#include <stdint.h>

struct session;
struct tty;

// Registers the terminal devices (tty, console, ptmx) and starts what attaches character devices as
// they come. Before pid 1; posix_lock held.
int terminals_init(void);

// Called by the exit of a session's leader: the session gives up its terminal, whose foreground
// group gets SIGHUP and SIGCONT. posix_lock held; never sleeps.
void tty_session_leader_exit(struct session *session);

// For /proc/<pid>/stat: the device number of a controlling terminal and the id of its foreground
// group (-1: none). tty NULL: both stay as they are. posix_lock held.
void terminal_describe(const struct tty *tty, int64_t *number, int64_t *foreground);
