// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The first line of a script. Pure.

#pragma once

#include <stddef.h>

enum { EXEC_HEAD_BYTES = 256 }; // of a file, looked at to tell what it is

struct exec_script {
    char interpreter[EXEC_HEAD_BYTES];
    char argument[EXEC_HEAD_BYTES]; // everything after the interpreter, blanks inside included;
                                    // empty: none
};

// `head`: the first bytes of the file, at most EXEC_HEAD_BYTES. 1: a script, *script is filled; 0:
// something else; -E_NOEXEC: "#!" without a usable interpreter.
int exec_script_parse(const char *head, size_t bytes, struct exec_script *script);
