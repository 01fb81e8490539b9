// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The table of system calls and the loop that runs a guest: enter it, do what it came out for,
// enter it again. Between two system calls there is nothing but the handler and one look at
// task->work.

#include "servers/posix/dispatch.h"

#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/mm.h"
#include "servers/posix/oom.h"
#include "servers/posix/process.h"

// ---- the table ----

enum { UNLOCKED = 0, LOCKED = 1 };

// Calls that this processor does not have all land in one slot past the table's last real one.
#define NO (SYSCALL_NUMBERS - 1)

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
const struct syscall_entry syscall_table[SYSCALL_NUMBERS] = {
#define SYSCALL(x86_64, arm64, call, lock, ...) \
    [ARCH_SYSCALL_PICK(x86_64, arm64)] = {linux_##call, lock, {__VA_ARGS__}, #call},
#define SYSCALL_MISSING(x86_64, arm64, call) \
    [ARCH_SYSCALL_PICK(x86_64, arm64)] = {NULL, UNLOCKED, {0}, #call},
#include "servers/posix/syscalls.def"
#undef SYSCALL
#undef SYSCALL_MISSING
    [NO] = {NULL, UNLOCKED, {0}, NULL},
};
#pragma clang diagnostic pop
#undef NO

// ---- calls that are not there ----

enum { REPORTED_MAX = 256 };

// One line for each number and program, as long as there is room to remember.
static void report_missing(const struct task *task, uint64_t number)
{
    static struct {
        uint64_t number;
        char program[TASK_NAME];
    } reported[REPORTED_MAX];
    static unsigned count;
    posix_lock();
    unsigned i = 0;
    while (i < count && (reported[i].number != number ||
                         strncmp(reported[i].program, task->name, TASK_NAME) != 0))
        i++;
    if (i == count && count < REPORTED_MAX) {
        reported[count].number = number;
        memcpy(reported[count].program, task->name, TASK_NAME);
        count++;
        const char *name = number < SYSCALL_NUMBERS ? syscall_table[number].name : NULL;
        log_warning("%s: system call %lu (%s) is not implemented", task->name,
                    (unsigned long)number, name != NULL ? name : "unknown");
    }
    posix_unlock();
}

// ---- what a guest comes out for ----

// True: the call was interrupted, and what becomes of it is still to be decided (enum restart).
static bool handle_call(struct task *task, struct guest_registers *registers)
{
    uint64_t argument[SYSCALL_ARGUMENTS];
    uint64_t number = arch_syscall_number(registers);
    int64_t result = -E_NOSYS;
    if (number < SYSCALL_NUMBERS && syscall_table[number].handler != NULL) {
        const struct syscall_entry *entry = &syscall_table[number];
        arch_syscall_arguments(registers, argument);
        if (!entry->locked) {
            arch_syscall_set_result(registers, entry->handler(task, argument));
            return arch_syscall_result(registers) <= -(int64_t)RESTART_SYS;
        }
        posix_lock();
        result = entry->handler(task, argument);
        posix_unlock();
    } else {
        report_missing(task, number);
    }
    arch_syscall_set_result(registers, result);
    return result <= -(int64_t)RESTART_SYS;
}

static void force_fault(struct task *task, int number, int32_t code, uint64_t address)
{
    struct siginfo_linux info = {.signo = number, .code = code};
    info.fault.address = address;
    signal_force(task, &info);
}

static void handle_fault(struct task *task)
{
    const struct guest_state *state = task->guest_state;
    arch_note_fault(task);
    posix_lock();
    force_fault(task, SIGSEGV, state->fault_mapped ? SEGV_ACCERR : SEGV_MAPERR,
                state->fault_address);
    posix_unlock();
}

// A page that cannot be had is a bus error.
static void handle_page(struct task *task)
{
    const struct guest_state *state = task->guest_state;
    posix_lock();
    int error = mm_supply(task->mm, state->memory_tag, state->memory_offset);
    task->usage.major_faults++;
    if (error == -E_NOMEM)
        oom_handle(task);
    else if (error != 0 && error != -E_AGAIN && error != -E_INTR)
        force_fault(task, SIGBUS, BUS_ADRERR, state->fault_address);
    posix_unlock();
}

static void handle_exception(struct task *task)
{
    struct siginfo_linux info;
    arch_exception_signal(task->guest_state, &info);
    arch_note_exception(task);
    posix_lock();
    signal_force(task, &info);
    posix_unlock();
}

static void handle_no_memory(struct task *task)
{
    posix_lock();
    oom_handle(task);
    posix_unlock();
}

static void handle_other(struct task *task, int64_t exit)
{
    arch_syscall_forget(&task->guest_state->registers);
    switch (exit) {
    case GUEST_EXIT_KICK:
        break;
    case GUEST_EXIT_FAULT:
        handle_fault(task);
        break;
    case GUEST_EXIT_PAGE:
        handle_page(task);
        break;
    case GUEST_EXIT_EXCEPTION:
        handle_exception(task);
        break;
    case GUEST_EXIT_NOMEM:
        handle_no_memory(task);
        break;
    default:
        // The registers were refused: no program sets such ones through a system call that this
        // server let pass.
        posix_lock();
        force_fault(task, SIGSEGV, SI_KERNEL, 0);
        posix_unlock();
        break;
    }
}

void dispatch_loop(struct task *task)
{
    struct guest_registers *registers = &task->guest_state->registers;
    bool interrupted = false;
    for (;;) {
        if (__builtin_expect(interrupted || __atomic_load_n(&task->work, __ATOMIC_RELAXED) != 0,
                             0)) {
            posix_lock();
            if (!signal_work(task)) {
                task_end(task);
                return;
            }
            posix_unlock();
            interrupted = false;
        }
        int64_t exit = sys_guest_run(task->guest);
        if (__builtin_expect(exit == GUEST_EXIT_SYSCALL, 1))
            interrupted = handle_call(task, registers);
        else
            handle_other(task, exit);
    }
}
