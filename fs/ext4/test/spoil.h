// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Random damage to images, the same again for the same seed.

#pragma once

#include <stddef.h>
#include <stdint.h>

void spoil_seed(uint64_t seed); // not 0
uint32_t spoil_below(uint32_t limit);
// One change somewhere, most likely where metadata is.
void spoil_image(uint8_t *data, size_t size);
