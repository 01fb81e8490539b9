// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// rs's pure parts: the restart policy and the texts.

#include "abi/memory.h"
#include "servers/rs/policy.h"
#include "servers/rs/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000ull

static struct svc_manifest manifest;

static int setup(void **state)
{
    (void)state;
    manifest = (struct svc_manifest){
        .file = "t.svc",
        .name = "t",
        .binary = "tbin",
        .retries = 5,
        .retry_window = 1000 * MS,
        .backoff = 10 * MS,
        .backoff_max = 50 * MS,
    };
    return 0;
}

// A death after so long a time of running.
static enum policy_action die(struct policy_state *policy, time_ns_t uptime, uint64_t *delay)
{
    struct policy_death death = {.uptime = uptime};
    return policy_decide(&manifest, policy, &death, delay);
}

const char *service_state_name(enum rs_state state)
{
    return state == RS_RUNNING ? "running" : "other";
}

static void test_back_off(void **state)
{
    (void)state;
    static const uint64_t delays[] = {0, 10, 20, 40, 50};
    struct policy_state policy = {0};
    uint64_t delay;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(die(&policy, 199 * MS, &delay), POLICY_RESTART);
        assert_int_equal(delay, delays[i] * MS);
    }
    assert_int_equal(die(&policy, 199 * MS, &delay), POLICY_GIVE_UP);
}

// Each fifth of the window takes one death off the row.
static void test_decay(void **state)
{
    (void)state;
    struct policy_state policy = {0};
    uint64_t delay;
    for (int i = 0; i < 5; i++)
        die(&policy, 0, &delay);
    assert_int_equal(die(&policy, 400 * MS, &delay), POLICY_RESTART); // the fourth of the row
    assert_int_equal(delay, 40 * MS);
    for (int i = 0; i < 1000; i++) { // as many die as are forgiven: for ever
        assert_int_equal(die(&policy, 200 * MS, &delay), POLICY_RESTART);
        assert_int_equal(delay, 40 * MS);
    }
    assert_int_equal(die(&policy, 1000 * MS, &delay), POLICY_RESTART);
    assert_int_equal(delay, 0);
    assert_int_equal(die(&policy, UINT64_MAX, &delay), POLICY_RESTART);
    assert_int_equal(policy.deaths, 1);
}

static void test_excused(void **state)
{
    (void)state;
    struct policy_state policy = {0};
    uint64_t delay;
    struct policy_death death = {.excused = true};
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(policy_decide(&manifest, &policy, &death, &delay), POLICY_RESTART);
        assert_int_equal(delay, 0);
    }
    manifest.restart = SVC_RESTART_NEVER;
    assert_int_equal(policy_decide(&manifest, &policy, &death, &delay), POLICY_GIVE_UP);
}

// Once a row all that need it are restarted with it; a row that decays wholly is over.
static void test_renew(void **state)
{
    (void)state;
    manifest.give_up = SVC_GIVE_UP_RENEW;
    manifest.retries = 1;
    struct policy_state policy = {0};
    uint64_t delay;
    for (int row = 0; row < 3; row++) {
        assert_int_equal(die(&policy, 1000 * MS, &delay), POLICY_RESTART);
        assert_int_equal(die(&policy, 0, &delay), POLICY_RENEW);
        assert_int_equal(policy.deaths, 0);
        assert_int_equal(die(&policy, 0, &delay), POLICY_RESTART);
        assert_int_equal(die(&policy, 0, &delay), POLICY_GIVE_UP);
    }
}

static void test_back_off_never_overflows(void **state)
{
    (void)state;
    manifest.retries = UINT32_MAX;
    manifest.backoff = UINT64_MAX / 3;
    manifest.backoff_max = UINT64_MAX;
    struct policy_state policy = {0};
    uint64_t delay, last = 0;
    for (int i = 0; i < 100; i++) {
        die(&policy, 0, &delay);
        assert_true(delay >= last);
        last = delay;
    }
}

