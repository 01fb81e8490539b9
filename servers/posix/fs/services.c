// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/fs/services.h"

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "abi/linux_file.h"
#include "abi/log.h"
#include "abi/rs.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/posix/filesystem.h"
#include "servers/posix/task.h"
#include "servers/posix/vfs.h"

enum { TEXT_CALLS_MAX = 4096, LAST_LINES = 10, BINARY_BYTES_MAX = 16 << 20 };

// ---- calls ----

int64_t service_call(const char *server, struct message *message)
{
    handle_t endpoint = startup_handle(server);
    if (endpoint == HANDLE_NONE)
        return -E_NODEV;
    posix_unlock();
    int64_t result = message_call_retry(endpoint, message);
    posix_lock();
    if (result >= 0)
        message_close_handles(message);
    return result;
}

void service_put_name(struct message *message, unsigned word, const char *name)
{
    char padded[RS_NAME_MAX] = {0};
    memcpy(padded, name, strnlen(name, sizeof(padded) - 1));
    memcpy(&message->word[word], padded, sizeof(padded));
}

int service_append(struct proc_text *text, const struct message *message, unsigned first,
                   int64_t bytes)
{
    size_t room = (MESSAGE_WORDS - first) * sizeof(uint64_t);
    if (bytes < 0 || (uint64_t)bytes > room)
        return -E_IO;
    proc_append(text, (const char *)&message->word[first], (size_t)bytes);
    return 0;
}

// ---- texts ----

static int show_text(struct proc_text *text, const char *service, enum rs_text which)
{
    const size_t start = text->used;
    uint64_t ticket = 0;
    for (unsigned i = 0; i < TEXT_CALLS_MAX; i++) {
        struct message message = {.tag = message_tag(RS_TEXT, 3 + RS_NAME_WORDS, 0),
                                  .word = {which, text->used - start, ticket}};
        service_put_name(&message, 3, service);
        int64_t bytes = service_call("rs", &message);
        if (bytes == -E_AGAIN) { // others have read so many that this one's text is gone
            text->used = start;
            continue;
        }
        if (bytes <= 0)
            return (int)bytes;
        ticket = message.word[0];
        int error = service_append(text, &message, 1, bytes);
        if (error != 0)
            return error;
    }
    return 0;
}

int service_show_stats(struct proc_text *text, const char *service)
{
    return show_text(text, service, RS_TEXT_STATS);
}

int service_show_log(struct proc_text *text, const char *service)
{
    uint64_t position = 0;
    for (unsigned i = 0; i < TEXT_CALLS_MAX; i++) {
        struct message message = {.tag = message_tag(LOG_READ, 1 + RS_NAME_WORDS, 0),
                                  .word = {position}};
        service_put_name(&message, 1, service);
        int64_t bytes = service_call("log", &message);
        if (bytes <= 0)
            return (int)bytes;
        position = message.word[0];
        int error = service_append(text, &message, 2, bytes);
        if (error != 0)
            return error;
    }
    return 0;
}

// Where the last `lines` lines begin.
static size_t find_last(const struct proc_text *text, unsigned lines)
{
    size_t at = text->used;
    while (at > 0 && (text->data[at - 1] != '\n' || at == text->used || lines-- > 1))
        at--;
    return at;
}

int service_show_status(struct proc_text *text, const char *service)
{
    struct proc_text log = {.data = NULL};
    int error = show_text(text, service, RS_TEXT_STATUS);
    if (error == 0 && service_show_log(&log, service) == 0 && log.error == 0 && log.used > 0) {
        size_t from = find_last(&log, LAST_LINES);
        proc_printf(text, "last lines:\n");
        proc_append(text, log.data + from, log.used - from);
    }
    free(log.data); // a service without a log has a status all the same
    return error;
}

// ---- control ----

static int control(const char *service, enum rs_control what)
{
    struct message message = {.tag = message_tag(RS_CONTROL, 1 + RS_NAME_WORDS, 0), .word = {what}};
    service_put_name(&message, 1, service);
    return (int)service_call("rs", &message);
}

static int update(const char *service, handle_t binary, uint64_t bytes)
{
    struct message message = {
        .tag = message_tag(RS_UPDATE, 1 + RS_NAME_WORDS, binary != HANDLE_NONE),
        .word = {bytes},
        .handle = {binary},
    };
    service_put_name(&message, 1, service);
    return (int)service_call("rs", &message);
}

