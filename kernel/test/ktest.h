// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// In-guest tests of the kernel: one native program that the kernel starts in place of rs. Child
// processes are copy-on-write clones of it, with handles granted at the same numbers, so their code
// is a function of this program.

#pragma once

#include "abi/error.h"
#include "lib/sys/ipc.h"
#include "lib/sys/sys.h"

extern handle_t root; // RESOURCE_ROOT
extern unsigned checks_failed;

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

// Counts and reports a failed check; the test goes on.
#define CHECK(condition)                                                           \
    do {                                                                           \
        if (!(condition)) {                                                        \
            say("%s:%d: check failed: %s\n", __FILE_NAME__, __LINE__, #condition); \
            checks_failed++;                                                       \
        }                                                                          \
    } while (0)

#define CHECK_EQUAL(value, expected)                                              \
    do {                                                                          \
        int64_t check_value = (int64_t)(value);                                   \
        int64_t check_expected = (int64_t)(expected);                             \
        if (check_value != check_expected) {                                      \
            say("%s:%d: %s is %lld, not %lld\n", __FILE_NAME__, __LINE__, #value, \
                (long long)check_value, (long long)check_expected);               \
            checks_failed++;                                                      \
        }                                                                         \
    } while (0)

struct child {
    handle_t process, thread, aspace;
};

enum { CHILD_PRIORITY = 16, CHILDREN_MAX = 12 };

// Runs fn(argument) in a new process; `handles` (HANDLE_NONE ends) are granted at their own
// numbers. slot: which of the CHILDREN_MAX stacks.
void child_start(struct child *child, unsigned slot, void (*fn)(uint64_t), uint64_t argument,
                 const handle_t *handles, uint32_t priority, uint32_t affinity);

// A further thread of a process, on the given stack slot of its space; returns its handle.
handle_t thread_begin(handle_t process, unsigned slot, void (*fn)(uint64_t), uint64_t argument,
                      uint32_t priority, uint32_t affinity);

// Waits until the process is dead (some seconds at most), fills *status if not NULL, closes the
// handles.
void child_finish(struct child *child, struct process_status *status);
void child_kill(struct child *child);

time_ns_t now(void);
void pause_ns(uint64_t ns); // asleep
void spin_ns(uint64_t ns);  // awake
unsigned cpus_online(void);

// "NAME=" on the command line: its number, or `otherwise`.
uint64_t option(const char *name, uint64_t otherwise);

// The seed of this run (ktest.seed=N, else random), and numbers that follow from a state.
extern uint64_t run_seed;
uint64_t random_next(uint64_t *state);

// A page that is the same for this process and children started later.
void *shared_page(void);
void shared_page_end(void *page);

handle_t new_endpoint(void);
handle_t new_notification(uint64_t badge); // its badge is what a signal through it sets
handle_t with_badge(handle_t handle, uint64_t badge);

void test_handles(void);
void test_ipc(void);
void test_ipc_death(void);
void test_notifications(void);
void test_futex(void);
void test_processes(void);
void test_memory(void);
void test_pager(void);
void test_guest(void);
void test_scheduler(void);
void test_attacks(void);
void test_messages(void);
void test_races(void);
void test_fuzz(void);
void bench_all(const char *option); // what follows "ktest.bench" on the command line