static void test_restart_kinds(void **state)
{
    (void)state;
    struct policy_state policy = {0};
    struct policy_death clean = {.clean = true}, crash = {0};
    uint64_t delay;
    assert_int_equal(policy_decide(&manifest, &policy, &clean, &delay), POLICY_RESTART);
    manifest.restart = SVC_RESTART_FAILURE;
    assert_int_equal(policy_decide(&manifest, &policy, &clean, &delay), POLICY_STOP);
    assert_int_equal(policy_decide(&manifest, &policy, &crash, &delay), POLICY_RESTART);
    manifest.restart = SVC_RESTART_NEVER;
    assert_int_equal(policy_decide(&manifest, &policy, &clean, &delay), POLICY_STOP);
    assert_int_equal(policy_decide(&manifest, &policy, &crash, &delay), POLICY_GIVE_UP);
    manifest.restart = SVC_RESTART_ALWAYS;
    manifest.retries = 0;
    policy = (struct policy_state){0};
    assert_int_equal(policy_decide(&manifest, &policy, &crash, &delay), POLICY_GIVE_UP);
}

static void test_outage_buckets(void **state)
{
    (void)state;
    struct outage outage = {0};
    assert_int_equal(outage_median(&outage), 0);
    // Whatever the length, the bucket's bound is above it, by an eighth at most.
    for (uint64_t us = 0; us < 60000000; us += us / 100 + 1) {
        outage = (struct outage){0};
        outage_add(&outage, us * 1000 + 999);
        unsigned bucket = 0;
        while (!outage.histogram[bucket])
            bucket++;
        assert_true(outage_bucket_us(bucket) > us);
        assert_true(outage_bucket_us(bucket) <= us + us / 8 + 1);
        assert_int_equal(outage_median(&outage), us * 1000 + 999); // never above the longest
    }
    outage_add(&outage, UINT64_MAX); // into the last bucket
    assert_int_equal(outage.histogram[OUTAGE_BUCKETS - 1], 1);
}

static void test_outage_median(void **state)
{
    (void)state;
    struct outage outage = {0};
    for (int i = 0; i < 7; i++)
        outage_add(&outage, 2 * MS);
    for (int i = 0; i < 6; i++)
        outage_add(&outage, 900 * MS);
    outage_add(&outage, 5000);
    assert_int_equal(outage.count, 14);
    assert_int_equal(outage.shortest, 5000);
    assert_int_equal(outage.longest, 900 * MS);
    assert_int_equal(outage.last, 5000);
    assert_in_range(outage_median(&outage), 2 * MS, 2 * MS + MS / 4);
}

static int format_address(const char *binary, uint64_t address, char *to, size_t room)
{
    return snprintf(to, room, "%s@%llx", binary, (unsigned long long)address);
}

static struct service sample(void)
{
    struct service service = {.manifest = &manifest, .state = RS_RUNNING, .died_at = 5};
    strcpy(service.name, "t.0");
    service.last = (struct process_status){
        .cause = DEATH_FAULT,
        .fault_address = 0x10,
        .fault_access = PROT_WRITE,
        .program_counter = 0x401000,
        .backtrace = {0x401000, 0x402001, 0x403001},
        .backtrace_depth = 3,
    };
    return service;
}

static void test_cause(void **state)
{
    (void)state;
    char text[256];
    struct service service = sample();
    text_cause(&service, format_address, text, sizeof(text));
    assert_string_equal(
        text, "memory fault at 0x10 writing, in tbin@401000 <- tbin@402000 <- tbin@403000");
    service.last.fault_access = PROT_EXECUTE;
    service.last.backtrace_depth = 1000; // the kernel's word, but checked
    text_cause(&service, format_address, text, sizeof(text));
    assert_non_null(strstr(text, "0x10 executing"));
    service.last.cause = DEATH_KILLED;
    strcpy(service.last_reason, "no heartbeat");
    text_cause(&service, format_address, text, sizeof(text));
    assert_string_equal(text, "killed: no heartbeat"); // before it had a thread
    service.last.backtrace_depth = 2;
    service.last.stack_pointer = 0x7000;
    text_cause(&service, format_address, text, sizeof(text));
    assert_string_equal(text, "killed: no heartbeat, in tbin@401000 <- tbin@402000");
    service.last.cause = DEATH_EXIT;
    service.last.code = -3;
    text_cause(&service, format_address, text, sizeof(text));
    assert_string_equal(text, "exit code -3");
}

