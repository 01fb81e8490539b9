// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Load for disks that verifies every block, while their driver is killed or made to misbehave:
//
//   disk_load [-t SECONDS] [-b BATCHES] [-n KILLS] [-p PERIOD_MS] [-k SERVICE] [-f FAULT]...
//             [-v PERIOD_MS] DEVICE...
//
// A writer for each device writes blocks with sequence numbers and checksums, syncs, reads them
// back from the device and verifies them; what is on the devices is lost. With -k, the service gets
// the faults in turn (default: kill). Ends after KILLS or SECONDS, or with -b after so many batches
// of each writer, with a last look at every block; status 0 if nothing was wrong. -v: a line of
// progress each period.

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/linux/disk_load/disk_load.h"

enum { SHOWN = 20 }; // errors; the others are only counted

struct counts *counts;

void report(const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    if (__atomic_add_fetch(&counts->errors, 1, __ATOMIC_RELAXED) > SHOWN)
        return;
    printf("disk_load: FAIL %s\n", text);
    fflush(stdout);
}

static void usage(void)
{
    fputs("usage: disk_load [-t SECONDS] [-b BATCHES] [-n KILLS] [-p PERIOD_MS] [-k SERVICE] "
          "[-f FAULT]... [-v PERIOD_MS] DEVICE...\n",
          stderr);
    exit(2);
}

static struct killing parse(int argc, char **argv)
{
    struct killing killing = {.period_ms = 50, .seconds = 10};
    int option;
    while ((option = getopt(argc, argv, "t:b:n:p:k:f:v:")) != -1) {
        if (option == 't')
            killing.seconds = (unsigned)atoi(optarg);
        else if (option == 'b')
            counts->batches = (unsigned)atoi(optarg);
        else if (option == 'n')
            killing.kills = (unsigned)atoi(optarg);
        else if (option == 'p')
            killing.period_ms = (unsigned)atoi(optarg);
        else if (option == 'k')
            killing.service = optarg;
        else if (option == 'v')
            killing.progress_ms = (unsigned)atoi(optarg);
        else if (option == 'f' && killing.faults < FAULTS_MAX)
            killing.fault[killing.faults++] = optarg;
        else
            usage();
    }
    if (optind == argc || argc - optind > DEVICES_MAX)
        usage();
    if (killing.faults == 0)
        killing.fault[killing.faults++] = "kill";
    killing.device = argv[optind];
    return killing;
}

// Waits for all writers; one that did not end as it should is an error, too.
static void wait_writers(void)
{
    int status;
    while (wait(&status) > 0)
        if (status != 0)
            report("a writer ended with status %x", (unsigned)status);
}

int main(int argc, char **argv)
{
    counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    struct killing killing = parse(argc, argv);
    for (int i = optind; i < argc; i++) {
        pid_t child = fork();
        if (child == 0)
            writer_run(argv[i], (uint64_t)(i - optind) + 1);
        if (child < 0)
            report("fork: %s", strerror(errno));
    }
    if (killing.progress_ms != 0 && fork() == 0)
        progress_run(killing.progress_ms);
    if (counts->batches == 0)
        killer_run(&killing);
    __atomic_store_n(&counts->stop, true, __ATOMIC_RELAXED);
    wait_writers();
    printf("disk_load: %lu blocks written, %lu verified, %lu errors\n",
           (unsigned long)counts->written, (unsigned long)counts->verified,
           (unsigned long)counts->errors);
    return counts->errors != 0;
}
