// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The shell on the console, and its window size. A serial line knows no size: the launcher sends
// it, at the start and at each change, as "size <rows> <columns>" over org.xinim.control.

#include "user/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool take_terminal(const char *path)
{
    int terminal;

    setsid();
    terminal = open(path, O_RDWR);
    if (terminal < 0)
        return false;
    // Stealing needs no asking: the console belongs to init's shell alone.
    if (ioctl(terminal, TIOCSCTTY, 1) < 0)
        dprintf(terminal, "init: no job control on %s: %s\n", path, strerror(errno));
    if (dup2(terminal, 0) < 0 || dup2(terminal, 1) < 0 || dup2(terminal, 2) < 0)
        return false;
    if (terminal > 2)
        close(terminal);
    tcsetpgrp(0, getpid());
    return true;
}

pid_t console_start_shell(const char *path)
{
    pid_t shell = fork();

    if (shell != 0)
        return shell;
    if (!take_terminal(path))
        _exit(126);
    init_reset_signals();
    execl("/bin/sh", "-sh", (char *)NULL);
    dprintf(2, "init: /bin/sh: %s\n", strerror(errno));
    _exit(127);
}

static void follow_window(const char *path)
{
    int control = port_open("org.xinim.control", O_RDWR | O_CLOEXEC, PORT_WAIT_MS);
    int terminal = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct winsize size = {0};
    char line[LINE_BYTES];

    if (control < 0 || terminal < 0 || !port_write_all(control, "ready\n", 6))
        return;
    while (port_read_line(control, line, sizeof line, -1)) {
        if (sscanf(line, "size %hu %hu", &size.ws_row, &size.ws_col) == 2)
            ioctl(terminal, TIOCSWINSZ, &size);
    }
}

void console_follow_window(const char *path)
{
    if (fork() == 0) {
        init_reset_signals();
        follow_window(path);
        _exit(0);
    }
}
