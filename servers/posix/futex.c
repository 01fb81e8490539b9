// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// futex(2) over the kernel's futexes, robust lists, and the tid word of ending threads. The kernel
// names a word by what it lies in, so private and shared futexes are the same here.
//
// Not implemented: priority inheritance (LOCK_PI and its kin) and WAKE_OP; both answer ENOSYS.

#include "abi/error.h"
#include "lib/sys/sys.h"
#include "servers/posix/clock.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/mm.h"
#include "servers/posix/process.h"
#include "servers/posix/user.h"

enum futex_operation {
    LINUX_FUTEX_WAIT = 0,
    LINUX_FUTEX_WAKE = 1,
    LINUX_FUTEX_REQUEUE = 3,
    LINUX_FUTEX_CMP_REQUEUE = 4,
    LINUX_FUTEX_WAIT_BITSET = 9,
    LINUX_FUTEX_WAKE_BITSET = 10,
    LINUX_FUTEX_PRIVATE = 128,
    LINUX_FUTEX_CLOCK_REALTIME = 256,
};

enum {
    ROBUST_ENTRIES_MAX = 2048,
    REQUEUE_TRIES = 16,
    ROBUST_HEAD_BYTES = 24,
};
#define FUTEX_WAITERS_BIT 0x80000000u
#define FUTEX_OWNER_DIED  0x40000000u
#define FUTEX_TID_MASK    0x3fffffffu

// The kernel could not reach the word: is that for want of a page that can be had?
static bool made_present(struct task *task, uint64_t address)
{
    uint32_t word;
    return user_read(task, &word, address, sizeof(word)) == 0;
}

static bool interrupted(struct task *task)
{
    return signal_pending(task);
}

// Sleeps on the word. -E_AGAIN: it holds something else; -E_TIMEDOUT; -E_INTR.
static int64_t wait_on(struct task *task, uint64_t address, uint32_t expected, uint32_t bitset,
                       time_ns_t deadline)
{
    struct futex_wait_args args = {
        .aspace = task->mm->aspace,
        .flags = FUTEX_INTERRUPTIBLE,
        .address = address,
        .expected = expected,
        .bitset = bitset,
        .deadline = deadline,
    };
    bool retried = false;
    for (;;) {
        if (interrupted(task))
            return -E_INTR;
        task->sleep_state = SLEEP_INTERRUPTIBLE;
        int64_t result = sys_futex_wait(&args);
        task->sleep_state = SLEEP_NONE;
        if (result == -E_FAULT && !retried && made_present(task, address)) {
            retried = true;
            continue;
        }
        if (result != -E_INTR)
            return result;
    }
}

static int64_t wait_again(struct task *task)
{
    const uint64_t *kept = task->restart.argument;
    // restart_syscall holds the lock; this wait, like every futex call, goes without.
    posix_unlock();
    int64_t result =
        wait_on(task, kept[0], (uint32_t)kept[1], (uint32_t)kept[2], task->restart.deadline);
    posix_lock();
    return result == -E_INTR ? -RESTART_BLOCK : result;
}

static int64_t futex_wait(struct task *task, uint64_t address, uint32_t expected, uint32_t bitset,
                          time_ns_t deadline)
{
    if (bitset == 0)
        return -E_INVAL;
    int64_t result = wait_on(task, address, expected, bitset, deadline);
    if (result != -E_INTR)
        return result;
    if (deadline == DEADLINE_NEVER)
        return -RESTART_SYS;
    task->restart = (struct task_restart){
        .function = wait_again,
        .deadline = deadline,
        .argument = {address, expected, bitset},
    };
    return -RESTART_BLOCK;
}

// Absolute monotonic time of a timeout argument.
static int read_deadline(struct task *task, uint64_t address, bool absolute, bool realtime,
                         time_ns_t *deadline)
{
    struct timespec_linux time;
    uint64_t ns;
    *deadline = DEADLINE_NEVER;
    if (address == 0)
        return 0;
    if (user_read(task, &time, address, sizeof(time)) != 0)
        return -E_FAULT;
    if (timespec_to_ns(&time, &ns) != 0)
        return -E_INVAL;
    if (!absolute) {
        *deadline = deadline_after(clock_monotonic(), ns);
    } else if (realtime) {
        uint64_t now = clock_realtime();
        *deadline = ns > now ? deadline_after(clock_monotonic(), ns - now) : DEADLINE_NOW;
    } else {
        *deadline = ns;
    }
    return 0;
}

static int64_t futex_wake(struct task *task, uint64_t address, uint32_t count, uint32_t bitset)
{
    if (bitset == 0)
        return -E_INVAL;
    if ((int32_t)count <= 0)
        count = 1; // as Linux: it counts after waking
    int64_t result = sys_futex_wake(task->mm->aspace, address, count, bitset);
    if (result == -E_FAULT && made_present(task, address))
        result = sys_futex_wake(task->mm->aspace, address, count, bitset);
    return result;
}

