// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The line discipline: what is typed, what appears, what is read, which signals come.

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdlib.h>
#include <string.h>

#include "servers/posix/tty/ldisc.h"

static struct {
    struct ldisc ldisc;
    char shown[65536];
    uint32_t shown_count, room;
    int signals[16];
    unsigned signal_count;
    bool stopped, flushed;
} t;

static uint32_t room(struct ldisc *ldisc)
{
    (void)ldisc;
    return t.room;
}

static void put(struct ldisc *ldisc, const uint8_t *bytes, uint32_t count)
{
    (void)ldisc;
    assert_true(count <= t.room);
    assert_true(t.shown_count + count < sizeof t.shown);
    memcpy(t.shown + t.shown_count, bytes, count);
    t.shown_count += count;
    t.room -= count;
}

static void send_signal(struct ldisc *ldisc, int number, bool flush)
{
    (void)ldisc;
    t.signals[t.signal_count++ % 16] = number;
    t.flushed = flush;
}

static void flow(struct ldisc *ldisc, bool stopped)
{
    (void)ldisc;
    t.stopped = stopped;
}

static const struct ldisc_ops ops = {room, put, send_signal, flow};

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.room = 60000;
    ldisc_init(&t.ldisc, &ops);
    return 0;
}

static void type(const char *text)
{
    ldisc_receive(&t.ldisc, (const uint8_t *)text, (uint32_t)strlen(text));
}

static void settings(uint32_t iflag, uint32_t oflag, uint32_t lflag)
{
    struct termios_linux termios = t.ldisc.termios;

    termios.iflag = iflag;
    termios.oflag = oflag;
    termios.lflag = lflag;
    ldisc_set_termios(&t.ldisc, &termios);
}

static const char *shown(void)
{
    t.shown[t.shown_count] = '\0';
    t.shown_count = 0;
    return t.shown;
}

// What one read of `most` bytes gives; "<eof>" for an end of file, "<none>" if it would wait.
static const char *reads(uint32_t most)
{
    static uint8_t bytes[LDISC_BUFFER + 1];
    bool end;
    uint32_t count;

    if (!ldisc_readable(&t.ldisc, 1))
        return "<none>";
    count = ldisc_read(&t.ldisc, bytes, most, &end);
    bytes[count] = '\0';
    return count == 0 && end ? "<eof>" : (const char *)bytes;
}

static void test_line(void **state)
{
    (void)state;
    type("hello");
    assert_string_equal(reads(100), "<none>");
    type("\r");
    assert_string_equal(shown(), "hello\r\n");
    assert_int_equal(ldisc_pending(&t.ldisc), 6);
    assert_string_equal(reads(100), "hello\n");
    assert_string_equal(reads(100), "<none>");
}

static void test_one_line_a_read(void **state)
{
    (void)state;
    type("one\ntwo\n");
    assert_string_equal(reads(100), "one\n");
    assert_string_equal(reads(2), "tw");
    assert_string_equal(reads(100), "o\n");
}

static void test_erase(void **state)
{
    (void)state;
    type("ab\177c\n");
    assert_string_equal(shown(), "ab\b \bc\r\n");
    assert_string_equal(reads(100), "ac\n");
    type("\177\177x\n"); // nothing to erase: nothing shown
    assert_string_equal(shown(), "x\r\n");
}

static void test_erase_control_and_tab(void **state)
{
    (void)state;
    type("a\001\177");
    assert_string_equal(shown(), "a^A\b \b\b \b");
    type("\t\177");
    assert_string_equal(shown(), "\t\b\b\b\b\b\b\b");
    type("\n");
    assert_string_equal(reads(100), "a\n");
}

static void test_erase_utf8(void **state)
{
    (void)state;
    settings(ICRNL | IXON | IUTF8, OPOST | ONLCR, ISIG | ICANON | ECHO | ECHOE | IEXTEN);
    type("a\303\244\177b\n");
    assert_string_equal(shown(), "a\303\244\b \bb\r\n");
    assert_string_equal(reads(100), "ab\n");
}

static void test_erase_word_and_line(void **state)
{
    (void)state;
    type("foo bar  \027");
    assert_string_equal(shown(), "foo bar  \b \b\b \b\b \b\b \b\b \b");
    type("x\025y\n");
    assert_string_equal(shown(), "x\b \b\b \b\b \b\b \b\b \by\r\n");
    assert_string_equal(reads(100), "y\n");
}

static void test_kill_without_echoke(void **state)
{
    (void)state;
    settings(ICRNL, OPOST | ONLCR, ICANON | ECHO | ECHOK | ECHOCTL);
    type("abc\025d\n");
    assert_string_equal(shown(), "abc^U\r\nd\r\n");
    assert_string_equal(reads(100), "d\n");
}

