// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The alternate signal stack: choosing it for a frame, and sigaltstack itself (signal_stack.h).

#include "servers/posix/signal_stack.h"

#include "servers/posix/arch.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/user.h"

struct stack_linux { // stack_t
    uint64_t address;
    uint32_t flags;
    uint32_t pad;
    uint64_t bytes;
};
_Static_assert(sizeof(struct stack_linux) == 24, "stack_t");

static bool is_on(const struct task *task, uint64_t stack)
{
    if ((task->alternate_stack_flags & SS_AUTODISARM) != 0)
        return false;
    return stack > task->alternate_stack &&
           stack - task->alternate_stack <= task->alternate_stack_bytes;
}

int signal_stack_choose(const struct task *task, uint64_t stack, uint64_t red_zone, bool wanted,
                        uint64_t *top)
{
    if (wanted && task->alternate_stack_bytes != 0 && !is_on(task, stack))
        *top = task->alternate_stack + task->alternate_stack_bytes;
    else
        *top = stack - red_zone;
    return 0;
}

bool signal_stack_holds(const struct task *task, uint64_t stack, uint64_t address, uint64_t top)
{
    bool on_alternate =
        task->alternate_stack_bytes != 0 &&
        (top == task->alternate_stack + task->alternate_stack_bytes || is_on(task, stack));
    return address < top && (!on_alternate || address >= task->alternate_stack);
}

void signal_stack_entered(struct task *task)
{
    if ((task->alternate_stack_flags & SS_AUTODISARM) == 0)
        return;
    task->alternate_stack = 0;
    task->alternate_stack_bytes = 0;
    task->alternate_stack_flags = SS_DISABLE;
}

static int set(struct task *task, uint64_t address, uint32_t flags, uint64_t bytes)
{
    uint32_t mode = flags & ~SS_AUTODISARM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -E_INVAL;
    if (mode == SS_DISABLE) {
        address = 0;
        bytes = 0;
    } else if (bytes < ARCH_SIGNAL_STACK_MIN) {
        return -E_NOMEM;
    }
    task->alternate_stack = address;
    task->alternate_stack_bytes = bytes;
    task->alternate_stack_flags = flags;
    return 0;
}

void signal_stack_restore(struct task *task, uint64_t address, uint32_t flags, uint64_t bytes)
{
    if (!is_on(task, arch_stack_of(&task->guest_state->registers)))
        set(task, address, flags, bytes);
}

int64_t linux_sigaltstack(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct stack_linux wanted, old = {0};
    bool on = is_on(task, arch_stack_of(&task->guest_state->registers));
    if (argument[0] != 0 && user_read(task, &wanted, argument[0], sizeof(wanted)) != 0)
        return -E_FAULT;
    old.address = task->alternate_stack;
    old.bytes = task->alternate_stack_bytes;
    old.flags = task->alternate_stack_flags & SS_AUTODISARM;
    if (task->alternate_stack_bytes == 0)
        old.flags |= SS_DISABLE;
    else if (on)
        old.flags |= SS_ONSTACK;
    if (argument[0] != 0) {
        if (on)
            return -E_PERM;
        int error = set(task, wanted.address, wanted.flags, wanted.bytes);
        if (error)
            return error;
    }
    if (argument[1] != 0 && user_write(task, argument[1], &old, sizeof(old)) != 0)
        return -E_FAULT;
    return 0;
}
