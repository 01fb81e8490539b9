// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "lib/sys/rs_client.h"
#include "abi/rs.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

static int tell(enum rs_op op, handle_t handle)
{
    struct message message = {.tag = message_tag((int32_t)op, 0, handle != HANDLE_NONE),
                              .handle = {handle}};
    handle_t rs = startup_handle("rs");
    if (rs == HANDLE_NONE)
        return 0;
    int64_t status = message_call_retry(rs, &message);
    return status < 0 ? (int)status : 0;
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
    return tell(RS_HEARTBEAT, HANDLE_NONE);
}
