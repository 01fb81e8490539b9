// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Time conversions, wait statuses, signal classes, boot options, ChaCha20, and the table of system
// calls.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "servers/posix/boot_options.h"
#include "servers/posix/chacha.h"
#include "servers/posix/clock.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/list.h"
#include "servers/posix/signal_set.h"
#include "servers/posix/vdso/vvar.h"
#include "servers/posix/wait_status.h"

// ---- time ----

static void times_convert(void **state)
{
    uint64_t ns;
    (void)state;
    struct timespec_linux spec = {1, 5};
    assert_int_equal(timespec_to_ns(&spec, &ns), 0);
    assert_int_equal(ns, 1000000005);
    spec = (struct timespec_linux){0, 999999999};
    assert_int_equal(timespec_to_ns(&spec, &ns), 0);
    spec.nanoseconds = 1000000000;
    assert_int_equal(timespec_to_ns(&spec, &ns), -E_INVAL);
    spec.nanoseconds = -1;
    assert_int_equal(timespec_to_ns(&spec, &ns), -E_INVAL);
    spec = (struct timespec_linux){-1, 0};
    assert_int_equal(timespec_to_ns(&spec, &ns), -E_INVAL);
    spec = (struct timespec_linux){INT64_MAX, 999999999};
    assert_int_equal(timespec_to_ns(&spec, &ns), 0);
    assert_true(ns < DEADLINE_NEVER);
    spec = timespec_from_ns(12345678901ull);
    assert_int_equal(spec.seconds, 12);
    assert_int_equal(spec.nanoseconds, 345678901);
    struct timeval_linux val = {2, 1000000};
    assert_int_equal(timeval_to_ns(&val, &ns), -E_INVAL);
    val.microseconds = 7;
    assert_int_equal(timeval_to_ns(&val, &ns), 0);
    assert_int_equal(ns, 2000007000);
    val = timeval_from_ns(1);
    assert_int_equal(val.seconds, 0);
    assert_int_equal(val.microseconds, 1);
    val = timeval_from_ns(999999999);
    assert_int_equal(val.seconds, 1);
    assert_int_equal(val.microseconds, 0);
}

static void deadlines_saturate(void **state)
{
    (void)state;
    assert_int_equal(deadline_after(5, 6), 11);
    assert_true(deadline_after(5, ~0ull) == DEADLINE_NEVER);
    assert_true(deadline_after(DEADLINE_NEVER - 1, 1) == DEADLINE_NEVER);
    assert_true(deadline_after(0, ~0ull >> 1) < DEADLINE_NEVER);
}

static void counter_becomes_time(void **state)
{
    (void)state;
    // 2.5 GHz: 0.4 ns a tick.
    struct vvar vvar = {.counter_base = 1000,
                        .ns_base = 77,
                        .multiplier = (uint64_t)(0.4 * (1ull << 32)),
                        .shift = 32};
    assert_int_equal(vvar_monotonic(&vvar, 1000), 77);
    assert_int_equal(vvar_monotonic(&vvar, 999), 77);
    uint64_t year = vvar_monotonic(&vvar, 1000 + 2500000000ull * 86400 * 365);
    assert_in_range(year, 31535999900000000ull, 31536000000000100ull);
}

// ---- small encodings ----

static void wait_statuses(void **state)
{
    (void)state;
    assert_int_equal(wait_status_exited(3), 0x300);
    assert_int_equal(wait_status_exited(-1), 0xff00);
    assert_int_equal(wait_status_exited(256), 0);
    assert_int_equal(wait_status_killed(9), 9);
    assert_int_equal(wait_status_stopped(19), 0x137f);
    assert_true(wait_status_is_exit(0x100));
    assert_false(wait_status_is_exit(0x137f));
    assert_false(wait_status_is_exit(11));
}

static void signal_classes(void **state)
{
    (void)state;
    assert_int_equal(signal_default_of(SIGCHLD), SIGNAL_IGNORED);
    assert_int_equal(signal_default_of(SIGWINCH), SIGNAL_IGNORED);
    assert_int_equal(signal_default_of(SIGTSTP), SIGNAL_STOPS);
    assert_int_equal(signal_default_of(SIGCONT), SIGNAL_CONTINUES);
    assert_int_equal(signal_default_of(SIGSYS), SIGNAL_ENDS);
    assert_int_equal(signal_default_of(64), SIGNAL_ENDS);
    assert_int_equal(SIGSYS, 31);
    assert_int_equal(SIGCHLD, 17);
    assert_int_equal(SIGWINCH, 28);
    assert_int_equal(signal_first(SIGNAL_BIT(SIGTERM) | SIGNAL_BIT(SIGHUP)), SIGHUP);
    assert_int_equal(signal_first(SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGHUP)), SIGSEGV);
    assert_int_equal(signal_first(SIGNAL_BIT(64)), 64);
}

struct numbered {
    struct list node;
    int number;
};

