// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A file on tmpfs, four components deep: by name and through a descriptor.

#include "tests/bench/program/bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_BYTES = 4096, FILE_BYTES = 16 * BLOCK_BYTES };

static char block[BLOCK_BYTES] __attribute__((aligned(BLOCK_BYTES)));
static int file;

static void file_prepare(void)
{
    file = (int)must(open(deep_path, O_RDWR | O_CREAT | O_TRUNC, 0644), deep_path);
    for (unsigned i = 0; i < FILE_BYTES / BLOCK_BYTES; i++)
        must(write(file, block, BLOCK_BYTES), "write");
}

static void file_finish(void)
{
    close(file);
    must(unlink(deep_path), "unlink");
}

static void run_fstat(unsigned rounds)
{
    struct stat status;

    watch_start();
    for (unsigned i = 0; i < rounds; i++)
        must(fstat(file, &status), "fstat");
    watch_stop();
}

static void run_stat(unsigned rounds)
{
    struct stat status;

    watch_start();
    for (unsigned i = 0; i < rounds; i++)
        must(stat(deep_path, &status), "stat");
    watch_stop();
}

static void run_open_close(unsigned rounds)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++)
        must(close((int)must(open(deep_path, O_RDONLY), "open")), "close");
    watch_stop();
}

static void read_block(unsigned rounds, size_t bytes)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++)
        must(pread(file, block, bytes, 0), "pread");
    watch_stop();
}

static void run_pread_byte(unsigned rounds)
{
    read_block(rounds, 1);
}

static void run_pread_block(unsigned rounds)
{
    read_block(rounds, BLOCK_BYTES);
}

static void run_pwrite_block(unsigned rounds)
{
    watch_start();
    for (unsigned i = 0; i < rounds; i++)
        must(pwrite(file, block, BLOCK_BYTES, 0), "pwrite");
    watch_stop();
}

// The n-th of many files beside the deep one.
static const char *nth_path(unsigned n)
{
    static char path[PATH_BYTES];
    size_t folder = (size_t)(strrchr(deep_path, '/') - deep_path);
    snprintf(path, sizeof(path), "%.*s/%u", (int)folder, deep_path, n);
    return path;
}

static void create_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        must(close((int)must(open(nth_path(i), O_WRONLY | O_CREAT, 0644), "open")), "close");
}

static void unlink_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        must(unlink(nth_path(i)), "unlink");
}

static void run_create_close(unsigned rounds)
{
    watch_start();
    create_many(rounds);
    watch_stop();
    unlink_many(rounds);
}

static void run_unlink(unsigned rounds)
{
    create_many(rounds);
    watch_start();
    unlink_many(rounds);
    watch_stop();
}

const struct row file_rows[] = {
    {"fstat", file_prepare, run_fstat, file_finish, 2000},
    {"stat", file_prepare, run_stat, file_finish, 1000},
    {"open-close", file_prepare, run_open_close, file_finish, 1000},
    {"pread-1", file_prepare, run_pread_byte, file_finish, 1000},
    {"pread-4096", file_prepare, run_pread_block, file_finish, 1000},
    {"pwrite-4096", file_prepare, run_pwrite_block, file_finish, 1000},
    {"create-close", NULL, run_create_close, NULL, 200},
    {"unlink", NULL, run_unlink, NULL, 200},
    {0},
};
