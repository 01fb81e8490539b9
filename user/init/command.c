// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// One command for the launcher. On org.xinim.control init says "ready", gets "run <length>
// <marker>" and the command's bytes, and says "exit <status>" at its end. The command writes
// straight to the ports org.xinim.stdout and org.xinim.stderr; init closes each stream with the
// marker, so the launcher knows that it has all of it, and waits for "off" before the machine
// stops.

#include "user/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct ports {
    int control;
    int out;
    int err;
};

static char command[COMMAND_BYTES + 1];

static bool open_one(const char *name, int flags, int *port)
{
    *port = port_open(name, flags | O_CLOEXEC, PORT_WAIT_MS);
    if (*port < 0)
        init_say("no command port %s: %s", name, strerror(errno));
    return *port >= 0;
}

static bool open_ports(struct ports *ports)
{
    return open_one("org.xinim.control", O_RDWR, &ports->control) &&
           open_one("org.xinim.stdout", O_WRONLY, &ports->out) &&
           open_one("org.xinim.stderr", O_WRONLY, &ports->err);
}

static void start_shell(const struct ports *ports)
{
    int null = open("/dev/null", O_RDONLY);

    if (null < 0 || dup2(null, 0) < 0 || dup2(ports->out, 1) < 0 || dup2(ports->err, 2) < 0)
        _exit(126);
    if (null > 2)
        close(null);
    setsid();
    init_reset_signals();
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    dprintf(2, "init: /bin/sh: %s\n", strerror(errno));
    _exit(127);
}

// The status as a shell would give it.
static int run_shell(const struct ports *ports)
{
    pid_t shell = fork();
    pid_t dead;
    int status;

    if (shell == 0)
        start_shell(ports);
    if (shell < 0) {
        dprintf(ports->err, "init: fork: %s\n", strerror(errno));
        return 126;
    }
    do {
        dead = waitpid(-1, &status, 0);
    } while (dead != shell && (dead >= 0 || errno == EINTR));
    if (dead != shell)
        return 126;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool read_request(int control, char *marker, size_t marker_size)
{
    char line[LINE_BYTES];
    char word[LINE_BYTES];
    size_t length;

    if (!port_read_line(control, line, sizeof line, PORT_WAIT_MS))
        return false;
    if (sscanf(line, "run %zu %127s", &length, word) != 2 || length > COMMAND_BYTES ||
        strlen(word) >= marker_size)
        return false;
    memcpy(marker, word, strlen(word) + 1);
    return port_read_all(control, command, length);
}

void command_run(void)
{
    char marker[LINE_BYTES];
    char line[LINE_BYTES];
    struct ports ports;
    int length;

    if (!open_ports(&ports))
        return;
    if (!port_write_all(ports.control, "ready\n", 6) ||
        !read_request(ports.control, marker, sizeof marker)) {
        init_say("no valid command came over org.xinim.control");
        return;
    }
    length = snprintf(line, sizeof line, "exit %d\n", run_shell(&ports));
    if (!port_write_all(ports.out, marker, strlen(marker)) ||
        !port_write_all(ports.err, marker, strlen(marker)) ||
        !port_write_all(ports.control, line, (size_t)length) ||
        !port_read_line(ports.control, line, sizeof line, OFF_WAIT_MS))
        init_say("the launcher did not take the command's output");
}
