// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// ACPI 6.4, section 4.8.3.2 (PM1 control), 4.8.3.7 (sleep control of boards without PM1), 4.8.3.6
// (reset register), 7.4.2 (entering S5); Intel ICH9 datasheet 13.7.5 (reset control register at
// port cf9) for boards whose FADT has no reset register.

#include "servers/devmgr/power.h"

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/devmgr/physical.h"

enum {
    PM1_SCI_EN = 1 << 0,
    PM1_SLP_TYP_SHIFT = 10,
    PM1_SLP_TYP_MASK = 7 << 10,
    PM1_SLP_EN = 1 << 13,
    SLEEP_CONTROL_TYPE_SHIFT = 2,
    SLEEP_CONTROL_ENABLE = 1 << 5,
    RESET_CONTROL_PORT = 0xcf9,
    RESET_SYSTEM = 0x02,    // hard, not soft
    RESET_PROCESSOR = 0x04, // on its rising edge
};

// Time-outs in milliseconds.
enum { ACPI_ENABLE_MS = 300, POWER_OFF_MS = 500, POLL_MS = 10 };

static void wait_ms(uint32_t ms)
{
    thread_sleep_until(sys_clock() + (uint64_t)ms * 1000000);
}

static bool usable_port(const struct acpi_register *at)
{
    return at->address != 0 && at->address <= 0xfffe && at->space == ACPI_SPACE_PORT &&
           resources.port != HANDLE_NONE;
}

int power_enter_acpi_mode(const struct acpi_info *acpi)
{
    uint64_t control = acpi->pm1a_control.address;

    if (acpi->smi_command == 0 || acpi->smi_command > 0xffff || acpi->acpi_enable == 0)
        return 0;
    for (uint32_t waited = 0; waited < ACPI_ENABLE_MS; waited += POLL_MS) {
        int64_t value = sys_port_read(resources.port, control, 2);

        if (value < 0)
            return (int)value;
        if ((value & PM1_SCI_EN) != 0)
            return 0;
        if (waited == 0)
            sys_port_write(resources.port, acpi->smi_command, 1, acpi->acpi_enable);
        wait_ms(POLL_MS);
    }
    return -E_TIMEDOUT;
}

static int sleep_write(const struct acpi_register *at, uint8_t type)
{
    int64_t value;

    if (!usable_port(at))
        return -E_NOSYS;
    value = sys_port_read(resources.port, at->address, 2);
    if (value < 0)
        return (int)value;
    value = (value & ~(int64_t)PM1_SLP_TYP_MASK) | (int64_t)type << PM1_SLP_TYP_SHIFT | PM1_SLP_EN;
    return (int)sys_port_write(resources.port, at->address, 2, (uint32_t)value);
}

// One byte to a register wherever it is.
static int register_write(const struct acpi_register *at, uint8_t value)
{
    void *mapped;
    int error;

    if (usable_port(at))
        return (int)sys_port_write(resources.port, at->address, 1, value);
    if (at->address == 0 || at->space != ACPI_SPACE_MEMORY)
        return -E_NOSYS;
    error = physical_map(at->address, 1, MEMORY_DEVICE, &mapped);
    if (error == 0)
        *(volatile uint8_t *)mapped = value;
    return error;
}

static int power_off(const struct acpi_info *acpi)
{
    int error = (int)sys_machine_control(resources.machine, MACHINE_POWER_OFF, 0);

    if (acpi->has_s5 && acpi->sleep_control.address != 0) {
        uint32_t type = (uint32_t)acpi->s5_type_a << SLEEP_CONTROL_TYPE_SHIFT;

        error = register_write(&acpi->sleep_control, (uint8_t)(type | SLEEP_CONTROL_ENABLE));
        wait_ms(POWER_OFF_MS);
        return error < 0 ? error : -E_TIMEDOUT;
    }
    if (!acpi->has_fadt || !acpi->has_s5 || !usable_port(&acpi->pm1a_control))
        return error < 0 ? error : -E_NOSYS;
    error = power_enter_acpi_mode(acpi);
    if (error < 0)
        log_warning("devmgr: the board does not enter ACPI mode: error %d; trying all the same",
                    error);
    error = sleep_write(&acpi->pm1a_control, acpi->s5_type_a);
    if (error == 0 && acpi->pm1b_control.address != 0)
        error = sleep_write(&acpi->pm1b_control, acpi->s5_type_b);
    wait_ms(POWER_OFF_MS);
    return error < 0 ? error : -E_TIMEDOUT;
}

static void reset_by_register(const struct acpi_info *acpi)
{
    if (acpi->can_reset && register_write(&acpi->reset, acpi->reset_value) == 0)
        wait_ms(POWER_OFF_MS);
}

static int reboot(const struct acpi_info *acpi)
{
    int error;

    reset_by_register(acpi);
    if (resources.port != HANDLE_NONE) {
        sys_port_write(resources.port, RESET_CONTROL_PORT, 1, RESET_SYSTEM);
        sys_port_write(resources.port, RESET_CONTROL_PORT, 1, RESET_SYSTEM | RESET_PROCESSOR);
        wait_ms(POWER_OFF_MS);
    }
    error = (int)sys_machine_control(resources.machine, MACHINE_REBOOT, 0);
    return error < 0 ? error : -E_TIMEDOUT;
}

int power_control(const struct acpi_info *acpi, uint64_t op)
{
    switch (op) {
    case POWER_OFF:
        return power_off(acpi);
    case POWER_REBOOT:
        return reboot(acpi);
    default:
        return -E_INVAL;
    }
}
