// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Binaries of the boot archive as memory objects.
//
// One object a binary holds its file contents at the places of memory, from the first segment's
// page on. Code and constants are mapped shared into every process of the binary, data private
// (copy-on-write), so starting an instance copies nothing and a restart does not even read the
// file. What lies past the file's part of a segment is anonymous.

#include "lib/elf/elf.h"
#include "lib/symbol/symbol.h"
#include "lib/sys/layout.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
enum { NATIVE_MACHINE = 62 }; // EM_X86_64
#elif defined(__aarch64__)
enum { NATIVE_MACHINE = 183 }; // EM_AARCH64
#endif

static struct image *images;

static uint64_t page_down(uint64_t address)
{
    return address & ~(uint64_t)(PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t address)
{
    return page_down(address + PAGE_SIZE - 1);
}

// Bytes from the image's start to the end of the last byte that comes from the file, page-rounded.
static uint64_t object_bytes(const struct elf_image *elf)
{
    uint64_t bytes = PAGE_SIZE;
    for (unsigned i = 0; i < elf->segments; i++)
        if (elf->segment[i].file_bytes)
            bytes = page_up(elf->segment[i].address + elf->segment[i].file_bytes) - elf->low;
    return bytes;
}

static int fill_object(const struct image *image, uint64_t bytes, const uint8_t *file)
{
    struct aspace_map_args args = {
        .bytes = bytes, .memory = image->memory, .prot = PROT_READ | PROT_WRITE};
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0)
        return (int)address;
    for (unsigned i = 0; i < image->elf.segments; i++) {
        const struct elf_segment *segment = &image->elf.segment[i];
        memcpy((uint8_t *)address + (segment->address - image->elf.low), file + segment->offset,
               segment->file_bytes);
    }
    return (int)sys_aspace_unmap(HANDLE_SELF, (uint64_t)address, bytes);
}

// Makes an image of a whole file.
static int load(struct image *image, const uint8_t *file, uint64_t bytes, const char **why)
{
    struct elf_rules rules = {
        .machine = NATIVE_MACHINE,
        .file_bytes = bytes,
        .address_max = NATIVE_IMAGE_MAX,
    };
    int status = elf_parse_file(file, &rules, &image->elf, why);
    if (status == 0)
        status = elf_check_native(&image->elf, NATIVE_IMAGE_MIN, why);
    if (status < 0)
        return status;

    *why = "no memory for its image";
    uint64_t room = object_bytes(&image->elf);
    int64_t memory = sys_memory_create(room, 0, HANDLE_NONE);
    if (memory < 0)
        return (int)memory;
    image->memory = (handle_t)memory;
    status = fill_object(image, room, file);
    if (status < 0)
        (void)sys_handle_close(image->memory); // just made
    return status;
}

static int load_from_archive(struct image *image, const char **why)
{
    struct cpio_entry entry;
    if (cpio_find(rs.archive, rs.initrd_bytes, image->binary, &entry) > 0)
        return load(image, entry.data, entry.bytes, why);
    *why = "its binary is not in the boot archive";
    return -E_NOENT;
}

const struct image *image_get(const char *binary, const char **why)
{
    for (struct image *image = images; image; image = image->next)
        if (!strcmp(image->binary, binary))
            return image;
    struct image *image = calloc(1, sizeof(*image));
    if (!image) {
        *why = "no memory for its image";
        return NULL;
    }
    strlcpy(image->binary, binary, sizeof(image->binary));
    if (load_from_archive(image, why) < 0) {
        free(image);
        return NULL;
    }
    image->next = images;
    images = image;
    return image;
}

// ---- binaries that come from elsewhere ----

static int64_t map_whole(handle_t memory, uint64_t bytes, uint32_t prot)
{
    struct aspace_map_args args = {
        .bytes = page_up(bytes),
        .memory = memory,
        .prot = prot,
        .flags = memory == HANDLE_NONE ? MAP_PRIVATE : 0,
    };
    return sys_aspace_map(HANDLE_SELF, &args);
}

// Copies the object's bytes to `to`. The kernel does it, for a page that the client takes away
// meanwhile must not end rs.
static int copy_object(handle_t memory, uint64_t bytes, uint8_t *to)
{
    int64_t from = map_whole(memory, bytes, PROT_READ);
    if (from < 0)
        return (int)from;
    uint64_t done = 0;
    int64_t copied = 1;
    while (done < bytes && copied > 0) { // the kernel copies a limited part at a call
        copied = sys_aspace_read(HANDLE_SELF, (uint64_t)from + done, to + done, bytes - done);
        done += copied > 0 ? (uint64_t)copied : 0;
    }
    (void)sys_aspace_unmap(HANDLE_SELF, (uint64_t)from, page_up(bytes)); // just mapped
    if (copied < 0)
        return (int)copied;
    return done == bytes ? 0 : -E_FAULT;
}