static void test_end_of_file(void **state)
{
    (void)state;
    type("abc\004");
    assert_string_equal(reads(3), "abc"); // the EOF goes with the line it ends
    assert_string_equal(reads(100), "<none>");
    type("abc\004");
    assert_string_equal(reads(2), "ab");
    assert_string_equal(reads(2), "c");
    assert_string_equal(reads(100), "<none>");
    type("\004");
    assert_int_equal(ldisc_pending(&t.ldisc), 0);
    assert_string_equal(reads(100), "<eof>");
    assert_string_equal(shown(), "abcabc");
}

static void test_literal(void **state)
{
    (void)state;
    type("\026\003\026\004\026\r\n");
    assert_int_equal(t.signal_count, 0);
    assert_string_equal(shown(), "^\b^C^\b^D^\b^M\r\n");
    assert_string_equal(reads(100), "\003\004\r\n");
}

static void test_reprint(void **state)
{
    (void)state;
    type("ab\022");
    assert_string_equal(shown(), "ab^R\r\nab");
}

static void test_signals(void **state)
{
    (void)state;
    type("abc");
    type("\003");
    assert_int_equal(t.signals[0], 2);
    assert_true(t.flushed);
    assert_string_equal(shown(), "abc^C");
    type("\034\032\n");
    assert_int_equal(t.signals[1], 3);
    assert_int_equal(t.signals[2], 20);
    assert_string_equal(reads(100), "\n"); // abc is gone
}

static void test_noflsh(void **state)
{
    (void)state;
    settings(ICRNL, OPOST, ISIG | ICANON | NOFLSH);
    type("abc\003d\n");
    assert_false(t.flushed);
    assert_string_equal(reads(100), "abcd\n");
}

static void test_flow_control(void **state)
{
    (void)state;
    type("\023");
    assert_true(t.stopped);
    assert_int_equal(ldisc_write(&t.ldisc, (const uint8_t *)"x", 1), 0);
    type("ab"); // its echo waits too
    assert_string_equal(shown(), "");
    type("\021");
    assert_false(t.stopped);
    ldisc_echo_flush(&t.ldisc);
    assert_string_equal(shown(), "ab");
    type("\023");
    settings(ICRNL, OPOST, ICANON); // IXON off: output goes on
    assert_false(t.stopped);
}

static void test_ixany(void **state)
{
    (void)state;
    settings(ICRNL | IXON | IXANY, OPOST, ICANON | ECHO);
    type("\023q");
    assert_false(t.stopped);
}

static void test_input_translation(void **state)
{
    (void)state;
    settings(IGNCR | INLCR, 0, ICANON);
    type("a\rb\nc\004");
    assert_string_equal(reads(100), "ab\rc");
    settings(ISTRIP, 0, ICANON);
    type("\341\n");
    assert_string_equal(reads(100), "a\n");
}

static void test_raw(void **state)
{
    (void)state;
    settings(0, 0, 0);
    type("a\003\r\n\177");
    assert_int_equal(t.signal_count, 0);
    assert_string_equal(shown(), "");
    assert_true(ldisc_readable(&t.ldisc, 5));
    assert_false(ldisc_readable(&t.ldisc, 6));
    assert_string_equal(reads(100), "a\003\r\n\177");
}

static void test_mode_changes_keep_input(void **state)
{
    (void)state;
    type("partial");
    settings(0, 0, 0);
    assert_string_equal(reads(4), "part");
    settings(ICRNL, OPOST, ICANON);
    assert_string_equal(reads(100), "ial"); // counts as a line
    assert_string_equal(reads(100), "<none>");
    type("x\ny");
    settings(0, 0, 0);
    assert_string_equal(reads(100), "x\ny");
}

static void test_output_processing(void **state)
{
    const char *text = "ab\tc\nd\te\r\n";

    (void)state;
    settings(0, OPOST | ONLCR | XTABS, ICANON);
    assert_int_equal(ldisc_write(&t.ldisc, (const uint8_t *)text, 10), 10);
    assert_string_equal(shown(), "ab      c\r\nd       e\r\r\n");
    settings(0, 0, ICANON);
    ldisc_write(&t.ldisc, (const uint8_t *)text, 10);
    assert_string_equal(shown(), text);
    settings(0, OPOST | OCRNL | ONOCR | ONLRET, ICANON);
    ldisc_write(&t.ldisc, (const uint8_t *)"a\r\rb", 4);
    assert_string_equal(shown(), "a\nb");
}

