// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Tasks as kernel threads with guests: making them, keeping ended ones for the next fork, and a
// thread's own end.
//
// A task that ends goes to the free list with its kernel thread, stack, guest and state page; the
// thread sleeps on kept.run. So fork makes no kernel object but the address space. Invariant: once
// a task is on the free list, its old thread touches nothing of it but kept.run.

#include <stdlib.h>
#include <string.h>

#include "abi/memory.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/file.h"
#include "servers/posix/mm.h"
#include "servers/posix/process.h"
#include "servers/posix/terminals.h"
#include "servers/posix/timer.h"
#include "servers/posix/vfs.h"

enum {
    KEPT_TASKS = 64,    // ended tasks kept for the next fork
    STATE_PAGES = 1024, // guest state pages: a bound on tasks; two handles each out of HANDLE_MAX
};

static struct list free_tasks = LIST_INIT(free_tasks);
static unsigned free_task_count;

static handle_t empty_aspace; // what a guest without a program is in
static handle_t state_memory;
static uint8_t *state_base;
static uint64_t state_used[STATE_PAGES / 64];

int task_init(void)
{
    int64_t handle = sys_aspace_create();
    if (handle < 0)
        return (int)handle;
    empty_aspace = (handle_t)handle;
    handle = sys_memory_create((uint64_t)STATE_PAGES * PAGE_SIZE, 0, HANDLE_NONE);
    if (handle < 0)
        return (int)handle;
    state_memory = (handle_t)handle;
    struct aspace_map_args map = {
        .bytes = (uint64_t)STATE_PAGES * PAGE_SIZE,
        .memory = state_memory,
        .prot = PROT_READ | PROT_WRITE,
    };
    int64_t address = sys_aspace_map(HANDLE_SELF, &map);
    if (address < 0)
        return (int)address;
    state_base = (uint8_t *)address;
    return 0;
}

static int state_page_take(uint32_t *page)
{
    for (uint32_t word = 0; word < STATE_PAGES / 64; word++) {
        if (state_used[word] != ~0ull) {
            uint32_t bit = (uint32_t)__builtin_ctzll(~state_used[word]);
            state_used[word] |= 1ull << bit;
            *page = word * 64 + bit;
            return 0;
        }
    }
    return -E_AGAIN;
}

static void state_page_give(uint32_t page)
{
    state_used[page / 64] &= ~(1ull << page % 64);
}

static void wait_for_run(struct task *task)
{
    struct futex_wait_args args = {
        .aspace = HANDLE_SELF,
        .address = (uint64_t)&task->kept.run,
        .expected = 0,
        .bitset = ~0u,
        .deadline = DEADLINE_NEVER,
    };
    while (__atomic_load_n(&task->kept.run, __ATOMIC_ACQUIRE) == 0)
        sys_futex_wait(&args);
}

enum { RUN_NOTHING = 0, RUN_TASK = 1, RUN_END = 2 };

static void task_thread(void *argument)
{
    struct task *task = argument;
    thread_self()->user = &task->waiter;
    for (;;) {
        wait_for_run(task);
        if (__atomic_load_n(&task->kept.run, __ATOMIC_RELAXED) == RUN_END)
            break;
        dispatch_loop(task);
    }
    sys_handle_close(task->kept.thread);
    free(task->kept.fpu_area);
    free(task);
}

static struct task *task_make(struct mm *mm)
{
    uint32_t page;
    struct task *task = calloc(1, sizeof(*task));
    if (task == NULL)
        return NULL;
    if (state_page_take(&page) < 0)
        goto no_page;
    int64_t guest = sys_guest_create(mm->aspace, state_memory, (uint64_t)page * PAGE_SIZE);
    if (guest < 0)
        goto no_guest;
    task->guest = (handle_t)guest;
    task->kept.state_page = page;
    task->guest_state = (struct guest_state *)(state_base + (size_t)page * PAGE_SIZE);
    if (thread_start(task_thread, task, PRIORITY_USER, 0, &task->kept.thread) < 0)
        goto no_thread;
    return task;

no_thread:
    sys_handle_close(task->guest);
no_guest:
    state_page_give(page);
no_page:
    free(task);
    return NULL;
}

static void task_reset(struct task *task)
{
    struct task fresh = {
        .guest = task->guest,
        .guest_state = task->guest_state,
        .cpu_base_ns = task->cpu_base_ns,
        .guest_base_ns = task->guest_base_ns,
        .kept = task->kept,
    };
    fresh.waiter.thread = task->kept.thread;
    *task = fresh;
    task->waiter.task = task;
    list_init(&task->proc_node);
    list_init(&task->free_node);
    signal_pending_init(&task->pending);
}

