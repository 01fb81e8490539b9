// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Process 1. Kernel options it reads from /proc/cmdline: console=<tty>, init.mode=command,
// init.term=<type>. Signals as BusyBox's poweroff, halt and reboot send them: SIGUSR2, SIGUSR1,
// SIGTERM.

#include "user/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    OPTION_BYTES = 32,
    OPTIONS_BYTES = 2048,
    RESPAWN_MS = 200,
    TERMINATE_MS = 500,
    DRAIN_MS = 500
};

struct options {
    bool command;
    char console[OPTION_BYTES];
    char terminal[OPTION_BYTES];
};

static const struct mount_point {
    const char *type;
    const char *path;
    const char *data;
} mounts[] = {
    {"proc", "/proc", NULL},
    {"sysfs", "/sys", NULL},
    {"devtmpfs", "/dev", NULL},
    {"devpts", "/dev/pts", "ptmxmode=666"},
    {"tmpfs", "/dev/shm", "mode=1777"},
    {"tmpfs", "/run", "mode=755"},
    {"tmpfs", "/tmp", "mode=1777"},
};

void init_say(const char *format, ...)
{
    char text[256];
    va_list arguments;
    int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);

    if (console < 0)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dprintf(console, "init: %s\r\n", text);
    close(console);
}

void init_reset_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// EBUSY: the system mounted it before init started.
static void mount_all(void)
{
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
        const struct mount_point *point = &mounts[i];
        mkdir(point->path, 0755);
        if (mount(point->type, point->path, point->type, 0, point->data) < 0 && errno != EBUSY)
            init_say("mount %s on %s: %s", point->type, point->path, strerror(errno));
    }
}

// Names that a program may expect in /dev; EEXIST: the system made them.
static void link_descriptors(void)
{
    static const char *const links[][2] = {
        {"/proc/self/fd", "/dev/fd"},
        {"/proc/self/fd/0", "/dev/stdin"},
        {"/proc/self/fd/1", "/dev/stdout"},
        {"/proc/self/fd/2", "/dev/stderr"},
    };

    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST)
            init_say("%s: %s", links[i][1], strerror(errno));
    }
}

static size_t read_file(const char *path, char *text, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, text, size - 1);

    if (file >= 0)
        close(file);
    text[length > 0 ? length : 0] = '\0';
    return strlen(text);
}

// Takes the value of `option` if `word` is "<option>=<value>".
static void take_option(const char *word, const char *option, char *value)
{
    size_t length = strlen(option);

    if (strncmp(word, option, length) == 0 && word[length] == '=')
        snprintf(value, OPTION_BYTES, "%s", word + length + 1);
}

static void read_options(struct options *options)
{
    static char text[OPTIONS_BYTES];
    char mode[OPTION_BYTES] = "";

    *options = (struct options){.console = "console", .terminal = "vt100"};
    read_file("/proc/cmdline", text, sizeof text);
    for (char *word = strtok(text, " \n"); word; word = strtok(NULL, " \n")) {
        take_option(word, "console", options->console);
        take_option(word, "init.term", options->terminal);
        take_option(word, "init.mode", mode);
    }
    options->console[strcspn(options->console, ",")] = '\0';
    options->command = strcmp(mode, "command") == 0;
}

static void set_environment(const struct options *options)
{
    char name[OPTION_BYTES];

    clearenv();
    setenv("HOME", "/root", 1);
    setenv("PATH", "/sbin:/usr/sbin:/bin:/usr/bin", 1);
    setenv("SHELL", "/bin/sh", 1);
    setenv("TERM", options->terminal, 1);
    setenv("USER", "root", 1);
    if (read_file("/etc/hostname", name, sizeof name) > 0)
        sethostname(name, strcspn(name, "\n"));
    if (chdir("/root") < 0)
        init_say("chdir /root: %s", strerror(errno));
}

static void wait_ms(int ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&time, NULL);
}

// The last words of programs are on the line before the power goes, unless the line stands still.
static void drain_console(void)
{
    int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
    pid_t drainer = console < 0 ? -1 : fork();

    if (drainer == 0) {
        tcdrain(console);
        _exit(0);
    }
    for (int waited = 0; drainer > 0 && waited < DRAIN_MS; waited += 10) {
        if (waitpid(drainer, NULL, WNOHANG) != 0)
            break;
        wait_ms(10);
    }
}

static noreturn void stop_machine(int how)
{
    kill(-1, SIGTERM);
    kill(-1, SIGCONT);
    // Give them their time, but no longer than the last of them needs.
    for (int waited = 0; waited < TERMINATE_MS; waited += 10) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (kill(-1, 0) < 0 && errno == ESRCH)
            break;
        wait_ms(10);
    }
    kill(-1, SIGKILL);
    drain_console();
    sync();
    mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
    reboot(how);
    init_say("the machine does not stop: %s", strerror(errno));
    for (;;)
        pause();
}

static int stop_by_signal(int signal)
{
    switch (signal) {
    case SIGTERM:
        return RB_AUTOBOOT;
    case SIGUSR1:
        return (int)RB_HALT_SYSTEM;
    default:
        return RB_POWER_OFF;
    }
}

// A shell that ends is started again; orphans are reaped; a signal stops the machine.
static noreturn void serve_console(const char *path)
{
    pid_t shell = console_start_shell(path);
    pid_t dead;
    sigset_t awaited;
    int signal;

    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGUSR1);
    sigaddset(&awaited, SIGUSR2);
    for (;;) {
        signal = sigwaitinfo(&awaited, NULL);
        if (signal > 0 && signal != SIGCHLD)
            stop_machine(stop_by_signal(signal));
        while ((dead = waitpid(-1, NULL, WNOHANG)) > 0) {
            if (dead != shell)
                continue;
            wait_ms(RESPAWN_MS);
            shell = console_start_shell(path);
        }
    }
}

int main(void)
{
    char console[OPTION_BYTES + 8];
    struct options options;
    sigset_t all;

    if (getpid() != 1) {
        dprintf(2, "init: only the system starts this program, as process 1\n");
        return 1;
    }
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    umask(022);
    mount_all();
    link_descriptors();
    read_options(&options);
    set_environment(&options);
    if (options.command) {
        command_run();
        stop_machine(RB_POWER_OFF);
    }
    snprintf(console, sizeof console, "/dev/%s", options.console);
    console_follow_window(console);
    serve_console(console);
}
