// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the posix server asks of other servers for the machine as a whole: its end, its log, its
// wall clock.

#pragma once

#include "abi/types.h"

struct message;
struct task;

enum machine_end { MACHINE_END_POWER_OFF, MACHINE_END_RESTART };
enum { MACHINE_LOG_BYTES = 256 * 1024 }; // what `dmesg` is told the log can hold

// posix_lock held; dropped while the others work.

// Does not return if it succeeds.
int machine_end(enum machine_end end);
// The last `bytes` of the log into a program's memory; bytes or an error. `clear`: the next reading
// begins after it.
int64_t machine_log_read(struct task *task, uint64_t address, uint64_t bytes, bool clear);
void machine_log_clear(void);
// Sets the wall clock from the real-time clock, if there is one.
void machine_read_clock(void);

// The endpoint of a misc device's driver ("rtc0"), to be closed. -E_NOENT: there is none, -E_NODEV:
// without a driver. posix_lock not held; waits for devmgr and rs, never for the driver.
int machine_connect_device(const char *name, handle_t *endpoint);
// Calls a driver and waits for its answer, or a successor's, at most `timeout`. The answer's label,
// or -E_TIMEDOUT.
int64_t machine_call(handle_t endpoint, struct message *message, uint64_t timeout);
// Finds and calls a misc device's driver and waits for its answer, or a successor's, at most
// `timeout`; then rs is asked to replace it. The answer's label, which is the driver's word, or an
// error as above; -E_TIMEDOUT. posix_lock not held.
int64_t machine_call_device(const char *name, struct message *message, uint64_t timeout);

// For uname and /proc.
const char *machine_release(void);
const char *machine_version(void);
char *machine_host_name(void);   // 65 bytes, may be changed in place
char *machine_domain_name(void); // likewise
