// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Random Linux system calls: syscall_fuzz SEED CALLS. Children make the calls, a few hundred each,
// and may die of them; the parent goes on with the next child, kills one that makes no progress,
// and ends with a line that tells seed, calls and deaths. The system has passed if it still answers
// afterwards. The table of calls is the server's own.
//
// Not called at all: what would end the machine, the test or its peers by doing what it promises
// (never_called).

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/posix/fuzz/arguments.h"

enum {
    CALLS_PER_CHILD = 400,
    SHUFFLE_PERIOD = 16, // calls between new contents of the arguments' memory
    INTERRUPT_US = 3000, // a call that blocks is interrupted
    STUCK_MS = 300,      // a child without progress for so long is killed
    POLL_US = 500,
    UNKNOWN_PERIOD = 64, // one call in so many has a random number
    NUMBERS = 512,
    INHERITED = 64, // descriptors that may be open at the start
};

struct call {
    uint16_t number;
    uint8_t kind[6];
    const char *name;
};

#if defined(__x86_64__)
#define PICK(x86_64, arm64) (x86_64)
#else
#define PICK(x86_64, arm64) (arm64)
#endif
#define NO 0xffff
static const struct call calls[] = {
#define SYSCALL(x86_64, arm64, call, lock, ...) {PICK(x86_64, arm64), {__VA_ARGS__}, #call},
#define SYSCALL_MISSING(x86_64, arm64, call) \
    {PICK(x86_64, arm64), {ARG_INT, ARG_INT, ARG_INT}, #call},
#include "servers/posix/syscalls.def"
#undef SYSCALL
#undef SYSCALL_MISSING
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static const char *const never_called[] = {
    "exit",       "exit_group",   "reboot",      "umount2",       "mount",
    "pivot_root", "settimeofday", "sethostname", "setdomainname", "clock_settime",
    "sync",       "kill",         "tkill",       "setpgid",       "setsid",
};

// Shared with the children: what was called last, and how often anything was.
struct progress {
    uint64_t calls;
    uint64_t seed; // of the child
    uint64_t number;
};
static volatile struct progress *progress;

static int is_allowed(const struct call *call)
{
    for (size_t i = 0; i < sizeof(never_called) / sizeof(never_called[0]); i++) {
        if (strcmp(call->name, never_called[i]) == 0)
            return 0;
    }
    return call->number != NO;
}

static void interrupted(int number)
{
    (void)number;
}

// Files to work on, so that descriptors mean something.
static void open_files(void)
{
    for (int fd = 0; fd < INHERITED; fd++)
        close(fd);
    int null = open("/dev/null", O_RDWR); // 0
    dup2(null, 1);
    dup2(null, 2);
    mkdir("/tmp/fuzz", 0755);
    mkdir("/tmp/fuzz/dir", 0755);
    mkfifo("/tmp/fuzz/fifo", 0644);
    open("/tmp/fuzz/a", O_RDWR | O_CREAT, 0644);
    open("/tmp/fuzz/dir", O_RDONLY | O_DIRECTORY);
    open("/bin/busybox", O_RDONLY);
    open("/proc/self/status", O_RDONLY);
    open("/dev/zero", O_RDWR);
    open("/dev/ptmx", O_RDWR | O_NOCTTY);
    int ends[2];
    if (pipe(ends) == 0)
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    syscall(SYS_epoll_create1, 0);
    syscall(SYS_eventfd2, 0, O_NONBLOCK);
    syscall(SYS_timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK);
}

// What random calls took away: the signals that interrupt a call that blocks.
static void allow_interrupts(void)
{
    const struct itimerval interval = {{0, INTERRUPT_US}, {0, INTERRUPT_US}};
    struct sigaction action = {.sa_handler = interrupted};
    sigset_t none;
    sigemptyset(&none);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &interval, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void prepare_child(void)
{
    const struct rlimit memory = {256ul << 20, 256ul << 20}, file = {1ul << 20, 1ul << 20},
                        files = {64, 64};
    struct sigaction action = {.sa_handler = interrupted};
    setsid(); // signals to the group stay here
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_FSIZE, &file);
    setrlimit(RLIMIT_NOFILE, &files);
    open_files();
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL);
    if (chdir("/tmp/fuzz") != 0 || arguments_prepare() != 0)
        _exit(1);
}

// Calls that may return twice; the second process or thread ends at once.
static int may_return_twice(uint64_t number)
{
#if defined(SYS_fork)
    if (number == SYS_fork || number == SYS_vfork)
        return 1;
#endif
    return number == SYS_clone || number == SYS_clone3;
}

static void make_call(struct random *random, uint64_t number, const uint8_t kind[6])
{
    uint64_t argument[6];
    pid_t self = may_return_twice(number) ? getpid() : 0;
    for (int i = 0; i < 6; i++)
        argument[i] = argument_value(random, (enum argument_kind)kind[i]);
    progress->number = number;
    syscall((long)number, argument[0], argument[1], argument[2], argument[3], argument[4],
            argument[5]);
    if (may_return_twice(number) && syscall(SYS_gettid) != self)
        syscall(SYS_exit, 0);
    progress->calls++;
}

static void child(uint64_t seed)
{
    static const uint8_t any[6] = {ARG_INT, ARG_INOUT, ARG_INT, ARG_INOUT, ARG_INT, ARG_INT};
    struct random random = {seed | 1};
    prepare_child();
    for (int i = 0; i < CALLS_PER_CHILD; i++) {
        if (i % SHUFFLE_PERIOD == 0) {
            arguments_shuffle(&random);
            allow_interrupts();
        }
        if (random_below(&random, UNKNOWN_PERIOD) == 0) {
            make_call(&random, NUMBERS + random_next(&random) % (~0ull - NUMBERS), any);
            continue;
        }
        const struct call *call = &calls[random_below(&random, CALLS)];
        if (is_allowed(call))
            make_call(&random, call->number, call->kind);
    }
    _exit(0);
}

struct result {
    uint64_t children, killed, stuck;
};

static uint64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

// Until the child is gone; the progress counter says whether it still does anything.
static void watch(pid_t pid, struct result *result)
{
    uint64_t seen = progress->calls, since = now_ms();
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        usleep(POLL_US);
        if (progress->calls != seen) {
            seen = progress->calls;
            since = now_ms();
        }
        if (now_ms() - since > STUCK_MS) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            result->stuck++;
            break;
        }
    }
    result->children++;
    if (WIFSIGNALED(status))
        result->killed++;
    kill(-pid, SIGKILL); // what the child left behind is in its session
    while (waitpid(-1, &status, WNOHANG) > 0)
        ;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    uint64_t wanted = argc > 2 ? strtoull(argv[2], NULL, 0) : 10000;
    struct random random = {seed * 2 + 1};
    struct result result = {0};
    progress =
        mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        return 1;
    printf("syscall_fuzz: seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    while (progress->calls < wanted) {
        uint64_t child_seed = random_next(&random);
        progress->seed = child_seed;
        pid_t pid = fork();
        if (pid == 0)
            child(child_seed);
        if (pid < 0)
            return 1;
        watch(pid, &result);
    }
    printf("syscall_fuzz: %llu calls by %llu children, %llu died, %llu were stuck\n",
           (unsigned long long)progress->calls, (unsigned long long)result.children,
           (unsigned long long)result.killed, (unsigned long long)result.stuck);
    return 0;
}
