// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// /dev/null, zero, full, random, urandom, kmsg.

#pragma once

int memory_devices_init(void);
