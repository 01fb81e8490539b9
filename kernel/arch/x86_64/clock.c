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
    SCALE_SHIFT = 32,
};

#define ARM_NS_MAX (3600ull * 1000000000) // farther deadlines could overflow when they are scaled

static uint64_t counter_base;
static uint64_t counter_hz;
static uint64_t to_ns;      // ns = ticks * to_ns >> SCALE_SHIFT
static uint64_t to_counter; // ticks of the TSC = ns * to_counter >> SCALE_SHIFT
static uint64_t to_apic;    // ticks of the APIC timer = ns * to_apic >> SCALE_SHIFT
static bool deadline_mode;

static inline uint64_t scale(uint64_t value, uint64_t factor)
{
    return (uint64_t)(((unsigned __int128)value * factor) >> SCALE_SHIFT);
}

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
    to_ns = (ns << SCALE_SHIFT) / ticks; // a calibration of milliseconds: 24 bits and the shift fit
    to_counter = (ticks << SCALE_SHIFT) / ns;
    to_apic = (apic_ticks << SCALE_SHIFT) / ns;
    counter_hz = ticks * 1000000000 / ns;
    counter_base = cpu_counter();
}

void clock_init_cpu(void)
{
    if (deadline_mode) {
        apic_timer_deadline_mode();
    }
}

uint64_t clock_ticks_to_ns(uint64_t ticks)
{
    return scale(ticks, to_ns);
}

time_ns_t clock_now(void)
{
    return scale(cpu_counter() - counter_base, to_ns);
}

void clock_parameters(struct info_clock *info)
{
    *info = (struct info_clock){
        .counter_base = counter_base,
        .multiplier = to_ns,
        .shift = SCALE_SHIFT,
        .counter_hz = counter_hz,
    };
}

void clock_arm(time_ns_t deadline)
{
    if (deadline == DEADLINE_NEVER) {
        apic_timer_start(0);
        return;
    }
    time_ns_t now = clock_now();
    uint64_t wait = deadline > now ? deadline - now : 0;
    wait = wait < ARM_NS_MAX ? wait : ARM_NS_MAX; // the scheduler arms again if it comes too early
    if (deadline_mode) {
        msr_write(MSR_TSC_DEADLINE, counter_base + scale(now + wait, to_counter));
        return;
    }
    uint64_t count = scale(wait, to_apic);
    apic_timer_start(count == 0 ? 1 : count > UINT32_MAX ? UINT32_MAX : (uint32_t)count);
}
