// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The posix server: Linux processes, files, terminals and time for unmodified programs.
//
// Start: own structures, then the root file system (the disk's driver may still be starting), then
// pid 1. From there on everything happens in the programs' own threads (dispatch.c), the timer
// thread, and the threads that serve devices.
//
// Sources: Linux 6.1's system-call interface as its manual pages (sections 2, 5 and 7) tell it,
// POSIX.1-2017, the System V ABI. What is implemented: docs/syscalls.md.

#include <string.h>

#include "abi/rs.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/posix/boot_options.h"
#include "servers/posix/clock.h"
#include "servers/posix/cred.h"
#include "servers/posix/exec_arguments.h"
#include "servers/posix/hwrng.h"
#include "servers/posix/load.h"
#include "servers/posix/machine.h"
#include "servers/posix/mm.h"
#include "servers/posix/power_button.h"
#include "servers/posix/process.h"
#include "servers/posix/random.h"
#include "servers/posix/terminals.h"
#include "servers/posix/timer.h"
#include "servers/posix/vdso/vdso.h"
#include "servers/posix/vfs.h"

enum { COMMAND_LINE_BYTES = 4096, ROOT_RETRY_NS = 5000000 };
#define MOUNT_READ_ONLY 1u

static struct waiter main_waiter;

// ---- pid 1 ----

static void default_limits(struct proc *proc)
{
    const uint64_t stack = 8ull << 20, processes = 1000, files = 1024, files_most = 65536,
                   locked = 8ull << 20;
    for (int i = 0; i < RLIMIT_KINDS; i++)
        proc->rlimit[i] = (struct rlimit_linux){RLIMIT_INFINITY, RLIMIT_INFINITY};
    proc->rlimit[RLIMIT_STACK].current = stack;
    proc->rlimit[RLIMIT_CORE].current = 0;
    proc->rlimit[RLIMIT_NPROC] = (struct rlimit_linux){processes, processes};
    proc->rlimit[RLIMIT_NOFILE] = (struct rlimit_linux){files, files_most};
    proc->rlimit[RLIMIT_MEMLOCK] = (struct rlimit_linux){locked, locked};
    proc->rlimit[RLIMIT_SIGPENDING] = (struct rlimit_linux){processes, processes};
    proc->rlimit[RLIMIT_MSGQUEUE] = (struct rlimit_linux){819200, 819200};
    proc->rlimit[RLIMIT_NICE] = (struct rlimit_linux){0, 0};
    proc->rlimit[RLIMIT_RTPRIO] = (struct rlimit_linux){0, 0};
}

// The process with everything but a program: credentials, session, empty memory, files and
// directory.
static struct task *make_first_task(const struct path *root)
{
    struct proc *proc;
    struct mm *mm;
    if (proc_create(NULL, &proc) != 0 || proc->pid != 1 || mm_create(&mm) != 0)
        return NULL;
    proc_init = proc;
    default_limits(proc);
    proc->actions = signal_actions_create();
    proc->cred = cred_create_root();
    struct task *task = task_allocate(mm);
    if (proc->actions == NULL || proc->cred == NULL || task == NULL)
        return NULL;
    struct pgrp *pgrp = session_create(proc);
    task->cred = cred_get(proc->cred);
    task->files = file_table_create();
    task->fs = fs_context_create(root);
    if (pgrp == NULL || task->files == NULL || task->fs == NULL)
        return NULL;
    pgrp_join(proc, pgrp);
    pgrp_put(pgrp);
    task->mm = mm;
    task->proc = proc;
    task->tid = proc->pid;
    task->start_time = proc->start_time;
    pid_slot(task->tid)->task = task;
    list_add_tail(&proc->threads, &task->proc_node);
    proc->thread_count = 1;
    return task;
}

// Descriptors 0, 1 and 2; without a console they stay closed, and init can say so nowhere but in
// its status.
static void open_console(struct task *task)
{
    struct vfs_caller who;
    struct file *file;
    vfs_caller_of(task, &who);
    int error = vfs_open(&who, NULL, "/dev/console", LINUX_O_RDWR | LINUX_O_NOCTTY, 0, &file);
    if (error) {
        log_warning("cannot open /dev/console: error %d", -error);
        return;
    }
    for (int fd = 0; fd < 3; fd++) {
        if (file_table_set(task->files, fd, file_hold(file), false) != 0)
            file_put(file);
    }
    file_put(file);
}

