// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// execve and execveat. The new program is built completely beside the old one; only then, when
// nothing can fail any more, do the other threads end and the task changes over. So a failed exec
// leaves the caller as it was.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/cred.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/exec_arguments.h"
#include "servers/posix/exec_image.h"
#include "servers/posix/exec_script.h"
#include "servers/posix/file.h"
#include "servers/posix/mm.h"
#include "servers/posix/process.h"
#include "servers/posix/random.h"
#include "servers/posix/timer.h"
#include "servers/posix/user.h"
#include "servers/posix/vdso/vdso.h"
#include "servers/posix/vfs.h"

enum { PATH_BYTES = 4096, SCRIPT_DEPTH = 5, STACK_SHIFT_MASK = 0x1ff0 };
#define PERSONALITY_NO_RANDOMISE 0x0040000

struct exec {
    struct task *task;
    char *path; // as the caller gave it, then the script's interpreter
    char *name; // AT_EXECFN: the caller's path
    struct string_list arguments, environment;
    struct file *file;
    struct mm *mm;
    struct exec_image image;
    uint64_t stack_pointer;
    struct cred *cred; // of the new program
    bool secure;       // AT_SECURE
};

// ---- finding the program ----

static int open_program(struct exec *exec, const struct path *start, uint32_t lookup_flags)
{
    struct vfs_caller who;
    vfs_caller_of(exec->task, &who);
    return vfs_open_exec(&who, start, exec->path, lookup_flags, &exec->file);
}

// argv becomes: interpreter, its argument, the script's name, argv[1] ...
static int become_interpreter(struct exec *exec, const char *name, const struct exec_script *script)
{
    string_list_drop_first(&exec->arguments);
    int error = string_list_add_first(&exec->arguments, name, strlen(name));
    if (error == 0 && script->argument[0] != 0)
        error = string_list_add_first(&exec->arguments, script->argument, strlen(script->argument));
    if (error == 0)
        error = string_list_add_first(&exec->arguments, script->interpreter,
                                      strlen(script->interpreter));
    if (error)
        return error;
    strlcpy(exec->path, script->interpreter, PATH_BYTES);
    vfs_exec_put(exec->file);
    exec->file = NULL;
    return open_program(exec, NULL, LOOKUP_FOLLOW);
}

// Follows "#!" until there is something to load.
static int resolve_scripts(struct exec *exec)
{
    char head[EXEC_HEAD_BYTES];
    struct exec_script script;
    for (int depth = 0; depth < SCRIPT_DEPTH; depth++) {
        int64_t got = vfs_pread(exec->file, head, sizeof(head), 0);
        if (got < 0)
            return (int)got;
        int found = exec_script_parse(head, (size_t)got, &script);
        if (found <= 0)
            return found;
        int error = become_interpreter(exec, depth == 0 ? exec->name : exec->path, &script);
        if (error)
            return error;
    }
    return -E_LOOP;
}

// ---- credentials ----

static int make_cred(struct exec *exec)
{
    const struct cred *old = exec->task->cred;
    uint32_t uid, gid;
    bool set_uid = false, set_gid = false;
    struct cred *cred = cred_copy(old, old->groups);
    if (cred == NULL)
        return -E_NOMEM;
    if (vfs_exec_ids(exec->file, &uid, &gid, &set_uid, &set_gid)) {
        if (set_uid)
            cred->euid = uid;
        if (set_gid)
            cred->egid = gid;
    }
    cred->suid = cred->fsuid = cred->euid;
    cred->sgid = cred->fsgid = cred->egid;
    bool root = cred->euid == 0 || cred->uid == 0;
    cred->cap_permitted = root ? CAP_ALL : 0;
    cred->cap_effective = cred->euid == 0 ? cred->cap_permitted : 0;
    exec->cred = cred;
    exec->secure = cred->euid != cred->uid || cred->egid != cred->gid;
    return 0;
}

// ---- the stack ----

static void add_auxv(struct exec_stack_input *input, uint64_t type, uint64_t value)
{
    input->auxv[input->auxv_count][0] = type;
    input->auxv[input->auxv_count][1] = value;
    input->auxv_count++;
}

