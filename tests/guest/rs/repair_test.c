// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the reincarnation server does with plain services that need each other: starting what is
// needed, restarting along declared dependencies and nowhere else, ending in good order, giving up,
// finding hangs, and the counts of it all.
//
//   rs_above --needs--> rs_middle --needs--> rs_base <--restart_with-- rs_bound

#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/thread.h"
#include "tests/guest/guest_test.h"
#include "tests/guest/rs/client.h"
#include "tests/guest/rs/victim.h"

#include <stdlib.h>
#include <string.h>

#define MS 1000000ull

static char text[8192];

static int64_t ask(const char *name, enum victim_op op, struct message *message)
{
    *message = (struct message){.tag = message_tag((int32_t)op, 1, 0)};
    return message_call(startup_handle(name), message);
}

static struct rs_service_info look(const char *name)
{
    struct rs_service_info info = {0};
    CHECK_EQUAL(rs_find(name, &info), 0);
    return info;
}

static bool wait_incarnation(const char *name, uint64_t incarnation)
{
    time_ns_t deadline = sys_clock() + 10000 * MS;
    while (sys_clock() < deadline) {
        struct rs_service_info info = look(name);
        if (info.incarnation >= incarnation && info.state == RS_RUNNING)
            return info.incarnation == incarnation;
        thread_sleep_until(sys_clock() + 2 * MS);
    }
    return false;
}

static uint64_t stat_value(const char *name, const char *key)
{
    CHECK_EQUAL(rs_text(RS_TEXT_STATS, name, text, sizeof(text)), 0);
    const char *at = strstr(text, key);
    if (!CHECK(at != NULL))
        return 0;
    return strtoull(at + strlen(key), NULL, 10);
}

static void test_start_of_needs(void)
{
    struct rs_service_info info;
    CHECK_EQUAL(look("rs_base").state, RS_STOPPED);
    CHECK_EQUAL(rs_control(RS_CONTROL_START, "rs_above"), 0);
    CHECK_EQUAL(rs_control(RS_CONTROL_START, "rs_bound"), 0);
    CHECK(wait_state("rs_above", RS_RUNNING, &info));
    CHECK(wait_state("rs_bound", RS_RUNNING, &info));
    CHECK_EQUAL(look("rs_middle").state, RS_RUNNING);
    CHECK_EQUAL(look("rs_base").state, RS_RUNNING);
    CHECK(look("rs_base").started_at < look("rs_middle").started_at);
    CHECK(look("rs_middle").started_at < look("rs_above").started_at);
    CHECK_EQUAL(rs_control(RS_CONTROL_STOP, "rs_base"), -E_BUSY);
    CHECK_EQUAL(rs_control(RS_CONTROL_STOP, "rs_middle"), -E_BUSY);
}

// Who declares it is restarted too, once; the others stay. A kill on request never counts.
static void test_cascade(void)
{
    struct message message;
    for (uint64_t i = 1; i <= 4; i++) {
        CHECK_EQUAL(rs_control(RS_CONTROL_KILL, "rs_base"), 0);
        CHECK(wait_incarnation("rs_base", i));
        CHECK(wait_incarnation("rs_bound", i));
    }
    CHECK_EQUAL(look("rs_bound").crashes, 0);
    CHECK_EQUAL(look("rs_base").crashes, 4);
    CHECK_EQUAL(look("rs_middle").incarnation, 0);
    CHECK_EQUAL(look("rs_above").incarnation, 0);
    CHECK_EQUAL(ask("rs_bound", VICTIM_ECHO, &message), 0);
    CHECK_EQUAL(message.word[4], 4); // it was asked to end each time
    CHECK_EQUAL(stat_value("rs_base", "outages "), 4);
    log_info("outage: median %llu us",
             (unsigned long long)stat_value("rs_base", "outage_median_us "));
}

