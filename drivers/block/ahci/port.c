// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A port's engine: AHCI 1.3.1, sections 10.1.2 (start-up), 10.3 (running), 10.4.2 (reset), and the
// driver's own commands.

#include <string.h>

#include "abi/error.h"
#include "drivers/block/ahci/ahci.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"

uint32_t port_read(const struct ahci_port *port, unsigned offset)
{
    return mmio_read32(port->registers + offset);
}

void port_write(const struct ahci_port *port, unsigned offset, uint32_t value)
{
    mmio_write32(port->registers + offset, value);
}

uint64_t port_bus(const struct ahci_port *port, const void *inside)
{
    return port->memory.bus +
           (uint64_t)((const uint8_t *)inside - (const uint8_t *)port->memory.memory);
}

void port_write_header(struct ahci_port *port, unsigned slot,
                       const struct ahci_command_table *table, uint32_t flags, unsigned pieces)
{
    uint64_t bus = port_bus(port, table);
    port_memory(port)->header[slot] = (struct ahci_command_header){
        .flags = (uint16_t)(sizeof(struct ata_fis_h2d) / 4 | flags),
        .prdtl = (uint16_t)pieces,
        .ctba = (uint32_t)bus,
        .ctbau = (uint32_t)(bus >> 32),
    };
}

// ---- engine ----

static bool is_not_running(void *context)
{
    return (port_read(context, AHCI_PXCMD) & AHCI_PXCMD_CR) == 0;
}

static bool is_not_receiving(void *context)
{
    return (port_read(context, AHCI_PXCMD) & AHCI_PXCMD_FR) == 0;
}

static bool is_idle(void *context)
{
    return port_is_idle(context);
}

static bool is_linked(void *context)
{
    uint32_t status = port_read(context, AHCI_PXSSTS);
    return AHCI_PXSSTS_DET(status) == AHCI_DET_READY;
}

int port_halt(struct ahci_port *port)
{
    port_write(port, AHCI_PXCMD, port_read(port, AHCI_PXCMD) & ~AHCI_PXCMD_ST);
    return driver_wait_until(is_not_running, port, AHCI_STOP_NS, "ahci: engine stops");
}

int port_stop(struct ahci_port *port)
{
    int status = port_halt(port);
    if (status < 0)
        return status;
    port_write(port, AHCI_PXCMD, port_read(port, AHCI_PXCMD) & ~AHCI_PXCMD_FRE);
    return driver_wait_until(is_not_receiving, port, AHCI_STOP_NS, "ahci: receiving stops");
}

void port_receive(struct ahci_port *port)
{
    uint64_t list = port_bus(port, port_memory(port)->header);
    uint64_t received = port_bus(port, port_memory(port)->received);
    port_write(port, AHCI_PXCLB, (uint32_t)list);
    port_write(port, AHCI_PXCLBU, (uint32_t)(list >> 32));
    port_write(port, AHCI_PXFB, (uint32_t)received);
    port_write(port, AHCI_PXFBU, (uint32_t)(received >> 32));
    port_write(port, AHCI_PXSERR, UINT32_MAX);
    uint32_t command = port_read(port, AHCI_PXCMD) & ~AHCI_PXCMD_ICC_MASK;
    port_write(port, AHCI_PXCMD,
               command | AHCI_PXCMD_FRE | AHCI_PXCMD_SUD | AHCI_PXCMD_POD | AHCI_PXCMD_ICC_ACTIVE);
}

bool port_is_idle(const struct ahci_port *port)
{
    uint32_t status = AHCI_PXTFD_STS(port_read(port, AHCI_PXTFD));
    return is_linked((void *)(uintptr_t)port) && (status & (ATA_STATUS_BSY | ATA_STATUS_DRQ)) == 0;
}

void port_clear_events(struct ahci_port *port)
{
    port_write(port, AHCI_PXSERR, UINT32_MAX);
    port_write(port, AHCI_PXIS, UINT32_MAX);
}

void port_start(struct ahci_port *port)
{
    port_clear_events(port);
    uint32_t command = port_read(port, AHCI_PXCMD) & ~AHCI_PXCMD_ATAPI;
    port_write(port, AHCI_PXCMD, command | AHCI_PXCMD_ST | (port->packet ? AHCI_PXCMD_ATAPI : 0));
    port->state = AHCI_READY;
}

static void comreset(struct ahci_port *port)
{
    uint32_t control = port_read(port, AHCI_PXSCTL) & ~(uint32_t)AHCI_SCTL_DET_MASK;
    port_write(port, AHCI_PXSCTL, control | AHCI_SCTL_DET_COMRESET);
    driver_pause(AHCI_COMRESET_NS);
    port_write(port, AHCI_PXSCTL, control);
}

int port_reset(struct ahci_port *port)
{
    int status = port_halt(port);
    if (status < 0)
        return status;
    comreset(port);
    port->state = AHCI_RECOVERING;
    if (driver_wait_until(is_linked, port, AHCI_LINK_NS, "ahci: link comes up") < 0) {
        port->state = AHCI_ABSENT;
        return 0;
    }
    port_clear_events(port); // that the link went and came was our own doing
    port->stale = false;
    if (driver_wait_until(is_idle, port, AHCI_BACK_NS, "ahci: disk comes back") == 0)
        (void)port_try_ready(port);
    return 0;
}

