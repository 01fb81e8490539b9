// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Early console: virt's PL011 (Arm DDI 0183), polled, for boot and panic only. Before the kernel
// has its own tables it is reached through image.S's. A transmitter that stays full is given up
// after CONSOLE_SPINS reads.

#include "kernel/arch/aarch64/console.h"

#include "kernel/arch/mmu.h"

enum {
    UART_DATA = 0x00 / 4,
    UART_FLAGS = 0x18 / 4,
    UART_LINE_CONTROL = 0x2c / 4,
    UART_CONTROL = 0x30 / 4,
    UART_INTERRUPT_MASK = 0x38 / 4,
    FLAGS_TRANSMIT_FULL = 1 << 5,
    LINE_CONTROL_8N1_FIFO = 0x70,
    CONTROL_ENABLE_BOTH = 0x301,
    CONSOLE_SPINS = 100000,
};

#define UART_PHYSICAL 0x09000000ull

static volatile uint32_t *uart;

void early_console_init(void)
{
    uart = (volatile uint32_t *)(DEVICE_MAP_BASE + UART_PHYSICAL);
    uart[UART_INTERRUPT_MASK] = 0;
    uart[UART_LINE_CONTROL] = LINE_CONTROL_8N1_FIFO;
    uart[UART_CONTROL] = CONTROL_ENABLE_BOTH;
}

void console_map(uint64_t physical)
{
    uart = physical != 0 ? mmu_map_device(physical, PAGE_SIZE, MEMORY_DEVICE) : NULL;
}

static void put(char c)
{
    for (unsigned i = 0; i < CONSOLE_SPINS && (uart[UART_FLAGS] & FLAGS_TRANSMIT_FULL) != 0; i++) {
    }
    uart[UART_DATA] = (uint8_t)c;
}

void early_console_write(const char *text, size_t length)
{
    for (size_t i = 0; uart != NULL && i < length; i++) {
        if (text[i] == '\n') {
            put('\r');
        }
        put(text[i]);
    }
}
