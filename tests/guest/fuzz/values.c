// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "tests/guest/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

static char *scratch;   // readable and writable, and the page behind it is not mapped
static char *read_only; // one page
static const char *const paths[] = {
    "/tmp",
    "/tmp/fuzz",
    "/tmp/fuzz/file",
    "/tmp/fuzz/link",
    "/tmp/fuzz/d/e",
    "/dev/null",
    "/dev/zero",
    "/dev/tty",
    "/dev/vda",
    "/proc",
    "/proc/self",
    "/proc/self/fd/3",
    "/",
    "/proc/self/maps",
    "/bin/nothing",
    ".",
    "..",
    "",
    "/dev/ptmx",
    "/sys/xinim",
    "/etc/passwd",
    "/proc/self/mem",
    "file",
    "/proc/stat",
    "/dev/full",
    "/proc/self/../..",
    "/dev/urandom",
    "/dev/shm/x",
    "/run/fifo",
    "/dev/pts/0",
};

static const uint64_t numbers[] = {
    0,
    1,
    2,
    3,
    7,
    8,
    16,
    100,
    4095,
    4096,
    4097,
    65535,
    65536,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    1ull << 32,
    1ull << 40,
    1ull << 47,
    1ull << 62,
    1ull << 63,
    INT64_MAX,
    UINT64_MAX,
    -2ull,
    -100ull,
    -4095ull,
    -4096ull,
    0xffff800000000000,
    0x400000,
    0x1000,
    0xfff,
    0x7fffffffe000,
    0x7ffffffff000,
    0x8000000000000000 - 1,
};

uint64_t random_next(struct random *random)
{
    random->state += 0x9e3779b97f4a7c15;
    uint64_t value = random->state;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

uint64_t random_below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

int values_prepare(void)
{
    char *area = mmap(NULL, SCRATCH_BYTES + 3 * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (area == MAP_FAILED)
        return -1;
    scratch = area;
    read_only = area + SCRATCH_BYTES + PAGE;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        strcpy(read_only + i * 64, paths[i]);
    if (munmap(area + SCRATCH_BYTES, PAGE) < 0 || mprotect(read_only, PAGE, PROT_READ) < 0)
        return -1;
    return 0;
}

// Fills a piece of the scratch memory with small words, so that structures in it are nearly right.
static uint64_t filled_scratch(struct random *random)
{
    uint64_t at = random_below(random, SCRATCH_BYTES / 8 - 64);
    uint64_t words = random_below(random, 64);

    for (uint64_t i = 0; i < words; i++) {
        uint64_t word = random_next(random) >> random_below(random, 64);
        if (random_below(random, 4) == 0)
            word = (uint64_t)(uintptr_t)scratch + random_below(random, SCRATCH_BYTES);
        memcpy(scratch + (at + i) * 8, &word, sizeof word);
    }
    return (uint64_t)(uintptr_t)scratch + at * 8;
}

static uint64_t pointer(struct random *random)
{
    switch (random_below(random, 8)) {
    case 0: // ends at, or runs over, the end of what is mapped
        return (uint64_t)(uintptr_t)scratch + SCRATCH_BYTES - random_below(random, 64);
    case 1:
        return (uint64_t)(uintptr_t)read_only + random_below(random, PAGE);
    case 2: // not mapped
        return (uint64_t)(uintptr_t)scratch + SCRATCH_BYTES + random_below(random, PAGE);
    case 3: // this program's code
        return (uint64_t)(uintptr_t)&values_prepare + random_below(random, PAGE);
    case 4:
    case 5:
        return (uint64_t)(uintptr_t)(read_only +
                                     random_below(random, sizeof paths / sizeof *paths) * 64);
    default:
        return filled_scratch(random);
    }
}

uint64_t values_argument(struct random *random)
{
    switch (random_below(random, 10)) {
    case 0:
        return numbers[random_below(random, sizeof numbers / sizeof *numbers)];
    case 1: // one flag or few
        return 1ull << random_below(random, 34) |
               (random_below(random, 2) << random_below(random, 34));
    case 2:
    case 3: // a descriptor
        return random_below(random, 12);
    case 4: // a size
        return random_below(random, 20000);
    case 5:
        return random_next(random) >> random_below(random, 64);
    default:
        return pointer(random);
    }
}
