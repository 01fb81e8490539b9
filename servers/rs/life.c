// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The life of services: starting in order, deaths, restarts, deadlines. States:
// servers/rs/service.h.

#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"
#include "servers/rs/text.h"

#include <string.h>

static bool needs_run(const struct service *service)
{
    for (unsigned i = 0; i < service->manifest->needs; i++) {
        const struct service *server = service_by_name(service->manifest->need[i].name);
        if (!server || server->state != RS_RUNNING)
            return false;
    }
    return true;
}

static void wait_for_needs(struct service *service)
{
    service->deadline = DEADLINE_NEVER;
    service_set_state(service, RS_WAITING);
}

static bool needs(const struct service *client, const struct service *server)
{
    for (unsigned i = 0; i < client->manifest->needs; i++)
        if (!strcmp(client->manifest->need[i].name, server->name))
            return true;
    return false;
}

static void fail(struct service *service)
{
    service->deadline = DEADLINE_NEVER;
    service_set_state(service, RS_FAILED);
    for (uint32_t i = 0; i < service_count(); i++) {
        const struct service *client = service_by_index(i);
        if (client->state == RS_WAITING && needs(client, service))
            log_error("%s cannot start: it needs %s, which failed", client->name, service->name);
    }
}

static void give_up(struct service *service)
{
    enum svc_give_up end = service->manifest->give_up;
    if (end == SVC_GIVE_UP_STOP) {
        log_error("%s: given up after %u deaths in a row", service->name,
                  service->policy.deaths + 1);
        fail(service);
        return;
    }
    bool off = end == SVC_GIVE_UP_POWER_OFF;
    char cause[LOG_LINE_MAX];
    text_cause(service, image_format_address, cause, sizeof(cause));
    (void)sys_machine_control(rs.root, MACHINE_CONSOLE_ON, 0);
    log_error("%s: given up (%s); the machine %s", service->name, cause,
              off ? "powers off" : "restarts");
    fail(service);
    int64_t status = sys_machine_control(rs.root, off ? MACHINE_POWER_OFF : MACHINE_REBOOT, 0);
    log_error("the machine cannot do that: error %lld", (long long)-status); // still here
}

// The process is gone and its device safe: what next?
static void settle(struct service *service)
{
    if (service->stopping) {
        bool again = service->restart_asked;
        service->stopping = service->restart_asked = false;
        service->deadline = DEADLINE_NEVER;
        if (again)
            wait_for_needs(service);
        else
            service_set_state(service, RS_STOPPED);
        return;
    }
    time_ns_t now = sys_clock();
    bool clean = service->last.cause == DEATH_EXIT && service->last.code == 0;
    uint64_t delay;
    switch (policy_death(service->manifest, &service->policy, now, clean, &delay)) {
    case POLICY_RESTART:
        if (!delay) {
            wait_for_needs(service);
            break;
        }
        service->deadline = now + delay;
        service_set_state(service, RS_RESTARTING);
        break;
    case POLICY_STOP:
        service->deadline = DEADLINE_NEVER;
        service_set_state(service, RS_STOPPED);
        break;
    case POLICY_GIVE_UP:
        give_up(service);
        break;
    }
}

static void run(struct service *service)
{
    const char *why = "";
    if (service->started_before) {
        service->incarnation++;
        service->restarts++;
    }
    service->started_before = true;
    int status = spawn(service, &why);
    if (status < 0) {
        log_error("%s cannot be started: %s (error %d)", service->name, why, -status);
        if (status == -E_NOEXEC || status == -E_2BIG) {
            service->last_reason = why;
            fail(service); // it would fail the same way again
            return;
        }
        service->last = (struct process_status){.cause = DEATH_NONE};
        service->last_reason = why;
        settle(service);
        return;
    }
    service->started_at = sys_clock();
    if (service->manifest->ready == SVC_READY_START) {
        service->deadline = DEADLINE_NEVER;
        service_set_state(service, RS_RUNNING);
    } else {
        service->deadline = service->started_at + service->manifest->ready_timeout;
        service_set_state(service, RS_STARTING);
    }
}

// Starts everything that waits and has what it needs. A pass that starts something may enable more.
static void start_waiting(void)
{
    // One that cannot be spawned is WAITING again at once, so each gets one try a call.
    struct service *tried[SERVICES_MAX];
    size_t count = 0;
    bool progress = true;
    while (progress) {
        progress = false;
        for (uint32_t i = 0; i < service_count() && count < SERVICES_MAX; i++) {
            struct service *service = service_by_index(i);
            bool again = false;
            for (size_t t = 0; t < count; t++)
                again |= tried[t] == service;
            if (again || service->state != RS_WAITING || !needs_run(service))
                continue;
            tried[count++] = service;
            run(service);
            progress = true;
        }
    }
}

// Puts the service and all it needs, as far as they stand still, into WAITING. Manifests have no
// cycles.
static void want(struct service *service)
{
    if (service->state != RS_STOPPED && service->state != RS_FAILED)
        return;
    service->policy = (struct policy_state){0};
    wait_for_needs(service);
    for (unsigned i = 0; i < service->manifest->needs; i++) {
        struct service *server = service_by_name(service->manifest->need[i].name);
        if (server && server->state == RS_STOPPED)
            want(server);
    }
}

int service_start(struct service *service)
{
    if (service->state != RS_STOPPED && service->state != RS_FAILED)
        return service->state == RS_RUNNING || service->state == RS_STARTING ? 0 : -E_BUSY;
    want(service);
    start_waiting();
    return 0;
}

