// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Signals, exceptions and the processor's state as Linux programs see them. Says "ok" or "FAIL" for
// each check and closes with "N passed, N failed". The x86_64 binary passes on the build machine's
// Linux, too (tests/boot/test_signals.py).

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/linux/signals/check.h"

void handle(int signal, handler *handler, int flags)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    sigaction(signal, &action, NULL);
}

int in_child(void (*work)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        work();
        _exit(0);
    }
    return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

int main(void)
{
    test_faults();
    test_state();
    test_delivery();
    test_clocks();
    test_threads();
    return results_end();
}
