// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// lib/c against plain loops and known answers. The build renames our functions to c_*.

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

size_t strlcpy(char *to, const char *from, size_t bytes);
size_t strlcat(char *to, const char *from, size_t bytes);
void *memmem(const void *in, size_t in_bytes, const void *what, size_t what_bytes);
char *stpcpy(char *to, const char *from);

enum { ROOM = 400 };

static void fill(unsigned char *buffer, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++)
        buffer[i] = (unsigned char)(i * 31 + seed);
}

static void expect_same(const unsigned char *a, const unsigned char *b, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(a[i], b[i]);
}

static void test_memcpy(void **state)
{
    (void)state;
    unsigned char from[ROOM], to[ROOM], expected[ROOM];
    for (size_t bytes = 0; bytes < 300; bytes++)
        for (size_t shift = 0; shift < 9; shift++) {
            fill(from, ROOM, 7);
            fill(to, ROOM, 99);
            fill(expected, ROOM, 99);
            for (size_t i = 0; i < bytes; i++)
                expected[8 + shift + i] = from[shift * 3 + i];
            assert_ptr_equal(memcpy(to + 8 + shift, from + shift * 3, bytes), to + 8 + shift);
            expect_same(to, expected, ROOM);
        }
}

static void test_memmove(void **state)
{
    (void)state;
    unsigned char buffer[ROOM], expected[ROOM], copy[ROOM];
    for (size_t bytes = 0; bytes < 150; bytes++)
        for (size_t from = 0; from < 70; from++) {
            size_t to = 35;
            fill(buffer, ROOM, 3);
            fill(expected, ROOM, 3);
            for (size_t i = 0; i < bytes; i++)
                copy[i] = expected[from + i];
            for (size_t i = 0; i < bytes; i++)
                expected[to + i] = copy[i];
            assert_ptr_equal(memmove(buffer + to, buffer + from, bytes), buffer + to);
            expect_same(buffer, expected, ROOM);
        }
}

static void test_memset(void **state)
{
    (void)state;
    unsigned char buffer[ROOM], expected[ROOM];
    for (size_t bytes = 0; bytes < 200; bytes++) {
        fill(buffer, ROOM, 3);
        fill(expected, ROOM, 3);
        for (size_t i = 0; i < bytes; i++)
            expected[11 + i] = 0x9c;
        assert_ptr_equal(memset(buffer + 11, 0x39c, bytes), buffer + 11);
        expect_same(buffer, expected, ROOM);
    }
}

static void test_memcmp(void **state)
{
    (void)state;
    unsigned char a[64], b[64];
    for (size_t bytes = 0; bytes < 40; bytes++)
        for (size_t where = 0; where < bytes; where++) {
            fill(a, 64, 5);
            fill(b, 64, 5);
            assert_int_equal(memcmp(a, b, bytes), 0);
            a[where] = 1;
            b[where] = 200;
            if (where + 1 < bytes)
                b[where + 1] = 0;
            assert_true(memcmp(a, b, bytes) < 0);
            assert_true(memcmp(b, a, bytes) > 0);
            assert_int_equal(memcmp(a, b, where), 0);
        }
    const char *text = "aaab aab";
    assert_ptr_equal(memchr(text, 'b', 8), text + 3);
    assert_null(memchr(text, 'b', 3));
    assert_ptr_equal(memmem(text, 8, "aab", 3), text + 1);
    assert_null(memmem(text, 3, "aab", 3));
    assert_ptr_equal(memmem(text, 8, "", 0), text);
}

static void test_strings(void **state)
{
    (void)state;
    char buffer[16];
    assert_int_equal(strlen("four"), 4);
    assert_int_equal(strnlen("four", 3), 3);
    assert_true(strcmp("abc", "abd") < 0 && strcmp("abc", "ab") > 0 && !strcmp("", ""));
    assert_true(strcmp("\xff", "a") > 0);
    assert_true(!strncmp("abcd", "abxx", 2) && strncmp("abcd", "abxx", 3) < 0);
    assert_int_equal(strlcpy(buffer, "0123456789", 5), 10);
    assert_string_equal(buffer, "0123");
    assert_int_equal(strlcat(buffer, "xyz", 7), 7);
    assert_string_equal(buffer, "0123xy");
    assert_int_equal(strlcat(buffer, "zz", 3), 5); // no terminator within 3
    assert_string_equal(strcat(strcpy(buffer, "ab"), "cd"), "abcd");
    memset(buffer, 'q', sizeof(buffer));
    strncpy(buffer, "ab", 4);
    assert_true(!buffer[2] && !buffer[3] && buffer[4] == 'q');
    assert_ptr_equal(stpcpy(buffer, "abc"), buffer + 3);
    const char *path = "/usr/bin/env";
    assert_ptr_equal(strchr(path, 'b'), path + 5);
    assert_ptr_equal(strchr(path, 0), path + 12);
    assert_null(strchr(path, 'z'));
    assert_ptr_equal(strrchr(path, '/'), path + 8);
    assert_ptr_equal(strstr(path, "bin"), path + 5);
    assert_null(strstr(path, "bib"));
    assert_int_equal(strspn("  x", " "), 2);
    assert_int_equal(strcspn("key = v", " ="), 3);
    assert_int_equal(strcspn("key", "="), 3);
}

