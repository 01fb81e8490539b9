// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Heartbeats: rs signals a service's notification twice a period, and the loop that serves its
// requests answers with a call. One that has been silent for a period and a bit is killed, so a
// hang is found within two periods.
//
// A period has TICKS ticks, each set when the one before has come: a pause of the whole machine, as
// when an emulator does not get to run, counts as one tick, and after it the service has time to
// answer. A tick that comes late by more than its length does not count at all: then the machine is
// short of time, not this service. The bit beyond the period is for machines whose processors get
// to run unevenly.

#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

enum {
    TICKS = 8,
    ASK_TICKS = 4, // from one question to the next
    GRACE_TICKS = 3,
};
_Static_assert(ASK_TICKS + TICKS + GRACE_TICKS < 2 * TICKS, "found within two periods");

static uint64_t tick(const struct service *service)
{
    return service->manifest->heartbeat / TICKS;
}

void heartbeat_start(struct service *service)
{
    bool watched = service->manifest->heartbeat && service->ping != HANDLE_NONE;
    service->pinged_at = 0;
    service->deadline = watched ? sys_clock() + ASK_TICKS * tick(service) : DEADLINE_NEVER;
}

static void ask(struct service *service, time_ns_t now)
{
    service->pinged_at = now;
    service->late = 0;
    service->deadline = now + tick(service);
    if (sys_signal(service->ping) < 0)
        (void)service_kill(service, "its heartbeat notification is gone", false);
}

void heartbeat_pass(struct service *service, time_ns_t now)
{
    if (!service->pinged_at) {
        ask(service, now);
        return;
    }
    bool counts = now - service->deadline < tick(service);
    service->deadline = now + tick(service);
    service->late += counts;
    if (service->late < TICKS * service->manifest->heartbeat_misses + GRACE_TICKS)
        return;
    service->hangs++;
    outage_add(&service->detection, now - service->pinged_at);
    (void)service_kill(service, "no heartbeat", false);
}

void heartbeat_answer(struct service *service)
{
    if (!service->pinged_at || service->state != RS_RUNNING)
        return;
    service->deadline = service->pinged_at + ASK_TICKS * tick(service);
    service->pinged_at = 0;
}

void heartbeat_check_memory(struct service *service)
{
    struct process_status status;
    uint64_t limit = service->manifest->memory_bytes;
    if (limit && sys_process_status(service->process, &status) >= 0 &&
        status.resident_bytes > limit)
        (void)service_kill(service, "uses more memory than its manifest allows", false);
}
