// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The life of services: starting in order, ending, what follows a death, deadlines. States:
// servers/rs/service.h.

#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/rs/rs.h"
#include "servers/rs/text.h"

#include <string.h>

static const struct svc_name *need_of(const struct service *client, const struct service *server)
{
    for (unsigned i = 0; i < client->manifest->needs; i++)
        if (!strcmp(client->manifest->need[i].name, server->name))
            return &client->manifest->need[i];
    return NULL;
}

static bool is_needed(const struct service *server)
{
    for (uint32_t i = 0; i < service_count(); i++) {
        const struct service *client = service_by_index(i);
        if (client->process != HANDLE_NONE && need_of(client, server))
            return true;
    }
    return false;
}

static bool may_run(const struct service *service)
{
    for (unsigned i = 0; i < service->manifest->needs; i++) {
        const struct service *server = service_by_name(service->manifest->need[i].name);
        if (!server || server->state != RS_RUNNING)
            return false;
    }
    return !service->renewing || !is_needed(service);
}

static void wait_for_needs(struct service *service)
{
    service->deadline = DEADLINE_NEVER;
    service_set_state(service, RS_WAITING);
}

// ---- ending ----

static void kill_process(struct service *service, const char *reason)
{
    if (reason != service->reason)
        strlcpy(service->reason, reason, sizeof(service->reason));
    service->deadline = DEADLINE_NEVER; // the next event is its death
    state_commit();
    self_moment();
    int64_t status = sys_process_kill(service->process);
    if (status < 0)
        log_error("%s: cannot be killed: error %lld", service->name, (long long)-status);
}

void service_end(struct service *service, enum service_intent intent, const char *reason)
{
    service->intent = intent;
    if (service->state == RS_STOPPING)
        return; // was asked already
    if (service->state != RS_RUNNING || service->stop == HANDLE_NONE ||
        sys_signal(service->stop) < 0) {
        kill_process(service, reason);
        return;
    }
    service->pinged_at = 0;
    service->deadline = sys_clock() + service->manifest->stop_timeout;
    service_set_state(service, RS_STOPPING);
}

// Needs have no cycles, so this ends.
static void restart_dependents(const struct service *server)
{
    for (uint32_t i = 0; i < service_count(); i++) {
        struct service *client = service_by_index(i);
        if (client->process == HANDLE_NONE || !need_of(client, server))
            continue;
        restart_dependents(client);
        service_end(client, INTENT_RESTART, "what it needs is renewed");
    }
}

void service_restart_bound(const struct service *server)
{
    for (uint32_t i = 0; i < service_count(); i++) {
        struct service *client = service_by_index(i);
        const struct svc_name *need = need_of(client, server);
        if (client->process == HANDLE_NONE || !need || !need->bound ||
            client->intent != INTENT_NONE)
            continue;
        log_warning("%s is restarted with %s", client->name, server->name);
        service_end(client, INTENT_RESTART, "what it is bound to ended");
    }
}

// ---- after a death ----

// It stays down, until it is started by hand.
static void stay_down(struct service *service, enum rs_state state)
{
    service->deadline = DEADLINE_NEVER;
    service_set_state(service, state);
    for (uint32_t i = 0; i < service_count(); i++) {
        const struct service *client = service_by_index(i);
        if (client->state == RS_WAITING && need_of(client, service))
            log_error("%s cannot start: it needs %s, which is %s", client->name, service->name,
                      service_state_name(state));
    }
}

// For the log server to show what a service said last, before the machine goes down.
enum { LAST_WORDS_NS = 300 * 1000 * 1000 };

void service_give_up(struct service *service)
{
    enum svc_give_up end = service->manifest->give_up;
    if (end == SVC_GIVE_UP_STOP || end == SVC_GIVE_UP_RENEW) {
        log_error("%s: given up after %u deaths in a row", service->name,
                  service->policy.deaths + 1);
        stay_down(service, RS_DEGRADED);
        return;
    }
    bool off = end == SVC_GIVE_UP_POWER_OFF;
    char cause[LOG_LINE_MAX];
    text_cause(service, image_format_address, cause, sizeof(cause));
    (void)sys_machine_control(rs.root, MACHINE_CONSOLE_ON, 0);
    log_error("%s: given up (%s); the machine %s", service->name, cause,
              off ? "powers off" : "restarts");
    stay_down(service, RS_DEGRADED);
    thread_sleep_until(sys_clock() + LAST_WORDS_NS);
    int64_t status = sys_machine_control(rs.root, off ? MACHINE_POWER_OFF : MACHINE_REBOOT, 0);
    log_error("the machine cannot do that: error %lld", (long long)-status); // still here
}

