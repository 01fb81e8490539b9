// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// An AHCI controller with disks behind the register accessors (lib/driver/mmio.h): follows command
// list, tables and PRDs as hardware would, checks what the driver may not do, and misbehaves on
// demand. Bus addresses are host addresses.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/block/ahci/ahci_hw.h"
#include "drivers/block/ahci/ata_hw.h"

enum { FAKE_AHCI_PORTS = 4, FAKE_DISK_BYTES = 1 << 20, FAKE_SECTORS = FAKE_DISK_BYTES / 512 };

// What is at a port, and what is wrong with it.
struct fake_disk {
    bool present;
    bool cd, medium;
    uint32_t signature;
    uint16_t identify[ATA_ID_WORDS];
    uint8_t *bytes;
    uint64_t bad_lba; // this sector cannot be read or written; UINT64_MAX: none
    uint64_t other_bad_lba;
    bool goes_on;          // an error does not end the other queued commands, only a reset does
    bool quiet_errors;     // a failed queued command raises no TFES and stays in PxSACT
    bool tells_acceptance; // of queued commands, by a frame that leaves PxTFD as it was
    bool no_error_log;     // READ LOG EXT fails
    bool rotten_error_log; // its checksum is wrong
    bool silent;           // nothing completes
    bool is_short;         // says OK, moved less
    unsigned transport;    // commands that end in an interface fatal error
    uint32_t foreign;      // bits that appear in PxCI
    unsigned busy_reads;   // reads of PxTFD that say BSY after a reset
    bool smart_bad, attention;
    bool stuck_engine; // PxCMD.CR stays
    // what was seen
    unsigned comresets, commands[256];
    unsigned most_issued;
    uint8_t sense;
};

struct fake_ahci {
    uint32_t capabilities, implemented, handoff;
    bool gone;     // all registers read ones
    bool no_reset; // GHC.HR stays
    bool firmware; // does not let go of the controller
    unsigned resets;
    struct fake_disk disk[FAKE_AHCI_PORTS];
};

extern struct fake_ahci fake_ahci;

void fake_ahci_create(void);
void fake_ahci_destroy(void);
void fake_disk_create(unsigned port, const char *serial);
void fake_cd_create(unsigned port, bool medium);
volatile uint8_t *fake_ahci_registers(void);
uint64_t fake_ahci_bytes(void);

// Carries out one command. False: there is none.
bool fake_ahci_step(void);
// Whether an interrupt is raised.
bool fake_ahci_interrupts(void);
// The disk is pulled out, or put in again.
void fake_ahci_plug(unsigned port, bool in);
