// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// /proc: a table of entries, most of them texts made when they are read from the start. posix_lock
// held everywhere.

#pragma once

#include "servers/posix/filesystem.h"
#include "servers/posix/task.h"
#include "servers/posix/vfs.h"

// ---- text that grows ----

struct proc_text {
    char *data;
    size_t used, room;
    uint64_t mm; // serial of the memory that the process had at opening; 0: none
    int error;   // E_NOMEM: no more was added
};

void proc_printf(struct proc_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void proc_append(struct proc_text *text, const char *data, size_t bytes);
// A path or name with blanks, tabs, newlines and backslashes as octal escapes, as /proc/mounts has
// them.
void proc_append_escaped(struct proc_text *text, const char *data);

// ---- entries ----

// Whom an entry below /proc/<pid> is about. `task` NULL: a zombie.
struct proc_subject {
    struct proc *proc;
    struct task *task;
    bool thread; // below /proc/<pid>/task: about that thread alone
    int fd;      // fdinfo/<fd>
};

typedef int proc_show_t(struct proc_text *text, const struct proc_subject *subject,
                        const struct vfs_caller *who);
// `data` is NUL-terminated, at most a page.
typedef int proc_write_t(const struct proc_subject *subject, const struct vfs_caller *who,
                         const char *data, size_t bytes);

enum proc_kind {
    PROC_FILE,
    PROC_DIRECTORY, // children
    PROC_LINK,      // to `target`
    PROC_SELF_LINK,
    PROC_THREAD_SELF_LINK,
    PROC_ROOT,    // children and one directory a process
    PROC_PROCESS, // children, of one process
    PROC_TASKS,   // one directory a thread
    PROC_FDS,     // one link an open file
    PROC_FD,
    PROC_FDINFOS,
    PROC_EXE,
    PROC_CWD,
    PROC_PROCESS_ROOT,
};

struct proc_entry {
    const char *name;
    enum proc_kind kind;
    uint32_t mode;  // with type
    bool of_memory; // empty once the process has other memory than when the file was opened
    proc_show_t *show;
    proc_write_t *write;
    const char *target;
    const struct proc_entry *children; // ends with a NULL name
};

#define PROC_TEXT(entry_name, function)                                                       \
    {                                                                                         \
        .name = entry_name, .kind = PROC_FILE, .mode = LINUX_S_IFREG | 0444, .show = function \
    }
#define PROC_PRIVATE_TEXT(entry_name, function)                                               \
    {                                                                                         \
        .name = entry_name, .kind = PROC_FILE, .mode = LINUX_S_IFREG | 0400, .show = function \
    }
#define PROC_MEMORY_TEXT(entry_name, bits, function)                                              \
    {                                                                                             \
        .name = entry_name, .kind = PROC_FILE, .mode = LINUX_S_IFREG | (bits), .of_memory = true, \
        .show = function                                                                          \
    }
#define PROC_SETTING(entry_name, function, writer)                                             \
    {                                                                                          \
        .name = entry_name, .kind = PROC_FILE, .mode = LINUX_S_IFREG | 0644, .show = function, \
        .write = writer                                                                        \
    }
#define PROC_FOLDER(entry_name, entries)                                          \
    {                                                                             \
        .name = entry_name, .kind = PROC_DIRECTORY, .mode = LINUX_S_IFDIR | 0555, \
        .children = entries                                                       \
    }

extern const struct proc_entry proc_root_entries[];    // system.c
extern const struct proc_entry proc_sys_entries[];     // settings.c
extern const struct proc_entry proc_process_entries[]; // process.c
extern const struct proc_entry proc_thread_entries[];  // process.c: below task/<tid>

// Shown in several places.
proc_show_t proc_show_mounts, proc_show_mountinfo; // mounts.c
proc_show_t proc_show_maps, proc_show_smaps;       // maps.c
proc_show_t proc_show_fdinfo;                      // descriptors.c

// descriptors.c: what a link below fd leads to.
int64_t proc_fd_readlink(const struct proc_subject *subject, const struct vfs_caller *who,
                         char *buffer, size_t size);
int proc_fd_follow(const struct proc_subject *subject, struct path *out);

// arch/<cpu>/cpuinfo.c: the lines of /proc/cpuinfo for one processor but its number. The text's
// length, at most `size`.
size_t arch_cpu_description(char *text, size_t size);

// May `who` look into the process (its files, memory, environment)?
bool proc_may_inspect(const struct vfs_caller *who, const struct proc *proc);
