// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// An image as a device that can be written; what lies outside it fails the test.

#pragma once

#include "fs/ext4/test/image.h"

struct block_source image_writable(struct image *image);
