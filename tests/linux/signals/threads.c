// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The thread pointer is each thread's own, over signals and fork; getcpu tells where a thread runs.

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/linux/signals/check.h"
#include "tests/linux/signals/machine.h"

enum { THREADS = 4, ROUNDS = 200 };

static __thread unsigned long own;
static unsigned long pointers[THREADS];
static unsigned long in_handler;

static void *keep_own(void *number)
{
    unsigned long mine = (unsigned long)number;
    unsigned long pointer = machine_thread_pointer();
    bool good = true;

    own = mine;
    pointers[mine] = pointer;
    for (unsigned i = 0; i < ROUNDS; i++) {
        sched_yield();
        good = good && own == mine && machine_thread_pointer() == pointer;
    }
    return good ? number : NULL;
}

static void threads(void)
{
    pthread_t thread[THREADS];
    bool good = true;

    for (unsigned long i = 1; i < THREADS; i++)
        good = pthread_create(&thread[i], NULL, keep_own, (void *)i) == 0 && good;
    for (unsigned long i = 1; i < THREADS; i++) {
        void *result = NULL;

        pthread_join(thread[i], &result);
        good = good && result == (void *)i;
        for (unsigned long k = 0; k < i; k++)
            good = good && pointers[k] != pointers[i];
    }
    check(good, "each thread has its own thread pointer");
}

static void note_pointer(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    in_handler = machine_thread_pointer();
}

static void same_in_child(void)
{
    _exit(own == 99 && machine_thread_pointer() == pointers[0] ? 0 : 1);
}

static void *fork_from_thread(void *good)
{
    int status = -1;
    unsigned long pointer = machine_thread_pointer();
    pid_t child = fork();

    if (child == 0)
        _exit(machine_thread_pointer() == pointer ? 0 : 1);
    waitpid(child, &status, 0);
    *(bool *)good = status == 0;
    return NULL;
}

static void everywhere(void)
{
    cpu_set_t old, one;
    bool good = sched_getaffinity(0, sizeof(old), &old) == 0;

    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        unsigned told = CPU_SETSIZE;

        if (!CPU_ISSET(cpu, &old))
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        good = good && sched_setaffinity(0, sizeof(one), &one) == 0;
        syscall(SYS_getcpu, &told, NULL, NULL);
        good = good && told == cpu && sched_getcpu() == (int)cpu;
    }
    good = sched_setaffinity(0, sizeof(old), &old) == 0 && good;
    check(good, "getcpu on every processor");
}

void test_threads(void)
{
    pthread_t thread;
    bool good = false;

    own = 99;
    pointers[0] = machine_thread_pointer();
    threads();
    check(own == 99 && machine_thread_pointer() == pointers[0], "and the first keeps its");
    handle(SIGUSR1, note_pointer, 0);
    raise(SIGUSR1);
    check(in_handler == pointers[0], "a handler has its thread's");
    check(in_child(same_in_child) == 0, "a child of fork has its parent's");
    pthread_create(&thread, NULL, fork_from_thread, &good);
    pthread_join(thread, NULL);
    check(good, "also a child of another thread");
    everywhere();
}