// The entries that Linux gives, in its order.
static void fill_auxv(struct exec_stack_input *input, const struct exec *exec)
{
    enum { CLOCK_TICKS = 100, PHDR_BYTES = 56 };
    const struct cred *cred = exec->cred;
    if (exec->mm->vdso != 0)
        add_auxv(input, AT_SYSINFO_EHDR, exec->mm->vdso);
    add_auxv(input, AT_MINSIGSTKSZ, arch_signal_frame_bytes(exec->task));
    add_auxv(input, AT_HWCAP, arch_hwcap());
    add_auxv(input, AT_PAGESZ, PAGE_SIZE);
    add_auxv(input, AT_CLKTCK, CLOCK_TICKS);
    add_auxv(input, AT_PHDR, exec->image.phdr_address);
    add_auxv(input, AT_PHENT, PHDR_BYTES);
    add_auxv(input, AT_PHNUM, exec->image.phdr_count);
    add_auxv(input, AT_BASE, exec->image.interpreter_base);
    add_auxv(input, AT_FLAGS, 0);
    add_auxv(input, AT_ENTRY, exec->image.program_entry);
    add_auxv(input, AT_UID, cred->uid);
    add_auxv(input, AT_EUID, cred->euid);
    add_auxv(input, AT_GID, cred->gid);
    add_auxv(input, AT_EGID, cred->egid);
    add_auxv(input, AT_SECURE, exec->secure);
    add_auxv(input, AT_RANDOM, 0);
    add_auxv(input, AT_HWCAP2, arch_hwcap2());
    add_auxv(input, AT_EXECFN, 0);
    add_auxv(input, AT_PLATFORM, 0);
}

static void keep_places(struct mm *mm, const struct exec_stack_input *input,
                        const struct exec_stack *stack)
{
    mm->arguments_start = stack->arguments;
    mm->arguments_end = stack->arguments_end;
    mm->environment_start = stack->environment;
    mm->environment_end = stack->environment_end;
    _Static_assert(sizeof(mm->auxv) >= sizeof(input->auxv), "the whole vector is kept");
    mm->auxv_bytes = (input->auxv_count + 1) * (uint32_t)sizeof(input->auxv[0]);
    memcpy(mm->auxv, input->auxv, input->auxv_count * sizeof(input->auxv[0]));
}

static int build_stack(struct exec *exec, bool randomise)
{
    struct exec_stack_input input = {
        .arguments = exec->arguments.data,
        .arguments_bytes = exec->arguments.bytes,
        .argument_count = exec->arguments.count,
        .environment = exec->environment.data,
        .environment_bytes = exec->environment.bytes,
        .environment_count = exec->environment.count,
        .file_name = exec->name,
        .platform = ARCH_PLATFORM,
        .top = exec->mm->stack_top,
        .shift = randomise ? random_u64() & STACK_SHIFT_MASK : 0,
    };
    struct exec_stack stack;
    random_bytes(input.random, sizeof(input.random));
    fill_auxv(&input, exec);
    exec_stack_measure(&input, &stack);
    uint8_t *image = malloc(stack.bytes);
    if (image == NULL)
        return -E_NOMEM;
    exec_stack_build(&input, &stack, image);
    int error = mm_write(exec->mm, stack.pointer, image, stack.bytes);
    free(image);
    if (error)
        return -E_2BIG; // more than the stack may hold
    keep_places(exec->mm, &input, &stack);
    exec->stack_pointer = stack.pointer;
    return 0;
}

// ---- the change-over ----

