// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Results: one line each, counted.

#pragma once

#include <signal.h>
#include <stdbool.h>

void check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

typedef void handler(int signal, siginfo_t *info, void *context);
void handle(int signal, handler *handler, int flags);

// Runs it in a child and returns the child's status (wait's); -1: none.
int in_child(void (*work)(void));

void test_faults(void);
void test_state(void);
void test_delivery(void);
void test_clocks(void);
void test_threads(void);
