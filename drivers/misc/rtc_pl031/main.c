// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// PL031 driver: the process. Answers RTC_READ (abi/rtc.h); the registers are "mmio0".

#include "abi/error.h"
#include "abi/rtc.h"
#include "drivers/misc/rtc_pl031/rtc_pl031.h"
#include "drivers/misc/rtc_pl031/rtc_pl031_hw.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"

static volatile uint8_t *registers;

static int init(struct driver *driver)
{
    volatile void *mapped;
    uint64_t bytes;
    int status = driver_map_registers(driver, 0, &mapped, &bytes);

    if (status == 0 && bytes < PL031_BYTES)
        status = -E_INVAL;
    if (status < 0)
        return status;
    registers = mapped;
    status = pl031_init(registers);
    if (status == 0)
        log_info("%s: PL031 real-time clock", driver->unit_name);
    return status;
}

static int handle_message(struct driver *driver, struct message *request, struct message *reply)
{
    (void)driver;
    if (message_label(request->tag) != RTC_READ)
        return -E_NOSYS;
    reply->word[0] = pl031_read(registers);
    reply->tag = message_tag(0, 1, 0);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct driver_ops ops = {
        .name = "rtc_pl031",
        .init = init,
        .handle_message = handle_message,
    };

    (void)argc;
    (void)argv;
    return driver_run(&ops, NULL);
}
