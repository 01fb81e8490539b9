// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "tests/guest/rs/client.h"
#include "abi/log.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/thread.h"

#include <string.h>

static void put_name(struct message *message, unsigned first, const char *name)
{
    char padded[RS_NAME_MAX] = {0};
    strlcpy(padded, name, sizeof(padded));
    message_put_bytes(message, first, padded, sizeof(padded));
}

static int64_t call(const char *server, struct message *message, enum rs_op op, unsigned words,
                    unsigned handles)
{
    message->tag = message_tag((int32_t)op, words, handles);
    return message_call_retry(startup_handle(server), message);
}

int64_t rs_create(const char *template, const char *key, uint32_t *id)
{
    struct message message = {0};
    unsigned words = key ? 2 * RS_NAME_WORDS : RS_NAME_WORDS;
    put_name(&message, 0, template);
    if (key)
        put_name(&message, RS_NAME_WORDS, key);
    int64_t status = call("rs", &message, RS_INSTANCE_CREATE, words, 0);
    *id = (uint32_t)message.word[0];
    return status;
}

int64_t rs_argument(uint32_t id, const char *word)
{
    struct message message = {.word = {id, strlen(word)}};
    int64_t words = message_put_bytes(&message, 2, word, strlen(word));
    return call("rs", &message, RS_INSTANCE_ARGUMENT, 2 + (unsigned)words, 0);
}

int64_t rs_grant(uint32_t id, const char *name, uint64_t value, handle_t handle)
{
    struct message message = {.word = {id, 1}, .handle = {handle}};
    struct rs_grant grant = {.value = value};
    strlcpy(grant.name, name, sizeof(grant.name));
    int64_t words = message_put_bytes(&message, 2, &grant, sizeof(grant));
    return call("rs", &message, RS_INSTANCE_GRANT, 2 + (unsigned)words, 1);
}

int64_t rs_start(uint32_t id, handle_t *endpoint)
{
    struct message message = {.word = {id}};
    int64_t status = call("rs", &message, RS_INSTANCE_START, 1, 0);
    *endpoint = status < 0 ? HANDLE_NONE : message.handle[0];
    return status;
}

int64_t rs_on_instance(enum rs_op op, uint32_t id)
{
    struct message message = {.word = {id}};
    return call("rs", &message, op, 1, 0);
}

int64_t rs_instance_at(uint64_t index, struct rs_instance *instance)
{
    struct message message = {.word = {index}};
    int64_t status = call("rs", &message, RS_INSTANCE_AT, 1, 0);
    return status < 0 ? status : message_get_bytes(&message, 0, instance, sizeof(*instance));
}

int64_t rs_keep(const char *name, handle_t handle)
{
    struct message message = {.handle = {handle}};
    put_name(&message, 0, name);
    return call("rs", &message, RS_KEEP, RS_NAME_WORDS, handle != HANDLE_NONE);
}

int64_t rs_kept(uint64_t index, char name[RS_NAME_MAX], handle_t *handle)
{
    struct message message = {.word = {index}};
    int64_t status = call("rs", &message, RS_KEPT, 1, 0);
    if (status < 0)
        return status;
    *handle = message.handle[0];
    return message_get_bytes(&message, 0, name, RS_NAME_MAX);
}

int64_t rs_find(const char *name, struct rs_service_info *info)
{
    struct message message = {0};
    put_name(&message, 0, name);
    int64_t status = call("rs", &message, RS_FIND, RS_NAME_WORDS, 0);
    return status < 0 ? status : message_get_bytes(&message, 0, info, sizeof(*info));
}

int64_t rs_connect(const char *name, handle_t *endpoint)
{
    struct message message = {0};
    put_name(&message, 0, name);
    int64_t status = call("rs", &message, RS_CONNECT, RS_NAME_WORDS, 0);
    *endpoint = status < 0 ? HANDLE_NONE : message.handle[0];
    return status;
}

int64_t rs_control(enum rs_control op, const char *name)
{
    struct message message = {.word = {op}};
    put_name(&message, 1, name);
    return call("rs", &message, RS_CONTROL, 1 + RS_NAME_WORDS, 0);
}

int64_t rs_complain(const char *name, uint64_t incarnation, time_ns_t since)
{
    struct message message = {.word = {incarnation, since}};
    put_name(&message, 2, name);
    return call("rs", &message, RS_COMPLAIN, 2 + RS_NAME_WORDS, 0);
}

int64_t rs_text(enum rs_text kind, const char *name, char *to, size_t room)
{
    size_t length = 0;
    uint64_t ticket = 0;
    for (;;) {
        struct message message = {.word = {kind, length, ticket}};
        put_name(&message, 3, name);
        int64_t bytes = call("rs", &message, RS_TEXT, 3 + RS_NAME_WORDS, 0);
        if (bytes < 0 || bytes >= (int64_t)(room - length))
            return bytes < 0 ? bytes : -E_2BIG;
        ticket = message.word[0];
        message_get_bytes(&message, 1, to + length, (size_t)bytes);
        length += (size_t)bytes;
        to[length] = 0;
        if (!bytes)
            return 0;
    }
}

int64_t log_text(const char *name, char *to, size_t room)
{
    size_t length = 0;
    uint64_t position = 0;
    to[0] = 0;
    for (;;) {
        struct message message = {.word = {position}};
        put_name(&message, 1, name);
        int64_t bytes = call("log", &message, (enum rs_op)LOG_READ, 1 + LOG_NAME_WORDS, 0);
        if (bytes <= 0 || bytes >= (int64_t)(room - length))
            return bytes < 0 ? bytes : 0;
        message_get_bytes(&message, 2, to + length, (size_t)bytes);
        length += (size_t)bytes;
        to[length] = 0;
        position = message.word[0];
    }
}

bool wait_state(const char *name, enum rs_state state, struct rs_service_info *info)
{
    time_ns_t deadline = sys_clock() + 10000000000ull;
    while (rs_find(name, info) == 0 && info->state != state) {
        if (sys_clock() > deadline)
            return false;
        thread_sleep_until(sys_clock() + 2000000);
    }
    return info->state == state;
}
