// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

#include "abi/rs.h"

struct driver;

// Commits the fault, now or from now on; one that the driver cannot commit is logged.
void driver_commit_fault(struct driver *driver, enum rs_fault fault);