// A second crash in a row is one too many: all that need it are restarted with it; a third: it
// stays down, and they wait.
static void test_renewal(void)
{
    struct message message;
    struct rs_service_info info;
    CHECK_EQUAL(ask("rs_base", VICTIM_FAULT, &message), -E_RESTARTED);
    CHECK(wait_incarnation("rs_base", 5));
    CHECK(wait_incarnation("rs_bound", 5));
    CHECK_EQUAL(look("rs_above").incarnation, 0);
    CHECK_EQUAL(ask("rs_base", VICTIM_FAULT, &message), -E_RESTARTED);
    CHECK(wait_incarnation("rs_above", 1));
    CHECK(wait_incarnation("rs_middle", 1));
    CHECK(wait_incarnation("rs_bound", 6));
    CHECK_EQUAL(look("rs_base").incarnation, 6);
    CHECK(look("rs_base").started_at < look("rs_middle").started_at);
    CHECK(look("rs_middle").started_at < look("rs_above").started_at);
    CHECK_EQUAL(look("rs_above").crashes, 0);
    CHECK_EQUAL(stat_value("rs_base", "detections "), 2);

    for (int i = 0; i < 2; i++) {
        CHECK(wait_state("rs_base", RS_RUNNING, &info));
        CHECK_EQUAL(ask("rs_base", VICTIM_EXIT, &message), -E_RESTARTED);
    }
    CHECK(wait_state("rs_base", RS_DEGRADED, &info));
    CHECK(wait_state("rs_bound", RS_WAITING, &info));
    CHECK_EQUAL(look("rs_middle").state, RS_RUNNING);
    CHECK_EQUAL(log_text("rs", text, sizeof(text)), 0);
    CHECK(strstr(text, "rs_base: given up after") != NULL);
    CHECK_EQUAL(rs_control(RS_CONTROL_START, "rs_base"), 0);
    CHECK(wait_state("rs_bound", RS_RUNNING, &info));
}

static void test_stop(void)
{
    struct message message;
    struct rs_service_info info;
    CHECK_EQUAL(ask("rs_above", VICTIM_ECHO, &message), 0);
    uint64_t stops = message.word[4];
    CHECK_EQUAL(rs_control(RS_CONTROL_STOP, "rs_above"), 0);
    CHECK(wait_state("rs_above", RS_STOPPED, &info));
    CHECK_EQUAL(info.cause, DEATH_EXIT);
    CHECK_EQUAL(rs_control(RS_CONTROL_START, "rs_above"), 0);
    CHECK(wait_state("rs_above", RS_RUNNING, &info));
    CHECK_EQUAL(ask("rs_above", VICTIM_ECHO, &message), 0);
    CHECK_EQUAL(message.word[4], stops + 1);
    CHECK_EQUAL(rs_control(RS_CONTROL_RESTART, "rs_above"), 0);
    CHECK(wait_incarnation("rs_above", info.incarnation + 1));
    CHECK_EQUAL(ask("rs_above", VICTIM_ECHO, &message), 0);
    CHECK_EQUAL(message.word[4], stops + 2);
}

// Asleep for ever in its loop: found within two heartbeats of 500 ms.
static void test_hang(void)
{
    struct message message;
    uint64_t next = look("rs_middle").incarnation + 1;
    time_ns_t start = sys_clock();
    CHECK_EQUAL(ask("rs_middle", VICTIM_HANG, &message), -E_RESTARTED);
    uint64_t found = sys_clock() - start;
    log_info("hang found after %llu ms", (unsigned long long)(found / MS));
    CHECK(found < 1000 * MS);
    CHECK(wait_incarnation("rs_middle", next));
    CHECK_EQUAL(stat_value("rs_middle", "hangs "), 1);
    CHECK_EQUAL(rs_text(RS_TEXT_STATUS, "rs_middle", text, sizeof(text)), 0);
    CHECK(strstr(text, "killed: no heartbeat") != NULL);
}

// Only about what is running now, and only about whom the complainer uses.
static void test_complaint(void)
{
    struct rs_service_info info = look("rs_middle");
    uint64_t detections = stat_value("rs_middle", "detections ");
    CHECK_EQUAL(rs_complain("rs_middle", info.incarnation + 1, 0), -E_BUSY);
    CHECK_EQUAL(rs_complain("rs_middle", info.incarnation - 1, 0), -E_BUSY);
    CHECK_EQUAL(rs_complain("repair_test", 0, 0), -E_PERM);
    CHECK_EQUAL(rs_complain("rs_nobody", 0, 0), -E_NOENT);
    CHECK_EQUAL(rs_complain("rs_middle", info.incarnation, sys_clock() - 1), 0);
    CHECK(wait_incarnation("rs_middle", info.incarnation + 1));
    CHECK_EQUAL(look("rs_middle").crashes, info.crashes + 1);
    CHECK_EQUAL(stat_value("rs_middle", "complaints "), 1);
    CHECK_EQUAL(stat_value("rs_middle", "detections "), detections + 1);
    CHECK(stat_value("rs_middle", "detection_max_us ") < 2000000);
    CHECK_EQUAL(rs_text(RS_TEXT_STATUS, "rs_middle", text, sizeof(text)), 0);
    CHECK(strstr(text, "killed: a client complained") != NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    guest_test_begin();
    test_start_of_needs();
    test_cascade();
    test_renewal();
    test_stop();
    test_hang();
    test_complaint();
    guest_test_end();
}
