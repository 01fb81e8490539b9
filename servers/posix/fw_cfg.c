// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See fw_cfg.h.

#include "servers/posix/fw_cfg.h"

#include <string.h>

#include "abi/error.h"
#include "lib/sys/sys.h"
#include "servers/posix/fs/proc/proc.h"
#include "servers/posix/machine.h"
#include "servers/posix/process.h"

enum { FILES_MAX = 256 };

#define ANSWER_NS 5000000000ull // of the driver

static struct fw_cfg_info files[FILES_MAX];
static unsigned file_count; // 0: not fetched yet, or the machine has no such device

// posix_lock not held.
static unsigned fetch(struct fw_cfg_info *to, handle_t endpoint)
{
    for (unsigned i = 0; i < FILES_MAX; i++) {
        struct message message = {.tag = message_tag(FW_CFG_INFO, 1, 0), .word = {i}};
        if (machine_call(endpoint, &message, ANSWER_NS) < 0 ||
            message_get_bytes(&message, 0, &to[i], sizeof(to[i])) < 0)
            return i;
        to[i].name[FW_CFG_NAME_MAX - 1] = '\0';
    }
    return FILES_MAX;
}

static void load(void)
{
    static struct fw_cfg_info fresh[FILES_MAX];
    static bool loading;
    handle_t endpoint;
    unsigned count = 0;
    if (file_count != 0 || loading)
        return;
    loading = true; // `fresh` is one thread's; others see nothing until it is done
    posix_unlock();
    if (machine_connect_device("fw_cfg0", &endpoint) == 0) {
        count = fetch(fresh, endpoint);
        sys_handle_close(endpoint);
    }
    posix_lock();
    memcpy(files, fresh, count * sizeof(fresh[0]));
    file_count = count;
    loading = false;
}

const struct fw_cfg_info *fw_cfg_find(const char *name)
{
    load();
    for (unsigned i = 0; i < file_count; i++) {
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    }
    return NULL;
}

// What of the file's name stands below `prefix`; NULL: it is not there.
static const char *below(const struct fw_cfg_info *file, const char *prefix)
{
    size_t length = strlen(prefix);
    if (length == 0)
        return file->name;
    if (strncmp(file->name, prefix, length) != 0 || file->name[length] != '/')
        return NULL;
    return file->name + length + 1;
}

static size_t component(const char *name)
{
    return strcspn(name, "/");
}

// Whether an earlier file has the same first component.
static bool is_repeated(unsigned index, const char *prefix, const char *name)
{
    for (unsigned i = 0; i < index; i++) {
        const char *other = below(&files[i], prefix);
        if (other != NULL && component(other) == component(name) &&
            memcmp(other, name, component(name)) == 0)
            return true;
    }
    return false;
}

bool fw_cfg_child(const char *prefix, unsigned index, char name[FW_CFG_NAME_MAX])
{
    load();
    for (unsigned i = 0; i < file_count; i++) {
        const char *found = below(&files[i], prefix);
        if (found == NULL || component(found) == 0 || is_repeated(i, prefix, found))
            continue;
        if (index-- == 0) {
            memset(name, 0, FW_CFG_NAME_MAX);
            memcpy(name, found, component(found));
            return true;
        }
    }
    return false;
}

bool fw_cfg_is_directory(const char *prefix)
{
    char name[FW_CFG_NAME_MAX];
    return fw_cfg_child(prefix, 0, name);
}

// posix_lock not held: `text` is the caller's own.
static int append(struct proc_text *text, const struct fw_cfg_info *file, handle_t endpoint)
{
    for (uint64_t at = 0; at < file->size;) {
        struct message message = {.tag = message_tag(FW_CFG_READ, 3, 0),
                                  .word = {file->key, at, FW_CFG_BYTES_MAX}};
        int64_t got = machine_call(endpoint, &message, ANSWER_NS);
        if (got < 0)
            return (int)got;
        if (got == 0 || got > FW_CFG_BYTES_MAX)
            return -E_IO;
        proc_append(text, (const char *)message.word, (size_t)got);
        at += (uint64_t)got;
    }
    return 0;
}

int fw_cfg_append(struct proc_text *text, const struct fw_cfg_info *file)
{
    handle_t endpoint;
    posix_unlock();
    int error = machine_connect_device("fw_cfg0", &endpoint);
    if (error == 0) {
        error = append(text, file, endpoint);
        sys_handle_close(endpoint);
    }
    posix_lock();
    return error;
}
