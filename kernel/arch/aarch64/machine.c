// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The ends of the machine (PSCI, Arm DEN 0022; semihosting, Arm "Semihosting for AArch32 and AArch64"),
// the I/O ports that this processor lacks, and the kernel's own call chain.

#include "abi/error.h"
#include "kernel/arch/aarch64/psci.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/core/handlers.h"
#include "kernel/core/thread.h"

enum {
    SEMIHOSTING_EXIT = 0x18,
    STOPPED_APPLICATION_EXIT = 0x20026,
};

int64_t sys_port_read(struct thread *thread, const uint64_t *arg)
{
    (void)thread;
    (void)arg;
    return -E_NOSYS;
}

int64_t sys_port_write(struct thread *thread, const uint64_t *arg)
{
    (void)thread;
    (void)arg;
    return -E_NOSYS;
}

int64_t sys_port_write_bytes(struct thread *thread, const uint64_t *arg)
{
    (void)thread;
    (void)arg;
    return -E_NOSYS;
}

int64_t arch_power_off(void)
{
    return psci_call(PSCI_SYSTEM_OFF, 0, 0, 0) < 0 ? -E_NOSYS : 0;
}

int64_t arch_reboot(void)
{
    return psci_call(PSCI_SYSTEM_RESET, 0, 0, 0) < 0 ? -E_NOSYS : 0;
}

// QEMU: -semihosting-config enable=on; its status is `code`. Without that the instruction is
// undefined, and trap_from_kernel goes on behind it.
int64_t arch_debug_exit(uint32_t code)
{
    const uint64_t block[2] = {STOPPED_APPLICATION_EXIT, code};
    register uint64_t x0 __asm__("x0") = SEMIHOSTING_EXIT;
    register const uint64_t *x1 __asm__("x1") = block;
    __asm__ volatile(".global debug_exit_instruction\n"
                     "debug_exit_instruction: hlt #0xf000"
                     : "+r"(x0)
                     : "r"(x1)
                     : "memory");
    return -E_NODEV;
}

void arch_halt(void)
{
    for (;;) {
        __asm__ volatile("msr daifset, #15\n\twfi");
    }
}

// Frame records (AAPCS64 6.4.6): the caller's record, the return address.
unsigned arch_kernel_backtrace(const void *frame_pointer, uint64_t *addresses, unsigned count)
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