// Ends the process's other threads. -E_AGAIN: another thread's exec or the process's end came
// first.
static int end_other_threads(struct task *task)
{
    struct proc *proc = task->proc;
    if (proc->exec_task != NULL || proc->exiting)
        return -E_AGAIN;
    proc->exec_task = task;
    list_for_each(node, &proc->threads)
    {
        struct task *other = list_entry(node, struct task, proc_node);
        if (other != task)
            task_notify(other, TASK_EXIT);
    }
    wait_wake_all(&proc->stop_wait);
    while (proc->threads.next != proc->threads.prev)
        wait_sleep(&proc->exec_wait, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
    proc->exec_task = NULL;
    if (task->tid != proc->pid) {
        pid_slot(task->tid)->task = NULL;
        task->tid = proc->pid;
        pid_slot(task->tid)->task = task;
    }
    return 0;
}

// What threads or vfork share must be the process's own from here on.
static int unshare_parts(struct task *task, struct signal_actions **actions,
                         struct file_table **files)
{
    *actions = NULL;
    *files = NULL;
    if (task->proc->actions->references > 1) {
        *actions = signal_actions_clone(task->proc->actions);
        if (*actions == NULL)
            return -E_NOMEM;
    }
    if (file_table_shared(task->files)) {
        *files = file_table_clone(task->files);
        if (*files == NULL) {
            if (*actions != NULL)
                signal_actions_put(*actions);
            return -E_NOMEM;
        }
    }
    return 0;
}

static void forget_old_program(struct task *task)
{
    task->alternate_stack = 0;
    task->alternate_stack_bytes = 0;
    task->alternate_stack_flags = 0;
    task->rseq = 0;
    task->restart.function = NULL;
    task->proc->exit_signal = SIGCHLD;
    task->proc->did_exec = true;
    timer_set_exec(task->proc);
    signal_actions_reset(task->proc->actions);
}

static void take_name(struct task *task, const char *path)
{
    const char *slash = strrchr(path, '/');
    strlcpy(task->name, slash != NULL ? slash + 1 : path, sizeof(task->name));
    memcpy(task->proc->name, task->name, sizeof(task->proc->name));
}

// Nothing here may fail.
static void change_over(struct exec *exec)
{
    struct task *task = exec->task;
    struct mm *old = task->mm;
    futex_task_end(task);
    forget_old_program(task);
    if (exec->secure)
        task->parent_death_signal = 0;
    exec->mm->dumpable = !exec->secure;
    exec->mm->exe = exec->file;
    exec->file = NULL;
    task_set_aspace(task, exec->mm->aspace);
    task->mm = exec->mm;
    exec->mm = NULL;
    sys_guest_fpu(task->guest, GUEST_FPU_RESET, 0, 0);
    arch_start_registers(&task->guest_state->registers, exec->image.entry, exec->stack_pointer);
    cred_install(task, exec->cred);
    exec->cred = NULL;
    proc_vfork_done(task->proc);
    mm_put(old);
    file_table_close_on_exec(task->files);
}

static int build(struct exec *exec)
{
    bool randomise = (exec->task->personality & PERSONALITY_NO_RANDOMISE) == 0;
    int error = resolve_scripts(exec);
    if (error == 0)
        error = make_cred(exec);
    if (error == 0)
        error = mm_create(&exec->mm);
    if (error == 0)
        error = exec_image_load(exec->task, exec->mm, exec->file, randomise, &exec->image);
    if (error == 0)
        error = vdso_map(exec->mm);
    if (error == 0)
        error = build_stack(exec, randomise);
    return error;
}

static int commit(struct exec *exec)
{
    struct task *task = exec->task;
    struct signal_actions *actions;
    struct file_table *files;
    int error = unshare_parts(task, &actions, &files);
    if (error)
        return error;
    error = end_other_threads(task);
    if (error) {
        if (actions != NULL)
            signal_actions_put(actions);
        if (files != NULL)
            file_table_put(files);
        return -RESTART_ALWAYS;
    }
    if (actions != NULL) {
        signal_actions_put(task->proc->actions);
        task->proc->actions = actions;
    }
    if (files != NULL) {
        struct file_table *shared = task->files;
        task->files = files;
        file_table_put(shared);
    }
    take_name(task, exec->name);
    change_over(exec);
    return 0;
}

static void release(struct exec *exec)
{
    string_list_release(&exec->arguments);
    string_list_release(&exec->environment);
    if (exec->file != NULL)
        vfs_exec_put(exec->file);
    if (exec->mm != NULL)
        mm_put(exec->mm);
    if (exec->cred != NULL)
        cred_put(exec->cred);
    free(exec->path);
    free(exec->name);
}

// ---- the calls ----

// A quarter of the stack, as Linux.
static size_t string_budget(const struct task *task)
{
    uint64_t limit = task_rlimit(task, RLIMIT_STACK) / 4;
    if (limit > EXEC_TOTAL_MAX)
        limit = EXEC_TOTAL_MAX;
    return limit < EXEC_TOTAL_MIN ? EXEC_TOTAL_MIN : (size_t)limit;
}

static int read_strings(struct exec *exec, uint64_t arguments, uint64_t environment)
{
    size_t budget = string_budget(exec->task);
    int error = string_list_read(&exec->arguments, exec->task, arguments, &budget);
    if (error == 0)
        error = string_list_read(&exec->environment, exec->task, environment, &budget);
    if (error == 0 && exec->arguments.count == 0)
        error = string_list_add(&exec->arguments, "", 0); // argv[0] always exists
    return error;
}

// `exec` has path, name and strings: the rest, and the clean-up.
static int run(struct exec *exec, const struct path *start, uint32_t lookup_flags)
{
    int error = open_program(exec, start, lookup_flags);
    if (error == 0)
        error = build(exec);
    if (error == 0)
        error = commit(exec);
    return error;
}

static int begin(struct exec *exec, struct task *task, uint64_t path)
{
    *exec = (struct exec){.task = task};
    exec->path = malloc(PATH_BYTES);
    if (exec->path == NULL)
        return -E_NOMEM;
    int64_t length = user_read_string(task, exec->path, path, PATH_BYTES);
    if (length < 0)
        return (int)length;
    exec->name = strdup(exec->path);
    return exec->name != NULL ? 0 : -E_NOMEM;
}

int64_t linux_execve(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct exec exec;
    int error = begin(&exec, task, argument[0]);
    if (error == 0)
        error = read_strings(&exec, argument[1], argument[2]);
    if (error == 0)
        error = run(&exec, NULL, LOOKUP_FOLLOW);
    release(&exec);
    return error;
}

// The name a script's interpreter can open: Linux uses /dev/fd/<n>[/path].
static int name_relative(struct exec *exec, int dirfd)
{
    char *name = malloc(PATH_BYTES);
    if (name == NULL)
        return -E_NOMEM;
    const char *separator = exec->path[0] != 0 ? "/" : "";
    int length = snprintf(name, PATH_BYTES, "/dev/fd/%d%s%s", dirfd, separator, exec->path);
    free(exec->name);
    exec->name = name;
    return length < PATH_BYTES ? 0 : -E_NAMETOOLONG;
}

int64_t linux_execveat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct exec exec;
    struct file *directory = NULL;
    int dirfd = (int)argument[0];
    uint64_t flags = argument[4];
    uint32_t lookup = (flags & LINUX_AT_SYMLINK_NOFOLLOW) != 0 ? 0 : LOOKUP_FOLLOW;
    if ((flags & ~(uint64_t)(LINUX_AT_EMPTY_PATH | LINUX_AT_SYMLINK_NOFOLLOW)) != 0)
        return -E_INVAL;
    if ((flags & LINUX_AT_EMPTY_PATH) != 0)
        lookup |= LOOKUP_EMPTY;
    int error = begin(&exec, task, argument[1]);
    if (error == 0)
        error = read_strings(&exec, argument[2], argument[3]);
    if (error == 0 && dirfd != LINUX_AT_FDCWD && exec.path[0] != '/') {
        directory = file_get(task, dirfd);
        error = directory == NULL ? -E_BADF : name_relative(&exec, dirfd);
    }
    if (error == 0)
        error = run(&exec, directory != NULL ? &directory->path : NULL, lookup);
    if (directory != NULL)
        file_put(directory);
    release(&exec);
    return error;
}

int exec_first_program(struct task *task, const char *path, const struct string_list *arguments,
                       const struct string_list *environment)
{
    struct exec exec = {.task = task};
    exec.path = malloc(PATH_BYTES);
    exec.name = strdup(path);
    int error = exec.path != NULL && exec.name != NULL ? 0 : -E_NOMEM;
    const char *string = arguments->data;
    for (uint32_t i = 0; error == 0 && i < arguments->count; i++, string += strlen(string) + 1)
        error = string_list_add(&exec.arguments, string, strlen(string));
    string = environment->data;
    for (uint32_t i = 0; error == 0 && i < environment->count; i++, string += strlen(string) + 1)
        error = string_list_add(&exec.environment, string, strlen(string));
    if (error == 0) {
        strlcpy(exec.path, path, PATH_BYTES);
        error = run(&exec, NULL, LOOKUP_FOLLOW);
    }
    release(&exec);
    return error;
}