static void test_output_waits_for_room(void **state)
{
    uint8_t bytes[1000];
    uint32_t done = 0;

    (void)state;
    memset(bytes, '\n', sizeof bytes);
    t.room = 0;
    while (done < sizeof bytes) {
        uint32_t used = ldisc_write(&t.ldisc, bytes + done, (uint32_t)sizeof bytes - done);

        if (used == 0)
            t.room += 9;
        done += used;
    }
    assert_int_equal(t.shown_count, 2000);
    t.shown_count = 0;
    t.room = 0;
    type("echo");
    assert_int_equal(ldisc_write(&t.ldisc, bytes, 1), 0); // echo goes first
    t.room = 100;
    assert_int_equal(ldisc_write(&t.ldisc, bytes, 1), 1);
    assert_string_equal(shown(), "echo\r\n");
}

static void test_long_line(void **state)
{
    (void)state;
    for (int i = 0; i < LDISC_BUFFER + 100; i++) {
        assert_true(ldisc_receive_room(&t.ldisc) > 0);
        type("x");
    }
    assert_true(t.ldisc.dropped > 0);
    type("\177\n"); // it can still be edited and ended
    assert_int_equal(ldisc_receive_room(&t.ldisc), 0);
    assert_int_equal(strlen(reads(LDISC_BUFFER)), LDISC_BUFFER - 1);
    assert_int_equal(ldisc_receive_room(&t.ldisc), LDISC_BUFFER - 1);
}

static void test_full_lines_stop_the_device(void **state)
{
    (void)state;
    while (ldisc_receive_room(&t.ldisc) > 0)
        type("\n");
    assert_true(ldisc_readable(&t.ldisc, 1));
    settings(0, 0, 0);
    assert_int_equal(ldisc_receive_room(&t.ldisc), 0);
    reads(10);
    assert_int_equal(ldisc_receive_room(&t.ldisc), 10);
}

static void test_break_and_errors(void **state)
{
    (void)state;
    settings(0, 0, ICANON);
    ldisc_receive_break(&t.ldisc);
    settings(BRKINT, 0, ICANON);
    ldisc_receive_break(&t.ldisc);
    assert_int_equal(t.signals[0], 2);
    settings(IGNBRK, 0, 0);
    ldisc_receive_break(&t.ldisc);
    assert_int_equal(ldisc_pending(&t.ldisc), 0);
    settings(PARMRK | INPCK, 0, 0);
    ldisc_receive_break(&t.ldisc);
    ldisc_receive_error(&t.ldisc, 'x');
    type("\377");
    assert_int_equal(ldisc_pending(&t.ldisc), 8);
    settings(INPCK | IGNPAR, 0, 0);
    ldisc_receive_error(&t.ldisc, 'x');
    assert_int_equal(ldisc_pending(&t.ldisc), 8);
}

static void test_random(void **state)
{
    static const uint32_t lflags[] = {ISIG,   ICANON, ECHO,    ECHOE,  ECHOK,
                                      ECHONL, NOFLSH, ECHOCTL, ECHOKE, IEXTEN};
    static const char keys[] = "a \t\n\r\177\004\003\025\027\026\022\021\023\303\244";

    (void)state;
    srand(5);
    for (int round = 0; round < 20000; round++) {
        uint32_t lflag = 0;
        uint8_t bytes[64];
        bool end;

        if (rand() % 50 == 0) {
            for (unsigned i = 0; i < sizeof lflags / sizeof lflags[0]; i++)
                lflag |= rand() % 2 ? lflags[i] : 0;
            settings((uint32_t)rand() & 077777, (uint32_t)rand() & 014077, lflag);
        }
        for (unsigned i = 0; i < sizeof bytes; i++)
            bytes[i] =
                rand() % 10 ? (uint8_t)keys[rand() % (int)(sizeof keys - 1)] : (uint8_t)rand();
        t.room = (uint32_t)(rand() % 200);
        t.shown_count = 0;
        ldisc_receive(&t.ldisc, bytes, (uint32_t)(rand() % 64));
        ldisc_write(&t.ldisc, bytes, (uint32_t)(rand() % 64));
        if (ldisc_readable(&t.ldisc, 1))
            ldisc_read(&t.ldisc, bytes, (uint32_t)(rand() % 64), &end);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        TEST(test_line),
        TEST(test_one_line_a_read),
        TEST(test_erase),
        TEST(test_erase_control_and_tab),
        TEST(test_erase_utf8),
        TEST(test_erase_word_and_line),
        TEST(test_kill_without_echoke),
        TEST(test_end_of_file),
        TEST(test_literal),
        TEST(test_reprint),
        TEST(test_signals),
        TEST(test_noflsh),
        TEST(test_flow_control),
        TEST(test_ixany),
        TEST(test_input_translation),
        TEST(test_raw),
        TEST(test_mode_changes_keep_input),
        TEST(test_output_processing),
        TEST(test_output_waits_for_room),
        TEST(test_long_line),
        TEST(test_full_lines_stop_the_device),
        TEST(test_break_and_errors),
        TEST(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