static int64_t futex_requeue(struct task *task, uint64_t from, uint64_t to, uint32_t wake,
                             uint32_t requeue, const uint32_t *expected)
{
    if ((int32_t)wake < 0 || (int32_t)requeue < 0)
        return -E_INVAL;
    for (unsigned tries = 0; tries < REQUEUE_TRIES; tries++) {
        uint32_t value;
        if (user_read_u32(task, &value, from) != 0)
            return -E_FAULT;
        if (expected != NULL && value != *expected)
            return -E_AGAIN;
        if (!made_present(task, to))
            return -E_FAULT;
        int64_t result = sys_futex_requeue(task->mm->aspace, from, to, wake, requeue, value);
        if (result != -E_AGAIN)
            return result;
    }
    return -E_AGAIN;
}

// UNLOCKED: only the task's own things and the kernel's are touched.
int64_t linux_futex(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t address = argument[0], timeout = argument[3];
    uint32_t operation = (uint32_t)argument[1], value = (uint32_t)argument[2];
    uint32_t command = operation & ~(uint32_t)(LINUX_FUTEX_PRIVATE | LINUX_FUTEX_CLOCK_REALTIME);
    bool realtime = (operation & LINUX_FUTEX_CLOCK_REALTIME) != 0;
    time_ns_t deadline;
    if (realtime && command != LINUX_FUTEX_WAIT_BITSET && command != LINUX_FUTEX_WAIT)
        return -E_NOSYS;
    if (address % sizeof(uint32_t) != 0)
        return -E_INVAL;
    if (address >= USER_ADDRESS_END)
        return -E_FAULT;
    uint32_t bitset = command == LINUX_FUTEX_WAIT_BITSET || command == LINUX_FUTEX_WAKE_BITSET
                          ? (uint32_t)argument[5]
                          : ~0u;
    uint32_t expected = (uint32_t)argument[5];
    int error;
    switch (command) {
    case LINUX_FUTEX_WAIT:
    case LINUX_FUTEX_WAIT_BITSET:
        error =
            read_deadline(task, timeout, command == LINUX_FUTEX_WAIT_BITSET, realtime, &deadline);
        return error ? error : futex_wait(task, address, value, bitset, deadline);
    case LINUX_FUTEX_WAKE:
    case LINUX_FUTEX_WAKE_BITSET:
        return futex_wake(task, address, value, bitset);
    case LINUX_FUTEX_REQUEUE:
        return futex_requeue(task, address, argument[4], value, (uint32_t)timeout, NULL);
    case LINUX_FUTEX_CMP_REQUEUE:
        return futex_requeue(task, address, argument[4], value, (uint32_t)timeout, &expected);
    default:
        return -E_NOSYS;
    }
}

// ---- robust lists ----

int64_t linux_set_robust_list(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    if (argument[1] != ROBUST_HEAD_BYTES)
        return -E_INVAL;
    task->robust_list = argument[0];
    return 0;
}

int64_t linux_get_robust_list(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t bytes = ROBUST_HEAD_BYTES;
    struct task *target = argument[0] == 0 ? task : task_find((pid_linux_t)argument[0]);
    if (target == NULL)
        return -E_SRCH;
    if (signal_check_permission(task, target->proc, 0) != 0)
        return -E_PERM;
    uint64_t head = target->robust_list;
    if (user_write(task, argument[2], &bytes, sizeof(bytes)) != 0)
        return -E_FAULT;
    return user_write(task, argument[1], &head, sizeof(head));
}

// The dead owner's word: marked, and one waiter is told whether it announced itself or not.
static void give_up_word(struct task *task, uint64_t address)
{
    uint32_t word;
    if (address % sizeof(word) != 0 || user_read_u32(task, &word, address) != 0)
        return;
    if ((word & FUTEX_TID_MASK) != (uint32_t)task->tid)
        return;
    if (user_write_u32(task, address, (word & FUTEX_WAITERS_BIT) | FUTEX_OWNER_DIED) == 0)
        sys_futex_wake(task->mm->aspace, address, 1, ~0u);
}

// The list belongs to the program: every pointer may be wild, and it may be a ring.
static void give_up_robust_list(struct task *task)
{
    struct {
        uint64_t next;
        uint64_t offset;
        uint64_t pending;
    } head;
    _Static_assert(sizeof(head) == ROBUST_HEAD_BYTES, "struct robust_list_head");
    if (task->robust_list == 0 || user_read(task, &head, task->robust_list, sizeof(head)) != 0)
        return;
    uint64_t entry = head.next & ~1ull;
    for (unsigned i = 0; i < ROBUST_ENTRIES_MAX && entry != task->robust_list; i++) {
        uint64_t next;
        bool more = user_read(task, &next, entry, sizeof(next)) == 0;
        if (entry != (head.pending & ~1ull))
            give_up_word(task, entry + head.offset);
        if (!more)
            break;
        entry = next & ~1ull;
    }
    if (head.pending != 0)
        give_up_word(task, (head.pending & ~1ull) + head.offset);
}

void futex_task_end(struct task *task)
{
    give_up_robust_list(task);
    task->robust_list = 0;
    if (task->clear_tid != 0 && task->mm->references > 1) {
        if (user_write_u32(task, task->clear_tid, 0) == 0)
            sys_futex_wake(task->mm->aspace, task->clear_tid, 1, ~0u);
    }
    task->clear_tid = 0;
}

int64_t linux_set_tid_address(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    task->clear_tid = argument[0];
    return task->tid;
}
