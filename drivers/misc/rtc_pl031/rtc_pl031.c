// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// PL031: the chip (rtc_pl031_hw.h). Alarm, interrupt and setting are not implemented.

#include "drivers/misc/rtc_pl031/rtc_pl031.h"

#include "abi/error.h"
#include "drivers/misc/rtc_pl031/rtc_pl031_hw.h"
#include "lib/driver/mmio.h"

int pl031_init(volatile uint8_t *registers)
{
    uint32_t low = mmio_read32(registers + RTCPERIPHID0) & 0xff;
    uint32_t high = mmio_read32(registers + RTCPERIPHID1) & PERIPHID1_PART_MASK;

    if ((high << 8 | low) != PL031_PART)
        return -E_NODEV;
    mmio_write32(registers + RTCIMSC, 0);
    if ((mmio_read32(registers + RTCCR) & RTCCR_START) == 0) // a write to a running one resets it
        mmio_write32(registers + RTCCR, RTCCR_START);
    return (mmio_read32(registers + RTCCR) & RTCCR_START) != 0 ? 0 : -E_IO;
}

uint32_t pl031_read(volatile uint8_t *registers)
{
    return mmio_read32(registers + RTCDR);
}
