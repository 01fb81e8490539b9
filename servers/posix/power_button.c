// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See power_button.h.

#include "servers/posix/power_button.h"

#include "abi/button.h"
#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/posix/machine.h"
#include "servers/posix/signal.h"
#include "servers/posix/task.h"
#include "servers/posix/wait.h"

#define RETRY_NS 1000000000ull // a driver that fails is asked again after this

static struct waiter waiter;

static void tell_init(void)
{
    log_info("power button: process 1 is asked to power off");
    posix_lock();
    if (proc_init != NULL)
        signal_send_proc(proc_init, SIGUSR2, NULL);
    posix_unlock();
}

static void run(void *argument)
{
    handle_t button;

    (void)argument;
    thread_self()->user = &waiter;
    if (machine_connect_device("button0", &button) < 0)
        return;
    for (;;) {
        struct message message = {.tag = message_tag(BUTTON_WAIT, 0, 0)};

        if (message_call_retry(button, &message) >= 0)
            tell_init();
        else
            thread_sleep_until(sys_clock() + RETRY_NS);
    }
}

int power_button_start(void)
{
    return (int)thread_start(run, NULL, PRIORITY_USER, 0, NULL);
}
