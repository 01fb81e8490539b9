// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A process's whole life, seen by its parent.

#include "tests/bench/program/bench.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const tiny_arguments[] = {tiny_path, NULL};
static char *const no_environment[] = {NULL};

static void await(pid_t child)
{
    int status;

    must(waitpid(child, &status, 0), "waitpid");
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1, "a child failed");
}

static void run_fork(unsigned rounds)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++) {
        pid_t child = (pid_t)must(fork(), "fork");
        if (child == 0)
            _exit(0);
        await(child);
    }
    watch_stop();
}

static void run_fork_exec(unsigned rounds)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++) {
        pid_t child = (pid_t)must(fork(), "fork");
        if (child == 0) {
            execve(tiny_path, tiny_arguments, no_environment);
            _exit(1);
        }
        await(child);
    }
    watch_stop();
}

static void run_vfork_exec(unsigned rounds)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++) {
        pid_t child = (pid_t)must(vfork(), "vfork");
        if (child == 0) {
            execve(tiny_path, tiny_arguments, no_environment);
            _exit(1);
        }
        await(child);
    }
    watch_stop();
}

const struct row process_rows[] = {
    {"fork-exit-wait", NULL, run_fork, NULL, 20},
    {"fork-exec-wait", NULL, run_fork_exec, NULL, 20},
    {"vfork-exec-wait", NULL, run_vfork_exec, NULL, 20},
    {0},
};
