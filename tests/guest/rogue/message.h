// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a device sends to interrupt, changed behind devmgr's back, which takes root's authority: as
// if a driver had got hold of its configuration space.

#pragma once

#include "abi/types.h"

// Call first. 0 or an error.
int forged_init(handle_t root);

// Of the first device with this vendor and device (as they stand in its first word), whose MSI is
// on: the message that is interrupt `number` (config.h). False: there is none.
bool forged_message(uint32_t identity, uint32_t number);
