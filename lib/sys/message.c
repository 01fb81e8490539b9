// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Messages of any length: the bridge between struct message and the registers plus the thread's IPC
// buffer.

#include "lib/sys/ipc.h"

#include <string.h>

static void message_load(struct ipc_frame *frame, const struct message *message)
{
    frame->tag = message->tag;
    for (unsigned i = 0; i < MESSAGE_REGISTER_WORDS; i++)
        frame->word[i] = message->word[i];

    unsigned words = message_words(message->tag);
    unsigned handles = message_handles(message->tag);
    if (words > MESSAGE_REGISTER_WORDS && words <= MESSAGE_WORDS) {
        struct ipc_buffer *ipc = &thread_self()->ipc;
        for (unsigned i = MESSAGE_REGISTER_WORDS; i < words; i++)
            ipc->word[i] = message->word[i];
    }
    if (handles && handles <= MESSAGE_HANDLES) {
        struct ipc_buffer *ipc = &thread_self()->ipc;
        for (unsigned i = 0; i < handles; i++)
            ipc->handle[i] = message->handle[i];
    }
}

static void message_store(struct message *message, const struct ipc_frame *frame)
{
    message->tag = frame->tag;
    message->badge = frame->badge;
    for (unsigned i = 0; i < MESSAGE_REGISTER_WORDS; i++)
        message->word[i] = frame->word[i];

    unsigned words = message_words(frame->tag);
    unsigned handles = message_handles(frame->tag);
    if (words > MESSAGE_REGISTER_WORDS) {
        const struct ipc_buffer *ipc = &thread_self()->ipc;
        for (unsigned i = MESSAGE_REGISTER_WORDS; i < words && i < MESSAGE_WORDS; i++)
            message->word[i] = ipc->word[i];
    }
    for (unsigned i = 0; i < MESSAGE_HANDLES; i++)
        message->handle[i] = i < handles ? thread_self()->ipc.handle[i] : HANDLE_NONE;
}

static int64_t message_exchange(uint64_t number, handle_t handle, struct message *message)
{
    struct ipc_frame frame;
    message_load(&frame, message);
    int64_t status = syscall_message(number, handle, &frame);
    if (status >= 0)
        message_store(message, &frame);
    return status;
}

int64_t sys_call(handle_t endpoint, struct message *message)
{
    return message_exchange(SYS_CALL, endpoint, message);
}

int64_t sys_call_until(handle_t endpoint, struct message *message, time_ns_t deadline)
{
    thread_self()->ipc.deadline = deadline;
    message->tag |= MESSAGE_DEADLINE;
    return message_exchange(SYS_CALL, endpoint, message);
}

int64_t sys_reply_receive(handle_t endpoint, struct message *message)
{
    return message_exchange(SYS_REPLY_RECEIVE, endpoint, message);
}

int64_t sys_receive(handle_t endpoint, struct message *message)
{
    message->tag = 0;
    return message_exchange(SYS_RECEIVE, endpoint, message);
}

int64_t sys_receive_until(handle_t endpoint, struct message *message, time_ns_t deadline)
{
    thread_self()->ipc.deadline = deadline;
    message->tag = MESSAGE_DEADLINE;
    return message_exchange(SYS_RECEIVE, endpoint, message);
}

int64_t sys_reply(const struct message *message)
{
    return sys_reply_to(HANDLE_NONE, message);
}

int64_t sys_reply_to(handle_t reply, const struct message *message)
{
    struct ipc_frame frame;
    message_load(&frame, message);
    return syscall_message(SYS_REPLY, reply, &frame);
}

int64_t message_call(handle_t endpoint, struct message *message)
{
    int64_t status = sys_call(endpoint, message);
    return status < 0 ? status : message_label(message->tag);
}

int64_t message_call_retry(handle_t endpoint, struct message *message)
{
    struct message request = *message;
    int64_t status = message_call(endpoint, message);
    for (int retry = 0; status == -E_RESTARTED && retry < MESSAGE_RETRIES; retry++) {
        *message = request;
        status = message_call(endpoint, message);
    }
    return status;
}

int64_t message_put_bytes(struct message *message, unsigned first, const void *data, size_t bytes)
{
    if (first > MESSAGE_WORDS || bytes > (MESSAGE_WORDS - first) * sizeof(uint64_t))
        return -E_2BIG;
    size_t words = (bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t);
    if (words)
        message->word[first + words - 1] = 0;
    memcpy(&message->word[first], data, bytes);
    return (int64_t)words;
}

int64_t message_get_bytes(const struct message *message, unsigned first, void *data, size_t bytes)
{
    unsigned words = message_words(message->tag);
    if (words > MESSAGE_WORDS)
        words = MESSAGE_WORDS;
    if (first > words || bytes > (words - first) * sizeof(uint64_t))
        return -E_PROTO;
    memcpy(data, &message->word[first], bytes);
    return 0;
}

void message_close_handles(struct message *message)
{
    for (unsigned i = 0; i < MESSAGE_HANDLES; i++) {
        if (message->handle[i] != HANDLE_NONE)
            (void)sys_handle_close(message->handle[i]); // a bad handle here is one less to close
        message->handle[i] = HANDLE_NONE;
    }
}
