// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What pseudo terminals, sessions and job control do, told line by line. The same binary runs on
// the build machine's Linux and in the guest; both must say the same
// (tests/boot/test_terminals.py). Nothing that may differ is printed: no numbers of processes or
// terminals, no times but in whole tenths of a second.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_MS = 150, TEXT = 512 };

static int master, slave;
static char slave_name[64];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
    fflush(stdout);
}

static const char *result(long value)
{
    static char text[4][64];
    static int next;
    char *to = text[next++ % 4];

    if (value < 0)
        snprintf(to, sizeof text[0], "-1 (%s)", strerror(errno));
    else
        snprintf(to, sizeof text[0], "%ld", value);
    return to;
}

// Control characters as ^X, newlines as \n.
static const char *visible(const char *bytes, ssize_t count)
{
    static char text[TEXT];
    size_t at = 0;

    if (count < 0)
        return result(count);
    for (ssize_t i = 0; i < count && at + 4 < sizeof text; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte == '\n')
            at += (size_t)snprintf(text + at, 4, "\\n");
        else if (byte < 0x20 || byte == 0x7f)
            at += (size_t)snprintf(text + at, 4, "^%c", byte ^ 0x40);
        else
            text[at++] = (char)byte;
    }
    text[at] = '\0';
    return text;
}

static void settle(void)
{
    poll(NULL, 0, SETTLE_MS);
}

static void open_pair(void)
{
    master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    if (ptsname_r(master, slave_name, sizeof slave_name) != 0)
        say("no name");
    slave = open(slave_name, O_RDWR | O_NOCTTY);
    if (master < 0 || slave < 0)
        say("no pseudo terminal: %s", strerror(errno));
}

static void close_pair(void)
{
    close(master);
    close(slave);
}

static void type(const char *text)
{
    if (write(master, text, strlen(text)) != (ssize_t)strlen(text))
        say("typing fails: %s", strerror(errno));
    settle();
}

// What is there to be read, or that there is nothing.
static void show(const char *what, int file, size_t most)
{
    char bytes[TEXT];
    struct pollfd wait = {.fd = file, .events = POLLIN};

    if (most > sizeof bytes)
        most = sizeof bytes;
    if (poll(&wait, 1, SETTLE_MS) <= 0)
        say("%s: nothing", what);
    else
        say("%s: %s", what, visible(bytes, read(file, bytes, most)));
}

static void set_mode(tcflag_t clear, unsigned minimum, unsigned tenths)
{
    struct termios settings;

    tcgetattr(slave, &settings);
    settings.c_lflag &= ~clear;
    settings.c_cc[VMIN] = (cc_t)minimum;
    settings.c_cc[VTIME] = (cc_t)tenths;
    tcsetattr(slave, TCSANOW, &settings);
}

// ---- settings ----

static void test_settings(void)
{
    struct termios settings;
    struct winsize size = {.ws_row = 1};
    int value;

    open_pair();
    say("tcgetattr %s", result(tcgetattr(slave, &settings)));
    say("iflag %o oflag %o cflag %o lflag %o", settings.c_iflag, settings.c_oflag, settings.c_cflag,
        settings.c_lflag);
    say("cc %s", visible((const char *)settings.c_cc, 17));
    say("winsize %s %d %d", result(ioctl(slave, TIOCGWINSZ, &size)), size.ws_row, size.ws_col);
    size = (struct winsize){.ws_row = 43, .ws_col = 132};
    say("set at the master %s", result(ioctl(master, TIOCSWINSZ, &size)));
    size = (struct winsize){0};
    ioctl(slave, TIOCGWINSZ, &size);
    say("seen at the slave %d %d", size.ws_row, size.ws_col);
    say("isatty %d %d", isatty(master), isatty(slave));
    say("discipline %s %d", result(ioctl(slave, TIOCGETD, &value)), value);
    say("bad ioctl %s", result(ioctl(slave, 0x54ff, &value)));
    say("TIOCGSID without session %s", result(ioctl(slave, TIOCGSID, &value)));
    say("tcgetpgrp of another's %s", result(tcgetpgrp(slave)));
    close_pair();
}