static void renew(struct service *service)
{
    log_error("%s died too often: it starts once more, with all that need it", service->name);
    service->renewing = true;
    restart_dependents(service);
    wait_for_needs(service);
}

static void follow_policy(struct service *service)
{
    struct policy_death death = {
        .uptime = service->ready_at ? service->died_at - service->ready_at : 0,
        .clean = service->last.cause == DEATH_EXIT && service->last.code == 0,
        .excused = service->excused || service->faulted,
    };
    service->excused = service->faulted = false;
    uint64_t delay;
    switch (policy_decide(service->manifest, &service->policy, &death, &delay)) {
    case POLICY_RESTART:
        if (!delay) {
            wait_for_needs(service);
            break;
        }
        service->deadline = sys_clock() + delay;
        service_set_state(service, RS_RESTARTING);
        break;
    case POLICY_RENEW:
        renew(service);
        break;
    case POLICY_STOP:
        service->deadline = DEADLINE_NEVER;
        service->down_since = 0;
        service_set_state(service, RS_STOPPED);
        break;
    case POLICY_GIVE_UP:
        service_give_up(service);
        break;
    }
}

// At the deadline again: the owner may have died in the middle of it, or be late.
void service_clear(struct service *service)
{
    service->deadline = sys_clock() + RS_CLEAR_TIMEOUT_NS;
    service_set_state(service, RS_CLEARING);
}

void service_settle(struct service *service)
{
    enum service_intent intent = service->intent;
    service->intent = INTENT_NONE;
    bool rolled_back =
        intent != INTENT_UPDATE && update_failed(service, intent == INTENT_NONE ? -E_IO : -E_INTR);
    switch (intent) {
    case INTENT_NONE:
        if (rolled_back)
            wait_for_needs(service);
        else
            follow_policy(service);
        break;
    case INTENT_UPDATE:
        update_try(service);
        wait_for_needs(service);
        break;
    case INTENT_RESTART:
        wait_for_needs(service);
        break;
    case INTENT_STOP:
        service->deadline = DEADLINE_NEVER;
        service->down_since = 0;
        service_set_state(service, RS_STOPPED);
        break;
    }
}

// ---- starting ----

static void become_running(struct service *service)
{
    service->ready_at = sys_clock();
    if (service->down_since)
        outage_add(&service->outage, service->ready_at - service->down_since);
    service->down_since = 0;
    heartbeat_start(service);
    update_ready(service);
    service_set_state(service, RS_RUNNING);
}

static void run(struct service *service)
{
    const char *why = "";
    if (service->started_before) {
        service->incarnation++;
        service->restarts++;
    }
    service->started_before = true;
    service->renewing = false;
    service->ready_at = 0;
    int status = spawn(service, &why);
    if (status < 0 && update_failed(service, status))
        status = spawn(service, &why);
    if (status < 0) {
        log_error("%s cannot be started: %s (error %d)", service->name, why, -status);
        service->last = (struct process_status){.cause = DEATH_NONE};
        strlcpy(service->last_reason, why, sizeof(service->last_reason));
        if (status == -E_NOEXEC || status == -E_2BIG)
            stay_down(service, RS_FAILED); // it would fail the same way again
        else
            service_settle(service);
        return;
    }
    service->started_at = sys_clock();
    if (service->manifest->ready == SVC_READY_START) {
        become_running(service);
        return;
    }
    service->deadline = service->started_at + service->manifest->ready_timeout;
    service_set_state(service, RS_STARTING);
}

// A pass that starts something may enable more.
void service_start_waiting(void)
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
            if (again || service->state != RS_WAITING || !may_run(service))
                continue;
            tried[count++] = service;
            run(service);
            progress = true;
        }
    }
}

static bool is_down(const struct service *service)
{
    return service->state == RS_STOPPED || service->state == RS_FAILED ||
           service->state == RS_DEGRADED;
}

