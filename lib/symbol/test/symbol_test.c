// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "lib/symbol/symbol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char table[] = "00401000 start\n00401020 main\n00401100 write_all\n";

static void expect(uint64_t address, const char *text)
{
    char buffer[64];
    symbol_format(table, sizeof(table) - 1, address, buffer, sizeof(buffer));
    assert_string_equal(buffer, text);
}

static void test_find(void **state)
{
    (void)state;
    expect(0x400fff, "0x400fff");
    expect(0x401000, "start+0x0");
    expect(0x40101f, "start+0x1f");
    expect(0x401020, "main+0x0");
    expect(0x401123, "write_all+0x23");
    expect(0x7fff00000000, "0x7fff00000000"); // far behind the last
}

static void test_hostile(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 20000; round++) {
        size_t bytes = (size_t)(round % 64);
        char *copy = malloc(bytes ? bytes : 1);
        memcpy(copy, table, bytes > sizeof(table) ? sizeof(table) : bytes);
        for (int i = 0; i < 3 && bytes; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            copy[(seed >> 33) % bytes] = "0f \n-\0zA"[(seed >> 20) % 8];
        }
        struct symbol symbol;
        if (symbol_find(copy, bytes, 0x401110, &symbol))
            assert_true(symbol.name >= copy && symbol.name + symbol.name_bytes <= copy + bytes);
        free(copy);
    }
    struct symbol symbol;
    assert_false(symbol_find(NULL, 0, 1, &symbol));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find), cmocka_unit_test(test_hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
