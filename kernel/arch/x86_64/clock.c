// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Time on x86_64: the TSC counts; the local APIC timer interrupts, in TSC-deadline mode where the
// CPU has it. Both are calibrated once against the HPET (IA-PC HPET specification 1.0a), or, where
// there is none, the PIT's channel 0 (Intel 8254 data sheet): channel 2 needs the speaker's gate at
// port 61, which QEMU's microvm lacks.

#include "kernel/arch/clock.h"

#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/io.h"
#include "kernel/core/panic.h"

enum {
    HPET_CAPABILITIES = 0x000,
    HPET_CONFIGURATION = 0x010,
    HPET_COUNTER = 0x0f0,
    HPET_ENABLE = 1,
    CALIBRATION_US = 5000,
    CALIBRATION_SPINS = 100000000,

    PIT_CHANNEL0 = 0x40,
    PIT_COMMAND = 0x43,
    PIT_COUNT_ONCE = 0x30,  // channel 0, both bytes, mode 0: OUT rises at the end of the count
    PIT_READ_COUNT = 0xd2,  // read-back: the count of channel 0
    PIT_READ_STATUS = 0xe2, // read-back: the status of channel 0
    PIT_STATUS_OUT = 0x80,
    PIT_STATUS_MODE = 0x3f, // as it was programmed
    PIT_HZ = 1193182,

    CPUID_TSC_DEADLINE = 1 << 24,
    MSR_TSC_DEADLINE = 0x6e0,
};

static uint64_t to_apic; // ticks of the APIC timer = clock_scale(ns, to_apic)
static bool deadline_mode;

// Runs for CALIBRATION_US; returns the nanoseconds that really passed.
static uint64_t wait_with_hpet(void)
{
    volatile uint64_t *hpet = mmu_map_device(acpi_info.hpet, PAGE_SIZE, MEMORY_DEVICE);
    uint64_t femtoseconds = hpet[HPET_CAPABILITIES / 8] >> 32;
    if (femtoseconds == 0 || femtoseconds > 100000000) {
        panic("clock: the HPET claims a period of %lu fs", femtoseconds);
    }
    hpet[HPET_CONFIGURATION / 8] |= HPET_ENABLE;
    uint64_t ticks = (uint64_t)CALIBRATION_US * 1000000000 / femtoseconds;
    uint32_t start = (uint32_t)hpet[HPET_COUNTER / 8];
    uint32_t passed = 0;
    for (unsigned i = 0; passed < ticks; i++) {
        if (i == CALIBRATION_SPINS) {
            panic("clock: the HPET does not count");
        }
        passed = (uint32_t)hpet[HPET_COUNTER / 8] - start;
    }
    return passed * femtoseconds / 1000000;
}

static uint8_t pit_status(void)
{
    port_write8(PIT_COMMAND, PIT_READ_STATUS);
    return port_read8(PIT_CHANNEL0);
}

// Runs for CALIBRATION_US or longer, as an emulated CPU may rest in between; returns the
// nanoseconds that really passed, if they are less than the 55 ms in which the count, going on
// below 0, wraps.
static uint64_t wait_with_pit(void)
{
    uint32_t count = (uint32_t)((uint64_t)PIT_HZ * CALIBRATION_US / 1000000);
    port_write8(PIT_COMMAND, PIT_COUNT_ONCE);
    if ((pit_status() & PIT_STATUS_MODE) != PIT_COUNT_ONCE) { // no chip: all ones
        panic("clock: the board has neither HPET nor PIT to measure time against");
    }
    port_write8(PIT_CHANNEL0, (uint8_t)count);
    port_write8(PIT_CHANNEL0, (uint8_t)(count >> 8));
    for (unsigned i = 0; (pit_status() & PIT_STATUS_OUT) == 0; i++) {
        if (i == CALIBRATION_SPINS) {
            panic("clock: the PIT does not count");
        }
    }
    port_write8(PIT_COMMAND, PIT_READ_COUNT);
    uint32_t left = port_read8(PIT_CHANNEL0);
    left |= (uint32_t)port_read8(PIT_CHANNEL0) << 8;
    return (uint64_t)((count - left) & 0xffff) * 1000000000 / PIT_HZ;
}

void clock_init(void)
{
    deadline_mode = (cpuid(1, 0).ecx & CPUID_TSC_DEADLINE) != 0;
    apic_timer_start(~0u);
    uint64_t before = cpu_counter();
    uint64_t ns = acpi_info.hpet != 0 ? wait_with_hpet() : wait_with_pit();
    uint64_t ticks = cpu_counter() - before;
    uint64_t apic_ticks = ~0u - apic_timer_left();
    apic_timer_start(0);
    if (ticks == 0 || apic_ticks == 0) {
        panic("clock: the %s does not count", ticks == 0 ? "TSC" : "local APIC timer");
    }
    clock_set_rate(ticks, ns); // a calibration of milliseconds: 24 bits and the shift fit
    to_apic = clock_factor(apic_ticks, ns);
}

void clock_init_cpu(void)
{
    if (deadline_mode) {
        apic_timer_deadline_mode();
    }
}

void clock_timer_stop(void)
{
    apic_timer_start(0);
}

void clock_timer_start(uint64_t counter, uint64_t wait)
{
    if (deadline_mode) {
        msr_write(MSR_TSC_DEADLINE, counter);
        return;
    }
    uint64_t count = clock_scale(wait, to_apic);
    apic_timer_start(count == 0 ? 1 : count > UINT32_MAX ? UINT32_MAX : (uint32_t)count);
}