// Puts the service and all it needs, as far as they stand still, into WAITING. Needs have no
// cycles.
static void want(struct service *service)
{
    if (!is_down(service))
        return;
    service->policy = (struct policy_state){0};
    wait_for_needs(service);
    for (unsigned i = 0; i < service->manifest->needs; i++) {
        struct service *server = service_by_name(service->manifest->need[i].name);
        if (server)
            want(server);
    }
}

// ---- on request ----

int service_start(struct service *service)
{
    switch (service->state) {
    case RS_STOPPING:
    case RS_CLEARING:
        service->intent = INTENT_RESTART;
        return 0;
    case RS_RESTARTING:
        wait_for_needs(service);
        break;
    default:
        want(service);
        break;
    }
    service_start_waiting();
    return 0;
}

int service_stop(struct service *service)
{
    if (service == rs.self || is_needed(service))
        return -E_BUSY;
    switch (service->state) {
    case RS_STARTING:
    case RS_RUNNING:
    case RS_STOPPING:
        service_end(service, INTENT_STOP, "stopped on request");
        break;
    case RS_CLEARING:
        service->intent = INTENT_STOP;
        break;
    default:
        (void)update_failed(service, -E_INTR);
        service->deadline = DEADLINE_NEVER;
        service->down_since = 0;
        service_set_state(service, RS_STOPPED);
        break;
    }
    return 0;
}

int service_restart(struct service *service)
{
    if (service == rs.self)
        return self_end();
    if (service->process == HANDLE_NONE)
        return service_start(service);
    service_end(service, INTENT_RESTART, "restarted on request");
    return 0;
}

int service_kill(struct service *service, const char *reason, bool excused)
{
    if (service == rs.self)
        return self_end();
    if (service->process == HANDLE_NONE)
        return -E_BUSY;
    service->excused = excused;
    kill_process(service, reason);
    return 0;
}

int service_complaint(struct service *service, time_ns_t since)
{
    time_ns_t now = sys_clock();
    if (service->state != RS_RUNNING || service->reason[0])
        return -E_BUSY;
    if (since > now || since < service->ready_at)
        since = since > now ? now : service->ready_at;
    service->complaints++;
    service->down_since = since;
    outage_add(&service->detection, now - since);
    return service_kill(service, "a client complained", false);
}

void service_ready(struct service *service)
{
    if (service->state != RS_STARTING)
        return;
    become_running(service);
    log_info("%s is ready after %llu ms", service->name,
             (unsigned long long)((service->ready_at - service->started_at) / 1000000));
    service_start_waiting();
}

int service_cleared(struct service *service)
{
    if (service->state != RS_CLEARING)
        return -E_BUSY;
    service_settle(service);
    service_start_waiting();
    return 0;
}

void service_dma(struct service *service, const struct rs_dma *dma)
{
    bool faulted = dma->faults > service->dma.faults;
    service->dma = *dma;
    if (!faulted || service->process == HANDLE_NONE || service->intent != INTENT_NONE)
        return;
    char reason[64];
    text_dma_fault(dma, reason, sizeof(reason));
    kill_process(service, reason);
}

void service_resume(struct service *service, uint64_t away)
{
    bool runs = service->state == RS_STARTING || service->state == RS_RUNNING ||
                service->state == RS_STOPPING;
    if (service->process != HANDLE_NONE && (!runs || service->reason[0])) {
        // Half born, or to be killed.
        if (!runs) {
            service->intent = INTENT_RESTART;
            service->state = RS_STARTING;
        }
        kill_process(service, runs ? service->reason : "rs died while it started");
    } else if (service->state == RS_RUNNING) {
        heartbeat_start(service);
    } else if (service->deadline != DEADLINE_NEVER) {
        service->deadline += away; // nobody could answer
    }
}

static void pass_deadline(struct service *service, time_ns_t now)
{
    switch (service->state) {
    case RS_STARTING:
        kill_process(service, "not ready in time");
        break;
    case RS_RUNNING:
        heartbeat_pass(service, now);
        break;
    case RS_STOPPING:
        kill_process(service, "did not end in time");
        break;
    case RS_CLEARING:
        log_warning("%s still waits for its device to be made safe", service->name);
        service_clear(service);
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
    service_start_waiting();
}

time_ns_t service_next_deadline(void)
{
    time_ns_t next = DEADLINE_NEVER;
    for (uint32_t i = 0; i < service_count(); i++)
        if (service_by_index(i)->deadline < next)
            next = service_by_index(i)->deadline;
    return next;
}
