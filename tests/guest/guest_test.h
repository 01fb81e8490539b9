// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Tests that run as native processes inside XINIM. Each is a service of `start = demand` in
// boot-test.cpio, started alone (with what it needs) by the kernel command line `start=NAME`. It
// writes to the kernel's log, so every line is on the console at once, and ends the machine with
// GUEST_TEST_PASSED or GUEST_TEST_FAILED (tests/lib/native.py). Its manifest wants: resource = log,
// resource = machine.

#pragma once

#include <stdbool.h>

enum { GUEST_TEST_PASSED = 0x20, GUEST_TEST_FAILED = 0x21 };

// Call first.
void guest_test_begin(void);

// Counts; a failed one is logged with its place. Returns `ok`.
bool guest_test_check(bool ok, const char *what, const char *file, int line);

#define CHECK(condition) guest_test_check((condition), #condition, __FILE__, __LINE__)

// Compares two integers and logs both if they differ.
bool guest_test_equal(long long is, long long wanted, const char *what, const char *file, int line);

#define CHECK_EQUAL(is, wanted) \
    guest_test_equal((long long)(is), (long long)(wanted), #is, __FILE__, __LINE__)

// Logs "N passed, N failed" and ends the machine.
__attribute__((noreturn)) void guest_test_end(void);
