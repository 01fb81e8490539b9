// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

#include "kernel/mm/page.h"

// Before mmu_init_kernel: where the loader put the image.
void mmu_set_image(physical_t base);
