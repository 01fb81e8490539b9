// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// rs as one of the services that it looks after: its watchdog, its deaths, and the faults that
// tests ask of it.

#include "abi/memory.h"
#include "lib/sys/fault.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"
#include "servers/rs/text.h"

#include <stdlib.h>
#include <string.h>

// The kernel ends an rs that has not fed its watchdog for WATCHDOG_TURNS periods.
enum { PERIOD_NS = 250 * 1000 * 1000 };

static time_ns_t feed_at;

static enum rs_fault pending; // to be committed
static uint64_t moment;       // at which; 0: at once
static bool ending, leaking;
static uint64_t moments_left; // 0: no fault strikes

static void check_memory(void)
{
    struct process_status status;
    uint64_t limit = rs.self ? rs.self->manifest->memory_bytes : 0;
    if (leaking)
        (void)fault_commit(RS_FAULT_LEAK);
    if (limit && sys_process_status(HANDLE_SELF, &status) >= 0 && status.resident_bytes > limit)
        sys_panic("rs uses more memory than its manifest allows");
}

void self_feed(void)
{
    time_ns_t now = sys_clock();
    if (now < feed_at)
        return;
    feed_at = now + PERIOD_NS;
    if (sys_timer_set(rs.kept.watchdog, feed_at, PERIOD_NS) < 0)
        log_error("the watchdog cannot be set");
    check_memory();
}

time_ns_t self_feed_at(void)
{
    return feed_at;
}

void self_open_log(void)
{
    if (rs.kept.log == HANDLE_NONE) {
        int64_t log = sys_resource_create(rs.root, RESOURCE_LOG, 0, 0);
        rs.kept.log = log < 0 ? HANDLE_NONE : (handle_t)log;
    }
    sys_log_use_kernel(rs.kept.log, "rs");
}

// ---- after a death ----

static void count_death(struct service *self, time_ns_t now)
{
    time_ns_t missing = self->last.cause == DEATH_HUNG ? WATCHDOG_TURNS * PERIOD_NS : 0;
    self->crashes += !self->excused;
    self->hangs += self->last.cause == DEATH_HUNG;
    self->restarts++;
    self->incarnation = startup_page()->incarnation;
    self->died_at = self->last.died_at;
    outage_add(&self->outage, now - self->died_at + missing);
}

void self_revived(void)
{
    struct service *self = rs.self;
    time_ns_t now = sys_clock();
    char cause[LOG_LINE_MAX];
    (void)sys_process_status(HANDLE_SELF, &self->last); // ours to ask
    memcpy(self->last_reason, self->reason, sizeof(self->last_reason));
    count_death(self, now);
    text_cause(self, image_format_address, cause, sizeof(cause));
    log_error("rs died: %s; everything else went on", cause);
    struct policy_death death = {
        .uptime = self->died_at - self->ready_at,
        .excused = self->excused || self->faulted,
    };
    self->excused = self->faulted = false;
    self->started_at = self->ready_at = now;
    uint64_t delay;
    enum policy_action action = policy_decide(self->manifest, &self->policy, &death, &delay);
    state_commit(); // or the next death would count this one again
    if (action == POLICY_GIVE_UP || action == POLICY_RENEW)
        service_give_up(self);
}

// ---- on request ----

int self_fault(enum rs_fault fault, uint64_t when)
{
    moment = fault == RS_FAULT_CRASH ? when : 0;
    switch (fault) {
    case RS_FAULT_CRASH:
    case RS_FAULT_ABORT:
    case RS_FAULT_HANG:
    case RS_FAULT_SLEEP:
    case RS_FAULT_LEAK:
    case RS_FAULT_GARBAGE:
        pending = fault;
        return 0;
    default:
        return -E_OPNOTSUPP;
    }
}

int self_end(void)
{
    rs.self->excused = true;
    ending = true;
    return 0;
}

void self_arm(void)
{
    static const char option[] = "xinim.rs_crash=";
    static char line[1024];
    int64_t bytes = sys_info(INFO_COMMAND_LINE, 0, line, sizeof(line) - 1);
    line[bytes > 0 ? bytes : 0] = 0;
    const char *at = strstr(line, option);
    if (at && fault_allowed() && !startup_page()->incarnation)
        moments_left = strtoul(at + sizeof(option) - 1, NULL, 10);
}

void self_act(void)
{
    enum rs_fault fault = pending;
    pending = RS_FAULT_NONE;
    if (ending)
        (void)sys_process_exit(0);
    if (fault != RS_FAULT_NONE && moment) {
        moments_left = moment;
    } else if (fault == RS_FAULT_LEAK) {
        leaking = true; // with each feeding, until somebody notices
    } else if (fault == RS_FAULT_GARBAGE) {
        state_spoil();
        (void)fault_commit(RS_FAULT_CRASH);
    } else if (fault != RS_FAULT_NONE) {
        (void)fault_commit(fault);
    }
}

void self_moment(void)
{
    if (moments_left && !--moments_left)
        (void)fault_commit(RS_FAULT_CRASH);
}
