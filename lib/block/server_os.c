// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// server_os.h over lib/sys.

#include "lib/block/server_os.h"

#include <stdarg.h>

#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

int64_t block_os_memory_bytes(handle_t memory)
{
    struct handle_info info;
    int64_t status = sys_handle_info(memory, &info);
    if (status < 0)
        return status;
    if (info.type != OBJECT_MEMORY || info.size > INT64_MAX)
        return -E_BADF;
    return (int64_t)info.size;
}

int block_os_map(handle_t memory, uint64_t bytes, void **address)
{
    struct aspace_map_args args = {
        .memory = memory,
        .bytes = bytes,
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_POPULATE, // a client cannot make the driver fault later
    };
    int64_t mapped = sys_aspace_map(HANDLE_SELF, &args);
    if (mapped < 0)
        return (int)mapped;
    *address = (void *)(uintptr_t)mapped;
    return 0;
}

void block_os_unmap(void *address, uint64_t bytes)
{
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)address, bytes);
}

void block_os_signal(handle_t notification)
{
    sys_signal(notification);
}

void block_os_close(handle_t handle)
{
    if (handle != HANDLE_NONE)
        sys_handle_close(handle);
}

void block_os_reply(handle_t reply, int status)
{
    struct message message = {.tag = message_tag(status, 0, 0)};
    sys_reply_to(reply, &message);
}

uint64_t block_os_incarnation(void)
{
    return startup_page()->incarnation;
}

time_ns_t block_os_clock(void)
{
    return sys_clock();
}

void block_os_log(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    sys_log_list(LOG_INFO, format, list);
    va_end(list);
}
