// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// client_os.h over lib/sys.

#include "lib/block/client_os.h"

#include <stdarg.h>

#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

int client_os_queue_create(uint64_t bytes, handle_t *memory, void **address)
{
    int64_t object = sys_memory_create(bytes, 0, HANDLE_NONE);
    if (object < 0)
        return (int)object;
    struct aspace_map_args args = {
        .memory = (handle_t)object,
        .bytes = bytes,
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_POPULATE,
    };
    int64_t mapped = sys_aspace_map(HANDLE_SELF, &args);
    if (mapped < 0) {
        sys_handle_close((handle_t)object);
        return (int)mapped;
    }
    *memory = (handle_t)object;
    *address = (void *)(uintptr_t)mapped;
    return 0;
}

void client_os_queue_destroy(uint64_t bytes, handle_t memory, void *address)
{
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)address, bytes);
    sys_handle_close(memory);
}

int client_os_call(handle_t endpoint, struct message *message, time_ns_t deadline)
{
    int64_t status = sys_call_until(endpoint, message, deadline);
    if (status >= 0)
        return message_label(message->tag);
    *message = (struct message){.tag = 0}; // the request's handles are not an answer's to close
    return (int)status;
}

void client_os_close_handles(struct message *message)
{
    message_close_handles(message);
}

int client_os_notification_create(handle_t *notification)
{
    int64_t created = sys_notification_create();
    if (created < 0)
        return (int)created;
    *notification = (handle_t)created;
    return 0;
}

int client_os_duplicate(handle_t handle, handle_t *copy)
{
    struct handle_info info;
    int64_t status = sys_handle_info(handle, &info);
    if (status < 0)
        return (int)status;
    status = sys_handle_duplicate(handle, info.rights, info.badge);
    if (status < 0)
        return (int)status;
    *copy = (handle_t)status;
    return 0;
}

int client_os_signal_handle(handle_t notification, uint64_t bits, handle_t *handle)
{
    int64_t copy =
        sys_handle_duplicate(notification, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER, bits);
    if (copy < 0)
        return (int)copy;
    *handle = (handle_t)copy;
    return 0;
}

void client_os_close(handle_t handle)
{
    if (handle != HANDLE_NONE)
        sys_handle_close(handle);
}

handle_t client_os_startup_handle(const char *name)
{
    return startup_handle(name);
}

void client_os_signal(handle_t notification)
{
    sys_signal(notification);
}

int client_os_wait(handle_t notification, time_ns_t deadline, uint64_t *bits)
{
    return (int)sys_wait(notification, deadline, bits);
}

void client_os_futex_wait(uint32_t *word, uint32_t value, time_ns_t deadline)
{
    struct futex_wait_args args = {
        .aspace = HANDLE_SELF,
        .address = (uint64_t)(uintptr_t)word,
        .expected = value,
        .bitset = UINT32_MAX,
        .deadline = deadline,
    };
    sys_futex_wait(&args); // woken, changed, or timed out: the caller looks again in any case
}

void client_os_futex_wake_all(uint32_t *word)
{
    sys_futex_wake(HANDLE_SELF, (uint64_t)(uintptr_t)word, INT32_MAX, UINT32_MAX);
}

time_ns_t client_os_clock(void)
{
    return sys_clock();
}

void client_os_log(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    sys_log_list(LOG_WARNING, format, list);
    va_end(list);
}