struct task *task_allocate(struct mm *mm)
{
    struct list *node = list_pop_head(&free_tasks);
    struct task *task;
    if (node != NULL) {
        free_task_count--;
        task = list_entry(node, struct task, free_node);
        if (sys_guest_set_aspace(task->guest, mm->aspace) < 0) {
            task_free(task);
            return NULL;
        }
    } else {
        task = task_make(mm);
        if (task == NULL)
            return NULL;
    }
    task_reset(task);
    return task;
}

void task_free(struct task *task)
{
    if (task->affinity != 0)
        sys_thread_control(task->kept.thread, THREAD_SET_AFFINITY, 0);
    if (free_task_count < KEPT_TASKS) {
        sys_guest_set_aspace(task->guest, empty_aspace);
        __atomic_store_n(&task->kept.run, RUN_NOTHING, __ATOMIC_RELEASE);
        list_add_head(&free_tasks, &task->free_node);
        free_task_count++;
        return;
    }
    sys_handle_close(task->guest);
    state_page_give(task->kept.state_page);
    __atomic_store_n(&task->kept.run, RUN_END, __ATOMIC_RELEASE);
    sys_futex_wake(HANDLE_SELF, (uint64_t)&task->kept.run, 1, ~0u);
}

void task_start(struct task *task)
{
    __atomic_store_n(&task->kept.run, RUN_TASK, __ATOMIC_RELEASE);
    sys_futex_wake(HANDLE_SELF, (uint64_t)&task->kept.run, 1, ~0u);
}

int task_set_aspace(struct task *task, handle_t aspace)
{
    return (int)sys_guest_set_aspace(task->guest, aspace);
}

void task_notify(struct task *task, uint32_t work)
{
    uint32_t old = __atomic_fetch_or(&task->work, work, __ATOMIC_SEQ_CST);
    if ((old & work) != work && &task->waiter != waiter_self())
        sys_thread_control(task->kept.thread, THREAD_KICK, 0);
}

static uint64_t thread_ns(const struct task *task, enum thread_op what, uint64_t base)
{
    int64_t total = sys_thread_control(task->kept.thread, what, 0);
    return total > 0 && (uint64_t)total > base ? (uint64_t)total - base : 0;
}

uint64_t task_cpu_ns(const struct task *task)
{
    return thread_ns(task, THREAD_CPU_TIME, task->cpu_base_ns);
}

void task_add_times(const struct task *task, struct usage *usage)
{
    uint64_t user = thread_ns(task, THREAD_GUEST_TIME, task->guest_base_ns);
    uint64_t all = task_cpu_ns(task);
    usage->user_ns += user;
    usage->system_ns += all > user ? all - user : 0;
}

void proc_usage(const struct proc *proc, struct usage *out)
{
    *out = proc->usage;
    list_for_each(node, &proc->threads)
    {
        const struct task *task = list_entry(node, struct task, proc_node);
        usage_add(out, &task->usage);
        task_add_times(task, out);
    }
}

// The process's last thread is on its way out: what belongs to the process as a whole ends now.
static void end_process_parts(struct task *task)
{
    struct proc *proc = task->proc;
    struct aspace_stats stats;
    timer_set_destroy(proc);
    if (proc->pid == proc_session(proc)->id && proc_session(proc)->leader == proc) {
        tty_session_leader_exit(proc_session(proc));
        proc_session(proc)->leader = NULL;
    }
    if (sys_aspace_stats(task->mm->aspace, &stats) >= 0) {
        proc->usage.minor_faults += stats.faults;
        proc->usage.max_resident_kib = stats.resident_bytes / 1024;
    }
}

static void end_memory_and_files(struct task *task)
{
    struct file_table *files = task->files;
    struct fs_context *fs = task->fs;
    struct mm *mm = task->mm;
    sys_guest_set_aspace(task->guest, empty_aspace);
    task->mm = NULL;
    mm_put(mm);
    task->files = NULL;
    file_table_put(files);
    task->fs = NULL;
    fs_context_put(fs);
}

// posix_lock is held at entry and not at return.
void task_end(struct task *task)
{
    struct proc *proc = task->proc;
    if (task->tid == proc->pid && !proc->exiting)
        proc->wait_status = task->exit_status;
    proc->thread_count--;
    futex_task_end(task);
    if (proc->thread_count == 0)
        end_process_parts(task);
    proc_vfork_done(proc);
    end_memory_and_files(task);

    struct usage times = {0};
    task_add_times(task, &times);
    usage_add(&task->usage, &times);
    task->cpu_base_ns += times.user_ns + times.system_ns;
    task->guest_base_ns += times.user_ns;
    usage_add(&proc->usage, &task->usage);
    signal_pending_flush(&task->pending, proc);
    cred_put(task->cred);
    pid_slot(task->tid)->task = NULL;
    list_remove(&task->proc_node);
    task_free(task);

    if (list_empty(&proc->threads))
        proc_die(proc);
    else
        wait_wake_all(&proc->exec_wait);
    posix_unlock();
}