// Reads the file into the mapped memory; its bytes, or an error.
static int64_t read_whole(struct file *file, uint8_t *to)
{
    uint64_t bytes = 0;
    for (;;) {
        int64_t got = vfs_pread(file, to + bytes, BINARY_BYTES_MAX - bytes, bytes);
        if (got <= 0)
            return got < 0 ? got : (int64_t)bytes;
        bytes += (uint64_t)got;
        if (bytes == BINARY_BYTES_MAX)
            return -E_FBIG;
    }
}

static int64_t read_binary(struct file *file, handle_t memory)
{
    struct aspace_map_args args = {
        .memory = memory, .bytes = BINARY_BYTES_MAX, .prot = PROT_READ | PROT_WRITE};
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0)
        return address;
    int64_t bytes = read_whole(file, (uint8_t *)(uintptr_t)address);
    (void)sys_aspace_unmap(HANDLE_SELF, (uint64_t)address, BINARY_BYTES_MAX); // just mapped
    return bytes;
}

static int update_from_file(struct task *who, const char *service, const char *path)
{
    struct vfs_caller caller;
    struct file *file;
    vfs_caller_of(who, &caller);
    int error = vfs_open(&caller, NULL, path, LINUX_O_RDONLY, 0, &file);
    if (error != 0)
        return error;
    int64_t memory = sys_memory_create(BINARY_BYTES_MAX, 0, HANDLE_NONE); // pages come when touched
    int64_t bytes = memory < 0 ? memory : read_binary(file, (handle_t)memory);
    file_put(file);
    error = bytes < 0 ? (int)bytes : update(service, (handle_t)memory, (uint64_t)bytes);
    if (memory >= 0)
        (void)sys_handle_close((handle_t)memory); // ours
    return error;
}

// ---- faults ----

// The number at *at, which moves past it and the blanks before it; false: there is none.
static bool take_number(const char **at, uint64_t *value)
{
    char *end;
    *value = strtoul(*at, &end, 0);
    bool found = end != *at;
    *at = end;
    return found;
}

// "crash", "crash MOMENT", "mutate SEED COUNT" ...: the service is to misbehave (abi/rs.h,
// RS_FAULT).
static int make_fault(const char *service, const char *line)
{
    static const char *const words[RS_FAULTS] = {
        [RS_FAULT_CRASH] = "crash",    [RS_FAULT_ABORT] = "abort",
        [RS_FAULT_HANG] = "hang",      [RS_FAULT_SLEEP] = "sleep",
        [RS_FAULT_MUTE] = "mute",      [RS_FAULT_GARBAGE] = "garbage",
        [RS_FAULT_BAD_DMA] = "baddma", [RS_FAULT_LOST_IRQ] = "lostirq",
        [RS_FAULT_LEAK] = "leak",      [RS_FAULT_MUTATE] = "mutate",
    };
    size_t length = strcspn(line, " ");
    const char *rest = line + length;
    for (unsigned i = RS_FAULT_NONE + 1; i < RS_FAULTS; i++) {
        if (strlen(words[i]) != length || memcmp(words[i], line, length) != 0)
            continue;
        struct message message = {.tag = message_tag(RS_FAULT, 3 + RS_NAME_WORDS, 0), .word = {i}};
        if (i == RS_FAULT_MUTATE &&
            !(take_number(&rest, &message.word[1]) && take_number(&rest, &message.word[2])))
            return -E_INVAL;
        if (i == RS_FAULT_CRASH)
            (void)take_number(&rest, &message.word[2]); // if there is one
        service_put_name(&message, 3, service);
        return (int)service_call("rs", &message);
    }
    return -E_INVAL;
}

// ---- all that ctl takes ----

int service_control(struct task *who, const char *service, const char *line)
{
    static const struct {
        const char *word;
        enum rs_control what;
    } words[] = {{"start", RS_CONTROL_START},
                 {"stop", RS_CONTROL_STOP},
                 {"restart", RS_CONTROL_RESTART},
                 {"kill", RS_CONTROL_KILL}};
    struct vfs_caller caller;
    char text[SERVICE_CONTROL_MAX];
    vfs_caller_of(who, &caller);
    if (!caller.privileged)
        return -E_PERM;
    (void)strlcpy(text, line, sizeof(text)); // what fits is what was written
    text[strcspn(text, "\n")] = '\0';
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i].word, text) == 0)
            return control(service, words[i].what);
    if (strcmp(text, "update") == 0)
        return update(service, HANDLE_NONE, 0);
    if (strncmp(text, "update ", 7) == 0)
        return update_from_file(who, service, text + 7);
    return make_fault(service, text);
}
