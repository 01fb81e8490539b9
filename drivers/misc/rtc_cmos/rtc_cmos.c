// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The PC's real-time clock: answers RTC_READ (abi/rtc.h). Alarm, periodic interrupt and setting are
// not implemented.
//
// The date is read twice until both readings agree, and not while the chip updates it (data sheet,
// "Update cycle": UIP is set 244 us before, and the update lasts up to 1 984 us).

#include <string.h>

#include "abi/error.h"
#include "abi/rs.h"
#include "abi/rtc.h"
#include "drivers/misc/rtc_cmos/rtc_cmos_hw.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"

// All waits of this driver.
enum {
    UPDATE_POLL_NS = 250000, // between looks at UIP
    UPDATE_POLLS = 40,       // 10 ms: five times the longest update
    READINGS = 8,            // until two agree
};

static handle_t ports;

static uint8_t read_register(enum rtc_register number)
{
    (void)sys_port_write(ports, RTC_INDEX, 1, number);
    return (uint8_t)sys_port_read(ports, RTC_DATA, 1);
}

static int wait_for_update(void)
{
    for (int i = 0; i < UPDATE_POLLS; i++) {
        if ((read_register(RTC_REGISTER_A) & REGISTER_A_UIP) == 0)
            return 0;
        thread_sleep_until(sys_clock() + UPDATE_POLL_NS);
    }
    return -E_IO;
}

static void take_reading(struct rtc_reading *reading)
{
    *reading = (struct rtc_reading){
        .seconds = read_register(RTC_SECONDS),
        .minutes = read_register(RTC_MINUTES),
        .hours = read_register(RTC_HOURS),
        .day = read_register(RTC_DAY),
        .month = read_register(RTC_MONTH),
        .year = read_register(RTC_YEAR),
        .century = read_register(RTC_CENTURY),
        .register_b = read_register(RTC_REGISTER_B),
    };
}

static int64_t read_date(void)
{
    struct rtc_reading first, second;
    if ((read_register(RTC_REGISTER_D) & REGISTER_D_VRT) == 0)
        return -E_IO;
    for (int i = 0; i < READINGS; i++) {
        if (wait_for_update() < 0)
            return -E_IO;
        take_reading(&first);
        take_reading(&second);
        if (memcmp(&first, &second, sizeof(first)) == 0)
            return rtc_reading_to_seconds(&first);
    }
    return -E_IO;
}

static void answer(struct message *message)
{
    int64_t seconds = message_label(message->tag) == RTC_READ ? read_date() : -E_NOSYS;
    message_close_handles(message);
    if (seconds < 0) {
        message->tag = message_tag((int32_t)seconds, 0, 0);
        return;
    }
    message->word[0] = (uint64_t)seconds;
    message->tag = message_tag(0, 1, 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    handle_t endpoint = startup_handle("endpoint");
    ports = startup_handle("io0");
    struct message message = {.tag = message_tag(RS_READY, 0, 0)};
    int64_t error = message_call_retry(startup_handle("rs"), &message);
    if (error < 0)
        return 1;
    error = sys_receive(endpoint, &message);
    while (error >= 0) {
        answer(&message);
        error = sys_reply_receive(endpoint, &message);
    }
    log_error("receiving requests: error %d", (int)-error);
    return 1;
}