static void lists_link(void **state)
{
    struct list head = LIST_INIT(head);
    struct numbered item[4];
    int sum = 0;
    (void)state;
    for (int i = 0; i < 4; i++) {
        item[i].number = i + 1;
        list_add_tail(&head, &item[i].node);
    }
    list_for_each_safe(node, &head)
    {
        if (list_entry(node, struct numbered, node)->number % 2 == 0)
            list_remove(node);
    }
    list_for_each(node, &head)
    {
        sum = sum * 10 + list_entry(node, struct numbered, node)->number;
    }
    assert_int_equal(sum, 13);
    list_remove(&item[1].node); // on no list: harmless
    assert_ptr_equal(list_pop_head(&head), &item[0].node);
    assert_ptr_equal(list_pop_head(&head), &item[2].node);
    assert_null(list_pop_head(&head));
}

// ---- boot options ----

static void options_parse(void **state)
{
    struct boot_options options;
    (void)state;
    boot_options_parse("", &options);
    assert_string_equal(options.root, "/dev/vda");
    assert_string_equal(options.root_type, "ext4");
    assert_string_equal(options.init, "/sbin/init");
    assert_false(options.read_write);
    boot_options_parse(
        "  console=ttyS0 root=/dev/sda1 rw\trootwait=3 init=/bin/sh rootfstype=fat\n", &options);
    assert_string_equal(options.root, "/dev/sda1");
    assert_string_equal(options.root_type, "fat");
    assert_string_equal(options.init, "/bin/sh");
    assert_int_equal(options.root_wait_seconds, 3);
    assert_true(options.read_write);
    boot_options_parse("root= rootwait=99999999999 rootwait=x row rwx=1 rw ro", &options);
    assert_string_equal(options.root, "/dev/vda");
    assert_int_equal(options.root_wait_seconds, 10);
    assert_false(options.read_write);
    char line[400];
    memset(line, 'x', sizeof(line));
    memcpy(line, "root=", 5);
    line[sizeof(line) - 1] = 0;
    boot_options_parse(line, &options);
    assert_string_equal(options.root, "/dev/vda");
}

// ---- ChaCha20: RFC 8439, 2.3.2 ----

static void chacha_is_the_standard_one(void **state)
{
    uint8_t key_bytes[32], out[CHACHA_BLOCK_BYTES];
    uint32_t key[CHACHA_KEY_WORDS];
    const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0x00000000};
    const uint8_t expected[16] = {0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15,
                                  0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4};
    (void)state;
    for (uint8_t i = 0; i < 32; i++)
        key_bytes[i] = i;
    memcpy(key, key_bytes, sizeof(key));
    chacha_block(key, 1, nonce, out);
    assert_memory_equal(out, expected, sizeof(expected));
    assert_int_equal(out[63], 0x4e);
}

// ---- the table ----

struct row {
    int x86_64, arm64;
    const char *name;
};

enum { NO = -1 };
static const struct row rows[] = {
#define SYSCALL(x86_64, arm64, call, ...)    {x86_64, arm64, #call},
#define SYSCALL_MISSING(x86_64, arm64, call) {x86_64, arm64, #call},
#include "servers/posix/syscalls.def"
#undef SYSCALL
#undef SYSCALL_MISSING
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void table_is_sorted_and_unique(void **state)
{
    static const char *arm64_name[SYSCALL_NUMBERS];
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        if (i > 0)
            assert_true(rows[i].x86_64 > rows[i - 1].x86_64);
        // The last slot is where calls land that a processor does not have.
        assert_true(rows[i].x86_64 < SYSCALL_NUMBERS - 1 && rows[i].arm64 < SYSCALL_NUMBERS - 1);
        if (rows[i].arm64 == NO)
            continue;
        assert_null(arm64_name[rows[i].arm64]);
        arm64_name[rows[i].arm64] = rows[i].name;
    }
}

static int number_of(const char *name, bool arm64)
{
    for (int i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return arm64 ? rows[i].arm64 : rows[i].x86_64;
    }
    return -2;
}

static void well_known_numbers(void **state)
{
    (void)state;
    assert_int_equal(number_of("read", false), 0);
    assert_int_equal(number_of("read", true), 63);
    assert_int_equal(number_of("execve", false), 59);
    assert_int_equal(number_of("execve", true), 221);
    assert_int_equal(number_of("exit_group", false), 231);
    assert_int_equal(number_of("exit_group", true), 94);
    assert_int_equal(number_of("restart_syscall", false), 219);
    assert_int_equal(number_of("fork", true), NO);
    assert_int_equal(number_of("clone3", true), number_of("clone3", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_convert),
        cmocka_unit_test(deadlines_saturate),
        cmocka_unit_test(counter_becomes_time),
        cmocka_unit_test(wait_statuses),
        cmocka_unit_test(signal_classes),
        cmocka_unit_test(lists_link),
        cmocka_unit_test(options_parse),
        cmocka_unit_test(chacha_is_the_standard_one),
        cmocka_unit_test(table_is_sorted_and_unique),
        cmocka_unit_test(well_known_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
