// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Switching the machine off and starting it anew: through ACPI's fixed registers, else by firmware
// call.

#pragma once

#include "abi/devmgr.h"
#include "servers/devmgr/acpi.h"

// Does not return if it succeeds. E_INVAL: no such operation; E_NOSYS: the board has no way;
// E_TIMEDOUT: it was asked and nothing happened.
int power_control(const struct acpi_info *acpi, uint64_t op);

// From now on events are ACPI's (SCI), not firmware's (SMI): 4.8.3.2.1. 0 too where the board knows
// no other way. E_TIMEDOUT.
int power_enter_acpi_mode(const struct acpi_info *acpi);
