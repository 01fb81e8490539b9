// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The line discipline against the one it imitates: random keys under random settings go to a pseudo
// terminal of the build machine and to ours; what appears and what is read must be the same, byte
// for byte. Skipped where the build machine has no pseudo terminals.

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "servers/posix/tty/ldisc.h"

enum { CASES = 400, KEYS_MAX = 40, SHOWN_MAX = 8192, QUIET_MS = 3, LATE_MS = 1000 };

static struct {
    struct ldisc ldisc;
    uint8_t shown[SHOWN_MAX];
    uint32_t shown_count;
} ours;

static uint32_t room(struct ldisc *ldisc)
{
    (void)ldisc;
    return SHOWN_MAX - ours.shown_count;
}

static void put(struct ldisc *ldisc, const uint8_t *bytes, uint32_t count)
{
    (void)ldisc;
    memcpy(ours.shown + ours.shown_count, bytes, count);
    ours.shown_count += count;
}

static void no_signal(struct ldisc *ldisc, int number, bool flush)
{
    (void)ldisc;
    (void)number;
    (void)flush;
}

static void no_flow(struct ldisc *ldisc, bool stopped)
{
    (void)ldisc;
    (void)stopped;
}

static const struct ldisc_ops ops = {room, put, no_signal, no_flow};

// The C library's termios differs from the kernel's, so its functions are of no use here.
static long control(int file, unsigned long command, void *argument)
{
    return syscall(SYS_ioctl, file, command, argument);
}

static bool open_pair(int *master, int *slave)
{
    char path[32];
    int unlock = 0;
    uint32_t number;

    *master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (*master < 0 || control(*master, TIOCSPTLCK, &unlock) < 0 ||
        control(*master, TIOCGPTN, &number) < 0)
        return false;
    snprintf(path, sizeof path, "/dev/pts/%u", number);
    *slave = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    return *slave >= 0;
}

static void random_settings(struct termios_linux *termios)
{
    static const uint32_t lflags[] = {ICANON, ICANON, ECHO,    ECHO,   ECHOE,
                                      ECHOK,  ECHONL, ECHOCTL, ECHOKE, IEXTEN};
    static const uint32_t iflags[] = {ICRNL, INLCR, IGNCR, ISTRIP, IUTF8};
    static const uint32_t oflags[] = {OPOST, ONLCR, OCRNL, ONOCR, ONLRET, XTABS};

    termios->iflag = termios->oflag = termios->lflag = 0;
    for (unsigned i = 0; i < sizeof lflags / sizeof lflags[0]; i++)
        termios->lflag |= rand() % 2 ? lflags[i] : 0;
    for (unsigned i = 0; i < sizeof iflags / sizeof iflags[0]; i++)
        termios->iflag |= rand() % 4 == 0 ? iflags[i] : 0;
    for (unsigned i = 0; i < sizeof oflags / sizeof oflags[0]; i++)
        termios->oflag |= rand() % 2 ? oflags[i] : 0;
    termios->cc[VEOL] = rand() % 4 == 0 ? '!' : 0;
    termios->cc[VEOL2] = rand() % 4 == 0 ? '?' : 0;
}

// Without output processing Linux does not know where the cursor is: no tabs then, whose erasing
// depends on it.
static uint32_t random_keys(uint8_t keys[KEYS_MAX], bool tabs)
{
    static const char interesting[] = "abc _-\t\t\n\r\177\177\004\025\027\026\022!?\001\033";
    uint32_t count = (uint32_t)(rand() % KEYS_MAX);

    for (uint32_t i = 0; i < count; i++) {
        keys[i] = (uint8_t)interesting[rand() % (int)(sizeof interesting - 1)];
        if (keys[i] == '\t' && !tabs)
            keys[i] = 'x';
        if (rand() % 12 == 0 && i + 1 < count) { // a character of two bytes
            keys[i++] = 0xc3;
            keys[i] = 0xa4;
        }
    }
    return count;
}

