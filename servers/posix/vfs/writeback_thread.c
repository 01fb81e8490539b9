// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The thread that writes back what nobody asks for.

#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/posix/vfs/writeback.h"

#define PERIOD_NS 2500000000ull // what is dirty at two looks in a row is written: within 5 s

static struct waiter self;

// Until it is time to look again, or too much is dirty; after an error for the whole period.
static void wait_for_work(bool failed)
{
    while (writeback_idle())
        (void)wait_sleep(&writeback_wanted, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
    time_ns_t next = sys_clock() + PERIOD_NS;
    while ((failed || !writeback_urgent()) &&
           wait_sleep(&writeback_wanted, next, WAIT_UNINTERRUPTIBLE) == 0)
        continue;
}

static void write_back_for_ever(void *unused)
{
    (void)unused;
    thread_self()->user = &self;
    posix_lock();
    int error = 0;
    for (;;) {
        wait_for_work(error != 0);
        error = writeback_look();
        if (error != 0)
            log_warning("write-back: error %d; tried again later", -error);
    }
}

int writeback_start(void)
{
    handle_t thread;
    int64_t error = thread_start(write_back_for_ever, NULL, PRIORITY_USER, 0, &thread);
    return error < 0 ? (int)error : 0;
}