static void start_init(struct task *task, const char *program)
{
    struct string_list arguments = {0}, environment = {0};
    int error = string_list_add(&arguments, program, strlen(program));
    if (error == 0)
        error = string_list_add(&environment, "HOME=/", strlen("HOME=/"));
    if (error == 0)
        error = string_list_add(&environment, "TERM=linux", strlen("TERM=linux"));
    if (error == 0)
        error = exec_first_program(task, program, &arguments, &environment);
    string_list_release(&arguments);
    string_list_release(&environment);
    if (error)
        sys_panic("cannot run %s: error %d; is it on the root disk? (init=PATH names another)",
                  program, -error);
    task_start(task);
}

// ---- the root ----

static bool may_still_come(int error)
{
    return error == -E_NXIO || error == -E_NOENT || error == -E_NOTBLK;
}

static void mount_root(const struct boot_options *options, struct path *root)
{
    time_ns_t deadline = clock_monotonic() + options->root_wait_seconds * NS_PER_SECOND;
    bool empty = strcmp(options->root, "tmpfs") == 0;
    const char *type = empty ? "tmpfs" : options->root_type;
    uint32_t flags = options->read_write || empty ? 0 : MOUNT_READ_ONLY;
    for (;;) {
        int error = vfs_mount_root(type, options->root, flags, NULL, root);
        if (error == 0)
            return;
        if (!may_still_come(error))
            sys_panic("cannot mount %s as root (%s): error %d; is it the right disk?",
                      options->root, type, -error);
        if (clock_monotonic() >= deadline)
            sys_panic("root device %s does not appear: give a disk, or root=/dev/NAME",
                      options->root);
        posix_unlock();
        thread_sleep_until(clock_monotonic() + ROOT_RETRY_NS);
        posix_lock();
    }
}

// ---- start ----

static void must(int error, const char *what)
{
    if (error < 0)
        sys_panic("cannot start: %s: error %d", what, -error);
}

static void read_options(struct boot_options *options)
{
    static char line[COMMAND_LINE_BYTES];
    int64_t bytes = sys_info(INFO_COMMAND_LINE, 0, line, sizeof(line) - 1);
    line[bytes > 0 ? bytes : 0] = 0;
    boot_options_parse(line, options);
}

static void start_own_parts(void)
{
    must(clock_init(), "clock");
    must(random_init(), "random numbers");
    must(task_init(), "tasks");
    must(vdso_init(), "vDSO");
    must(timer_thread_start(), "timers");
    must(hwrng_start(), "hardware random numbers");
    must(power_button_start(), "power button");
    must(load_start(), "load averages");
    must(vfs_init(), "files");
    must(terminals_init(), "terminals");
}

static void report_ready(void)
{
    struct message message = {.tag = message_tag(RS_READY, 0, 0)};
    int64_t error = message_call_retry(startup_handle("rs"), &message);
    if (error < 0)
        log_warning("rs does not take the report of readiness: error %d", (int)-error);
}

int main(int argc, char **argv)
{
    struct boot_options options;
    struct path root;
    (void)argc;
    (void)argv;
    thread_self()->user = &main_waiter;
    read_options(&options);
    posix_lock();
    start_own_parts();
    machine_read_clock();
    mount_root(&options, &root);
    struct task *task = make_first_task(&root);
    if (task == NULL)
        sys_panic("cannot make the first process: no memory");
    struct vfs_caller who;
    vfs_caller_of(task, &who);
    int error = vfs_mount(&who, "devtmpfs", "/dev", "devtmpfs", 0, NULL);
    if (error)
        log_warning("cannot mount /dev: error %d", -error);
    open_console(task);
    start_init(task, options.init);
    vfs_path_put(&root);
    posix_unlock();
    report_ready();
    thread_exit();
}
