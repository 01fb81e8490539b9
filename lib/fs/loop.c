// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The process around the dispatch: start-up, the event loop, mapping session memory.

#include "abi/rs.h"
#include "lib/fs/server.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

static int session_map(handle_t memory, uint64_t bytes, uint8_t **session)
{
    struct handle_info info;
    int64_t status = sys_handle_info(memory, &info);
    if (status < 0)
        return (int)status;
    if (info.type != OBJECT_MEMORY || info.size < bytes)
        return -E_INVAL;
    struct aspace_map_args args = {
        .memory = memory,
        .bytes = bytes,
        .prot = PROT_READ | PROT_WRITE,
    };
    status = sys_aspace_map(HANDLE_SELF, &args);
    if (status < 0)
        return (int)status;
    *session = (uint8_t *)(uintptr_t)status;
    return 0;
}

static void session_unmap(uint8_t *session, uint64_t bytes)
{
    int64_t status = sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)session, bytes);
    if (status < 0)
        log_error("session memory stays mapped: error %d", (int)status);
}

static int say_ready(void)
{
    struct message message = {.tag = message_tag(RS_READY, 0, 0)};
    return (int)message_call_retry(startup_handle("rs"), &message);
}

int fs_server_run(const struct fs_format *format)
{
    static struct fs_server server;
    handle_t endpoint = startup_handle("endpoint");
    struct message message;

    server = (struct fs_server){
        .format = format,
        .next_number = (startup_page()->incarnation + 1) << 32 | 1,
        .session_map = session_map,
        .session_unmap = session_unmap,
    };
    int64_t status = say_ready();
    if (status == 0)
        status = sys_receive(endpoint, &message);
    while (status >= 0) {
        handle_t handles[MESSAGE_HANDLES];
        unsigned count = message_handles(message.tag);
        for (unsigned i = 0; i < count; i++)
            handles[i] = message.handle[i];
        fs_server_dispatch(&server, &message);
        for (unsigned i = 0; i < count; i++)
            if (handles[i] != HANDLE_NONE)
                sys_handle_close(handles[i]);
        status = sys_reply_receive(endpoint, &message);
    }
    log_error("%s: cannot serve: error %d", format->name, (int)status);
    return 1;
}
