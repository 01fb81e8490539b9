// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// CDs and DVDs: packets of MMC-6 through ACS-3's PACKET command. Reading only. A medium is looked
// for when the driver starts; a drive without one is served with capacity 0.

#include <string.h>

#include "abi/error.h"
#include "drivers/block/ahci/ahci.h"
#include "lib/sys/log.h"

enum { READY_TRIES = 5 }; // each reports and clears one UNIT ATTENTION

static void put_big_endian(uint8_t *to, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

void packet_write_read(uint8_t packet[16], const struct ahci_slot *slot)
{
    memset(packet, 0, 16);
    packet[0] = SCSI_READ_10;
    put_big_endian(packet + 2, (uint32_t)slot->lba, 4);
    put_big_endian(packet + 7, slot->sectors, 2);
}

static int run_packet(struct ahci_port *port, const uint8_t *packet, unsigned bytes,
                      uint64_t timeout_ns)
{
    struct port_internal internal = {
        // ACS-3, 7.18: the most that it transfers at once, by PIO
        .fis = {.command = ATA_PACKET,
                .lba_low = {0, ATA_SECTOR_BYTES & 0xff, ATA_SECTOR_BYTES >> 8}},
        .packet = packet,
        .bytes = bytes,
        .timeout_ns = timeout_ns,
        .what = "ahci: packet",
    };
    return port_run(port, &internal);
}

int packet_sense(struct ahci_port *port)
{
    uint8_t packet[SCSI_PACKET_BYTES] = {SCSI_REQUEST_SENSE, [4] = SCSI_SENSE_BYTES};
    int status = run_packet(port, packet, SCSI_SENSE_BYTES, AHCI_LOG_NS);
    if (status < 0)
        return -E_IO;
    const uint8_t *sense = port_memory(port)->data;
    uint8_t key = sense[SCSI_SENSE_KEY] & 0xf;
    if (key == SCSI_KEY_UNIT_ATTENTION)
        return 0;
    log_warning("ahci: port %u: sense key %u, code 0x%x", port->number, key, sense[SCSI_SENSE_ASC]);
    return -E_IO;
}

// 0: there is a medium.
static int test_unit_ready(struct ahci_port *port)
{
    static const uint8_t packet[SCSI_PACKET_BYTES] = {SCSI_TEST_UNIT_READY};
    for (unsigned i = 0; i < READY_TRIES; i++) {
        int status = run_packet(port, packet, 0, AHCI_INTERNAL_NS);
        if (status != -E_IO)
            return status;
        status = packet_sense(port);
        if (status < 0)
            return status;
    }
    return -E_IO;
}

int packet_read_capacity(struct ahci_port *port)
{
    static const uint8_t packet[SCSI_PACKET_BYTES] = {SCSI_READ_CAPACITY_10};
    struct ata_identity *identity = &port->identity;
    int status = test_unit_ready(port);
    if (status == 0)
        status = run_packet(port, packet, SCSI_CAPACITY_BYTES, AHCI_INTERNAL_NS);
    if (status == 0)
        status = ata_capacity_parse(port_memory(port)->data, identity);
    if (status == 0)
        return 0;
    log_info("ahci: port %u: no medium", port->number);
    identity->sectors = 0;
    identity->sector_bytes = identity->physical_bytes = 2048; // MMC-6: of every CD and DVD
    return status == -E_TIMEDOUT ? status : 0;
}
