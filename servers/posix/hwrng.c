// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See hwrng.h.

#include "servers/posix/hwrng.h"

#include <stdio.h>
#include <string.h>

#include "abi/devmgr.h"
#include "abi/error.h"
#include "abi/rng.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/posix/machine.h"
#include "servers/posix/random.h"
#include "servers/posix/wait.h"

enum { DEVICES_MAX = 4, SEED_BYTES = 64 };

// Time-outs.
#define RESEED_NS 60000000000ull
#define READ_NS   10000000000ull // of a driver's answer; it gives its device less

static struct waiter waiter;

// posix_lock not held.
static int64_t read_device(unsigned number, uint8_t *to, size_t bytes)
{
    struct message message = {.tag = message_tag(RNG_READ, 2, 0), .word = {bytes, 0}};
    char name[DEVICE_NAME_MAX];
    snprintf(name, sizeof(name), "hwrng%u", number);
    int64_t got = machine_call_device(name, &message, READ_NS);
    if (got > (int64_t)bytes)
        return -E_PROTO;
    if (got > 0 && message_get_bytes(&message, 0, to, (size_t)got) < 0)
        return -E_PROTO;
    return got;
}

int64_t hwrng_read(uint8_t *to, size_t bytes)
{
    int64_t result = -E_NODEV;
    posix_unlock();
    for (unsigned i = 0; i < DEVICES_MAX; i++) {
        int64_t got = read_device(i, to, bytes);
        if (got > 0) {
            result = got;
            break;
        }
        if (got == -E_NOENT)
            break;
        result = -E_IO;
    }
    posix_lock();
    return result;
}

// All devices are asked, so one that is honest is enough.
static void seed(void)
{
    static bool told[DEVICES_MAX];
    for (unsigned i = 0; i < DEVICES_MAX; i++) {
        uint8_t bytes[SEED_BYTES];
        int64_t got = read_device(i, bytes, sizeof(bytes));
        if (got == -E_NOENT)
            return;
        if (got > 0) {
            posix_lock();
            random_mix(bytes, (size_t)got);
            posix_unlock();
            memset(bytes, 0, sizeof(bytes));
        }
        if (!told[i] && got > 0)
            log_info("hwrng%u feeds the random number generator", i);
        else if (!told[i])
            log_warning("hwrng%u delivers nothing: error %d", i, (int)got);
        told[i] = true;
    }
}

static void run(void *argument)
{
    (void)argument;
    thread_self()->user = &waiter;
    for (;;) {
        seed();
        random_add_timing();
        posix_lock();
        random_mix_timings();
        posix_unlock();
        thread_sleep_until(sys_clock() + RESEED_NS);
    }
}

int hwrng_start(void)
{
    return (int)thread_start(run, NULL, PRIORITY_USER, 0, NULL);
}
