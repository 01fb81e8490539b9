// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See image.h.

#define _GNU_SOURCE

#include "fs/ext4/test/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// In memory where the machine has such a place: the tools sync their images.
static char scratch_in_memory[] = "/dev/shm/ext4-test-XXXXXX";
static char scratch_on_disk[] = "/tmp/ext4-test-XXXXXX";
static const char *scratch;

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "ext4 test: %s\n", what);
    exit(2);
}

const char *scratch_make(void)
{
    scratch = mkdtemp(scratch_in_memory);
    if (!scratch)
        scratch = mkdtemp(scratch_on_disk);
    if (!scratch)
        die("no temporary directory");
    return scratch;
}

void scratch_remove(void)
{
    run("rm -rf %s", scratch);
}

void run(const char *format, ...)
{
    char command[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    if (system(command) != 0)
        die(command);
}

bool run_line(char *line, size_t room, const char *format, ...)
{
    char command[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    FILE *pipe = popen(command, "r");
    if (!pipe)
        die(command);
    line[0] = 0;
    bool good = fgets(line, (int)room, pipe) != NULL;
    while (fgetc(pipe) != EOF)
        continue;
    good = pclose(pipe) == 0 && good;
    line[strcspn(line, "\n")] = 0;
    return good;
}

void image_load(struct image *image, const char *path)
{
    struct stat status;
    *image = (struct image){0};
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0)
        die(path);
    image->size = (size_t)status.st_size;
    image->bytes = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    if (image->bytes == MAP_FAILED)
        die(path);
    close(file);
}

void image_copy(struct image *image, const struct image *from)
{
    *image = (struct image){.size = from->size, .memory_bytes = from->memory_bytes};
    image->bytes =
        mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (image->bytes == MAP_FAILED)
        die("out of memory");
    memcpy(image->bytes, from->bytes, image->size);
}

void image_free(struct image *image)
{
    munmap(image->bytes, image->size);
    free(image->memory);
    *image = (struct image){0};
}

static int image_read(void *context, uint64_t offset, size_t bytes, void *buffer)
{
    struct image *image = context;
    if (offset % 512 || bytes % 512 || offset > image->size || bytes > image->size - offset)
        die("a read outside the image, or misaligned");
    if (++image->reads == image->fail_at)
        return -E_IO;
    memcpy(buffer, image->bytes + offset, bytes);
    return 0;
}

static void image_log(void *context, const char *format, va_list arguments)
{
    struct image *image = context;
    image->lines++;
    vsnprintf(image->last_line, sizeof(image->last_line), format, arguments);
    if (!image->quiet)
        printf("# %s\n", image->last_line);
}

int image_open(struct image *image)
{
    if (!image->memory) {
        if (!image->memory_bytes)
            image->memory_bytes = EXT4_MEMORY_MIN;
        image->memory = aligned_alloc(4096, image->memory_bytes);
    }
    image->reads = 0;
    image->lines = 0;
    struct ext4_setup setup = {
        .source = {.context = image, .bytes = image->size, .read = image_read},
        .memory = image->memory,
        .memory_bytes = image->memory_bytes,
        .log = image_log,
        .log_context = image,
    };
    return ext4_open(&setup, &image->fs);
}
