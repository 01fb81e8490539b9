// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers and memory structures of an AHCI controller: "Serial ATA Advanced Host Controller
// Interface (AHCI) 1.3.1", in its own words; sections beside what they define.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { AHCI_PORTS_MAX = 32, AHCI_SLOTS_MAX = 32, AHCI_ABAR = 5 };

// 3.1 generic host control
enum {
    AHCI_CAP = 0x00,
    AHCI_GHC = 0x04,
    AHCI_IS = 0x08,
    AHCI_PI = 0x0c,
    AHCI_VS = 0x10,
    AHCI_CAP2 = 0x24,
    AHCI_BOHC = 0x28,
    AHCI_PORT_FIRST = 0x100,
    AHCI_PORT_BYTES = 0x80,
};

// 3.1.1 CAP
#define AHCI_CAP_NP(cap)  ((cap)&0x1f)        // number of ports, less one
#define AHCI_CAP_NCS(cap) ((cap) >> 8 & 0x1f) // number of command slots, less one
#define AHCI_CAP_SNCQ     (1u << 30)
#define AHCI_CAP_S64A     (1u << 31)

// 3.1.2 GHC
#define AHCI_GHC_HR (1u << 0)
#define AHCI_GHC_IE (1u << 1)
#define AHCI_GHC_AE (1u << 31)

// 3.1.10 CAP2, 3.1.11 BOHC
#define AHCI_CAP2_BOH (1u << 0)
#define AHCI_BOHC_BOS (1u << 0)
#define AHCI_BOHC_OOS (1u << 1)
#define AHCI_BOHC_BB  (1u << 4)

// 3.3 port registers
enum {
    AHCI_PXCLB = 0x00,
    AHCI_PXCLBU = 0x04,
    AHCI_PXFB = 0x08,
    AHCI_PXFBU = 0x0c,
    AHCI_PXIS = 0x10,
    AHCI_PXIE = 0x14,
    AHCI_PXCMD = 0x18,
    AHCI_PXTFD = 0x20,
    AHCI_PXSIG = 0x24,
    AHCI_PXSSTS = 0x28,
    AHCI_PXSCTL = 0x2c,
    AHCI_PXSERR = 0x30,
    AHCI_PXSACT = 0x34,
    AHCI_PXCI = 0x38,
};

// 3.3.5 PxIS, 3.3.6 PxIE
#define AHCI_PXIS_DHRS (1u << 0)  // device to host register FIS
#define AHCI_PXIS_PSS  (1u << 1)  // PIO setup FIS
#define AHCI_PXIS_DSS  (1u << 2)  // DMA setup FIS
#define AHCI_PXIS_SDBS (1u << 3)  // set device bits FIS
#define AHCI_PXIS_UFS  (1u << 4)  // unknown FIS
#define AHCI_PXIS_PCS  (1u << 6)  // port connect change
#define AHCI_PXIS_PRCS (1u << 22) // PhyRdy change
#define AHCI_PXIS_OFS  (1u << 24) // overflow
#define AHCI_PXIS_INFS (1u << 26) // interface non-fatal error
#define AHCI_PXIS_IFS  (1u << 27) // interface fatal error
#define AHCI_PXIS_HBDS (1u << 28) // host bus data error
#define AHCI_PXIS_HBFS (1u << 29) // host bus fatal error
#define AHCI_PXIS_TFES (1u << 30) // task file error

// 3.3.7 PxCMD
#define AHCI_PXCMD_ST         (1u << 0)
#define AHCI_PXCMD_SUD        (1u << 1)
#define AHCI_PXCMD_POD        (1u << 2)
#define AHCI_PXCMD_FRE        (1u << 4)
#define AHCI_PXCMD_FR         (1u << 14)
#define AHCI_PXCMD_CR         (1u << 15)
#define AHCI_PXCMD_ATAPI      (1u << 24)
#define AHCI_PXCMD_ICC_MASK   (0xfu << 28)
#define AHCI_PXCMD_ICC_ACTIVE (1u << 28)

// 3.3.8 PxTFD: status (ATA8-ACS, 6.2) in bits 7:0, error in bits 15:8
#define AHCI_PXTFD_STS(tfd) ((tfd)&0xff)
#define AHCI_PXTFD_ERR(tfd) ((tfd) >> 8 & 0xff)

// 3.3.9 PxSIG
#define AHCI_SIG_ATA   0x00000101u
#define AHCI_SIG_ATAPI 0xeb140101u
#define AHCI_SIG_PM    0x96690101u // port multiplier
#define AHCI_SIG_SEMB  0xc33c0101u // enclosure management bridge

// 3.3.10 PxSSTS, 3.3.11 PxSCTL
#define AHCI_PXSSTS_DET(ssts) ((ssts)&0xf)
enum {
    AHCI_DET_NONE = 0,
    AHCI_DET_PRESENT = 1, // but no communication yet
    AHCI_DET_READY = 3,
    AHCI_SCTL_DET_COMRESET = 1,
    AHCI_SCTL_DET_MASK = 0xf,
};

// 4.2.1 received FIS area
enum {
    AHCI_RECEIVED_BYTES = 256,
    AHCI_RECEIVED_D2H = 0x40,
    AHCI_COMMAND_LIST_BYTES = 1024,
};

// 4.2.2 command header
struct ahci_command_header {
    uint16_t flags;
    uint16_t prdtl; // entries of the table
    uint32_t prdbc; // bytes moved, written by the controller
    uint32_t ctba;
    uint32_t ctbau;
    uint32_t reserved[4];
};
_Static_assert(sizeof(struct ahci_command_header) == 32, "4.2.2");
_Static_assert(offsetof(struct ahci_command_header, prdbc) == 4, "4.2.2");

#define AHCI_HEADER_CFL_MASK 0x1fu // length of the command FIS in double words
#define AHCI_HEADER_A        (1u << 5)
#define AHCI_HEADER_W        (1u << 6)

// 4.2.3.3 physical region descriptor
struct ahci_prd {
    uint32_t dba; // even
    uint32_t dbau;
    uint32_t reserved;
    uint32_t dbc; // bytes less one, odd, below 4 MiB
};
_Static_assert(sizeof(struct ahci_prd) == 16, "4.2.3.3");

enum {
    AHCI_PRD_BYTES_MAX = 4 << 20,
    // A command table is then a page; requests may be 944 KiB long, which is more than any client's
    // are.
    AHCI_PRDS = 248,
};

// 4.2.3 command table
struct ahci_command_table {
    uint8_t cfis[64];
    uint8_t acmd[16];
    uint8_t reserved[48];
    struct ahci_prd prd[AHCI_PRDS];
};
_Static_assert(sizeof(struct ahci_command_table) == 4096, "4.2.3");
_Static_assert(offsetof(struct ahci_command_table, acmd) == 0x40, "4.2.3");
_Static_assert(offsetof(struct ahci_command_table, prd) == 0x80, "4.2.3");