// Everything that appears on the other side until it is quiet; waits longer for what is expected.
static uint32_t collect(int file, uint8_t *bytes, uint32_t expected)
{
    uint32_t count = 0;
    struct pollfd wait = {.fd = file, .events = POLLIN};

    while (poll(&wait, 1, count < expected ? LATE_MS : QUIET_MS) > 0) {
        ssize_t got = read(file, bytes + count, SHOWN_MAX - count);

        if (got <= 0)
            break;
        count += (uint32_t)got;
    }
    return count;
}

static void print(const char *what, const uint8_t *bytes, uint32_t count)
{
    print_message("%s:", what);
    for (uint32_t i = 0; i < count; i++)
        print_message(bytes[i] > 0x20 && bytes[i] < 0x7f ? " %c" : " %02x", bytes[i]);
    print_message("\n");
}

// One read of both; -1: would wait.
static void compare_read(int slave, uint32_t most)
{
    uint8_t theirs[64], mine[64];
    ssize_t expected = read(slave, theirs, most);
    ssize_t got = -1;
    bool end;

    if (ldisc_readable(&ours.ldisc, 1))
        got = (ssize_t)ldisc_read(&ours.ldisc, mine, most, &end);
    if (expected < 0)
        assert_int_equal(errno, EAGAIN);
    assert_int_equal(got, expected);
    if (got > 0)
        assert_memory_equal(mine, theirs, (size_t)got);
}

static void one_case(int master, int slave, const struct termios_linux *termios)
{
    uint8_t keys[KEYS_MAX], theirs[SHOWN_MAX];
    uint32_t count = random_keys(keys, (termios->oflag & OPOST) != 0), shown;
    int pending;

    ours.shown_count = 0;
    assert_int_equal(write(master, keys, count), (ssize_t)count);
    ldisc_receive(&ours.ldisc, keys, count);
    shown = collect(master, theirs, ours.shown_count);
    if (shown != ours.shown_count || memcmp(theirs, ours.shown, shown) != 0) {
        print_message("iflag %o oflag %o lflag %o\n", termios->iflag, termios->oflag,
                      termios->lflag);
        print("keys", keys, count);
        print("Linux", theirs, shown);
        print("ours", ours.shown, ours.shown_count);
        fail();
    }
    for (int waited = 0; waited < LATE_MS;
         waited++) { // without echo nothing tells when it is through
        assert_int_equal(control(slave, TIOCINQ, &pending), 0);
        if ((uint32_t)pending == ldisc_pending(&ours.ldisc))
            break;
        poll(NULL, 0, 1);
    }
    assert_int_equal(ldisc_pending(&ours.ldisc), pending);
    for (int i = rand() % 6; i > 0; i--)
        compare_read(slave, (uint32_t)(1 + rand() % 40));
}

// New settings, both sides with nothing pending and the cursor in column 0.
static void begin_settings(int master, int slave, struct termios_linux *termios)
{
    uint8_t rest[SHOWN_MAX];

    termios->iflag = termios->lflag = 0;
    termios->oflag = OPOST;
    assert_int_equal(control(slave, TCSETSF, termios), 0);
    assert_int_equal(write(slave, "\r", 1), 1);
    collect(master, rest, 1);
    random_settings(termios);
    assert_int_equal(control(slave, TCSETSF, termios), 0);
    ldisc_init(&ours.ldisc, &ops);
    ldisc_set_termios(&ours.ldisc, termios);
}

static void test_against_the_build_machine(void **state)
{
    struct termios_linux termios;
    int master, slave;

    (void)state;
    if (!open_pair(&master, &slave))
        skip();
    srand(6);
    assert_int_equal(control(slave, TCGETS, &termios), 0);
    for (int i = 0; i < CASES; i++) {
        if (i % 4 == 0) {
            begin_settings(master, slave, &termios);
        }
        one_case(master, slave, &termios);
    }
    close(slave);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_build_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
