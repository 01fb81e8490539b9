// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The ends of the machine (PSCI, Arm DEN 0022; semihosting, Arm "Semihosting for AArch32 and
// AArch64"), the I/O ports that this processor lacks, and the kernel's own call chain.

#include "abi/arch/aarch64/processor.h"
#include "abi/error.h"
#include "kernel/arch/aarch64/fpu_sve.h"
#include "kernel/arch/aarch64/psci.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/core/handlers.h"
#include "kernel/core/thread.h"

enum {
    SEMIHOSTING_EXIT = 0x18,
    STOPPED_APPLICATION_EXIT = 0x20026,
};

// Fields of what the kernel keeps closed (MTE, SME, pointer authentication), so that programs do
// not use it.
#define PFR1_MTE  (15ull << 8)
#define PFR1_SME  (15ull << 24)
#define ISAR1_PAC (0xffull << 4 | 0xffull << 24) // pointer authentication: APA, API, GPA, GPI

void semihosting_call(uint64_t operation, const uint64_t *block); // entry.S

const void *arch_processor_info(size_t *bytes)
{
    static struct info_processor info;
    info = (struct info_processor){
        .midr = sysreg_read(midr_el1),
        .isar0 = sysreg_read(id_aa64isar0_el1),
        .isar1 = sysreg_read(id_aa64isar1_el1) & ~ISAR1_PAC,
        .pfr0 = sysreg_read(id_aa64pfr0_el1),
        .pfr1 = sysreg_read(id_aa64pfr1_el1) & ~(PFR1_MTE | PFR1_SME),
        .mmfr2 = sysreg_read(s3_0_c0_c7_2), // ID_AA64MMFR2_EL1
        .vector_bytes = fpu_vector_bytes,
    };
    if (info.vector_bytes != 0) {
        info.zfr0 = sysreg_read(s3_0_c0_c4_4); // ID_AA64ZFR0_EL1
    }
    *bytes = sizeof(info);
    return &info;
}

static int64_t no_ports(struct thread *thread, const uint64_t *arg)
{
    (void)thread;
    (void)arg;
    return -E_NOSYS;
}

SYSCALL_HANDLER(sys_port_read) __attribute__((alias("no_ports")));
SYSCALL_HANDLER(sys_port_write) __attribute__((alias("no_ports")));
SYSCALL_HANDLER(sys_port_write_bytes) __attribute__((alias("no_ports")));

int64_t arch_power_off(void)
{
    return psci_call(PSCI_SYSTEM_OFF, 0, 0, 0) < 0 ? -E_NOSYS : 0;
}

int64_t arch_reboot(void)
{
    return psci_call(PSCI_SYSTEM_RESET, 0, 0, 0) < 0 ? -E_NOSYS : 0;
}

// QEMU: -semihosting-config enable=on; its status is as isa-debug-exit makes it on x86. Without
// that the instruction is undefined, and trap_from_kernel goes on behind it.
int64_t arch_debug_exit(uint32_t code)
{
    const uint64_t block[2] = {STOPPED_APPLICATION_EXIT, (uint8_t)(code << 1 | 1)};
    semihosting_call(SEMIHOSTING_EXIT, block);
    return -E_NODEV;
}

void arch_halt(void)
{
    for (;;) {
        __asm__ volatile("msr daifset, #15\n\twfi");
    }
}
