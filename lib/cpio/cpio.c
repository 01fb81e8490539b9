// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// newc: a header of 6 + 13 * 8 characters in hexadecimal, the name with its NUL, the data; name and
// data padded so that what follows starts at a multiple of four.

#include "lib/cpio/cpio.h"
#include "abi/error.h"

#include <string.h>

#define NEWC_MAGIC   "070701"
#define NEWC_TRAILER "TRAILER!!!"

enum {
    NEWC_HEADER = 110,
    NEWC_MODE = 6 + 1 * 8, // offsets of fields
    NEWC_FILESIZE = 6 + 6 * 8,
    NEWC_NAMESIZE = 6 + 11 * 8,
    S_IFMT = 0170000,
    S_IFREG = 0100000,
};

void cpio_open(struct cpio_reader *reader, const void *archive, size_t bytes)
{
    *reader = (struct cpio_reader){.archive = archive, .bytes = bytes};
}

static int read_field(const uint8_t *field, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 8; i++) {
        uint8_t c = field[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            digit = (uint32_t)((c | 32) - 'a') + 10;
        else
            return -E_BADMSG;
        *value = *value << 4 | digit;
    }
    return 0;
}

// *position = start + length rounded up to 4, if that many bytes are there. The padding behind the
// last may be missing.
static int skip(const struct cpio_reader *reader, size_t start, size_t length, size_t *position)
{
    if (start > reader->bytes || length > reader->bytes - start)
        return -E_BADMSG;
    size_t end = start + length;
    size_t padding = -end & 3;
    *position = padding > reader->bytes - end ? reader->bytes : end + padding;
    return 0;
}

int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry)
{
    size_t start = reader->position;
    if (start > reader->bytes || NEWC_HEADER > reader->bytes - start)
        return -E_BADMSG;
    const uint8_t *header = reader->archive + start;
    uint32_t mode, data_bytes, name_bytes;
    if (memcmp(header, NEWC_MAGIC, 6) != 0 || read_field(header + NEWC_MODE, &mode) < 0 ||
        read_field(header + NEWC_FILESIZE, &data_bytes) < 0 ||
        read_field(header + NEWC_NAMESIZE, &name_bytes) < 0)
        return -E_BADMSG;

    size_t data_start, next;
    if (name_bytes == 0 || skip(reader, start, NEWC_HEADER + (size_t)name_bytes, &data_start) < 0)
        return -E_BADMSG;
    const char *name = (const char *)header + NEWC_HEADER;
    if (name[name_bytes - 1])
        return -E_BADMSG;
    if (!strcmp(name, NEWC_TRAILER))
        return 0;
    if (skip(reader, data_start, data_bytes, &next) < 0)
        return -E_BADMSG;
    if (!strncmp(name, "./", 2))
        name += 2;
    *entry = (struct cpio_entry){
        .name = name,
        .data = reader->archive + data_start,
        .bytes = data_bytes,
        .mode = mode,
    };
    reader->position = next;
    return 1;
}

int cpio_find(const void *archive, size_t bytes, const char *name, struct cpio_entry *entry)
{
    struct cpio_reader reader;
    cpio_open(&reader, archive, bytes);
    for (;;) {
        int status = cpio_next(&reader, entry);
        if (status <= 0)
            return status;
        if ((entry->mode & S_IFMT) == S_IFREG && !strcmp(entry->name, name))
            return 1;
    }
}
