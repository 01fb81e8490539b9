// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Requests to devmgr, the log server and the real-time clock's driver (machine.h).

#include "servers/posix/machine.h"

#include <string.h>

#include "abi/devmgr.h"
#include "abi/error.h"
#include "abi/log.h"
#include "abi/rs.h"
#include "abi/rtc.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/posix/clock.h"
#include "servers/posix/user.h"
#include "servers/posix/wait.h"

// A service's endpoint. HANDLE_NONE: there is no such service, or the manifest does not allow it.
// The startup grant "log" is the process's own log ring, so services are asked for by RS_CONNECT.
static handle_t connect(const char *name)
{
    struct message message = {.tag = message_tag(RS_CONNECT, RS_NAME_WORDS, 0)};
    char padded[RS_NAME_MAX] = {0};
    strlcpy(padded, name, sizeof(padded));
    memcpy(message.word, padded, sizeof(padded));
    int64_t error = message_call_retry(startup_handle("rs"), &message);
    if (error < 0 || message_handles(message.tag) < 1)
        return HANDLE_NONE;
    return message.handle[0];
}

static handle_t log_server(void)
{
    static handle_t server;
    if (server == HANDLE_NONE)
        server = connect("log");
    return server;
}

// Where reading begins since the last "dmesg -c".
static uint64_t log_start;

int machine_end(enum machine_end end)
{
    struct message message = {.tag = message_tag(DEVMGR_POWER, 1, 0)};
    message.word[0] = end == MACHINE_END_RESTART ? POWER_REBOOT : POWER_OFF;
    posix_unlock();
    log_info(end == MACHINE_END_RESTART ? "restarting" : "powering off");
    int64_t error = message_call_retry(startup_handle("devmgr"), &message);
    posix_lock();
    return error < 0 ? (int)error : -E_IO;
}

// ---- the log ----

// Text from *position on; *position becomes where it ended. Bytes, 0 at the end, or an error.
static int64_t read_log(handle_t server, uint64_t *position, char *text)
{
    struct message message = {.tag = message_tag(LOG_READ, 1 + LOG_NAME_WORDS, 0)};
    message.word[0] = *position;
    int64_t bytes = message_call_retry(server, &message);
    if (bytes <= 0)
        return bytes;
    if (bytes > LOG_TEXT_BYTES || message_get_bytes(&message, 2, text, (size_t)bytes) < 0)
        return -E_PROTO;
    *position = message.word[0];
    return bytes;
}

static int64_t log_end(handle_t server)
{
    struct message message = {.tag = message_tag(LOG_STATS, LOG_NAME_WORDS, 0)};
    struct log_stats stats;
    int64_t error = message_call_retry(server, &message);
    if (error < 0)
        return error;
    if (message_get_bytes(&message, 0, &stats, sizeof(stats)) < 0)
        return -E_PROTO;
    return (int64_t)stats.bytes;
}

int64_t machine_log_read(struct task *task, uint64_t address, uint64_t bytes, bool clear)
{
    char text[LOG_TEXT_BYTES];
    uint64_t done = 0;
    posix_unlock();
    handle_t server = log_server();
    int64_t end = log_end(server);
    uint64_t position = log_start;
    if (end >= 0 && (uint64_t)end > bytes && (uint64_t)end - bytes > position)
        position = (uint64_t)end - bytes;
    int64_t result = end < 0 ? end : 0;
    while (result >= 0 && done < bytes) {
        result = read_log(server, &position, text);
        if (result <= 0)
            break;
        uint64_t piece = (uint64_t)result < bytes - done ? (uint64_t)result : bytes - done;
        if (user_write(task, address + done, text, piece) != 0)
            result = -E_FAULT;
        else
            done += piece;
    }
    posix_lock();
    if (clear)
        log_start = position;
    return result < 0 ? result : (int64_t)done;
}

void machine_log_clear(void)
{
    posix_unlock();
    int64_t end = log_end(log_server());
    posix_lock();
    if (end >= 0)
        log_start = (uint64_t)end;
}

// ---- devices of class misc ----

static int find_device(const char *name, struct device_info *info)
{
    struct message message = {.word = {DEVICE_MISC}};
    char padded[DEVICE_NAME_MAX] = {0};
    strlcpy(padded, name, sizeof(padded));
    message_put_bytes(&message, 1, padded, sizeof(padded));
    message.tag = message_tag(DEVMGR_FIND, 3, 0);
    int error = (int)message_call_retry(startup_handle("devmgr"), &message);
    if (error >= 0)
        error = (int)message_get_bytes(&message, 0, info, sizeof(*info));
    if (error < 0)
        return error;
    info->service[DEVICE_SERVICE_MAX - 1] = '\0';
    return info->state == DEVICE_FAILED || info->state == DEVICE_UNCLAIMED ? -E_NODEV : 0;
}

int machine_connect_device(const char *name, handle_t *endpoint)
{
    struct device_info info;
    int error = find_device(name, &info);
    if (error < 0)
        return error;
    *endpoint = connect(info.service);
    return *endpoint == HANDLE_NONE ? -E_NODEV : 0;
}

int64_t machine_call(handle_t endpoint, struct message *message, uint64_t timeout)
{
    struct message request = *message;
    time_ns_t deadline = sys_clock() + timeout;
    int64_t error;
    do {
        *message = request;
        error = sys_call_until(endpoint, message, deadline);
    } while (error == -E_RESTARTED);
    if (error < 0)
        return error;
    message_close_handles(message); // none was asked for
    return message_label(message->tag);
}

int64_t machine_call_device(const char *name, struct message *message, uint64_t timeout)
{
    struct device_info info;
    int64_t error = find_device(name, &info);
    handle_t endpoint = error < 0 ? HANDLE_NONE : connect(info.service);
    if (endpoint == HANDLE_NONE)
        return error < 0 ? error : -E_NODEV;
    time_ns_t began = sys_clock();
    error = machine_call(endpoint, message, timeout);
    sys_handle_close(endpoint);
    if (error != -E_TIMEDOUT || sys_clock() - began < timeout)
        return error;
    struct message complaint = {.tag = message_tag(RS_COMPLAIN, 2 + RS_NAME_WORDS, 0),
                                .word = {info.incarnation, began}};
    memcpy(&complaint.word[2], info.service, sizeof(info.service));
    error = message_call_retry(startup_handle("rs"), &complaint);
    log_warning("%s: its driver does not answer, and is to be replaced: %s (%d)", name,
                error < 0 ? "rs refuses" : "rs agrees", (int)error);
    return -E_TIMEDOUT;
}

// ---- the wall clock ----

#define CLOCK_NS 5000000000ull // of its driver's answer

void machine_read_clock(void)
{
    struct message message = {.tag = message_tag(RTC_READ, 0, 0)};
    posix_unlock();
    int64_t error = machine_call_device("rtc0", &message, CLOCK_NS);
    posix_lock();
    if (error >= 0 && message_words(message.tag) >= 1)
        clock_set_realtime(message.word[0] * NS_PER_SECOND);
    else
        log_warning("no real-time clock answers: the date is wrong");
}