static bool is_needed(const struct service *server)
{
    for (uint32_t i = 0; i < service_count(); i++) {
        const struct service *client = service_by_index(i);
        if (client->process != HANDLE_NONE && needs(client, server))
            return true;
    }
    return false;
}

static void kill_process(struct service *service, const char *reason)
{
    service->reason = reason;
    service->deadline = DEADLINE_NEVER; // the next event is its death
    int64_t status = sys_process_kill(service->process);
    if (status < 0)
        log_error("%s: cannot be killed: error %lld", service->name, (long long)-status);
}

int service_stop(struct service *service)
{
    if (service == rs.self || is_needed(service))
        return -E_BUSY;
    switch (service->state) {
    case RS_STARTING:
    case RS_RUNNING:
        service->stopping = true;
        kill_process(service, "stopped on request");
        break;
    case RS_CLEARING:
        service->stopping = true;
        break;
    default:
        service->deadline = DEADLINE_NEVER;
        service_set_state(service, RS_STOPPED);
        break;
    }
    return 0;
}

int service_restart(struct service *service)
{
    if (service == rs.self)
        return -E_BUSY;
    if (service->state != RS_STARTING && service->state != RS_RUNNING)
        return service_start(service);
    service->stopping = service->restart_asked = true;
    kill_process(service, "restarted on request");
    return 0;
}

int service_kill(struct service *service, const char *reason)
{
    if (service->process == HANDLE_NONE)
        return -E_BUSY;
    kill_process(service, reason);
    return 0;
}

void service_ready(struct service *service)
{
    if (service->state != RS_STARTING)
        return;
    bool watched = service->manifest->heartbeat && service->ping != HANDLE_NONE;
    service->deadline = watched ? sys_clock() + service->manifest->heartbeat : DEADLINE_NEVER;
    if (service->manifest->heartbeat && !watched)
        log_warning("%s: its manifest has a heartbeat, but it gave no notification to ask through",
                    service->name);
    log_info("%s is ready after %llu ms", service->name,
             (unsigned long long)((sys_clock() - service->started_at) / 1000000));
    service_set_state(service, RS_RUNNING);
    start_waiting();
}

void service_alive(struct service *service)
{
    service->pinged = false;
    service->missed = 0;
}

int service_cleared(struct service *service)
{
    if (service->state != RS_CLEARING)
        return -E_BUSY;
    settle(service);
    start_waiting();
    return 0;
}

void service_dma(struct service *service, const struct rs_dma *dma)
{
    bool faulted = dma->faults > service->dma.faults;
    service->dma = *dma;
    if (!faulted || service->process == HANDLE_NONE || service->stopping)
        return;
    text_dma_fault(dma, service->dma_last, sizeof(service->dma_last));
    kill_process(service, service->dma_last);
}

static void record_death(struct service *service, const struct process_status *status)
{
    service->last = *status;
    service->last_reason = service->reason;
    service->reason = NULL;
    service->died_at = status->died_at;
    service->missed = 0;
    service->pinged = false;
    service_close_handle(&service->process);
    // They were its own notifications.
    service_close_handle(&service->watch);
    service_close_handle(&service->instance_watch);
    service_close_handle(&service->ping);

    char cause[LOG_LINE_MAX];
    text_cause(service, image_format_address, cause, sizeof(cause));
    bool clean = status->cause == DEATH_EXIT && status->code == 0;
    if (service->stopping || clean) {
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
    record_death(service, &status);
    if (service->owner) {
        service->deadline = sys_clock() + RS_CLEAR_TIMEOUT_NS;
        service_set_state(service, RS_CLEARING);
    } else {
        settle(service);
    }
}

void service_check_deaths(void)
{
    for (uint32_t i = 0; i < service_count(); i++)
        if (service_by_index(i)->process != HANDLE_NONE)
            check_death(service_by_index(i));
    start_waiting();
}

static void beat(struct service *service, time_ns_t now)
{
    if (service->pinged && ++service->missed >= service->manifest->heartbeat_misses) {
        kill_process(service, "no heartbeat");
        return;
    }
    service->pinged = true;
    service->deadline = now + service->manifest->heartbeat;
    if (sys_signal(service->ping) < 0)
        kill_process(service, "its heartbeat notification is gone");
}

static void pass_deadline(struct service *service, time_ns_t now)
{
    switch (service->state) {
    case RS_STARTING:
        kill_process(service, "not ready in time");
        break;
    case RS_RUNNING:
        beat(service, now);
        break;
    case RS_CLEARING:
        log_warning("%s: nobody made its device safe in time", service->name);
        settle(service);
        break;
    case RS_RESTARTING:
        wait_for_needs(service);
        break;
    default:
        service->deadline = DEADLINE_NEVER; // S2 says this does not happen; a loop would be worse
        break;
    }
}

void service_check_deadlines(time_ns_t now)
{
    for (uint32_t i = 0; i < service_count(); i++)
        if (service_by_index(i)->deadline <= now)
            pass_deadline(service_by_index(i), now);
    start_waiting();
}

time_ns_t service_next_deadline(void)
{
    time_ns_t next = DEADLINE_NEVER;
    for (uint32_t i = 0; i < service_count(); i++)
        if (service_by_index(i)->deadline < next)
            next = service_by_index(i)->deadline;
    return next;
}
