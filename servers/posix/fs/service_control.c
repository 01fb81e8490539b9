// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/fs/service_control.h"

#include <stdlib.h>
#include <string.h>

#include "abi/rs.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/posix/wait.h"

// Sends the message with the service's name at `word`.
static int call_rs(struct message *message, unsigned word, const char *service)
{
    handle_t rs = startup_handle("rs");
    size_t length = strlen(service);
    if (rs == HANDLE_NONE || length >= RS_NAME_MAX)
        return -E_NODEV;
    memcpy(&message->word[word], service, length);
    posix_unlock();
    int64_t result = message_call_retry(rs, message);
    posix_lock();
    if (result >= 0)
        message_close_handles(message);
    return (int)result;
}

// The number at *at, which moves past it and the blanks before it; false: there is none.
static bool take_number(const char **at, uint64_t *value)
{
    char *end;
    *value = strtoul(*at, &end, 0);
    bool found = end != *at;
    *at = end;
    return found;
}

// "crash", "mutate SEED COUNT" ...: the service is to misbehave (abi/rs.h, RS_FAULT).
static int write_fault(const char *service, const char *word, size_t length, const char *rest)
{
    static const char *const words[RS_FAULTS] = {
        [RS_FAULT_CRASH] = "crash",    [RS_FAULT_ABORT] = "abort",
        [RS_FAULT_HANG] = "hang",      [RS_FAULT_SLEEP] = "sleep",
        [RS_FAULT_MUTE] = "mute",      [RS_FAULT_GARBAGE] = "garbage",
        [RS_FAULT_BAD_DMA] = "baddma", [RS_FAULT_LOST_IRQ] = "lostirq",
        [RS_FAULT_LEAK] = "leak",      [RS_FAULT_MUTATE] = "mutate",
    };
    for (unsigned i = RS_FAULT_NONE + 1; i < RS_FAULTS; i++) {
        if (strlen(words[i]) != length || memcmp(words[i], word, length) != 0)
            continue;
        struct message message = {.tag = message_tag(RS_FAULT, 3 + RS_NAME_WORDS, 0), .word = {i}};
        if (i == RS_FAULT_MUTATE &&
            !(take_number(&rest, &message.word[1]) && take_number(&rest, &message.word[2])))
            return -E_INVAL;
        return call_rs(&message, 3, service);
    }
    return -E_INVAL;
}

int service_control_write(const char *service, const char *data)
{
    static const struct {
        const char *word;
        enum rs_control control;
    } words[] = {{"start", RS_CONTROL_START},
                 {"stop", RS_CONTROL_STOP},
                 {"restart", RS_CONTROL_RESTART},
                 {"kill", RS_CONTROL_KILL}};
    size_t length = strcspn(data, " \n");
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].word) == length && memcmp(words[i].word, data, length) == 0) {
            struct message message = {.tag = message_tag(RS_CONTROL, 1 + RS_NAME_WORDS, 0),
                                      .word = {words[i].control}};
            return call_rs(&message, 1, service);
        }
    }
    return write_fault(service, data, length, data + length);
}
