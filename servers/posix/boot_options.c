// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Parses the kernel command line (boot_options.h).

#include "servers/posix/boot_options.h"

#include <string.h>

// If the word is `name`=value, copies the value.
static bool take_text(const char *word, size_t length, const char *name,
                      char value[BOOT_OPTION_MAX])
{
    size_t name_length = strlen(name);
    if (length <= name_length || memcmp(word, name, name_length) != 0 || word[name_length] != '=')
        return false;
    size_t value_length = length - name_length - 1;
    if (value_length > 0 && value_length < BOOT_OPTION_MAX) {
        memcpy(value, word + name_length + 1, value_length);
        value[value_length] = 0;
    }
    return true;
}

static void take_number(const char *text, uint32_t *number)
{
    enum { MOST = 3600 };
    uint32_t value = 0;
    if (*text == 0)
        return;
    for (; *text != 0; text++) {
        if (*text < '0' || *text > '9' || value > MOST)
            return;
        value = value * 10 + (uint32_t)(*text - '0');
    }
    *number = value;
}

static void take_word(const char *word, size_t length, struct boot_options *options)
{
    char number[BOOT_OPTION_MAX] = "";
    if (take_text(word, length, "root", options->root) ||
        take_text(word, length, "rootfstype", options->root_type) ||
        take_text(word, length, "init", options->init))
        return;
    if (take_text(word, length, "rootwait", number))
        take_number(number, &options->root_wait_seconds);
    else if (length == 2 && memcmp(word, "ro", 2) == 0)
        options->read_write = false;
    else if (length == 2 && memcmp(word, "rw", 2) == 0)
        options->read_write = true;
}

void boot_options_parse(const char *command_line, struct boot_options *options)
{
    *options = (struct boot_options){
        .root = "/dev/vda",
        .root_type = "ext4",
        .init = "/sbin/init",
        .root_wait_seconds = 10,
    };
    const char *word = command_line;
    while (*word != 0) {
        size_t length = strcspn(word, " \t\n");
        if (length > 0)
            take_word(word, length, options);
        word += length;
        word += strspn(word, " \t\n");
    }
}