// ---- after a reset ----

static bool is_same_disk(struct ahci_port *port)
{
    struct ata_identity found;
    port->verify = false; // port_run may come here again
    int status = port_identify(port, &found, AHCI_LOG_NS);
    if (status == 0 && port->packet)
        return strcmp(found.serial, port->identity.serial) == 0 &&
               strcmp(found.model, port->identity.model) == 0;
    if (status == 0)
        return ata_identity_is_same(&found, &port->identity);
    port->verify = true;
    return false;
}

bool port_try_ready(struct ahci_port *port)
{
    if (port->state != AHCI_RECOVERING || !port_is_idle(port))
        return port->state == AHCI_READY;
    port_start(port);
    if (!port->verify || is_same_disk(port))
        return port->state == AHCI_READY;
    if (port->verify) { // it does not say yet
        port->state = AHCI_RECOVERING;
        return false;
    }
    log_error("ahci: port %u: another disk is there; 'service restart' serves it", port->number);
    (void)port_halt(port);
    port->state = AHCI_ABSENT;
    return false;
}

// ---- the driver's own commands ----

static void write_internal(struct ahci_port *port, const struct port_internal *internal)
{
    struct ahci_port_memory *memory = port_memory(port);
    struct ahci_command_table *table = &memory->internal;
    uint32_t flags = internal->packet != NULL ? AHCI_HEADER_A : 0;
    memset(table->cfis, 0, sizeof(table->cfis));
    memset(table->acmd, 0, sizeof(table->acmd));
    memcpy(table->cfis, &internal->fis, sizeof(internal->fis));
    table->cfis[offsetof(struct ata_fis_h2d, type)] = ATA_FIS_H2D;
    table->cfis[offsetof(struct ata_fis_h2d, flags)] = ATA_FIS_H2D_COMMAND;
    if (internal->packet != NULL)
        memcpy(table->acmd, internal->packet, SCSI_PACKET_BYTES);
    memset(memory->data, 0, sizeof(memory->data));
    uint64_t bus = port_bus(port, memory->data);
    if (internal->bytes > 0)
        table->prd[0] = (struct ahci_prd){
            .dba = (uint32_t)bus, .dbau = (uint32_t)(bus >> 32), .dbc = internal->bytes - 1};
    port_write_header(port, 0, table, flags, internal->bytes > 0 ? 1 : 0);
}

#define FATAL (AHCI_PXIS_TFES | AHCI_PXIS_HBFS | AHCI_PXIS_HBDS | AHCI_PXIS_IFS)

static bool internal_has_ended(void *context)
{
    const struct ahci_port *port = context;
    return (port_read(port, AHCI_PXCI) & 1) == 0 || (port_read(port, AHCI_PXIS) & FATAL) != 0;
}

static int internal_status(const struct ahci_port *port, const struct port_internal *internal)
{
    uint32_t interrupts = port_read(port, AHCI_PXIS);
    uint32_t status = AHCI_PXTFD_STS(port_read(port, AHCI_PXTFD));
    if ((interrupts & FATAL) != 0 || (status & (ATA_STATUS_ERR | ATA_STATUS_DF)) != 0)
        return -E_IO;
    volatile struct ahci_command_header *header = &port_memory(port)->header[0];
    return header->prdbc == internal->bytes ? 0 : -E_PROTO;
}

bool port_restart(struct ahci_port *port)
{
    uint32_t status = AHCI_PXTFD_STS(port_read(port, AHCI_PXTFD));
    port->state = AHCI_RECOVERING;
    if (port_halt(port) < 0)
        return false; // the library's time-out ends that
    status |= AHCI_PXTFD_STS(port_read(port, AHCI_PXTFD));
    uint32_t left = port_read(port, AHCI_PXCI) | port_read(port, AHCI_PXSACT);
    if ((status & (ATA_STATUS_BSY | ATA_STATUS_DRQ)) != 0 || left != 0) {
        (void)port_reset(port);
        return false;
    }
    port_start(port);
    port->stale = true;
    return true;
}

int port_run(struct ahci_port *port, const struct port_internal *internal)
{
    write_internal(port, internal);
    port_write(port, AHCI_PXIS, UINT32_MAX);
    port_write(port, AHCI_PXCI, 1);
    int status = driver_wait_until(internal_has_ended, port, internal->timeout_ns, internal->what);
    if (status == 0)
        status = internal_status(port, internal);
    if (status == -E_IO || status == -E_TIMEDOUT)
        (void)port_restart(port);
    else
        port_write(port, AHCI_PXIS, UINT32_MAX);
    if (status == 0)
        port->stale = false;
    return status;
}

int port_identify(struct ahci_port *port, struct ata_identity *identity, uint64_t timeout_ns)
{
    uint16_t words[ATA_ID_WORDS];
    struct port_internal identify = {
        .fis.command = port->packet ? ATA_IDENTIFY_PACKET_DEVICE : ATA_IDENTIFY_DEVICE,
        .bytes = ATA_SECTOR_BYTES,
        .timeout_ns = timeout_ns,
        .what = "ahci: identify",
    };
    int status = port_run(port, &identify);
    if (status < 0)
        return status;
    memcpy(words, port_memory(port)->data, sizeof(words));
    if (!port->packet)
        return ata_identity_parse(words, identity);
    ata_identity_parse_packet(words, identity);
    return 0;
}
