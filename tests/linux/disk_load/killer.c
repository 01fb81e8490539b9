// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Injects one fault after the other into a service and times each recovery: from the fault to the
// end of a read that began after it.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/disk_load/disk_load.h"

enum {
    PROBE_BLOCKS = 256,   // read, never written to: the end of the device
    BUSY_SLEEP_US = 1000, // until the service can be killed again
    BUSY_SECONDS = 60,    // then it will never be
};

static uint32_t pause_us[KILLS_MAX];
static unsigned pauses;

static uint64_t now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

// Writes to the service's control file; 0 or an error. The file says EBUSY while it restarts.
static int inject(const char *service, const char *fault)
{
    char path[128];
    snprintf(path, sizeof(path), "/sys/xinim/services/%s/ctl", service);
    int file = open(path, O_WRONLY);
    if (file < 0)
        return errno;
    int error = write(file, fault, strlen(fault)) < 0 ? errno : 0;
    close(file);
    return error;
}

// *began: when the fault was asked for.
static bool inject_when_up(const char *service, const char *fault, uint64_t *began)
{
    uint64_t end = now_us() + BUSY_SECONDS * 1000000ull;
    int error;
    *began = now_us();
    while ((error = inject(service, fault)) == EBUSY && now_us() < end) {
        usleep(BUSY_SLEEP_US);
        *began = now_us();
    }
    if (error != 0)
        report("%s: %s: %s", service, fault, strerror(error));
    return error == 0;
}

static bool probe(int file, uint64_t start)
{
    static unsigned char data[BLOCK_BYTES];
    static unsigned turn;
    off_t at = (off_t)(start + (turn++ * 8) % PROBE_BLOCKS) * BLOCK_BYTES;
    (void)posix_fadvise(file, at, BLOCK_BYTES, POSIX_FADV_DONTNEED);
    if (pread(file, data, sizeof(data), at) == BLOCK_BYTES)
        return true;
    report("probe: %s", strerror(errno));
    return false;
}

static int compare(const void *a, const void *b)
{
    const uint32_t *first = a, *second = b;
    return *first < *second ? -1 : *first > *second;
}

static void print_pauses(const char *service)
{
    if (pauses == 0)
        return;
    qsort(pause_us, pauses, sizeof(pause_us[0]), compare);
    printf("disk_load: %u faults in %s; fault to next completed request: median %u us, "
           "90%% %u us, longest %u us\n",
           pauses, service, pause_us[pauses / 2], pause_us[pauses * 9 / 10], pause_us[pauses - 1]);
}

void killer_run(const struct killing *killing)
{
    uint64_t end = now_us() + killing->seconds * 1000000ull;
    if (killing->service == NULL) {
        sleep(killing->seconds);
        return;
    }
    int file = open(killing->device, O_RDONLY);
    off_t bytes = file < 0 ? 0 : lseek(file, 0, SEEK_END);
    if (bytes < PROBE_BLOCKS * BLOCK_BYTES) {
        report("%s: cannot be read, or too short", killing->device);
        return;
    }
    uint64_t start = (uint64_t)bytes / BLOCK_BYTES - PROBE_BLOCKS;
    while (now_us() < end && pauses < KILLS_MAX &&
           (killing->kills == 0 || pauses < killing->kills)) {
        usleep(killing->period_ms * 1000);
        uint64_t began;
        const char *fault = killing->fault[pauses % killing->faults];
        if (!inject_when_up(killing->service, fault, &began) || !probe(file, start))
            break;
        pause_us[pauses++] = (uint32_t)(now_us() - began);
    }
    close(file);
    print_pauses(killing->service);
}
