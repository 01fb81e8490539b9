// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "lib/sys/rs_client.h"
#include "abi/rs.h"
#include "lib/sys/fault.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

// The answer replaces *message.
static int call(struct message *message)
{
    handle_t rs = startup_handle("rs");
    int64_t status = 0;
    if (rs == HANDLE_NONE)
        message->tag = 0;
    else
        status = message_call_retry(rs, message);
    return status < 0 ? (int)status : 0;
}

static int tell(enum rs_op op, handle_t handle)
{
    struct message message = {.tag = message_tag((int32_t)op, 0, handle != HANDLE_NONE),
                              .handle = {handle}};
    return call(&message);
}

static int offer(handle_t notification, uint64_t bit, enum rs_op op)
{
    int64_t signal = sys_handle_duplicate(notification, RIGHT_SEND | RIGHT_TRANSFER, bit);
    if (signal < 0)
        return (int)signal;
    int status = tell(op, (handle_t)signal);
    (void)sys_handle_close((handle_t)signal); // rs has its own
    return status;
}

int rs_offer_signals(handle_t notification, uint64_t ping, uint64_t stop)
{
    int status = offer(notification, ping, RS_HEARTBEAT);
    if (status == -E_INVAL) // the manifest wants none
        log_debug("no heartbeat");
    else if (status < 0)
        return status;
    return offer(notification, stop, RS_STOP_SIGNAL);
}

int rs_say_ready(void)
{
    return tell(RS_READY, HANDLE_NONE);
}

int rs_say_alive(void)
{
    static bool leaks; // it goes on until somebody notices
    struct message message = {.tag = message_tag(RS_HEARTBEAT, 0, 0)};
    int status = call(&message);
    enum rs_fault fault = status == 0 ? fault_in(&message) : RS_FAULT_NONE;
    leaks |= fault == RS_FAULT_LEAK;
    if (leaks)
        (void)fault_commit(RS_FAULT_LEAK);
    if (fault == RS_FAULT_NONE || fault == RS_FAULT_LEAK)
        return status;
    return fault_commit(fault) == -E_OPNOTSUPP ? (int)fault : 0;
}