int image_read(handle_t memory, uint64_t bytes, struct image **result, const char **why)
{
    *why = "its size is impossible";
    if (bytes == 0 || bytes > IMAGE_BYTES_MAX)
        return -E_2BIG;
    *why = "no memory for its image";
    int64_t copy = map_whole(HANDLE_NONE, bytes, PROT_READ | PROT_WRITE);
    if (copy < 0)
        return (int)copy;
    struct image *image = calloc(1, sizeof(*image));
    int status = image ? copy_object(memory, bytes, (uint8_t *)copy) : -E_NOMEM;
    if (status == 0)
        status = load(image, (const uint8_t *)copy, bytes, why);
    (void)sys_aspace_unmap(HANDLE_SELF, (uint64_t)copy, page_up(bytes)); // just mapped
    if (status < 0)
        free(image);
    else
        *result = image;
    return status;
}

void image_destroy(struct image *image)
{
    if (!image)
        return;
    state_close_later(image->memory); // processes keep what they have mapped
    free(image);
}

// ---- mapping ----

static int64_t map_part(handle_t aspace, uint64_t from, uint64_t to, handle_t memory,
                        uint64_t offset, uint32_t prot)
{
    if (from == to)
        return 0;
    struct aspace_map_args args = {
        .address = from,
        .bytes = to - from,
        .memory = memory,
        .prot = prot,
        .flags = MAP_FIXED | MAP_NOREPLACE,
        .offset = offset,
    };
    if (memory == HANDLE_NONE || (prot & PROT_WRITE))
        args.flags |= MAP_PRIVATE;
    return sys_aspace_map(aspace, &args);
}

static uint32_t segment_prot(const struct elf_segment *segment)
{
    return (segment->prot & ELF_READ ? PROT_READ : 0u) |
           (segment->prot & ELF_WRITE ? PROT_WRITE : 0u) |
           (segment->prot & ELF_EXECUTE ? PROT_EXECUTE : 0u);
}

int image_map(const struct image *image, handle_t aspace, handle_t copy, uint64_t *entry)
{
    handle_t memory = copy != HANDLE_NONE ? copy : image->memory;
    const struct elf_image *elf = &image->elf;
    for (unsigned i = 0; i < elf->segments; i++) {
        const struct elf_segment *segment = &elf->segment[i];
        uint64_t from = page_down(segment->address);
        uint64_t file_end =
            segment->file_bytes ? page_up(segment->address + segment->file_bytes) : from;
        uint64_t end = page_up(segment->address + segment->memory_bytes);
        uint32_t prot = segment_prot(segment);
        int64_t status = map_part(aspace, from, file_end, memory, from - elf->low, prot);
        if (status >= 0)
            status = map_part(aspace, file_end, end, HANDLE_NONE, 0, prot);
        if (status < 0)
            return (int)status;
    }
    *entry = elf->entry;
    return 0;
}

uint64_t image_bytes(const struct image *image)
{
    return object_bytes(&image->elf);
}

int image_contents(const struct image *image, uint8_t *to)
{
    uint64_t bytes = object_bytes(&image->elf);
    struct aspace_map_args args = {.bytes = bytes, .memory = image->memory, .prot = PROT_READ};
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0)
        return (int)address;
    memcpy(to, (const uint8_t *)address, bytes);
    return (int)sys_aspace_unmap(HANDLE_SELF, (uint64_t)address, bytes);
}

bool image_text(const struct image *image, uint64_t *offset, uint64_t *bytes)
{
    for (unsigned i = 0; i < image->elf.segments; i++) {
        const struct elf_segment *segment = &image->elf.segment[i];
        if (!(segment->prot & ELF_EXECUTE) || segment->file_bytes < PAGE_SIZE)
            continue;
        *offset = segment->address - image->elf.low;
        *bytes = segment->file_bytes;
        return true;
    }
    return false;
}

int image_format_address(const char *binary, uint64_t address, char *to, size_t room)
{
    char file[SVC_NAME_MAX + 4];
    snprintf(file, sizeof(file), "%s.sym", binary);
    struct cpio_entry table = {.data = NULL, .bytes = 0};
    if (cpio_find(rs.archive, rs.initrd_bytes, file, &table) <= 0)
        table = (struct cpio_entry){.data = NULL, .bytes = 0};
    return symbol_format(table.data, table.bytes, address, to, room);
}
