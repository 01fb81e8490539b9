// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The words of the kernel command line that concern the posix server. Pure.
//
// | option | default | meaning |
// |---|---|---|
// | root=/dev/NAME | /dev/vda | disk or partition with the root file system; `root=tmpfs`: an empty
// one | | rootfstype=TYPE | ext4 | its file system | | ro, rw | ro | how it is mounted | |
// init=PATH | /sbin/init | the first program | | rootwait=SECONDS | 10 | how long to wait for the
// root device |

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BOOT_OPTION_MAX = 128 };

struct boot_options {
    char root[BOOT_OPTION_MAX];
    char root_type[BOOT_OPTION_MAX];
    char init[BOOT_OPTION_MAX];
    bool read_write;
    uint32_t root_wait_seconds;
};

// Values that are too long or no numbers keep the default.
void boot_options_parse(const char *command_line, struct boot_options *options);
