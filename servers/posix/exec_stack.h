// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a program finds on its stack when it starts: argc, argv, envp, the auxiliary vector, and
// what they point at. System V ABI (x86_64 1.0, 3.4.1) and getauxval(3). Pure.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum auxv_type {
    AT_NULL = 0,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_BASE = 7,
    AT_FLAGS = 8,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_PLATFORM = 15,
    AT_HWCAP = 16,
    AT_CLKTCK = 17,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_HWCAP2 = 26,
    AT_EXECFN = 31,
    AT_SYSINFO_EHDR = 33,
    AT_MINSIGSTKSZ = 51,
};

enum { EXEC_AUXV_MAX = 24, EXEC_RANDOM_BYTES = 16 };

struct exec_stack_input {
    const char *arguments; // strings with their NULs, one after the other
    size_t arguments_bytes;
    uint32_t argument_count;
    const char *environment;
    size_t environment_bytes;
    uint32_t environment_count;
    const char *file_name; // AT_EXECFN
    const char *platform;  // AT_PLATFORM
    uint8_t random[EXEC_RANDOM_BYTES];
    uint64_t top;   // address just past the stack, 16-byte aligned
    uint64_t shift; // bytes left free between strings and vectors (address randomisation), multiple
                    // of 16
    // Type and value pairs, in order, without AT_NULL; the values of AT_RANDOM, AT_EXECFN and
    // AT_PLATFORM are filled in.
    uint64_t auxv[EXEC_AUXV_MAX][2];
    uint32_t auxv_count;
};

struct exec_stack {
    uint64_t pointer; // initial stack pointer: address of argc, 16-byte aligned
    size_t bytes;     // from pointer to top
    uint64_t arguments, arguments_end, environment, environment_end; // addresses of the strings
};

// How many bytes exec_stack_build needs: result->bytes, and where things will be.
void exec_stack_measure(const struct exec_stack_input *input, struct exec_stack *result);
// Writes the image of [result->pointer, input->top) to `image`, and the pointers' values into
// input->auxv.
void exec_stack_build(struct exec_stack_input *input, const struct exec_stack *result,
                      uint8_t *image);
