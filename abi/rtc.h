// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Real-time clocks: the battery-backed date, in whole seconds of UTC.

#pragma once

#include "abi/types.h"

enum rtc_op {
    RTC_READ = 0x900, // () -> 0: seconds since 1970-01-01. E_IO: the clock's battery failed, or its
                      // values are no date
};
