// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// How signals are delivered: alternate stack, restart of system calls, nesting, masks.

#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/signals/check.h"

enum {
    STACK = 65536,
    INTERRUPT_US = 50000, // a call is interrupted after this time,
    ANSWER_US = 200000,   // and what it waits for comes after this one
};

static char *stack;
static sigjmp_buf back;
static volatile int on_stack, reported;
static char order[16];

static void note_stack(int signal, siginfo_t *info, void *context)
{
    volatile char here = 0;
    stack_t now;

    (void)signal;
    (void)info;
    (void)context;
    on_stack = &here >= stack && &here < stack + STACK;
    sigaltstack(NULL, &now);
    reported = now.ss_flags == SS_ONSTACK;
}

static void overflowed(int signal, siginfo_t *info, void *context)
{
    note_stack(signal, info, context);
    siglongjmp(back, 1);
}

#pragma clang diagnostic ignored "-Winfinite-recursion"
static int fill_stack(volatile char *above)
{
    volatile char room[1024];

    room[0] = above[0];
    return fill_stack(room) + room[0];
}

static void alternate_stack(void)
{
    stack = malloc(STACK);
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = STACK}, NULL);
    handle(SIGUSR1, note_stack, SA_ONSTACK);
    raise(SIGUSR1);
    check(on_stack && reported, "a handler runs on the alternate stack");
    handle(SIGUSR1, note_stack, 0);
    raise(SIGUSR1);
    check(!on_stack && !reported, "without SA_ONSTACK it does not");
    handle(SIGSEGV, overflowed, SA_ONSTACK);
    if (sigsetjmp(back, 1) == 0) {
        char first = 0;

        fill_stack(&first);
    }
    check(on_stack && reported, "a stack that overflowed is reported on the alternate one");
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    signal(SIGSEGV, SIG_DFL);
    free(stack);
}

static void overflow_alone(void)
{
    char first = 0;

    handle(SIGSEGV, overflowed, 0);
    fill_stack(&first);
}

static void nothing(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
}

static void interrupt_later(void)
{
    struct itimerval once = {.it_value = {.tv_usec = INTERRUPT_US}};

    setitimer(ITIMER_REAL, &once, NULL);
}

// Reads a byte that comes after a signal did; errno in *error.
static ssize_t read_over_signal(int flags, char *byte, int *error)
{
    int ends[2];
    ssize_t got;

    if (pipe(ends) != 0)
        return -2;
    handle(SIGALRM, nothing, flags);
    if (fork() == 0) {
        usleep(ANSWER_US);
        _exit(write(ends[1], "x", 1) != 1);
    }
    interrupt_later();
    errno = 0;
    got = read(ends[0], byte, 1);
    *error = errno;
    wait(NULL);
    close(ends[0]);
    close(ends[1]);
    return got;
}

static void restart(void)
{
    struct timespec left = {0, 0};
    struct timespec wanted = {0, ANSWER_US * 1000};
    char byte = 0;
    int error;

    ssize_t got = read_over_signal(SA_RESTART, &byte, &error);
    check(got == 1 && byte == 'x', "SA_RESTART: read goes on (%zd)", got);
    got = read_over_signal(0, &byte, &error);
    check(got == -1 && error == EINTR, "without it: EINTR (%zd)", got);
    handle(SIGALRM, nothing, SA_RESTART);
    interrupt_later();
    got = nanosleep(&wanted, &left);
    check(got == -1 && errno == EINTR && left.tv_nsec > 0 && left.tv_nsec < wanted.tv_nsec,
          "nanosleep never restarts, and tells what is left");
}

static void sleep_twice(void)
{
    struct timespec wanted = {0, 2 * ANSWER_US * 1000};

    _exit(nanosleep(&wanted, NULL) == 0 ? 7 : 8);
}

static void stopped_sleep(void)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        sleep_twice();
    usleep(INTERRUPT_US);
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGCONT);
    waitpid(child, &status, 0);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 7, "a stopped nanosleep goes on");
}

static void append(char letter)
{
    size_t length = strlen(order);

    if (length + 1 < sizeof(order))
        order[length] = letter;
}

static void inner(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    append('i');
}

static void outer(int signal, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    append('(');
    raise(SIGUSR2);
    if (strlen(order) < 8)
        raise(signal);
    append(')');
}

static void expect_order(const char *wanted, const char *what)
{
    check(strcmp(order, wanted) == 0, "%s (%s)", what, order);
    memset(order, 0, sizeof(order));
}

static void nested(void)
{
    struct sigaction action;
    sigset_t mask;

    handle(SIGUSR2, inner, 0);
    handle(SIGUSR1, outer, SA_NODEFER);
    raise(SIGUSR1);
    expect_order("(i(i(i(i))))", "SA_NODEFER nests");
    handle(SIGUSR1, outer, 0);
    raise(SIGUSR1);
    expect_order("(i)(i)(i)", "else the signal waits for its handler's end");
    sigaction(SIGUSR1, NULL, &action);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    memcpy(order, "12345678", 8);
    raise(SIGUSR1);
    expect_order("12345678()i", "sa_mask holds another one back");
    sigprocmask(SIG_BLOCK, NULL, &mask);
    check(!sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGUSR2), "the mask is restored");
    handle(SIGUSR2, inner, (int)SA_RESETHAND);
    raise(SIGUSR2);
    sigaction(SIGUSR2, NULL, &action);
    check(action.sa_handler == SIG_DFL, "SA_RESETHAND");
    memset(order, 0, sizeof(order));
}

static int queued_value;

static void note_value(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    queued_value = queued_value * 10 + info->si_value.sival_int;
}

static void queued(void)
{
    sigset_t real_time, old;

    sigemptyset(&real_time);
    sigaddset(&real_time, SIGRTMIN);
    handle(SIGRTMIN, note_value, 0);
    sigprocmask(SIG_BLOCK, &real_time, &old);
    for (int i = 1; i <= 3; i++)
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
    sigprocmask(SIG_SETMASK, &old, NULL);
    check(queued_value == 123, "real-time signals queue in order (%d)", queued_value);
}

void test_delivery(void)
{
    alternate_stack();
    int status = in_child(overflow_alone);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
          "a stack that overflowed without another ends the program");
    restart();
    stopped_sleep();
    nested();
    queued();
}
