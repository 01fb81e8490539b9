// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Small images that hold one of everything, for tests that spoil them.

#pragma once

#include "fs/ext4/test/image.h"

// In the image: "hashed" (a directory with a hash tree), "fragmented" (extents in a block of their
// own, or indirect blocks), "link" (60 bytes or more), "note" (attributes in a block and in the
// inode), "plain", "inline" (100 bytes; inline where the options have inline_data), "below/deep".
void small_image_make(const char *scratch, const char *path, const char *options);
void small_image_make_sized(const char *scratch, const char *path, const char *options,
                            const char *size);