static void test_numbers(void **state)
{
    (void)state;
    char *end;
    assert_int_equal(strtoull("0x1aF,", &end, 0), 0x1af);
    assert_int_equal(*end, ',');
    assert_int_equal(strtoull("0777", NULL, 0), 0777);
    assert_int_equal(strtoull("  +19z", &end, 10), 19);
    assert_int_equal(*end, 'z');
    const char *none = "  zz";
    assert_int_equal(strtoull(none, &end, 10), 0);
    assert_ptr_equal(end, none);
    assert_int_equal(strtoull("0x", &end, 16), 0); // the 0 is the number
    assert_int_equal(*end, 'x');
    assert_true(strtoull("18446744073709551615", NULL, 10) == ULLONG_MAX);
    assert_true(strtoull("18446744073709551616", NULL, 10) == ULLONG_MAX);
    assert_true(strtoll("-9223372036854775808", NULL, 10) == LLONG_MIN);
    assert_true(strtoll("-9223372036854775809", NULL, 10) == LLONG_MIN);
    assert_true(strtoll("9223372036854775808", NULL, 10) == LLONG_MAX);
    assert_int_equal(strtol("-10", NULL, 10), -10);
    assert_true(strtoull("zz", NULL, 36) == 35 * 36 + 35);
    assert_int_equal(atoi("-42x"), -42);
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void test_sort(void **state)
{
    (void)state;
    static uint32_t numbers[1000];
    for (size_t count = 0; count < 1000; count += count < 20 ? 1 : 83) {
        uint32_t x = 12345;
        uint64_t sum = 0, sorted_sum = 0;
        for (size_t i = 0; i < count; i++) {
            x = x * 1664525 + 1013904223;
            numbers[i] = count % 2 ? x >> 8 : x >> 28; // many equal ones, too
            sum += numbers[i];
        }
        qsort(numbers, count, sizeof(uint32_t), compare_u32);
        for (size_t i = 0; i < count; i++) {
            sorted_sum += numbers[i];
            assert_true(!i || numbers[i - 1] <= numbers[i]);
            uint32_t *found = bsearch(&numbers[i], numbers, count, sizeof(uint32_t), compare_u32);
            assert_non_null(found);
            assert_int_equal(*found, numbers[i]);
        }
        assert_int_equal(sum, sorted_sum);
        uint32_t absent = UINT32_MAX;
        assert_null(bsearch(&absent, numbers, count, sizeof(uint32_t), compare_u32));
    }
}

#define expect_text(expected, ...)                                                               \
    do {                                                                                         \
        char buffer_[200];                                                                       \
        assert_int_equal(snprintf(buffer_, sizeof(buffer_), __VA_ARGS__), sizeof(expected) - 1); \
        assert_string_equal(buffer_, expected);                                                  \
    } while (0)

#pragma clang diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat"

static void test_format(void **state)
{
    (void)state;
    expect_text("", "%s", "");
    expect_text("a 5 b", "a %d b", 5);
    expect_text("-2147483648", "%d", INT_MIN);
    expect_text("-9223372036854775808", "%lld", LLONG_MIN);
    expect_text("18446744073709551615 ffffffffffffffff", "%zu %llx", SIZE_MAX, ULLONG_MAX);
    expect_text("0", "%llu", 0ull);
    expect_text("   42|42   |00042|+42| 42", "%5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42);
    expect_text("-0042|  -42", "%05d|%5d", -42, -42);
    expect_text("0x2a|2A|0X2A|0|052|52", "%#x|%X|%#X|%#x|%#o|%o", 42, 42, 42, 0, 42, 42);
    expect_text("0x0000002a|    0x2a", "%#010x|%#8x", 42, 42);
    expect_text("0042|  0042||", "%.4d|%6.4d|%.0d|", 42, 42, 0);
    expect_text("0", "%#.0o", 0);
    expect_text("ab|  ab|ab  |", "%.2s|%4.2s|%-4.2s|", "abcd", "abcd", "abcd");
    expect_text("   ab|ab   |a", "%*s|%*s|%.*s", 5, "ab", -5, "ab", 1, "ab");
    expect_text("ab", "%.*s", -1, "ab");
    expect_text("x 100% (null)", "%c %d%% %s", 'x', 100, (char *)NULL);
    expect_text("0x1000 0x0", "%p %p", (void *)0x1000, NULL);
    expect_text("-1 255 -1 65535", "%hhd %hhu %hd %hu", 255, 255, 65535, 65535);
    expect_text("q", "%q");
    expect_text("tail", "tail%");
    expect_text("tail", "tail%5");
    char unterminated[2] = {'a', 'b'};
    expect_text("ab", "%.2s", unterminated);
}

static void test_format_cut(void **state)
{
    (void)state;
    char buffer[8];
    for (size_t room = 0; room <= sizeof(buffer); room++) {
        memset(buffer, 'Z', sizeof(buffer));
        assert_int_equal(snprintf(buffer, room, "%05d%s", 12, "abcdef"), 11);
        if (room)
            assert_int_equal(buffer[room - 1], 0);
        for (size_t i = room; i < sizeof(buffer); i++)
            assert_int_equal(buffer[i], 'Z');
        for (size_t i = 0; i + 1 < room; i++)
            assert_int_equal(buffer[i], "00012abcdef"[i]);
    }
    assert_int_equal(snprintf(NULL, 0, "%1000d", 1), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memcpy),     cmocka_unit_test(test_memmove),
        cmocka_unit_test(test_memset),     cmocka_unit_test(test_memcmp),
        cmocka_unit_test(test_strings),    cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_sort),       cmocka_unit_test(test_format),
        cmocka_unit_test(test_format_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
