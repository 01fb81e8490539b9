// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Vector registers and rounding mode survive signals, preemption and fork; a handler can change
// them.

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/linux/signals/check.h"
#include "tests/linux/signals/machine.h"

enum {
    SPIN_SHORT = 100000,
    SPIN_LONG = 20000000, // several time slices
    SPINNERS = 4,
    FIRST_WORD = 0x600d600d,
};

static volatile int handled;
static bool replace;

static bool same(const struct vectors *a, const struct vectors *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

// Leaves other values in all registers.
static void clobber(int signal, siginfo_t *info, void *context)
{
    struct vectors other, out;

    (void)signal;
    (void)info;
    machine_vectors(&other, 77);
    machine_vector_call(&other, &out, 0, SYS_getpid, 0, 0, 0);
    if (replace)
        machine_set_first_word(context, FIRST_WORD);
    handled += same(&other, &out);
}

static void over_signals(void)
{
    struct vectors in, out;

    handle(SIGUSR1, clobber, 0);
    machine_vectors(&in, 1);
    handled = 0;
    machine_vector_call(&in, &out, SPIN_SHORT, SYS_kill, getpid(), SIGUSR1, 0);
    check(handled == 1 && same(&in, &out), "vectors survive a signal");

    replace = true;
    machine_vector_call(&in, &out, 0, SYS_kill, getpid(), SIGUSR1, 0);
    replace = false;
    check(out.word[0] == FIRST_WORD, "a handler changes a vector");
    out.word[0] = in.word[0];
    check(same(&in, &out), "and only this one");
}

static void over_fork(void)
{
    struct vectors in, out;
    int status = -1;

    machine_vectors(&in, 2);
    long child = machine_vector_call(&in, &out, 0, SYS_clone, SIGCHLD, 0, 0);
    if (child == 0)
        _exit(same(&in, &out) ? 0 : 1);
    check(child > 0 && same(&in, &out), "vectors survive fork in the parent");
    waitpid((pid_t)child, &status, 0);
    check(status == 0, "and in the child");
}

static void over_preemption(void)
{
    bool good = true;

    for (unsigned i = 0; i < SPINNERS; i++) {
        if (fork() == 0) {
            struct vectors in, out;

            machine_vectors(&in, 10 + i);
            machine_vector_call(&in, &out, SPIN_LONG, SYS_sched_yield, 0, 0, 0);
            _exit(same(&in, &out) ? 0 : 1);
        }
    }
    for (unsigned i = 0; i < SPINNERS; i++) {
        int status = -1;

        good = wait(&status) > 0 && status == 0 && good;
    }
    check(good, "vectors survive preemption");
}

void test_state(void)
{
    over_signals();
    over_fork();
    over_preemption();
}