static void test_lock(void)
{
    int peer;

    master = posix_openpt(O_RDWR | O_NOCTTY);
    ptsname_r(master, slave_name, sizeof slave_name);
    say("open a locked one %s", result(open(slave_name, O_RDWR | O_NOCTTY)));
    unlockpt(master);
    peer = ioctl(master, 0x5441 /* TIOCGPTPEER */, O_RDWR | O_NOCTTY);
    say("peer is a terminal: %d", isatty(peer));
    close(peer);
    close(master);
    say("open after the master closed %s", result(open(slave_name, O_RDWR | O_NOCTTY)));
}

// ---- reading and writing ----

static void test_lines(void)
{
    int count;

    open_pair();
    type("hello\n");
    ioctl(slave, FIONREAD, &count);
    say("waiting %d", count);
    show("echo", master, TEXT);
    show("line", slave, TEXT);
    type("ab\177c\ntwo\n");
    show("first", slave, TEXT);
    show("part", slave, 2);
    show("rest", slave, TEXT);
    type("no newline\004");
    show("pushed", slave, TEXT);
    type("\004");
    show("end of file", slave, TEXT);
    show("echo", master, TEXT);
    say("write %s", result(write(slave, "out\n", 4)));
    show("output", master, TEXT);
    type("gone\n");
    say("flush %s", result(tcflush(slave, TCIFLUSH)));
    show("after flush", slave, TEXT);
    say("drain %s", result(tcdrain(slave)));
    close_pair();
}

static long tenths_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return ((now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000) / 100;
}

static void timed_read(const char *what, size_t most, long least_tenths)
{
    char bytes[TEXT];
    struct timespec start;
    ssize_t count;

    clock_gettime(CLOCK_MONOTONIC, &start);
    count = read(slave, bytes, most);
    say("%s: %s%s", what, visible(bytes, count),
        tenths_since(&start) >= least_tenths ? "" : ", too early");
}

static void test_raw(void)
{
    open_pair();
    set_mode(ICANON | ECHO | ISIG, 3, 0);
    type("abcde\003");
    timed_read("min 3", 4, 0);
    timed_read("min 3, fewer asked for", 2, 0);
    set_mode(0, 0, 0);
    timed_read("min 0 time 0", 10, 0);
    set_mode(0, 0, 3);
    timed_read("min 0 time 3", 10, 3);
    type("x");
    timed_read("min 0 time 3, one there", 10, 0);
    set_mode(0, 5, 2);
    type("yz");
    timed_read("min 5 time 2, two there", 10, 2);
    close_pair();
}

static void test_nonblocking(void)
{
    char bytes[TEXT];
    struct pollfd wait;

    open_pair();
    fcntl(slave, F_SETFL, O_NONBLOCK);
    fcntl(master, F_SETFL, O_NONBLOCK);
    say("slave %s", result(read(slave, bytes, sizeof bytes)));
    say("master %s", result(read(master, bytes, sizeof bytes)));
    type("partial");
    wait = (struct pollfd){.fd = slave, .events = POLLIN | POLLOUT};
    poll(&wait, 1, 0);
    say("poll slave %x", wait.revents);
    say("half a line %s", result(read(slave, bytes, sizeof bytes)));
    type("\n");
    poll(&wait, 1, 0);
    say("poll slave %x", wait.revents);
    wait = (struct pollfd){.fd = master, .events = POLLIN | POLLOUT};
    poll(&wait, 1, 0);
    say("poll master %x", wait.revents);
    close_pair();
}

// More than any buffer holds, through both directions.
static void test_much(void)
{
    static char bytes[100000];
    size_t got = 0;
    pid_t child;

    open_pair();
    child = fork();
    if (child == 0) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)('a' + i % 26);
        _exit(write(slave, bytes, sizeof bytes) == (ssize_t)sizeof bytes ? 0 : 1);
    }
    while (got < sizeof bytes) {
        ssize_t count = read(master, bytes + got, sizeof bytes - got);

        if (count <= 0)
            break;
        got += (size_t)count;
    }
    waitpid(child, NULL, 0);
    for (size_t i = 0; i < got; i++) {
        if (bytes[i] != (char)('a' + i % 26)) {
            say("byte %zu is wrong", i);
            break;
        }
    }
    say("came through %zu", got);
    close_pair();
}

// ---- the other end ----

