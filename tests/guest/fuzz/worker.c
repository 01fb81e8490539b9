// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "tests/guest/fuzz/fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NUMBERS = 460, FEW_BYTES = 1 << 20, ADDRESS_BYTES = 256 << 20, PROCESSES = 64, SELDOM = 64 };

// Calls that would end the test and not the worker, whoever makes them.
static const uint16_t never[] = {SYS_reboot, SYS_exit_group, SYS_exit};

// Calls that a privileged worker does not make: they reach the supervisor, the shell or every
// process.
static const uint16_t never_privileged[] = {
    SYS_kill,          SYS_tkill,    SYS_tgkill,     SYS_rt_sigqueueinfo,   SYS_rt_tgsigqueueinfo,
    SYS_mount,         SYS_umount2,  SYS_pivot_root, SYS_sethostname,       SYS_settimeofday,
    SYS_clock_settime, SYS_ptrace,   SYS_vhangup,    SYS_setpriority,       SYS_prlimit64,
    SYS_fchmodat,      SYS_fchownat, SYS_syslog,     SYS_pidfd_send_signal,
#if defined(SYS_chmod) // processors of Linux's first years have the short forms too
    SYS_chmod,         SYS_chown,    SYS_lchown,
#endif
};

// Calls that nearly always end or block a worker: made, but seldom.
static const uint16_t seldom[] = {
    SYS_rt_sigreturn,
    SYS_nanosleep,
#if defined(SYS_pause)
    SYS_pause,
#endif
};

static bool contains(const uint16_t *list, size_t count, uint64_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == number)
            return true;
    }
    return false;
}

static uint64_t choose_call(struct random *random, int privileged)
{
    for (;;) {
        uint64_t number = random_below(random, NUMBERS);
        if (contains(never, sizeof never / sizeof *never, number))
            continue;
        if (privileged &&
            contains(never_privileged, sizeof never_privileged / sizeof *never_privileged, number))
            continue;
        if (contains(seldom, sizeof seldom / sizeof *seldom, number) &&
            random_below(random, SELDOM) != 0)
            continue;
        // Now and then one that no system knows.
        return random_below(random, 1000) == 0 ? random_next(random) : number;
    }
}

static void limit(int resource, rlim_t value)
{
    struct rlimit limit = {value, value};

    setrlimit(resource, &limit);
}

static void open_descriptors(void)
{
    int pipes[2];

    mkdir("/tmp/fuzz", 0777);
    close(0);
    open("/dev/null", O_RDWR);
    dup2(0, 1);
    dup2(0, 2);
    open("/tmp/fuzz/file", O_RDWR | O_CREAT, 0666);
    open("/tmp/fuzz", O_RDONLY | O_DIRECTORY);
    open("/etc/passwd", O_RDONLY);
    if (pipe(pipes) == 0)
        fcntl(pipes[0], F_SETFL, O_NONBLOCK);
}

void worker_run(uint64_t seed, uint64_t calls, int privileged, struct progress *progress)
{
    struct random random = {seed};
    uint64_t argument[6];
    pid_t self;

    setsid();
    limit(RLIMIT_FSIZE, FEW_BYTES);
    limit(RLIMIT_AS, ADDRESS_BYTES);
    limit(RLIMIT_CORE, 0);
    open_descriptors();
    if (!privileged) {
        limit(RLIMIT_NPROC, PROCESSES);
        if (setgid(USER_ID) < 0 || setuid(USER_ID) < 0)
            _exit(1);
    }
    if (values_prepare() < 0)
        _exit(1);
    self = (pid_t)syscall(SYS_getpid);
    for (uint64_t i = 0; i < calls; i++) {
        long number = (long)choose_call(&random, privileged);
        for (int j = 0; j < 6; j++)
            argument[j] = values_argument(&random);
        progress->last_number = (uint64_t)number;
        __atomic_fetch_add(&progress->calls, 1, __ATOMIC_RELAXED);
        syscall(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                argument[5]);
        // A copy that some fork made does not go on.
        if ((pid_t)syscall(SYS_getpid) != self)
            syscall(SYS_exit_group, 0);
    }
    syscall(SYS_exit_group, 0);
    for (;;)
        ;
}
