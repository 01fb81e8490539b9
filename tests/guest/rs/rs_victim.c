// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A service that dies in every way there is, on request. Arguments: "late": never says that it is
// ready; "stubborn": does not end when it is to.

#include "lib/checkpoint/checkpoint.h"
#include "lib/sys/log.h"
#include "lib/sys/rs_client.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "tests/guest/rs/victim.h"

#include <stdlib.h>
#include <string.h>

enum { PING_BIT = 1, STOP_BIT = 2 };

static struct checkpoint checkpoint;
static uint64_t counts[2]; // starts, stops in good order

static void save_counts(void)
{
    int status = checkpoint_save(&checkpoint, "counts", 1, counts, sizeof(counts));
    if (status < 0)
        sys_panic("counts cannot be saved: error %d", -status);
}

static void open_checkpoint(void)
{
    int status = checkpoint_open_granted(&checkpoint);
    if (status < 0)
        sys_panic("no checkpoint: error %d", -status);
    (void)checkpoint_load(&checkpoint, "counts", 1, counts, sizeof(counts)); // else all 0
    counts[0]++;
    save_counts();
}

// In functions of their own, so that the backtrace names them.
__attribute__((noinline)) static void victim_writes_badly(void)
{
    *(volatile int *)VICTIM_BAD_ADDRESS = 1;
}

__attribute__((noinline)) static int victim_recurses(int depth)
{
    volatile char room[512];
    room[0] = (char)depth;
    if (depth < 0)
        return 0;
    return victim_recurses(depth + 1) + room[0];
}

static void flood(uint64_t lines)
{
    for (uint64_t i = 0; i < lines; i++)
        log_info("flood line %llu of many, with some text to fill it up", (unsigned long long)i);
}

static struct mutex sum_mutex;
static struct semaphore done;
static uint64_t sum;

static void add_thread(void *argument)
{
    for (int i = 0; i < 100; i++) {
        mutex_lock(&sum_mutex);
        uint64_t old = *(volatile uint64_t *)&sum;
        if (i % 16 == 0)
            sys_yield();
        *(volatile uint64_t *)&sum = old + (uintptr_t)argument;
        mutex_unlock(&sum_mutex);
    }
    semaphore_post(&done);
}

static uint64_t run_threads(uint64_t count)
{
    sum = 0;
    uint64_t started = 0;
    for (uint64_t i = 0; i < count; i++)
        started += thread_start(add_thread, (void *)1, PRIORITY_SERVER, 0, NULL) == 0;
    for (uint64_t i = 0; i < started; i++)
        semaphore_wait(&done, DEADLINE_NEVER);
    return sum;
}

static void obey(struct message *message)
{
    uint64_t argument = message->word[0];
    volatile uint64_t zero = 0;
    switch (message_label(message->tag)) {
    case VICTIM_FAULT:
        victim_writes_badly();
        break;
    case VICTIM_PANIC:
        sys_panic(VICTIM_LAST_WORDS);
    case VICTIM_EXIT:
        exit((int)argument);
    case VICTIM_DIVIDE:
        zero = sys_clock() / zero;
        break;
    case VICTIM_OVERFLOW:
        victim_recurses(0);
        break;
    case VICTIM_HANG:
        thread_sleep_until(DEADLINE_NEVER);
        break;
    case VICTIM_FLOOD:
        flood(argument);
        break;
    case VICTIM_THREADS:
        message->word[0] = run_threads(argument);
        break;
    default:
        message->word[0]++;
        break;
    }
    message->word[1] = startup_page()->incarnation;
    message->word[2] = counts[0];
    message->word[3] = startup_value("gift");
    message->word[4] = counts[1];
    message->tag = message_tag(0, 5, 0);
}

static void take_notification(void)
{
    handle_t notification = (handle_t)sys_notification_create();
    int64_t status = sys_thread_control(HANDLE_SELF, THREAD_BIND_NOTIFICATION, notification);
    if (status >= 0)
        status = rs_offer_signals(notification, PING_BIT, STOP_BIT);
    if (status < 0)
        sys_panic("no signals from rs: error %lld", (long long)-status);
}

// False: end.
static bool handle_signals(uint64_t bits, bool stubborn)
{
    if (bits & PING_BIT)
        (void)rs_say_alive();
    if (!(bits & STOP_BIT) || stubborn)
        return true;
    counts[1]++;
    save_counts();
    return false;
}

int main(int argc, char **argv)
{
    const char *manner = argc > 0 ? argv[0] : "";
    open_checkpoint();
    take_notification();
    if (!strcmp(manner, "late"))
        thread_sleep_until(DEADLINE_NEVER);
    if (rs_say_ready() < 0)
        sys_panic("rs does not take it that this is ready");

    struct message message;
    int64_t status = sys_receive(startup_handle("endpoint"), &message);
    while (status >= 0) {
        if (message.tag & MESSAGE_NOTIFICATION) {
            if (!handle_signals(message.word[0], !strcmp(manner, "stubborn")))
                return 0;
            status = sys_receive(startup_handle("endpoint"), &message);
            continue;
        }
        obey(&message);
        status = sys_reply_receive(startup_handle("endpoint"), &message);
    }
    return 1;
}
