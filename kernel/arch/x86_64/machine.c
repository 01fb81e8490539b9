// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// I/O ports for drivers, and the ends of the machine.

#include "abi/error.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/x86_64/io.h"
#include "kernel/core/handlers.h"
#include "kernel/core/process.h"
#include "kernel/core/resource.h"
#include "kernel/core/syscall.h"

enum {
    DEBUG_EXIT_PORT = 0xf4, // QEMU: -device isa-debug-exit,iobase=0xf4; its status is code << 1 | 1
    PORT_BYTES_MAX = 256,
    RESET_PORT = 0xcf9, // Intel ICH9 data sheet, 13.7.5: reset control
    RESET_FULL = 0x02,
    RESET_NOW = 0x06,
    KEYBOARD_COMMAND = 0x64,
    KEYBOARD_RESET = 0xfe, // pulses the processor's reset line
};

const void *arch_processor_info(size_t *bytes)
{
    (void)bytes;
    return NULL; // CPUID is everybody's
}

static int find_port(struct thread *thread, const uint64_t *arg, unsigned width, uint16_t *port)
{
    uint64_t first;
    if (width != 1 && width != 2 && width != 4) {
        return -E_INVAL;
    }
    int error = resource_check_offset(thread->process, (handle_t)arg[0], RESOURCE_PORT, arg[1],
                                      width, &first);
    if (error == 0 && first > 0xffff) {
        error = -E_INVAL;
    }
    *port = (uint16_t)first;
    return error;
}

int64_t sys_port_read(struct thread *thread, const uint64_t *arg)
{
    uint16_t port;
    int error = find_port(thread, arg, (unsigned)arg[2], &port);
    if (error != 0) {
        return error;
    }
    return arg[2] == 1 ? port_read8(port) : arg[2] == 2 ? port_read16(port) : port_read32(port);
}

int64_t sys_port_write(struct thread *thread, const uint64_t *arg)
{
    uint16_t port;
    int error = find_port(thread, arg, (unsigned)arg[2], &port);
    if (error != 0) {
        return error;
    }
    if (arg[2] == 1) {
        port_write8(port, (uint8_t)arg[3]);
    } else if (arg[2] == 2) {
        port_write16(port, (uint16_t)arg[3]);
    } else {
        port_write32(port, (uint32_t)arg[3]);
    }
    return 0;
}

int64_t sys_port_write_bytes(struct thread *thread, const uint64_t *arg)
{
    uint8_t buffer[PORT_BYTES_MAX];
    uint16_t port;
    int64_t error = find_port(thread, arg, 1, &port);
    if (error != 0) {
        return error;
    }
    size_t count = arg[3] < sizeof(buffer) ? arg[3] : sizeof(buffer);
    error = user_get(thread, buffer, arg[2], count);
    if (error != 0) {
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        port_write8(port, buffer[i]);
    }
    return (int64_t)count;
}

int64_t arch_power_off(void)
{
    return -E_NOSYS; // ACPI: devmgr's
}

// For when devmgr, which knows the machine's proper way, is of no help. What no machine survives
// comes last: an exception without handlers.
int64_t arch_reboot(void)
{
    static const struct {
        uint16_t bytes;
        uint64_t table;
    } __attribute__((packed)) no_handlers;
    __asm__ volatile("cli");
    port_write8(RESET_PORT, RESET_FULL);
    port_write8(RESET_PORT, RESET_NOW);
    port_write8(KEYBOARD_COMMAND, KEYBOARD_RESET);
    __asm__ volatile("lidt %0\n\tint3" : : "m"(no_handlers));
    __builtin_unreachable();
}

int64_t arch_debug_exit(uint32_t code)
{
    port_write32(DEBUG_EXIT_PORT, code);
    return -E_NODEV; // still here: the machine has no such device
}

void arch_halt(void)
{
    for (;;) {
        __asm__ volatile("cli\n\thlt");
    }
}
