// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the rest of the posix server asks of terminals (tty/).

#pragma once

struct session;

// Registers the terminal devices (tty, console, ptmx) and starts what attaches character devices as
// they come. Before pid 1; posix_lock held.
int terminals_init(void);

// Called by the exit of a session's leader: the session gives up its terminal, whose foreground
// group gets SIGHUP and SIGCONT. posix_lock held; never sleeps.
void tty_session_leader_exit(struct session *session);
