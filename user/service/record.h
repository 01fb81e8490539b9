// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A service as its files below /sys/xinim/services show it (docs/services.md).

#pragma once

#include <stdbool.h>
#include <stddef.h>

#define RECORD_FOLDER "/sys/xinim/services"

enum { RECORD_NAME_MAX = 64, RECORD_WORD_MAX = 16, RECORD_CAUSE_MAX = 128 };

struct record {
    char name[RECORD_NAME_MAX];
    char state[RECORD_WORD_MAX];
    char cause[RECORD_CAUSE_MAX]; // of the last death; empty: none
    unsigned long process;        // 0: not running
    unsigned long uptime_ms, restarts;
    unsigned long outages, outage_us; // how many, and the last one
};

// Path of a service's file. False, with a message: no name of a service.
bool record_path(char *path, size_t room, const char *name, const char *file);

// False: the service is gone.
bool record_read(struct record *record, const char *name);

// All services, by name; the caller frees. Negative, with a message: the folder cannot be read.
int record_read_all(struct record **records);