// Whatever the room, the text is cut there, terminated, and its whole length is told.
static void test_cut(void **state)
{
    (void)state;
    char whole[2048];
    struct service service = sample();
    service.owner = &service;
    strcpy(manifest.description, "a test");
    strcpy(manifest.class, "block");
    manifest.needs = 2;
    strcpy(manifest.need[0].name, "log");
    strcpy(manifest.need[1].name, "rs");
    size_t length = text_status(&service, format_address, 3000000, whole, sizeof(whole));
    assert_int_equal(length, strlen(whole));
    assert_non_null(strstr(whole, "needs:       log, rs\n"));
    assert_non_null(strstr(whole, "uptime:      0.003000\n"));
    assert_non_null(strstr(whole, "cause:       memory fault"));
    for (size_t room = 1; room <= length; room++) {
        char *part = malloc(room);
        assert_int_equal(text_status(&service, format_address, 3000000, part, room), length);
        assert_int_equal(part[room - 1], 0);
        assert_memory_equal(part, whole, room - 1);
        free(part);
    }
    struct process_status current = {.id = 9, .resident_bytes = 4096};
    text_stats(&service, &current, 3000000, whole, sizeof(whole));
    assert_non_null(strstr(whole, "process 9\n"));
    assert_non_null(strstr(whole, "uptime_ms 3\n"));
}

static void test_dma(void **state)
{
    (void)state;
    char text[2048];
    struct service service = sample();
    text_status(&service, format_address, 3000000, text, sizeof(text));
    assert_null(strstr(text, "DMA"));
    text_stats(&service, NULL, 3000000, text, sizeof(text));
    assert_null(strstr(text, "dma"));

    service.dma.protection = RS_DMA_UNPROTECTED;
    text_status(&service, format_address, 3000000, text, sizeof(text));
    assert_non_null(strstr(text, "device:      DMA unprotected\n"));
    text_stats(&service, NULL, 3000000, text, sizeof(text));
    assert_non_null(strstr(text, "dma_faults 0\n"));
    assert_null(strstr(text, "dma_fault_address"));

    service.dma = (struct rs_dma){RS_DMA_CONFINED, PROT_WRITE, 3, 0x7000};
    text_status(&service, format_address, 3000000, text, sizeof(text));
    assert_non_null(strstr(text, "device:      DMA confined\n"));
    text_stats(&service, NULL, 3000000, text, sizeof(text));
    assert_non_null(
        strstr(text, "dma_faults 3\ndma_fault_address 0x7000\ndma_fault_access write\n"));
    text_dma_fault(&service.dma, text, sizeof(text));
    assert_string_equal(text, "DMA fault at 0x7000 (write)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_back_off, setup),
        cmocka_unit_test_setup(test_decay, setup),
        cmocka_unit_test_setup(test_excused, setup),
        cmocka_unit_test_setup(test_renew, setup),
        cmocka_unit_test_setup(test_outage_buckets, setup),
        cmocka_unit_test_setup(test_outage_median, setup),
        cmocka_unit_test_setup(test_back_off_never_overflows, setup),
        cmocka_unit_test_setup(test_restart_kinds, setup),
        cmocka_unit_test_setup(test_cause, setup),
        cmocka_unit_test_setup(test_cut, setup),
        cmocka_unit_test_setup(test_dma, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
