// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "user/service/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "user/service/record.h"

#define HOME_AND_CLEAR  "\033[H\033[J"
#define BOLD(text)      "\033[1m" text "\033[0m"
#define CLEAR_LINE_REST "\033[K"

enum { CELL = 16 };

// Three digits are enough to see what changes: 640us, 2.31ms, 41.0s, 12min, 3.2h.
static void print_time(char *to, size_t room, unsigned long microseconds)
{
    double us = (double)microseconds;
    if (us < 1e3)
        snprintf(to, room, "%.0fus", us);
    else if (us < 1e6)
        snprintf(to, room, "%.3gms", us / 1e3);
    else if (us < 60e6)
        snprintf(to, room, "%.3gs", us / 1e6);
    else if (us < 3600e6)
        snprintf(to, room, "%.3gmin", us / 60e6);
    else
        snprintf(to, room, "%.3gh", us / 3600e6);
}

static void print_row(const struct record *record)
{
    char process[CELL] = "-", uptime[CELL] = "-", outage[CELL] = "-";
    if (record->process != 0) {
        snprintf(process, sizeof(process), "%lu", record->process);
        print_time(uptime, sizeof(uptime), record->uptime_ms * 1000);
    }
    if (record->outages != 0)
        print_time(outage, sizeof(outage), record->outage_us);
    printf("%-20s %-10s %6s %8s %8lu %8s  %s\n", record->name, record->state, process, uptime,
           record->restarts, outage, record->cause[0] != '\0' ? record->cause : "-");
}

static int print(const char *head)
{
    struct record *records;
    int count = record_read_all(&records);
    if (count < 0)
        return EXIT_FAILURE;
    printf(head, "SERVICE", "STATE", "PID", "UP", "RESTARTS", "OUTAGE", "LAST CAUSE");
    for (int i = 0; i < count; i++)
        print_row(&records[i]);
    free(records);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define HEAD "%-20s %-10s %6s %8s %8s %8s  %s"

int table_print(void)
{
    return print(HEAD "\n");
}

int table_watch(unsigned period_ms, unsigned times)
{
    const struct timespec period = {(time_t)(period_ms / 1000), (long)(period_ms % 1000) * 1000000};
    int status = EXIT_SUCCESS;
    for (unsigned i = 0; status == EXIT_SUCCESS && (times == 0 || i < times); i++) {
        if (i > 0)
            nanosleep(&period, NULL);
        fputs(isatty(STDOUT_FILENO) ? HOME_AND_CLEAR : "", stdout);
        status = print(isatty(STDOUT_FILENO) ? BOLD(HEAD) CLEAR_LINE_REST "\n" : HEAD "\n");
    }
    return status;
}
