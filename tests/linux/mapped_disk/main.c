// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// mapped_disk FILE: writes to a disk, or a file as long, through shared mappings, and looks at it
// with read(). Each page of the file ends as words that are its number and the round in which it
// was written last.

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/linux/results.h"

enum { PAGE = 4096, WORDS = PAGE / 8, ROUNDS = 3 };

static int file;
static uint64_t pages;

static uint64_t word_of(uint64_t page, uint64_t round)
{
    return page << 8 | round;
}

static void fill(uint64_t *at, uint64_t page, uint64_t round)
{
    for (unsigned i = 0; i < WORDS; i++)
        at[i] = word_of(page, round);
}

static bool reads_as(uint64_t page, uint64_t round)
{
    uint64_t data[WORDS];
    if (pread(file, data, PAGE, (off_t)(page * PAGE)) != PAGE)
        return false;
    for (unsigned i = 0; i < WORDS; i++)
        if (data[i] != word_of(page, round))
            return false;
    return true;
}

static uint64_t wrong_pages(uint64_t step, uint64_t round)
{
    uint64_t wrong = 0;
    for (uint64_t page = 0; page < pages; page += step)
        wrong += !reads_as(page, round);
    return wrong;
}

// All of it: more than may be dirty at once.
static void write_all(uint64_t *map)
{
    for (uint64_t page = 0; page < pages; page++)
        fill(map + page * WORDS, page, 1);
    check(wrong_pages(1, 1) == 0, "read() sees what was written through a mapping");
    check(msync(map, pages * PAGE, MS_SYNC) == 0, "msync");
}

// After msync the pages are clean: the next store must be noticed.
static void write_again(uint64_t *map)
{
    for (uint64_t page = 0; page < pages; page += 7)
        fill(map + page * WORDS, page, 2);
    check(fsync(file) == 0, "fsync");
    for (uint64_t page = 0; page < pages; page += 7)
        fill(map + page * WORDS, page, 3);
    check(wrong_pages(7, 3) == 0, "a page written again after fsync");
}

// Mapped for reading first, made writable after its pages are there.
static void write_after_mprotect(void)
{
    volatile uint64_t *map = mmap(NULL, 16 * PAGE, PROT_READ, MAP_SHARED, file, PAGE);
    uint64_t sum = 0;
    check(map != MAP_FAILED, "a mapping for reading");
    for (unsigned page = 0; page < 16; page++)
        sum += map[page * WORDS];
    check(sum != 0 && fsync(file) == 0, "fsync");
    check(mprotect((void *)map, 16 * PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");
    for (unsigned page = 0; page < 16; page++)
        fill((uint64_t *)map + page * WORDS, page + 1, 4);
    check(munmap((void *)map, 16 * PAGE) == 0, "munmap");
    bool good = true;
    for (unsigned page = 0; page < 16; page++)
        good = good && reads_as(page + 1, 4);
    check(good, "written after mprotect");
}

int main(int argc, char **argv)
{
    if (argc != 2 || (file = open(argv[1], O_RDWR)) < 0) {
        fprintf(stderr, "usage: mapped_disk FILE\n");
        return 2;
    }
    pages = (uint64_t)lseek(file, 0, SEEK_END) / PAGE;
    uint64_t *map = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    check(map != MAP_FAILED, "a mapping of %llu pages", (unsigned long long)pages);
    if (map == MAP_FAILED)
        return results_end();
    write_all(map);
    write_again(map);
    write_after_mprotect();
    check(munmap(map, pages * PAGE) == 0, "munmap");
    fflush(stdout);
    return results_end();
}
