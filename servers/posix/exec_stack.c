// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Builds a program's first stack (exec_stack.h). From the top down: a zero word, the file's name,
// environment strings, argument strings, free bytes, platform, random bytes, then the vectors, with
// argc lowest.

#include "servers/posix/exec_stack.h"

#include <string.h>

struct places {
    uint64_t file_name, environment, arguments, platform, random, vectors;
};

static size_t vector_bytes(const struct exec_stack_input *input)
{
    size_t words = 1 + (size_t)input->argument_count + 1 + (size_t)input->environment_count + 1 +
                   2 * ((size_t)input->auxv_count + 1);
    return words * sizeof(uint64_t);
}

static struct places find_places(const struct exec_stack_input *input)
{
    struct places places;
    uint64_t at = input->top - sizeof(uint64_t);
    at -= strlen(input->file_name) + 1;
    places.file_name = at;
    at -= input->environment_bytes;
    places.environment = at;
    at -= input->arguments_bytes;
    places.arguments = at;
    at = (at & ~15ull) - input->shift;
    at -= strlen(input->platform) + 1;
    places.platform = at;
    at -= EXEC_RANDOM_BYTES;
    places.random = at;
    places.vectors = (at - vector_bytes(input)) & ~15ull;
    return places;
}

void exec_stack_measure(const struct exec_stack_input *input, struct exec_stack *result)
{
    struct places places = find_places(input);
    result->pointer = places.vectors;
    result->bytes = (size_t)(input->top - places.vectors);
    result->arguments = places.arguments;
    result->arguments_end = places.arguments + input->arguments_bytes;
    result->environment = places.environment;
    result->environment_end = places.environment + input->environment_bytes;
}

static void fill_pointers(struct exec_stack_input *input, const struct places *places)
{
    for (uint32_t i = 0; i < input->auxv_count; i++) {
        switch (input->auxv[i][0]) {
        case AT_RANDOM:
            input->auxv[i][1] = places->random;
            break;
        case AT_EXECFN:
            input->auxv[i][1] = places->file_name;
            break;
        case AT_PLATFORM:
            input->auxv[i][1] = places->platform;
            break;
        default:
            break;
        }
    }
}

// A NULL-terminated vector of the addresses of `count` strings.
static uint64_t *put_pointers(uint64_t *word, const char *strings, uint64_t address, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t bytes = strlen(strings) + 1;
        *word++ = address;
        strings += bytes;
        address += bytes;
    }
    *word++ = 0;
    return word;
}

void exec_stack_build(struct exec_stack_input *input, const struct exec_stack *result,
                      uint8_t *image)
{
    struct places places = find_places(input);
    uint64_t base = result->pointer;
    memset(image, 0, result->bytes);
    memcpy(image + (places.file_name - base), input->file_name, strlen(input->file_name) + 1);
    memcpy(image + (places.environment - base), input->environment, input->environment_bytes);
    memcpy(image + (places.arguments - base), input->arguments, input->arguments_bytes);
    memcpy(image + (places.platform - base), input->platform, strlen(input->platform) + 1);
    memcpy(image + (places.random - base), input->random, EXEC_RANDOM_BYTES);
    fill_pointers(input, &places);

    uint64_t *word = (uint64_t *)(void *)image;
    *word++ = input->argument_count;
    word = put_pointers(word, input->arguments, places.arguments, input->argument_count);
    word = put_pointers(word, input->environment, places.environment, input->environment_count);
    memcpy(word, input->auxv, input->auxv_count * sizeof(input->auxv[0]));
}
