// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Every fault becomes its signal, with Linux's code and address; the handler sees the registers and
// can change them.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/linux/signals/check.h"
#include "tests/linux/signals/machine.h"

enum { PAGE = 4096, RESULT = 0x5a17 };

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};

static volatile struct {
    unsigned count;
    int signal, code;
    unsigned long address, pc;
} seen;

static void note(int signal, siginfo_t *info, void *context)
{
    seen.count++;
    seen.signal = signal;
    seen.code = info->si_code;
    seen.address = (unsigned long)info->si_addr;
    seen.pc = machine_pc(context);
    machine_return(context, RESULT);
}

static void expect(const char *name, probe *run, void *argument, int signal, int code,
                   unsigned long address, unsigned long pc)
{
    seen.count = 0;
    long result = run(argument);
    bool good = seen.count == 1 && result == RESULT && seen.signal == signal && seen.code == code &&
                seen.address == address && (pc == 0 || seen.pc == pc);
    check(good, "%s", name);
    if (!good)
        printf("     %u signals, result %lx; signal %d code %d address %lx pc %lx, "
               "expected %d %d %lx %lx\n",
               seen.count, (unsigned long)result, seen.signal, seen.code, seen.address, seen.pc,
               signal, code, address, pc);
}

static void *map(int protection)
{
    return mmap(NULL, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void memory_faults(void)
{
    char *none = map(PROT_NONE);
    char *read_only = map(PROT_READ);
    char *data = map(PROT_READ | PROT_WRITE);
    char *gone = map(PROT_READ);
    char *high = (char *)(~0ul << 47) + 0x1238;
    unsigned long at = 0x128;

    munmap(gone, PAGE);
    data[0] = 1;
    expect("read at 8", probe_read, (void *)8, SIGSEGV, SEGV_MAPERR, 8, 0);
    expect("read of unmapped memory", probe_read, gone + at, SIGSEGV, SEGV_MAPERR,
           (unsigned long)gone + at, 0);
    expect("write to unmapped memory", probe_write, gone + at, SIGSEGV, SEGV_MAPERR,
           (unsigned long)gone + at, 0);
    expect("read of PROT_NONE", probe_read, none + at, SIGSEGV, SEGV_ACCERR,
           (unsigned long)none + at, 0);
    expect("write to a read-only page", probe_write, read_only + at, SIGSEGV, SEGV_ACCERR,
           (unsigned long)read_only + at, 0);
    expect("read of the kernel's half", probe_read, high, SIGSEGV, SEGV_MAPERR, (unsigned long)high,
           0);
    expect("jump to unmapped memory", probe_jump, gone + at, SIGSEGV, SEGV_MAPERR,
           (unsigned long)gone + at, (unsigned long)gone + at);
    expect("jump to data", probe_jump, data + at, SIGSEGV, SEGV_ACCERR, (unsigned long)data + at,
           (unsigned long)data + at);
    mprotect(data, PAGE, PROT_READ);
    expect("write after mprotect", probe_write, data, SIGSEGV, SEGV_ACCERR, (unsigned long)data, 0);
    munmap(none, PAGE);
    munmap(read_only, PAGE);
    munmap(data, PAGE);
}

static void end_of_file(void)
{
    char path[] = "/tmp/signals-XXXXXX";
    int file = mkstemp(path);
    char *pages;

    unlink(path);
    if (file < 0 || ftruncate(file, 10) != 0) {
        check(false, "a file of 10 bytes");
        return;
    }
    pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    check(pages[PAGE - 1] == 0, "zeros up to the end of a file's last page");
    expect("read behind a file's end", probe_read, pages + PAGE + 16, SIGBUS, BUS_ADRERR,
           (unsigned long)pages + PAGE + 16, 0);
    expect("write behind a file's end", probe_write, pages + PAGE + 16, SIGBUS, BUS_ADRERR,
           (unsigned long)pages + PAGE + 16, 0);
    munmap(pages, 2 * PAGE);
    close(file);
}

static void instruction_faults(void)
{
    for (const struct machine_fault *fault = machine_faults; fault->name != NULL; fault++) {
        unsigned long first = (unsigned long)fault->run;
        unsigned long at[] = {[AT_PROBE] = first,
                              [AT_CONTEXT] = first + fault->context_pc,
                              [AT_ARGUMENT] = fault->argument,
                              [AT_ZERO] = 0};

        expect(fault->name, fault->run, (void *)fault->argument, fault->signal, fault->code,
               at[fault->address], fault->elsewhere ? 0 : first + fault->context_pc);
    }
}

static long registers_seen;

static void double_registers(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    registers_seen = machine_double_registers(context);
}

static void registers(void)
{
    handle(SIGILL, double_registers, 0);
    long sum = probe_registers(NULL);
    check(registers_seen == PROBE_REGISTERS_SUM, "a handler sees registers (%ld)", registers_seen);
    check(sum == 2 * PROBE_REGISTERS_SUM, "a handler changes registers (%ld)", sum);
}

static void fault_while_blocked(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    probe_read((void *)8);
}

static void fault_while_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    probe_read((void *)8);
}

void test_faults(void)
{
    for (size_t i = 0; i < sizeof(fault_signals) / sizeof(fault_signals[0]); i++)
        handle(fault_signals[i], note, 0);
    memory_faults();
    end_of_file();
    instruction_faults();
    registers();
    int status = in_child(fault_while_blocked);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a blocked fault ends the program");
    status = in_child(fault_while_ignored);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "an ignored fault ends the program");
    for (size_t i = 0; i < sizeof(fault_signals) / sizeof(fault_signals[0]); i++)
        signal(fault_signals[i], SIG_DFL);
}
