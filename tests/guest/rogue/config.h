// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Configuration spaces of bus 0 and interrupt messages as this processor's board has them, taken
// with root's authority, as no driver can.

#pragma once

#include "abi/types.h"

// Call first. 0 or an error.
int config_init(handle_t root);

// Of 4 bytes, of function 0 of a device of bus 0.
uint32_t config_read(uint32_t device, uint32_t at);
void config_write(uint32_t device, uint32_t at, uint32_t value);

struct interrupt_message {
    uint32_t address, data;
};

// The message that would be interrupt `number` of those that devmgr set up, counted from 0.
struct interrupt_message interrupt_message_of(uint32_t number);
