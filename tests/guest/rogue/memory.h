// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Memory whose physical address is known, which takes root's authority: the victims of
// rogue_client.

#pragma once

#include "abi/types.h"

struct pinned {
    handle_t object;
    uint8_t *at; // mapped
    uint64_t bytes;
    uint64_t physical;
};

// Call first. 0 or an error.
int pinned_init(handle_t root);

// Contiguous, zeroed. 0 or an error.
int pinned_create(struct pinned *pinned, uint64_t bytes);

// Somebody else's contiguous memory; takes the handle.
int pinned_adopt(struct pinned *pinned, handle_t object, uint64_t bytes);

void pinned_destroy(struct pinned *pinned);

// The same for memory that is to lie where `physical` says, which somebody has just let go. False:
// the kernel has used it for something else.
bool pinned_create_at(struct pinned *pinned, uint64_t physical, uint64_t bytes);

// Every byte is this one.
void pinned_set(struct pinned *pinned, uint8_t byte);
bool pinned_is(const struct pinned *pinned, uint8_t byte);
