// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Loading an ELF program, and its interpreter if it names one, into a new address space.

#pragma once

#include "servers/posix/exec_stack.h"

struct file;
struct mm;
struct task;

struct exec_image {
    uint64_t entry;            // where the program begins: the interpreter's entry if there is one
    uint64_t program_entry;    // AT_ENTRY
    uint64_t interpreter_base; // AT_BASE, 0: none
    uint64_t phdr_address;     // AT_PHDR
    uint64_t phdr_count;
    bool stack_executable;
};

// Maps the segments of `file` (opened for execution) into `mm`, whose addresses it also chooses:
// heap, mappings, stack. E_NOEXEC: not such a file; E_ACCES, E_NOENT, E_LIBBAD ...: of the
// interpreter; E_NOMEM, E_IO. Sleeps.
int exec_image_load(struct task *task, struct mm *mm, struct file *file, bool randomise,
                    struct exec_image *image);
