// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Mount options: "name=value,name,...".

#pragma once

#include <stdint.h>

// Calls `take` for each option; `value` is "" without one. The first error ends it. E_INVAL: a name
// too long.
int mount_options_parse(const char *text,
                        int (*take)(const char *name, const char *value, void *context),
                        void *context);
// A number with suffix k, m, g or, if `whole` is not 0, % of it. E_INVAL.
int mount_option_bytes(const char *text, uint64_t whole, uint64_t *out);
int mount_option_number(const char *text, int base, uint64_t *out);
