// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "fs/ext4/test/writable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int device_read(void *context, uint64_t offset, size_t bytes, void *buffer)
{
    const struct image *image = context;
    assert_true(offset <= image->size && bytes <= image->size - offset);
    memcpy(buffer, image->bytes + offset, bytes);
    return 0;
}

static int device_write(void *context, uint64_t offset, size_t bytes, const void *buffer)
{
    struct image *image = context;
    assert_true(offset <= image->size && bytes <= image->size - offset);
    memcpy(image->bytes + offset, buffer, bytes);
    return 0;
}

static int device_flush(void *context)
{
    (void)context;
    return 0;
}

struct block_source image_writable(struct image *image)
{
    return (struct block_source){image, image->size, device_read, device_write, device_flush};
}
