// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A program's first stack, "#!" lines, lists of strings.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "servers/posix/exec_arguments.h"
#include "servers/posix/exec_script.h"
#include "servers/posix/exec_stack.h"

// ---- stack ----

static const char arguments[] = "sh\0-c\0\0echo hi"; // four strings, one empty
static const char environment[] = "HOME=/\0A=1";

static struct exec_stack_input sample(uint64_t top, uint64_t shift)
{
    struct exec_stack_input input = {
        .arguments = arguments,
        .arguments_bytes = sizeof(arguments),
        .argument_count = 4,
        .environment = environment,
        .environment_bytes = sizeof(environment),
        .environment_count = 2,
        .file_name = "/bin/sh",
        .platform = "x86_64",
        .top = top,
        .shift = shift,
    };
    memset(input.random, 0xa5, sizeof(input.random));
    const uint64_t auxv[][2] = {
        {AT_PAGESZ, 4096}, {AT_RANDOM, 0}, {AT_EXECFN, 0}, {AT_PLATFORM, 0}};
    memcpy(input.auxv, auxv, sizeof(auxv));
    input.auxv_count = 4;
    return input;
}

static uint64_t word_at(const uint8_t *image, uint64_t base, uint64_t address)
{
    uint64_t word;
    memcpy(&word, image + (address - base), sizeof(word));
    return word;
}

static void check_stack(uint64_t top, uint64_t shift)
{
    struct exec_stack_input input = sample(top, shift);
    struct exec_stack stack;
    exec_stack_measure(&input, &stack);
    assert_int_equal(stack.pointer % 16, 0);
    assert_int_equal(stack.pointer + stack.bytes, top);
    uint8_t *image = malloc(stack.bytes);
    exec_stack_build(&input, &stack, image);

    uint64_t at = stack.pointer;
    const char *expected[] = {"sh", "-c", "", "echo hi"};
    assert_int_equal(word_at(image, stack.pointer, at), 4);
    for (int i = 0; i < 4; i++) {
        uint64_t string = word_at(image, stack.pointer, at += 8);
        assert_in_range(string, stack.arguments, stack.arguments_end - 1);
        assert_string_equal((char *)image + (string - stack.pointer), expected[i]);
    }
    assert_int_equal(word_at(image, stack.pointer, at += 8), 0);
    const char *variables[] = {"HOME=/", "A=1"};
    for (int i = 0; i < 2; i++) {
        uint64_t string = word_at(image, stack.pointer, at += 8);
        assert_in_range(string, stack.environment, stack.environment_end - 1);
        assert_string_equal((char *)image + (string - stack.pointer), variables[i]);
    }
    assert_int_equal(word_at(image, stack.pointer, at += 8), 0);
    assert_int_equal(word_at(image, stack.pointer, at += 8), AT_PAGESZ);
    assert_int_equal(word_at(image, stack.pointer, at += 8), 4096);
    assert_int_equal(word_at(image, stack.pointer, at += 8), AT_RANDOM);
    uint64_t random = word_at(image, stack.pointer, at += 8);
    assert_memory_equal(image + (random - stack.pointer), input.random, sizeof(input.random));
    assert_int_equal(word_at(image, stack.pointer, at += 8), AT_EXECFN);
    uint64_t name = word_at(image, stack.pointer, at += 8);
    assert_string_equal((char *)image + (name - stack.pointer), "/bin/sh");
    assert_int_equal(word_at(image, stack.pointer, at += 8), AT_PLATFORM);
    uint64_t platform = word_at(image, stack.pointer, at += 8);
    assert_string_equal((char *)image + (platform - stack.pointer), "x86_64");
    assert_int_equal(word_at(image, stack.pointer, at += 8), AT_NULL);
    assert_int_equal(word_at(image, stack.pointer, at += 8), 0);
    assert_true(at + 8 <= random);
    free(image);
}

static void stack_has_everything(void **state)
{
    (void)state;
    check_stack(0x7ffffffff000, 0);
    check_stack(0x7ffffffff000, 0x1ff0);
    check_stack(0x7ffd12345000, 0x550);
}

static void empty_stack_is_sound(void **state)
{
    (void)state;
    struct exec_stack_input input = {
        .file_name = "", .platform = "", .top = 0x10000, .arguments = "", .environment = ""};
    struct exec_stack stack;
    exec_stack_measure(&input, &stack);
    assert_int_equal(stack.pointer % 16, 0);
    uint8_t *image = malloc(stack.bytes);
    exec_stack_build(&input, &stack, image);
    for (size_t i = 0; i < stack.bytes; i++)
        assert_int_equal(image[i], 0);
    free(image);
}

