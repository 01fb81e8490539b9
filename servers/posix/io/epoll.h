// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// epoll(7). posix_lock held.

#pragma once

#include "servers/posix/file.h"
#include "servers/posix/wait.h"

enum epoll_operation { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3 };

// A new open file. E_NOMEM.
int epoll_create_file(struct file **out);
bool file_is_epoll(const struct file *file);
// E_EXIST E_NOENT E_PERM (the file cannot be polled) E_LOOP E_INVAL E_NOMEM.
int epoll_control(struct file *epoll_file, enum epoll_operation operation, struct file *file,
                  int fd, const struct linux_epoll_event *event);
// Waits until something is ready. The number of events stored, 0 at the deadline, or an error
// (E_INTR as it is).
int epoll_wait_events(struct file *epoll_file, struct linux_epoll_event *events, unsigned maximum,
                      time_ns_t deadline);
// The file goes: it leaves every epoll that watches it.
void epoll_forget_file(struct file *file);

// What a file without a poll operation answers, and the others' operations.
uint32_t file_poll(struct file *file, struct poll_table *table);
