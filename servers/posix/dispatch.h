// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The table of Linux's system calls (syscalls.def) as C sees it, and the guest loop.

#pragma once

#include "abi/types.h"

struct task;

// What an argument is: for docs, traces and the fuzzer.
enum argument_kind {
    ARG_NONE,
    ARG_FD,      // file descriptor, or AT_FDCWD
    ARG_PATH,    // address of a string
    ARG_IN,      // address read
    ARG_OUT,     // address written
    ARG_INOUT,   // both, or an integer by the call's command
    ARG_SIZE,    // bytes or elements
    ARG_ADDRESS, // address that is not accessed by the call itself
    ARG_OFFSET,  // in a file
    ARG_FLAGS,
    ARG_MODE, // file mode bits
    ARG_ID,   // user or group id
    ARG_PID,
    ARG_SIGNAL,
    ARG_INT,
};

enum { SYSCALL_ARGUMENTS = 6, SYSCALL_NUMBERS = 512 };

// A system call: arguments as the program passed them, unchecked. The result goes to the program:
// >= 0 or a negative errno below 512, or minus an enum restart.
typedef int64_t (*syscall_handler_t)(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS]);

struct syscall_entry {
    syscall_handler_t handler; // NULL: ENOSYS
    uint32_t locked;           // posix_lock is held around it
    uint8_t kind[SYSCALL_ARGUMENTS];
    const char *name; // NULL: no such number
};

// Indexed by this processor's numbers.
extern const struct syscall_entry syscall_table[SYSCALL_NUMBERS];

// Every handler, in the file of its subject.
#define SYSCALL(x86_64, arm64, name, lock, ...) \
    int64_t linux_##name(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS]);
#define SYSCALL_MISSING(x86_64, arm64, name)
#include "servers/posix/syscalls.def"
#undef SYSCALL
#undef SYSCALL_MISSING

// A task's whole life: runs its guest until the task ends.
void dispatch_loop(struct task *task);
