// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Fuzz entry, in libFuzzer's form: the input is an image. Build it alone with -fsanitize=fuzzer for
// long runs; fuzz_test.c drives it for a bounded time.

#include "fs/ext4/ext4.h"
#include "fs/ext4/test/walk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size;
};

static int input_read(void *context, uint64_t offset, size_t bytes, void *buffer)
{
    const struct input *input = context;
    if (offset > input->size || bytes > input->size - offset)
        abort();
    memcpy(buffer, input->data + offset, bytes);
    return 0;
}

static void no_log(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *memory;
    if (!memory)
        memory = aligned_alloc(4096, EXT4_MEMORY_MIN_LARGE);
    struct input input = {data, size};
    struct ext4_setup setup = {
        .source = {.context = &input, .bytes = size, .read = input_read},
        .memory = memory,
        .memory_bytes = EXT4_MEMORY_MIN_LARGE,
        .log = no_log,
    };
    struct ext4 *fs;
    struct walk walk = {.inodes_max = 300, .read_max = 20000};
    if (ext4_open(&setup, &fs) == 0)
        walk_all(fs, &walk);
    return 0;
}
