// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Kills the services and drivers of the real system and expects each back, its device made safe by
// devmgr and taken over by the successor. Then tells what memory each takes.

#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/thread.h"
#include "tests/guest/guest_test.h"
#include "tests/guest/rs/client.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#define UART  "uart16550.0"
#define CHIP  "16550 UART" // in what it says when it starts
#define CLOCK "rtc_cmos.0"
#else
#define UART  "pl011.0"
#define CHIP  "PL011 UART"
#define CLOCK "rtc_pl031.0"
#endif

static const char *const names[] = {UART,  "virtio_blk.0", "virtio_console.0", "ext4", CLOCK,
                                    "log", "devmgr"};
enum { NAMES = sizeof(names) / sizeof(names[0]), ROUNDS = 4 };

static bool wait_incarnation(const char *name, uint64_t incarnation, struct rs_service_info *info)
{
    time_ns_t deadline = sys_clock() + 10000000000ull;
    do {
        if (rs_find(name, info) == 0 && info->incarnation >= incarnation &&
            info->state == RS_RUNNING)
            return true;
        thread_sleep_until(sys_clock() + 1000000);
    } while (sys_clock() < deadline);
    return false;
}

static void kill_and_expect(const char *name, enum rs_control how)
{
    struct rs_service_info before, after;
    if (!CHECK(wait_state(name, RS_RUNNING, &before))) {
        log_error("%s does not run", name);
        return;
    }
    time_ns_t start = sys_clock();
    if (!CHECK_EQUAL(rs_control(how, name), 0) ||
        !CHECK(wait_incarnation(name, before.incarnation + 1, &after))) {
        log_error("%s is not back: state %u", name, after.state);
        return;
    }
    CHECK_EQUAL(after.restarts, before.restarts + 1);
    CHECK_EQUAL(after.crashes, before.crashes + (how == RS_CONTROL_KILL));
    log_info("%s is back after %llu us", name, (unsigned long long)((sys_clock() - start) / 1000));
}

static void tell_memory(void)
{
    static char text[4096];
    uint64_t total = 0;
    for (uint64_t i = 0;; i++) {
        struct rs_service_info info;
        struct message message = {.tag = message_tag(RS_SERVICE, 1, 0), .word = {i}};
        if (message_call(startup_handle("rs"), &message) < 0)
            break;
        message_get_bytes(&message, 0, &info, sizeof(info));
        rs_text(RS_TEXT_STATS, info.name, text, sizeof(text));
        const char *resident = strstr(text, "resident_bytes ");
        if (!resident)
            continue;
        uint64_t bytes = strtoull(resident + 15, NULL, 10);
        total += bytes;
        log_info("%s: %llu KiB resident", info.name, (unsigned long long)(bytes / 1024));
    }
    struct info_memory memory = {0};
    sys_info(INFO_MEMORY, 0, &memory, sizeof(memory));
    log_info("%llu KiB resident in all; %llu of %llu KiB free", (unsigned long long)(total / 1024),
             (unsigned long long)(memory.free_bytes / 1024),
             (unsigned long long)(memory.total_bytes / 1024));
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    guest_test_begin();
    tell_memory();
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < NAMES; i++)
            kill_and_expect(names[i], round ? RS_CONTROL_RESTART : RS_CONTROL_KILL);
    // The log server died, too: its successor has the lines of before.
    static char text[16384];
    CHECK_EQUAL(log_text(UART, text, sizeof(text)), 0);
    const char *line = strstr(text, CHIP);
    for (int round = 0; round < ROUNDS; round++)
        line = CHECK(line != NULL) ? strstr(line + 1, CHIP) : NULL;
    tell_memory();
    guest_test_end();
}
