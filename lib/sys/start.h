// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a native process was given at its start. main() is called with the words of the manifest's
// `arguments`; what it returns becomes the process's exit code. The grants are immutable, so any
// thread may look them up.

#pragma once

#include "abi/startup.h"

// The program's own.
int main(int argc, char **argv);

// The startup page (abi/startup.h), checked: magic right, names and arguments terminated.
const struct startup *startup_page(void);

// The handle granted as `name` ("endpoint", "log", "bar0" ...), or HANDLE_NONE.
handle_t startup_handle(const char *name);

// The whole grant, or NULL.
const struct startup_grant *startup_grant(const char *name);

// The value that goes with the grant (bytes of a memory object ...), 0 without such a grant.
uint64_t startup_value(const char *name);
