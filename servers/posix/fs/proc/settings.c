// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// /proc/sys: what programs ask about and, of the names, may set.

#include <string.h>

#include "servers/posix/fs/proc/proc.h"
#include "servers/posix/io/pipe.h"
#include "servers/posix/machine.h"
#include "servers/posix/random.h"

enum {
    HOST_NAME_MAX = 64,
    ENTROPY_BITS = 256,
    MAPS_MAX = 65530,
    LISTEN_MAX = 4096,
    FILES_MAX = 1048576
};

#define SHOW(function)                                                              \
    static int function(struct proc_text *text, const struct proc_subject *subject, \
                        const struct vfs_caller *who)

#define SHOW_VALUE(function, format, value)    \
    SHOW(function)                             \
    {                                          \
        (void)subject;                         \
        (void)who;                             \
        proc_printf(text, format "\n", value); \
        return 0;                              \
    }

SHOW_VALUE(show_hostname, "%s", machine_host_name())
SHOW_VALUE(show_domainname, "%s", machine_domain_name())
SHOW_VALUE(show_ostype, "%s", "Linux")
SHOW_VALUE(show_osrelease, "%s", machine_release())
SHOW_VALUE(show_version, "%s", machine_version())
SHOW_VALUE(show_pid_max, "%d", PID_MAX)
SHOW_VALUE(show_threads_max, "%d", PID_MAX)
SHOW_VALUE(show_ngroups_max, "%d", GROUPS_MAX)
SHOW_VALUE(show_cap_last_cap, "%d", CAP_LAST)
SHOW_VALUE(show_overflow_id, "%d", 65534)
SHOW_VALUE(show_zero, "%d", 0)
SHOW_VALUE(show_core_pattern, "%s", "core")
SHOW_VALUE(show_entropy, "%d", ENTROPY_BITS)
SHOW_VALUE(show_somaxconn, "%d", LISTEN_MAX)
SHOW_VALUE(show_overcommit, "%d", 1) // memory is given when it is touched
SHOW_VALUE(show_max_map_count, "%d", MAPS_MAX)
SHOW_VALUE(show_file_max, "%d", FILES_MAX)
SHOW_VALUE(show_nr_open, "%d", FILE_TABLE_MAX)
SHOW_VALUE(show_pipe_max, "%d", PIPE_CAPACITY_MAX)

static void append_uuid(struct proc_text *text, const uint8_t bytes[16])
{
    for (unsigned i = 0; i < 16; i++)
        proc_printf(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", bytes[i]);
    proc_printf(text, "\n");
}

// A random UUID: version 4, variant 1 (RFC 4122, section 4.4).
static void uuid_make(uint8_t bytes[16])
{
    random_bytes(bytes, 16);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
}

SHOW(show_uuid)
{
    uint8_t bytes[16];
    (void)subject;
    (void)who;
    uuid_make(bytes);
    append_uuid(text, bytes);
    return 0;
}

SHOW(show_boot_id)
{
    static uint8_t bytes[16];
    static bool made;
    (void)subject;
    (void)who;
    if (!made)
        uuid_make(bytes);
    made = true;
    append_uuid(text, bytes);
    return 0;
}

static int name_write(char *to, const struct vfs_caller *who, const char *data, size_t bytes)
{
    if (!who->privileged)
        return -E_PERM;
    while (bytes > 0 && data[bytes - 1] == '\n')
        bytes--;
    if (bytes > HOST_NAME_MAX)
        return -E_INVAL;
    memset(to, 0, HOST_NAME_MAX + 1);
    memcpy(to, data, bytes);
    return 0;
}

static int write_hostname(const struct proc_subject *subject, const struct vfs_caller *who,
                          const char *data, size_t bytes)
{
    (void)subject;
    return name_write(machine_host_name(), who, data, bytes);
}

static int write_domainname(const struct proc_subject *subject, const struct vfs_caller *who,
                            const char *data, size_t bytes)
{
    (void)subject;
    return name_write(machine_domain_name(), who, data, bytes);
}

static const struct proc_entry random_entries[] = {
    PROC_TEXT("boot_id", show_boot_id),
    PROC_TEXT("entropy_avail", show_entropy),
    PROC_TEXT("poolsize", show_entropy),
    PROC_TEXT("uuid", show_uuid),
    {.name = NULL},
};

static const struct proc_entry kernel_entries[] = {
    PROC_TEXT("cap_last_cap", show_cap_last_cap),
    PROC_TEXT("core_pattern", show_core_pattern),
    PROC_SETTING("domainname", show_domainname, write_domainname),
    PROC_SETTING("hostname", show_hostname, write_hostname),
    PROC_TEXT("ngroups_max", show_ngroups_max),
    PROC_TEXT("osrelease", show_osrelease),
    PROC_TEXT("ostype", show_ostype),
    PROC_TEXT("overflowgid", show_overflow_id),
    PROC_TEXT("overflowuid", show_overflow_id),
    PROC_TEXT("pid_max", show_pid_max),
    PROC_FOLDER("random", random_entries),
    PROC_TEXT("tainted", show_zero),
    PROC_TEXT("threads-max", show_threads_max),
    PROC_TEXT("version", show_version),
    {.name = NULL},
};

static const struct proc_entry core_entries[] = {
    PROC_TEXT("somaxconn", show_somaxconn),
    {.name = NULL},
};

static const struct proc_entry net_entries[] = {
    PROC_FOLDER("core", core_entries),
    {.name = NULL},
};

static const struct proc_entry fs_entries[] = {
    PROC_TEXT("file-max", show_file_max),
    PROC_TEXT("nr_open", show_nr_open),
    PROC_TEXT("pipe-max-size", show_pipe_max),
    {.name = NULL},
};

static const struct proc_entry vm_entries[] = {
    PROC_TEXT("max_map_count", show_max_map_count),
    PROC_TEXT("overcommit_memory", show_overcommit),
    {.name = NULL},
};

const struct proc_entry proc_sys_entries[] = {
    PROC_FOLDER("fs", fs_entries),
    PROC_FOLDER("kernel", kernel_entries),
    PROC_FOLDER("net", net_entries),
    PROC_FOLDER("vm", vm_entries),
    {.name = NULL},
};