static void test_ends(void)
{
    char bytes[TEXT];
    struct pollfd wait;

    open_pair();
    (void)!write(slave, "last", 4);
    close(slave);
    wait = (struct pollfd){.fd = master, .events = POLLIN};
    poll(&wait, 1, SETTLE_MS);
    say("poll %x", wait.revents);
    show("what was left", master, TEXT);
    say("then %s", result(read(master, bytes, sizeof bytes)));
    slave = open(slave_name, O_RDWR | O_NOCTTY);
    type("again\n");
    show("line", slave, TEXT);
    close(master);
    settle();
    say("read %s", result(read(slave, bytes, sizeof bytes)));
    say("write %s", result(write(slave, "x", 1)));
    say("ioctl %s", result(ioctl(slave, TIOCGWINSZ, bytes)));
    wait = (struct pollfd){.fd = slave, .events = POLLIN};
    poll(&wait, 1, 0);
    say("poll %x", wait.revents);
    close(slave);
}

// ---- sessions and job control ----

static const char *ending(int status)
{
    static char text[64];

    if (WIFEXITED(status))
        snprintf(text, sizeof text, "exit %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "%s", strsignal(WTERMSIG(status)));
    else if (WIFSTOPPED(status))
        snprintf(text, sizeof text, "stopped by %s", strsignal(WSTOPSIG(status)));
    else
        snprintf(text, sizeof text, "continued");
    return text;
}

static void show_ending(const char *what, pid_t child)
{
    int status = 0;

    if (waitpid(child, &status, WUNTRACED) != child)
        say("%s: lost", what);
    else
        say("%s: %s", what, ending(status));
}

static volatile sig_atomic_t noticed;
static int ready[2];

static void on_signal(int number)
{
    noticed = number;
}

// Until then the signals that are watched for stay blocked, so that none comes too early.
static void wait_for(int number)
{
    sigset_t none;

    sigemptyset(&none);
    signal(number, on_signal);
    (void)!write(ready[1], "", 1);
    while (!noticed)
        sigsuspend(&none);
    say("got %s", strsignal(noticed));
}

// Becomes the leader of a session with the slave as its terminal.
static void lead(void)
{
    sigset_t watched;

    close(master);
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    sigemptyset(&watched);
    sigaddset(&watched, SIGHUP);
    sigaddset(&watched, SIGWINCH);
    sigprocmask(SIG_BLOCK, &watched, NULL);
}

// Runs `body` in a new session; returns when it has told that it is ready, or has ended.
static pid_t start_leader(void (*body)(void))
{
    char byte;
    pid_t child;

    (void)!pipe(ready);
    child = fork();
    if (child == 0) {
        close(ready[0]);
        lead();
        body();
        fflush(stdout);
        _exit(0);
    }
    close(ready[1]);
    (void)!read(ready[0], &byte, 1);
    close(ready[0]);
    return child;
}

static void wait_for_signal(void)
{
    (void)!write(ready[1], "", 1);
    for (;;)
        pause();
}

static void test_keys(void)
{
    static const struct {
        const char *key, *name;
    } keys[] = {{"\003", "^C"}, {"\034", "^\\"}};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        pid_t child;

        open_pair();
        child = start_leader(wait_for_signal);
        type(keys[i].key);
        show_ending(keys[i].name, child);
        show("shown", master, TEXT);
        close_pair();
    }
}

static void leader_facts(void)
{
    int session = -1, file = open("/dev/tty", O_RDWR);

    say("/dev/tty %s", file >= 0 ? "opens" : strerror(errno));
    say("TIOCGSID %s", ioctl(slave, TIOCGSID, &session) == 0 && session == getpid() ? "me" : "?");
    say("tcgetpgrp %s", tcgetpgrp(file) == getpgrp() ? "me" : "?");
    say("tcsetpgrp to nobody's %s", result(tcsetpgrp(slave, 99999)));
    say("TIOCSCTTY again %s", result(ioctl(slave, TIOCSCTTY, 0)));
    close(file);
    signal(SIGHUP, SIG_IGN);
    say("TIOCNOTTY %s", result(ioctl(slave, TIOCNOTTY, 0)));
    say("/dev/tty %s", result(open("/dev/tty", O_RDWR)));
    say("tcgetpgrp %s", result(tcgetpgrp(slave)));
}

static void test_leader(void)
{
    open_pair();
    waitpid(start_leader(leader_facts), NULL, 0);
    close_pair();
}

