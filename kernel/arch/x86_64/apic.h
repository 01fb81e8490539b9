// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Local APIC (Intel SDM volume 3, chapter 11; x2APIC mode where the CPU has it) and I/O APIC
// (82093AA data sheet).

#pragma once

#include "abi/types.h"

void apic_init(void);     // boot CPU: maps the registers, masks the 8259s, sets up the I/O APICs
void apic_init_cpu(void); // every CPU: enables its local APIC
uint32_t apic_id(void);
bool apic_is_wide(void); // x2APIC mode: ids of 32 bits
void apic_end_of_interrupt(void);
void apic_send(uint32_t apic_id, uint32_t command); // interrupt command register, low half
void apic_timer_start(uint32_t count);              // one-shot, divided by 1; 0 stops it
uint32_t apic_timer_left(void);
void apic_timer_deadline_mode(void); // the timer follows IA32_TSC_DEADLINE

enum {
    APIC_COMMAND_FIXED = 0x04000, // level assert
    APIC_COMMAND_INIT = 0x04500,
    APIC_COMMAND_STARTUP = 0x04600,
};
