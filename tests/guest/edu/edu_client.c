// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The edu driver as its clients see it, alive and after a death.

#include "abi/error.h"
#include "abi/rs.h"
#include "lib/sys/sys.h"
#include "tests/guest/edu/edu.h"
#include "tests/guest/guest_test.h"
#include "tests/guest/rs/client.h"

static const char driver[] = "edu.0";

// Without interrupts the driver's time-out would answer, a second later each time.
#define INTERRUPTS_MISSED_NS 6000000000ull

static int64_t ask(handle_t endpoint, uint64_t number, uint64_t *factorial)
{
    struct message message = {.tag = message_tag(EDU_COMPUTE, 1, 0), .word = {number}};
    int64_t status = message_call_retry(endpoint, &message);
    *factorial = message.word[0];
    return status;
}

static void check_factorials(handle_t endpoint)
{
    uint64_t expected = 1, factorial;
    time_ns_t start = sys_clock();
    for (uint64_t number = 1; number <= 12; number++) {
        expected *= number;
        CHECK_EQUAL(ask(endpoint, number, &factorial), 0);
        CHECK_EQUAL(factorial, expected);
    }
    CHECK(sys_clock() - start < INTERRUPTS_MISSED_NS);
    CHECK_EQUAL(ask(endpoint, 13, &factorial), -E_RANGE);
    struct message unknown = {.tag = message_tag(EDU_COMPUTE + 1, 0, 0)};
    CHECK_EQUAL(message_call(endpoint, &unknown), -E_NOSYS);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct rs_service_info info;
    handle_t endpoint; // outlives the driver
    guest_test_begin();
    if (CHECK(wait_state(driver, RS_RUNNING, &info)) &&
        CHECK_EQUAL(rs_connect(driver, &endpoint), 0)) {
        check_factorials(endpoint);
        CHECK_EQUAL(rs_control(RS_CONTROL_KILL, driver), 0);
        check_factorials(endpoint);
        CHECK(wait_state(driver, RS_RUNNING, &info));
        CHECK_EQUAL(info.restarts, 1);
    }
    guest_test_end();
}
