// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Deaths: seen, written down, told. What follows from one: life.c.

#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"
#include "servers/rs/text.h"

#include <string.h>

static void close_process(struct service *service)
{
    service_close_handle(&service->process);
    // They were its own notifications.
    service_close_handle(&service->watch);
    service_close_handle(&service->instance_watch);
    service_close_handle(&service->ping);
    service_close_handle(&service->stop);
}

static void measure(struct service *service, const struct process_status *status)
{
    service->died_at = status->died_at;
    if (status->cause != DEATH_KILLED)
        outage_add(&service->detection, sys_clock() - status->died_at);
    if (!service->down_since) // a hung one was missing before it was killed
        service->down_since = service->pinged_at ? service->pinged_at : status->died_at;
    service->pinged_at = 0;
}

static void tell(struct service *service, const struct process_status *status)
{
    char cause[LOG_LINE_MAX];
    text_cause(service, image_format_address, cause, sizeof(cause));
    bool clean = status->cause == DEATH_EXIT && status->code == 0;
    if (service->intent != INTENT_NONE || clean) {
        log_info("%s ended: %s", service->name, cause);
    } else {
        service->crashes++;
        log_error("%s died: %s", service->name, cause);
    }
}

static void check_death(struct service *service)
{
    struct process_status status;
    int64_t got = sys_process_status(service->process, &status);
    if (got < 0 || status.state != PROCESS_DEAD)
        return;
    service->last = status;
    memcpy(service->last_reason, service->reason, sizeof(service->last_reason));
    service->reason[0] = 0;
    measure(service, &status);
    close_process(service);
    tell(service, &status);
    service_restart_bound(service);
    if (service->owner)
        service_clear(service);
    else
        service_settle(service);
}

void service_check_deaths(void)
{
    for (uint32_t i = 0; i < service_count(); i++)
        if (service_by_index(i)->process != HANDLE_NONE)
            check_death(service_by_index(i));
    service_start_waiting();
}
