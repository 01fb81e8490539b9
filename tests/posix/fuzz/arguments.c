// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Arguments for random system calls (arguments.h).

#include "tests/posix/fuzz/arguments.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, ARENA_PAGES = 8, ARENA_BYTES = ARENA_PAGES * PAGE, ODD_ONES = 16, FDS = 24 };

static uint8_t *arena;     // readable and writable, inaccessible memory behind it
static uint8_t *read_only; // one page

static const char *const paths[] = {
    "/tmp/fuzz/a",
    "/tmp/fuzz/b",
    "/tmp/fuzz/dir",
    "/tmp/fuzz/dir/c",
    "/tmp/fuzz/link",
    "a",
    "..",
    ".",
    "",
    "/",
    "/proc/self",
    "/proc/self/maps",
    "/proc/meminfo",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/urandom",
    "/bin/busybox",
    "/no/such/file",
    "/proc/self/fd/3",
    "/etc/passwd",
    "/tmp/fuzz/fifo",
    "tmpfs",
    "/dev/ptmx",
    "/sys/xinim",
};

static const uint64_t numbers[] = {
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    16,
    63,
    64,
    65,
    255,
    511,
    4095,
    4096,
    4097,
    65535,
    65536,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    ~0ull,
    ~0ull - 1,
    ~0ull - 4095,
    1ull << 63,
    (1ull << 63) - 1,
    1ull << 47,
    (1ull << 47) - 4096,
    0xffff800000000000ull,
    0xdeadbeef,
    1000000000,
    999999999,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

uint64_t random_next(struct random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * 0x2545f4914f6cdd1dull;
}

int arguments_prepare(void)
{
    arena =
        mmap(NULL, ARENA_BYTES + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED || read_only == MAP_FAILED)
        return -1;
    return mprotect(arena + ARENA_BYTES, PAGE, PROT_NONE);
}

void arguments_shuffle(struct random *random)
{
    uint64_t word;
    uint64_t style = random_below(random, 4);
    for (size_t at = 0; at < ARENA_BYTES; at += sizeof(word)) {
        word = 0;
        if (style == 1)
            word = random_below(random, 16);
        else if (style == 2)
            word = numbers[random_below(random, COUNT(numbers))];
        else if (style == 3)
            word = random_next(random);
        memcpy(arena + at, &word, sizeof(word));
    }
}

static uint64_t some_number(struct random *random)
{
    uint64_t number = numbers[random_below(random, COUNT(numbers))];
    switch (random_below(random, 4)) {
    case 0:
        return random_below(random, 4096);
    case 1:
        return random_next(random) >> random_below(random, 64);
    default:
        return number;
    }
}

static uint64_t some_address(struct random *random)
{
    switch (random_below(random, ODD_ONES)) {
    case 0:
        return 0;
    case 1:
        return some_number(random);
    case 2:
        return (uint64_t)read_only + random_below(random, PAGE);
    case 3: // the last bytes before inaccessible memory
        return (uint64_t)arena + ARENA_BYTES - random_below(random, 64);
    case 4:
        return (uint64_t)arena + ARENA_BYTES + random_below(random, PAGE);
    default:
        return (uint64_t)arena + (random_below(random, ARENA_BYTES) & ~7ull);
    }
}

static uint64_t some_path(struct random *random)
{
    if (random_below(random, ODD_ONES) == 0)
        return some_address(random);
    return (uint64_t)paths[random_below(random, COUNT(paths))];
}

// Nobody else is hit: the caller itself, everything that cannot exist, and its own group only as a
// reader.
static uint64_t some_pid(struct random *random)
{
    static const int64_t pids[] = {0, -1, INT32_MIN, INT32_MAX, 40000, 99999};
    if (random_below(random, 2) == 0)
        return (uint64_t)getpid();
    return (uint64_t)pids[random_below(random, COUNT(pids))];
}

static uint64_t some_flags(struct random *random)
{
    if (random_below(random, 4) == 0)
        return some_number(random);
    uint64_t first = 1ull << random_below(random, 32);
    return first | 1ull << random_below(random, 32);
}

uint64_t argument_value(struct random *random, enum argument_kind kind)
{
    if (random_below(random, ODD_ONES * 2) == 0)
        kind = (enum argument_kind)random_below(random, ARG_KINDS);
    switch (kind) {
    case ARG_FD:
        return random_below(random, 8) == 0 ? some_number(random) : random_below(random, FDS);
    case ARG_PATH:
        return some_path(random);
    case ARG_IN:
    case ARG_OUT:
    case ARG_ADDRESS:
        return some_address(random);
    case ARG_INOUT:
        return random_below(random, 3) == 0 ? some_number(random) : some_address(random);
    case ARG_FLAGS:
        return some_flags(random);
    case ARG_MODE:
        return random_below(random, 8) == 0 ? some_number(random) : random_below(random, 07777);
    case ARG_PID:
        return some_pid(random);
    case ARG_SIGNAL:
        return random_below(random, 70);
    case ARG_NONE:
    case ARG_SIZE:
    case ARG_OFFSET:
    case ARG_ID:
    case ARG_INT:
    default:
        return some_number(random);
    }
}