static pid_t background(void (*body)(void))
{
    pid_t child = fork();

    if (child == 0) {
        setpgid(0, 0);
        body();
        fflush(stdout);
        _exit(0);
    }
    setpgid(child, child);
    return child;
}

static void reads(void)
{
    char byte;

    say("background read %s", result(read(slave, &byte, 1)));
}

static void writes(void)
{
    say("background write %s", result(write(slave, "w", 1)));
}

static void sets(void)
{
    say("background tcsetpgrp %s", result(tcsetpgrp(slave, getpgrp())));
}

static void reads_ignoring(void)
{
    signal(SIGTTIN, SIG_IGN);
    reads();
}

static void sets_ignoring(void)
{
    signal(SIGTTOU, SIG_IGN);
    sets();
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void shell_facts(void)
{
    struct termios settings;
    pid_t child = background(reads);

    show_ending("reader", child);
    end(child);
    child = background(reads_ignoring);
    show_ending("reader that ignores", child);
    child = background(writes);
    show_ending("writer", child);
    tcgetattr(slave, &settings);
    settings.c_lflag |= TOSTOP;
    tcsetattr(slave, TCSANOW, &settings);
    child = background(writes);
    show_ending("writer with tostop", child);
    end(child);
    child = background(sets);
    show_ending("setter", child);
    end(child);
    child = background(sets_ignoring);
    show_ending("setter that ignores", child);
    say("foreground is %s", tcgetpgrp(slave) == getpgrp() ? "mine" : "the child's");
}

static void test_job_control(void)
{
    open_pair();
    waitpid(start_leader(shell_facts), NULL, 0);
    close_pair();
}

static void watch_window(void)
{
    struct winsize size;

    wait_for(SIGWINCH);
    ioctl(slave, TIOCGWINSZ, &size);
    say("window %d %d", size.ws_row, size.ws_col);
}

static void test_window(void)
{
    struct winsize size = {.ws_row = 5, .ws_col = 6};
    pid_t child;

    open_pair();
    child = start_leader(watch_window);
    ioctl(master, TIOCSWINSZ, &size);
    waitpid(child, NULL, 0);
    ioctl(master, TIOCSWINSZ, &size); // the same again: nobody is told
    close_pair();
}

static void watch_hangup(void)
{
    char byte;

    wait_for(SIGHUP);
    say("read %s", result(read(slave, &byte, 1)));
    say("/dev/tty %s", result(open("/dev/tty", O_RDWR)));
}

static void test_hangup(void)
{
    pid_t child;

    open_pair();
    child = start_leader(watch_hangup);
    close_pair();
    waitpid(child, NULL, 0);
}

// The leader ends: its terminal's foreground group is told, and is nobody's foreground any more.
static void leave_child(void)
{
    int told[2];
    char byte;

    (void)!pipe(told);
    if (fork() == 0) {
        ready[1] = told[1];
        wait_for(SIGHUP);
        fcntl(slave, F_SETFL, O_NONBLOCK);
        say("its child reads %s", result(read(slave, &byte, 1)));
        say("its child's /dev/tty %s", result(open("/dev/tty", O_RDWR)));
        _exit(0);
    }
    (void)!read(told[0], &byte, 1);
}

static void test_leader_exit(void)
{
    int other;

    open_pair();
    waitpid(start_leader(leave_child), NULL, 0);
    settle();
    settle();
    other = open(slave_name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    say("a new open reads %s", result(read(other, (char[1]){0}, 1)));
    type("x\n");
    show("an old one", slave, TEXT);
    close(other);
    close_pair();
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"settings", test_settings},
        {"lock", test_lock},
        {"lines", test_lines},
        {"raw", test_raw},
        {"nonblocking", test_nonblocking},
        {"much", test_much},
        {"ends", test_ends},
        {"keys", test_keys},
        {"leader", test_leader},
        {"job control", test_job_control},
        {"window", test_window},
        {"hang-up", test_hangup},
        {"leader exit", test_leader_exit},
    };

    alarm(60);
    signal(SIGINT, SIG_DFL); // BusyBox's shell leaves its own settings to what it runs last
    signal(SIGQUIT, SIG_DFL);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        say("-- %s", tests[i].name);
        tests[i].run();
    }
    return 0;
}
