// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The PC's real-time clock: answers RTC_READ (abi/rtc.h). Alarm, periodic interrupt and setting are
// not implemented.
//
// The date is read twice until both readings agree, and not while the chip updates it (data sheet,
// "Update cycle": UIP is set 244 us before, and the update lasts up to 1 984 us).

#include <string.h>

#include "abi/error.h"
#include "abi/rtc.h"
#include "drivers/misc/rtc_cmos/rtc_cmos_hw.h"
#include "lib/driver/driver.h"
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

static int handle_message(struct driver *driver, struct message *request, struct message *reply)
{
    (void)driver;
    int64_t seconds = message_label(request->tag) == RTC_READ ? read_date() : -E_NOSYS;
    if (seconds < 0)
        return (int)seconds;
    reply->word[0] = (uint64_t)seconds;
    reply->tag = message_tag(0, 1, 0);
    return 0;
}

static int init(struct driver *driver)
{
    (void)driver;
    ports = startup_handle("io0");
    return ports != HANDLE_NONE ? 0 : -E_NODEV;
}

int main(int argc, char **argv)
{
    static const struct driver_ops ops = {
        .name = "rtc_cmos",
        .init = init,
        .handle_message = handle_message,
    };

    (void)argc;
    (void)argv;
    return driver_run(&ops, NULL);
}
