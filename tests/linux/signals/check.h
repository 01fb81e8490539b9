// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the parts of the test share.

#pragma once

#include <signal.h>

#include "tests/linux/results.h"

typedef void handler(int signal, siginfo_t *info, void *context);
void handle(int signal, handler *handler, int flags);

// Runs it in a child and returns the child's status (wait's); -1: none.
int in_child(void (*work)(void));

void test_faults(void);
void test_state(void);
void test_delivery(void);
void test_clocks(void);
void test_threads(void);
