// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Anonymous memory. The large area is smaller than a huge page, so that pages are what is counted
// on both systems.

#include "tests/bench/program/bench.h"

#include <sys/mman.h>

enum { PAGE = 4096, AREA_PAGES = 256 };

static char *map(size_t bytes)
{
    char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    must(area == MAP_FAILED ? -1 : 0, "mmap");
    return area;
}

static void touch(char *area, unsigned pages)
{
    for (unsigned i = 0; i < pages; i++)
        ((volatile char *)area)[(size_t)i * PAGE] = 1;
}

static void run_map(unsigned rounds)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++)
        must(munmap(map(PAGE), PAGE), "munmap");
    watch_stop();
}

static void run_map_touch(unsigned rounds)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++) {
        char *area = map(PAGE);
        touch(area, 1);
        must(munmap(area, PAGE), "munmap");
    }
    watch_stop();
}

// rounds: pages
static void run_fault(unsigned rounds)
{
    for (unsigned done = 0; done < rounds; done += AREA_PAGES) {
        char *area = map(AREA_PAGES * PAGE);
        watch_start();
        touch(area, AREA_PAGES);
        watch_stop();
        must(munmap(area, AREA_PAGES * PAGE), "munmap");
    }
}

static void run_unmap(unsigned rounds)
{
    for (unsigned done = 0; done < rounds; done += AREA_PAGES) {
        char *area = map(AREA_PAGES * PAGE);
        touch(area, AREA_PAGES);
        watch_start();
        must(munmap(area, AREA_PAGES * PAGE), "munmap");
        watch_stop();
    }
}

const struct row memory_rows[] = {
    {"mmap-munmap", NULL, run_map, NULL, 500},
    {"mmap-touch-munmap", NULL, run_map_touch, NULL, 500},
    {"fault-per-page", NULL, run_fault, NULL, 4 * AREA_PAGES},
    {"munmap-per-touched-page", NULL, run_unmap, NULL, 4 * AREA_PAGES},
    {0},
};
