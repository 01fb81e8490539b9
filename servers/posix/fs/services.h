// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What /sys/xinim/services shows of a service and lets root do with it: requests to rs and to the
// log server. All are called with posix_lock held and release it while another server answers.

#pragma once

#include "abi/message.h"
#include "servers/posix/fs/proc/proc.h"

struct task;

// Longest line that is written to a control file, with its end.
enum { SERVICE_CONTROL_MAX = 512 };

// Calls the server of this startup grant; its label, or an error. Handles that came are closed.
int64_t service_call(const char *server, struct message *message);
// The name as four words, NUL-padded.
void service_put_name(struct message *message, unsigned word, const char *name);
// Adds the `bytes` that a reply holds from word `first` on. E_IO: they cannot be in it.
int service_append(struct proc_text *text, const struct message *message, unsigned first,
                   int64_t bytes);

int service_show_status(struct proc_text *text, const char *service); // and its last lines
int service_show_stats(struct proc_text *text, const char *service);
int service_show_log(struct proc_text *text, const char *service);

// start, stop, restart, kill, update, update FILE, or a fault (abi/rs.h). The updates return when
// the new process is at work, or the error for which the old one is. E_PERM: not root, or faults
// are not switched on; E_INVAL: no such word.
int service_control(struct task *who, const char *service, const char *line);
