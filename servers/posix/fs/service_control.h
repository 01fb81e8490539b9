// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What is written to /sys/xinim/services/<name>/ctl.

#pragma once

// Does what the first word of `data` says: start, stop, restart, kill, or a fault (abi/rs.h). 0,
// E_INVAL for other words, or rs's error. Releases posix_lock meanwhile.
int service_control_write(const char *service, const char *data);
