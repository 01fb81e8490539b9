// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The server's lock, wait queues and sleeping threads (wait.h).
//
// Locks: posix_lock is the only one; it is never taken twice by one thread and never held in a
// kernel call that blocks.
//
// A sleeping thread waits on its own waiter->word: waiter_prepare clears it, waiter_wake sets it
// and wakes the futex. A signal sets the task's work flags and kicks the thread, which ends an
// interruptible futex wait or forestalls the next.

#include "servers/posix/wait.h"

#include <stdlib.h>

#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/posix/task.h"

enum { POLL_BLOCK_ENTRIES = 60 };

struct poll_block {
    struct poll_block *next;
    struct wait_entry entry[POLL_BLOCK_ENTRIES];
};

static struct mutex lock;
static struct waiter *lock_owner;

struct waiter *waiter_self(void)
{
    return thread_self()->user;
}

void posix_lock(void)
{
    mutex_lock(&lock);
    lock_owner = waiter_self();
}

void posix_unlock(void)
{
    lock_owner = NULL;
    mutex_unlock(&lock);
}

bool posix_lock_held(void)
{
    return __atomic_load_n(&lock_owner, __ATOMIC_RELAXED) == waiter_self();
}

void wait_queue_init(struct wait_queue *queue)
{
    list_init(&queue->entries);
}

static void entry_wake_thread(struct wait_entry *entry)
{
    waiter_wake(entry->waiter);
}

void wait_entry_init(struct wait_entry *entry)
{
    list_init(&entry->node);
    entry->waiter = waiter_self();
    entry->wake = entry_wake_thread;
}

void wait_add(struct wait_queue *queue, struct wait_entry *entry)
{
    list_add_tail(&queue->entries, &entry->node);
}

void wait_remove(struct wait_entry *entry)
{
    list_remove(&entry->node);
}

void wait_wake_all(struct wait_queue *queue)
{
    list_for_each_safe(node, &queue->entries)
    {
        struct wait_entry *entry = list_entry(node, struct wait_entry, node);
        entry->wake(entry);
    }
}

// A waiter that is awake already has taken nothing yet, so it is passed over for one that sleeps.
void wait_wake_one(struct wait_queue *queue)
{
    list_for_each(node, &queue->entries)
    {
        struct wait_entry *entry = list_entry(node, struct wait_entry, node);
        bool asleep = entry->wake != entry_wake_thread ||
                      __atomic_load_n(&entry->waiter->word, __ATOMIC_RELAXED) == 0;
        if (asleep) {
            entry->wake(entry);
            return;
        }
    }
}

void wait_queue_destroy(struct wait_queue *queue)
{
    struct list *node;
    while ((node = list_pop_head(&queue->entries)) != NULL) {
        struct wait_entry *entry = list_entry(node, struct wait_entry, node);
        entry->wake(entry);
    }
}

void waiter_prepare(struct waiter *waiter)
{
    __atomic_store_n(&waiter->word, 0, __ATOMIC_SEQ_CST);
}

void waiter_wake(struct waiter *waiter)
{
    if (__atomic_exchange_n(&waiter->word, 1, __ATOMIC_SEQ_CST) == 0)
        sys_futex_wake(HANDLE_SELF, (uint64_t)&waiter->word, 1, ~0u);
}

static bool interrupted(const struct waiter *waiter, enum wait_kind kind)
{
    if (waiter->task == NULL || kind == WAIT_UNINTERRUPTIBLE)
        return false;
    uint32_t work = __atomic_load_n(&waiter->task->work, __ATOMIC_SEQ_CST);
    if (work & TASK_EXIT)
        return true;
    return kind == WAIT_INTERRUPTIBLE && (work & (TASK_SIGNAL | TASK_STOP)) != 0;
}

// Sleeps until the word is set. A kick that finds nothing to do is swallowed.
static int sleep_on_word(struct waiter *waiter, time_ns_t deadline, enum wait_kind kind)
{
    struct futex_wait_args args = {
        .aspace = HANDLE_SELF,
        .flags = kind == WAIT_UNINTERRUPTIBLE ? 0 : FUTEX_INTERRUPTIBLE,
        .address = (uint64_t)&waiter->word,
        .expected = 0,
        .bitset = ~0u,
        .deadline = deadline,
    };
    while (__atomic_load_n(&waiter->word, __ATOMIC_SEQ_CST) == 0) {
        if (interrupted(waiter, kind))
            return -E_INTR;
        if (sys_futex_wait(&args) == -E_TIMEDOUT)
            return __atomic_load_n(&waiter->word, __ATOMIC_SEQ_CST) ? 0 : -E_TIMEDOUT;
    }
    return 0;
}

int waiter_sleep(struct waiter *waiter, time_ns_t deadline, enum wait_kind kind)
{
    struct task *task = waiter->task;
    if (task != NULL)
        task->sleep_state = kind == WAIT_INTERRUPTIBLE ? SLEEP_INTERRUPTIBLE : SLEEP_DEEP;
    posix_unlock();
    int error = sleep_on_word(waiter, deadline, kind);
    posix_lock();
    if (task != NULL) {
        task->sleep_state = SLEEP_NONE;
        task->usage.voluntary_switches++;
    }
    return error;
}

int wait_sleep(struct wait_queue *queue, time_ns_t deadline, enum wait_kind kind)
{
    struct wait_entry entry;
    wait_entry_init(&entry);
    waiter_prepare(entry.waiter);
    wait_add(queue, &entry);
    int error = waiter_sleep(entry.waiter, deadline, kind);
    wait_remove(&entry);
    return error;
}

void poll_table_init(struct poll_table *table)
{
    table->used = 0;
    table->more = NULL;
    table->error = 0;
    table->wake = NULL;
    waiter_prepare(waiter_self());
}

static struct wait_entry *poll_entry_new(struct poll_table *table)
{
    if (table->used < POLL_TABLE_INLINE)
        return &table->entry[table->used++];
    unsigned index = (table->used - POLL_TABLE_INLINE) % POLL_BLOCK_ENTRIES;
    if (index == 0) {
        struct poll_block *block = malloc(sizeof(*block));
        if (block == NULL) {
            table->error = -E_NOMEM;
            return NULL;
        }
        block->next = table->more;
        table->more = block;
    }
    table->used++;
    return &table->more->entry[index];
}

void poll_wait(struct poll_table *table, struct wait_queue *queue)
{
    if (table == NULL)
        return;
    struct wait_entry *entry = poll_entry_new(table);
    if (entry == NULL)
        return;
    wait_entry_init(entry);
    if (table->wake != NULL) {
        entry->wake = table->wake;
        entry->context = table->context;
    }
    wait_add(queue, entry);
}

int poll_table_sleep(struct poll_table *table, time_ns_t deadline)
{
    struct waiter *waiter = waiter_self();
    if (table->error)
        return table->error;
    int error = waiter_sleep(waiter, deadline, WAIT_INTERRUPTIBLE);
    // From here on a wake is news again: the caller asks the files after this.
    waiter_prepare(waiter);
    return error;
}

void poll_table_release(struct poll_table *table)
{
    unsigned used = table->used;
    while (table->more != NULL) {
        struct poll_block *block = table->more;
        unsigned count = (used - POLL_TABLE_INLINE - 1) % POLL_BLOCK_ENTRIES + 1;
        for (unsigned i = 0; i < count; i++)
            wait_remove(&block->entry[i]);
        used -= count;
        table->more = block->next;
        free(block);
    }
    for (unsigned i = 0; i < used; i++)
        wait_remove(&table->entry[i]);
    table->used = 0;
}