// ---- scripts ----

static int parse(const char *text, struct exec_script *script)
{
    return exec_script_parse(text, strlen(text), script);
}

static void script_lines(void **state)
{
    struct exec_script script;
    (void)state;
    assert_int_equal(parse("#!/bin/sh\necho", &script), 1);
    assert_string_equal(script.interpreter, "/bin/sh");
    assert_string_equal(script.argument, "");
    assert_int_equal(parse("#! \t/usr/bin/env  python3 -u \t\nx", &script), 1);
    assert_string_equal(script.interpreter, "/usr/bin/env");
    assert_string_equal(script.argument, "python3 -u");
    assert_int_equal(parse("#!/bin/awk", &script), 1);
    assert_string_equal(script.interpreter, "/bin/awk");
    assert_int_equal(parse("#", &script), 0);
    assert_int_equal(parse("", &script), 0);
    assert_int_equal(parse("\177ELF", &script), 0);
    assert_int_equal(parse("#!", &script), -E_NOEXEC);
    assert_int_equal(parse("#! \t \n/bin/sh", &script), -E_NOEXEC);
}

static void long_script_lines(void **state)
{
    struct exec_script script;
    char head[EXEC_HEAD_BYTES * 2];
    (void)state;
    // The interpreter itself may be cut: refused. Only its argument is: taken as far as it goes.
    memset(head, 'a', sizeof(head));
    memcpy(head, "#!/", 3);
    assert_int_equal(exec_script_parse(head, sizeof(head), &script), -E_NOEXEC);
    assert_int_equal(exec_script_parse(head, EXEC_HEAD_BYTES, &script), -E_NOEXEC);
    assert_int_equal(exec_script_parse(head, EXEC_HEAD_BYTES - 1, &script), 1);
    head[10] = ' ';
    assert_int_equal(exec_script_parse(head, sizeof(head), &script), 1);
    assert_int_equal(strlen(script.interpreter), 8);
    assert_int_equal(strlen(script.argument), EXEC_HEAD_BYTES - 11);
    head[10] = 0;
    assert_int_equal(exec_script_parse(head, sizeof(head), &script), -E_NOEXEC);
}

static void random_heads_are_safe(void **state)
{
    struct exec_script script;
    char head[EXEC_HEAD_BYTES];
    static const char letters[] = "#!/ \t\nab\0";
    (void)state;
    srand(1);
    for (int round = 0; round < 200000; round++) {
        size_t bytes = (size_t)rand() % (sizeof(head) + 1);
        for (size_t i = 0; i < bytes; i++)
            head[i] = letters[rand() % (int)sizeof(letters)];
        if (bytes >= 2 && round % 2 != 0)
            memcpy(head, "#!", 2);
        char *exact = malloc(bytes);
        if (bytes > 0)
            memcpy(exact, head, bytes);
        if (exec_script_parse(exact, bytes, &script) == 1) {
            assert_true(strlen(script.interpreter) > 0 && strlen(script.interpreter) < bytes);
            assert_true(strlen(script.argument) < bytes);
        }
        free(exact);
    }
}

// ---- lists ----

static void lists_grow_at_both_ends(void **state)
{
    struct string_list list = {0};
    (void)state;
    string_list_drop_first(&list);
    assert_int_equal(list.count, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(string_list_add(&list, "middle", 6), 0);
    assert_int_equal(string_list_add_first(&list, "first", 5), 0);
    assert_int_equal(string_list_add(&list, "", 0), 0);
    assert_int_equal(list.count, 1002);
    assert_int_equal(list.bytes, 1000 * 7 + 6 + 1);
    assert_string_equal(list.data, "first");
    string_list_drop_first(&list);
    assert_string_equal(list.data, "middle");
    assert_string_equal(list.data + list.bytes - 1, "");
    while (list.count > 0)
        string_list_drop_first(&list);
    assert_int_equal(list.bytes, 0);
    string_list_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stack_has_everything),  cmocka_unit_test(empty_stack_is_sound),
        cmocka_unit_test(script_lines),          cmocka_unit_test(long_script_lines),
        cmocka_unit_test(random_heads_are_safe), cmocka_unit_test(lists_grow_at_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
