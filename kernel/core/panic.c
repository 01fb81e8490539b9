// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/panic.h"

#include "kernel/arch/arch_cpu.h"
#include "kernel/core/boot_archive.h"
#include "kernel/core/cpu.h"
#include "kernel/core/format.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"

enum { PANIC_DEPTH = 24 };

// What the compiler puts before return addresses (-fstack-protector); made random by arch_boot.
uint64_t __stack_chk_guard = 0x595e9fbd94fda766;

__attribute__((noreturn)) void __stack_chk_fail(void)
{
    panic("kernel stack overwritten");
}

// Straight to the console: the log's lock may be held by whoever failed.
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_text(line, sizeof(line), format, arguments);
    va_end(arguments);
    early_console_write(line, length);
}

static void stop_others(void)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        if (i != cpu_index() && cpus[i].online) {
            ipi_send(i, IPI_STOP);
        }
    }
}

// Return addresses of the kernel's call chain. Both processors' frames begin with the caller's
// frame and the return address (System V psABI x86-64 3.2.2; AAPCS64 6.4.6).
static unsigned backtrace(const void *frame_pointer, uint64_t *addresses, unsigned count)
{
    const uint64_t *link = frame_pointer;
    unsigned depth = 0;
    while (depth < count && (uint64_t)link >= DIRECT_MAP_BASE && (uint64_t)link % 8 == 0 &&
           link[1] != 0) {
        addresses[depth++] = link[1];
        if (link[0] <= (uint64_t)link) {
            break;
        }
        link = (const uint64_t *)link[0];
    }
    return depth;
}

void panic(const char *format, ...)
{
    static uint32_t panicking;
    if (__atomic_exchange_n(&panicking, 1, __ATOMIC_ACQ_REL) != 0) {
        arch_halt();
    }
    stop_others();
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    format_text(line, sizeof(line), format, arguments);
    va_end(arguments);
    say("\nKERNEL PANIC on CPU %u: %s\n", cpu_index(), line);
    const struct thread *current = this_cpu()->current;
    if (current != NULL) {
        say("running: %s (process %u)%s\n", current->process->status.name,
            current->process->status.id, current->guest != NULL ? ", in its guest" : "");
    }
    uint64_t address[PANIC_DEPTH];
    unsigned count = backtrace(__builtin_frame_address(0), address, PANIC_DEPTH);
    for (unsigned i = 0; i < count; i++) {
        uint64_t offset = 0;
        char name[64];
        boot_archive_symbol(address[i], name, sizeof(name), &offset);
        say("  %p %s+0x%lx\n", (void *)address[i], name, offset);
    }
    (void)arch_debug_exit(0x7f); // nothing left to do if there is no such device
    arch_halt();
}
