// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/boot_archive.h"

#include "kernel/arch/arch.h"
#include "kernel/core/string.h"

enum {
    HEADER_BYTES = 110, // magic and 13 fields of 8 hexadecimal digits
    FIELD_SIZE = 54,    // c_filesize
    FIELD_NAME = 94,    // c_namesize
};

static bool parse_hex(const char *text, unsigned digits, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < digits; i++) {
        char c = text[i];
        unsigned digit;
        if (c >= '0' && c <= '9') {
            digit = (unsigned)(c - '0');
        } else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
            digit = (unsigned)((c | 32) - 'a') + 10;
        } else {
            return false;
        }
        *value = *value << 4 | digit;
    }
    return true;
}

const void *boot_archive_find(const char *name, size_t *bytes)
{
    const char *archive = physical_to_virtual(boot_info.initrd);
    uint64_t left = boot_info.initrd_bytes;
    size_t wanted = strlen(name) + 1;
    while (left >= HEADER_BYTES && memcmp(archive, "070701", 6) == 0) {
        uint64_t size;
        uint64_t name_size;
        if (!parse_hex(archive + FIELD_SIZE, 8, &size) ||
            !parse_hex(archive + FIELD_NAME, 8, &name_size)) {
            return NULL;
        }
        uint64_t data = (HEADER_BYTES + name_size + 3) & ~3ull;
        uint64_t total = data + ((size + 3) & ~3ull);
        if (total > left || name_size == 0) {
            return NULL;
        }
        if (name_size == wanted && memcmp(archive + HEADER_BYTES, name, wanted) == 0) {
            *bytes = size;
            return archive + data;
        }
        archive += total;
        left -= total;
    }
    return NULL;
}

void boot_archive_symbol(uint64_t address, char *name, size_t size, uint64_t *offset)
{
    name[0] = '?';
    name[1] = '\0';
    size_t bytes;
    const char *text = boot_archive_find("kernel.sym", &bytes);
    if (text == NULL) {
        return;
    }
    const char *end = text + bytes;
    while (end - text > 17) {
        uint64_t start;
        if (!parse_hex(text, 16, &start) || start > address) {
            return;
        }
        *offset = address - start;
        text += 17;
        size_t length = 0;
        while (text < end && *text != '\n') {
            if (length < size - 1) {
                name[length++] = *text;
            }
            text++;
        }
        name[length] = '\0';
        text++;
    }
}
