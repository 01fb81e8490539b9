// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// One writer: batches of blocks at random places, fsync, and then the same and other blocks read
// back from the device, not from the page cache.

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/linux/disk_load/disk_load.h"

enum {
    BLOCKS = 2048, // written to, from the start of the device
    BATCH = 48,
    RUN_MAX = 8, // blocks of one write
};

struct writer {
    int file;
    uint64_t device;
    uint64_t random;
    uint64_t sequence;
    uint64_t written[BLOCKS]; // sequence number of what is there, 0: nothing of ours
    uint64_t batch[BATCH];
};

static void write_run(struct writer *writer, uint64_t first, unsigned count)
{
    static unsigned char data[RUN_MAX * BLOCK_BYTES];
    for (unsigned i = 0; i < count; i++) {
        writer->written[first + i] = ++writer->sequence;
        block_make(data + i * BLOCK_BYTES, writer->device, first + i, writer->sequence);
    }
    ssize_t bytes = (ssize_t)count * BLOCK_BYTES;
    if (pwrite(writer->file, data, (size_t)bytes, (off_t)first * BLOCK_BYTES) != bytes)
        report("device %lu: write: %s", (unsigned long)writer->device, strerror(errno));
    __atomic_add_fetch(&counts->written, count, __ATOMIC_RELAXED);
}

static void write_batch(struct writer *writer)
{
    for (unsigned i = 0; i < BATCH; i++) {
        uint64_t first = next_random(&writer->random) % (BLOCKS - RUN_MAX);
        write_run(writer, first, 1 + (unsigned)(next_random(&writer->random) % RUN_MAX));
        writer->batch[i] = first;
    }
    if (fsync(writer->file) != 0)
        report("device %lu: fsync: %s", (unsigned long)writer->device, strerror(errno));
}

static void read_block(struct writer *writer, uint64_t number)
{
    static unsigned char data[BLOCK_BYTES];
    if (writer->written[number] == 0)
        return;
    if (pread(writer->file, data, sizeof(data), (off_t)number * BLOCK_BYTES) != BLOCK_BYTES)
        report("device %lu: read: %s", (unsigned long)writer->device, strerror(errno));
    else
        block_check(data, writer->device, number, writer->written[number]);
    __atomic_add_fetch(&counts->verified, 1, __ATOMIC_RELAXED);
}

static void read_back(struct writer *writer)
{
    int error = posix_fadvise(writer->file, 0, 0, POSIX_FADV_DONTNEED);
    if (error != 0)
        report("device %lu: fadvise: %s", (unsigned long)writer->device, strerror(error));
    for (unsigned i = 0; i < BATCH; i++) {
        read_block(writer, writer->batch[i]);
        read_block(writer, next_random(&writer->random) % BLOCKS);
    }
}

static void read_everything(struct writer *writer)
{
    (void)posix_fadvise(writer->file, 0, 0, POSIX_FADV_DONTNEED);
    for (uint64_t number = 0; number < BLOCKS; number++)
        read_block(writer, number);
}

static bool must_stop(unsigned batches)
{
    if (counts->batches != 0)
        return batches == counts->batches;
    return __atomic_load_n(&counts->stop, __ATOMIC_RELAXED);
}

_Noreturn void writer_run(const char *path, uint64_t device)
{
    static struct writer writer;
    writer = (struct writer){.device = device, .random = 88172645463325252ull + device};
    writer.file = open(path, O_RDWR);
    if (writer.file < 0) {
        report("%s: %s", path, strerror(errno));
        _exit(1);
    }
    for (unsigned batch = 0; !must_stop(batch); batch++) {
        write_batch(&writer);
        read_back(&writer);
    }
    read_everything(&writer);
    _exit(0);
}
