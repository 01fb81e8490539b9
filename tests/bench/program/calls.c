// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Calls that touch no file, and two parties that wake each other in turns.

#include "tests/bench/program/bench.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void run_getppid(unsigned rounds)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++)
        syscall(SYS_getppid);
    watch_stop();
}

static void run_yield(unsigned rounds)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++)
        sched_yield();
    watch_stop();
}

static void run_clock(unsigned rounds)
{
    struct timespec time;

    watch_start();
    for (unsigned i = 0; i < rounds; i++)
        clock_gettime(CLOCK_MONOTONIC, &time);
    watch_stop();
}

// ---- two processes and two pipes ----

static int to_child[2];
static int from_child[2];
static pid_t child;

static void pipe_prepare(void)
{
    char byte;

    must(pipe(to_child), "pipe");
    must(pipe(from_child), "pipe");
    child = (pid_t)must(fork(), "fork");
    if (child == 0) {
        close(to_child[1]);
        while (read(to_child[0], &byte, 1) == 1 && write(from_child[1], &byte, 1) == 1) {
        }
        _exit(0);
    }
    close(to_child[0]);
    close(from_child[1]);
}

static void pipe_run(unsigned rounds)
{
    char byte = 0;

    watch_start();
    for (unsigned i = 0; i < rounds; i++) {
        must(write(to_child[1], &byte, 1), "write to a pipe");
        must(read(from_child[0], &byte, 1), "read from a pipe");
    }
    watch_stop();
}

static void pipe_finish(void)
{
    close(to_child[1]);
    close(from_child[0]);
    must(waitpid(child, NULL, 0), "waitpid");
}

// ---- two threads and a futex: whose turn it is ----

// Operations of futex(2); the C library's headers do not have them.
enum {
    FUTEX_PRIVATE = 128,
    FUTEX_WAIT_PRIVATE = 0 | FUTEX_PRIVATE,
    FUTEX_WAKE_PRIVATE = 1 | FUTEX_PRIVATE
};

enum { TURN_MAIN, TURN_THREAD, TURN_END };

static uint32_t turn;
static pthread_t thread;

static void turn_give(uint32_t to)
{
    __atomic_store_n(&turn, to, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
}

static uint32_t turn_await(uint32_t not )
{
    uint32_t now;

    while ((now = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) == not )
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, not, NULL);
    return now;
}

static void *other_thread(void *unused)
{
    while (turn_await(TURN_MAIN) == TURN_THREAD)
        turn_give(TURN_MAIN);
    return unused;
}

static void futex_prepare(void)
{
    turn = TURN_MAIN;
    must(-pthread_create(&thread, NULL, other_thread, NULL), "pthread_create");
}

static void futex_run(unsigned rounds)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++) {
        turn_give(TURN_THREAD);
        turn_await(TURN_THREAD);
    }
    watch_stop();
}

static void futex_finish(void)
{
    turn_give(TURN_END);
    must(-pthread_join(thread, NULL), "pthread_join");
}

static void run_wake_nobody(unsigned rounds)
{
    static uint32_t word;

    watch_start();
    for (unsigned i = 0; i < rounds; i++)
        syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX);
    watch_stop();
}

const struct row call_rows[] = {
    {"getppid", NULL, run_getppid, NULL, 2000},
    {"sched_yield", NULL, run_yield, NULL, 2000},
    {"clock_gettime", NULL, run_clock, NULL, 2000},
    {"futex-wake-nobody", NULL, run_wake_nobody, NULL, 2000},
    {"futex-ping-pong", futex_prepare, futex_run, futex_finish, 500},
    {"pipe-ping-pong", pipe_prepare, pipe_run, pipe_finish, 500},
    {0},
};
