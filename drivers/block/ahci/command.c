// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Commands of the block library on a port: AHCI 1.3.1, sections 5.5 (issuing) and 5.6 (queuing).
//
// A command's number is its slot and, if it is a queued one, its tag. Reads and writes are queued
// (FPDMA) where disk and controller can; the others never go together with them (P2), and the two
// kinds take turns.

#include <string.h>

#include "abi/error.h"
#include "drivers/block/ahci/ahci.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"

#define ERRORS (AHCI_PXIS_TFES | AHCI_PXIS_HBFS | AHCI_PXIS_HBDS | AHCI_PXIS_IFS | AHCI_PXIS_OFS)
#define FRAMES (AHCI_PXIS_DHRS | AHCI_PXIS_PSS | AHCI_PXIS_DSS | AHCI_PXIS_SDBS)
#define LINK   (AHCI_PXIS_PCS | AHCI_PXIS_PRCS)

enum { BUFFER_ALIGN = 2 };

static bool is_queued(const struct ahci_port *port, unsigned slot)
{
    uint8_t op = port->slot[slot].op;
    return port->identity.queue_depth > 0 && (port->alone >> slot & 1) == 0 &&
           (op == BLOCK_READ || op == BLOCK_WRITE);
}

static uint32_t queued_among(const struct ahci_port *port, uint32_t slots)
{
    uint32_t queued = 0;
    for (unsigned i = 0; i < port->hba->slots; i++)
        if ((slots >> i & 1) != 0 && is_queued(port, i))
            queued |= 1u << i;
    return queued;
}

bool port_is_sound(const struct ahci_port *port)
{
    uint32_t queued = queued_among(port, port->issued);
    bool kinds = queued == 0 || queued == port->issued;
    bool single = (port->issued & port->alone) == 0 || (port->issued & (port->issued - 1)) == 0;
    return (port->waiting & port->issued) == 0 &&
           (port->alone & ~(port->waiting | port->issued)) == 0 && kinds && single &&
           (port->issued == 0 || port->state == AHCI_READY);
}

// ---- writing a command ----

static uint8_t command_code(uint8_t op, bool queued)
{
    switch (op) {
    case BLOCK_READ:
        return queued ? ATA_READ_FPDMA_QUEUED : ATA_READ_DMA_EXT;
    case BLOCK_WRITE:
        return queued ? ATA_WRITE_FPDMA_QUEUED : ATA_WRITE_DMA_EXT;
    case BLOCK_DISCARD:
        return ATA_DATA_SET_MANAGEMENT;
    default:
        return ATA_FLUSH_CACHE_EXT;
    }
}

static void write_fis(struct ata_fis_h2d *fis, const struct ahci_slot *slot, unsigned tag,
                      bool queued)
{
    memset(fis, 0, sizeof(*fis));
    fis->type = ATA_FIS_H2D;
    fis->flags = ATA_FIS_H2D_COMMAND;
    fis->command = command_code(slot->op, queued);
    fis->device = ATA_DEVICE_LBA;
    for (unsigned i = 0; i < 3; i++) {
        fis->lba_low[i] = (uint8_t)(slot->lba >> 8 * i);
        fis->lba_high[i] = (uint8_t)(slot->lba >> 8 * (i + 3));
    }
    uint8_t low = (uint8_t)slot->sectors, high = (uint8_t)(slot->sectors >> 8);
    if (queued) { // ACS-3, 7.23: the count is among the features, the tag in the count
        fis->features = low;
        fis->features_high = high;
        fis->count = (uint8_t)(tag << ATA_NCQ_TAG_SHIFT);
    } else {
        fis->count = low;
        fis->count_high = high;
    }
    if (slot->op == BLOCK_DISCARD)
        fis->features = ATA_DSM_TRIM;
}

static void write_packet_fis(struct ata_fis_h2d *fis)
{
    memset(fis, 0, sizeof(*fis));
    fis->type = ATA_FIS_H2D;
    fis->flags = ATA_FIS_H2D_COMMAND;
    fis->command = ATA_PACKET;
    fis->features = ATA_PACKET_DMA | ATA_PACKET_DMADIR;
}

// A command that goes again may go as another kind than before, so this is written at each issue.
static void write_command(struct ahci_port *port, unsigned slot, bool queued)
{
    struct ahci_command_table *table = &port_memory(port)->table[slot];
    const struct ahci_slot *from = &port->slot[slot];
    struct ata_fis_h2d fis;
    uint32_t flags = 0;
    if (port->packet) {
        write_packet_fis(&fis);
        packet_write_read(table->acmd, from);
        flags = AHCI_HEADER_A;
    } else {
        write_fis(&fis, from, slot, queued);
        flags = from->op == BLOCK_WRITE || from->op == BLOCK_DISCARD ? AHCI_HEADER_W : 0;
    }
    memcpy(table->cfis, &fis, sizeof(fis));
    port_write_header(port, slot, table, flags, from->pieces);
}

static void put_piece(struct ahci_command_table *table, unsigned index, uint64_t bus,
                      uint32_t bytes)
{
    table->prd[index] =
        (struct ahci_prd){.dba = (uint32_t)bus, .dbau = (uint32_t)(bus >> 32), .dbc = bytes - 1};
}

static bool piece_is_good(const struct ahci_port *port, const struct dma_piece *piece)
{
    bool wide = (port->hba->capabilities & AHCI_CAP_S64A) != 0;
    return piece->bytes > 0 && piece->bytes <= AHCI_PRD_BYTES_MAX &&
           (piece->bus | piece->bytes) % BUFFER_ALIGN == 0 &&
           (wide || (piece->bus <= UINT32_MAX && piece->bus + piece->bytes - 1 <= UINT32_MAX));
}

static int write_data(struct ahci_port *port, struct ahci_slot *slot,
                      const struct block_command *command)
{
    struct ahci_command_table *table = &port_memory(port)->table[command->index];
    uint64_t sum = 0;
    if (command->piece_count > AHCI_PRDS)
        return -E_INVAL;
    for (unsigned i = 0; i < command->piece_count; i++) {
        if (!piece_is_good(port, &command->pieces[i]))
            return -E_FAULT;
        put_piece(table, i, command->pieces[i].bus, command->pieces[i].bytes);
        sum += command->pieces[i].bytes;
    }
    slot->pieces = (uint16_t)command->piece_count;
    slot->bytes = (uint32_t)command->bytes;
    return sum == command->bytes ? 0 : -E_INVAL;
}

// ACS-3, 7.5.3: entries of 48 bits of address and 16 of length, unused ones zero.
static void write_ranges(struct ahci_port *port, struct ahci_slot *slot,
                         const struct block_command *command)
{
    uint8_t *block = port_memory(port)->ranges[command->index];
    uint64_t lba = slot->lba;
    uint64_t left = command->bytes / port->identity.sector_bytes;
    memset(block, 0, ATA_SECTOR_BYTES);
    for (unsigned i = 0; i < ATA_BLOCK_RANGES && left > 0; i++) {
        uint64_t sectors = left < ATA_RANGE_SECTORS ? left : ATA_RANGE_SECTORS;
        uint64_t entry = lba | sectors << 48;
        memcpy(block + i * sizeof(entry), &entry, sizeof(entry));
        lba += sectors;
        left -= sectors;
    }
    put_piece(&port_memory(port)->table[command->index], 0, port_bus(port, block),
              ATA_SECTOR_BYTES);
    slot->pieces = 1;
    slot->bytes = ATA_SECTOR_BYTES;
    slot->sectors = 1; // blocks of ranges
    slot->lba = 0;
}

// ---- the library's calls ----

static bool range_is_good(const struct ahci_port *port, const struct block_command *command)
{
    uint64_t capacity = port->identity.sectors * port->identity.sector_bytes;
    return command->bytes > 0 && command->bytes <= capacity &&
           command->offset <= capacity - command->bytes;
}

static int fill_slot(struct ahci_port *port, struct ahci_slot *slot, struct block_command *command)
{
    *slot = (struct ahci_slot){.command = command, .op = (uint8_t)command->op};
    switch (command->op) {
    case BLOCK_FLUSH:
        return port->packet ? -E_OPNOTSUPP : 0;
    case BLOCK_DISCARD:
    case BLOCK_READ:
    case BLOCK_WRITE:
        break;
    default:
        return -E_OPNOTSUPP;
    }
    if (port->packet && command->op != BLOCK_READ)
        return -E_OPNOTSUPP;
    if (!range_is_good(port, command))
        return -E_IO;
    slot->lba = command->offset / port->identity.sector_bytes;
    slot->sectors = (uint32_t)(command->bytes / port->identity.sector_bytes);
    if (command->op != BLOCK_DISCARD)
        return write_data(port, slot, command);
    write_ranges(port, slot, command);
    return 0;
}

static int submit(struct block_unit *unit, struct block_command *command)
{
    struct ahci_port *port = block_unit_context(unit);
    uint32_t bit = 1u << command->index;
    if (port->state == AHCI_ABSENT || command->index >= port->hba->slots ||
        ((port->waiting | port->issued) & bit) != 0)
        return -E_IO;
    int status = fill_slot(port, &port->slot[command->index], command);
    if (status == 0)
        port->waiting |= bit;
    return status;
}

static void kick(struct block_unit *unit)
{
    port_issue(block_unit_context(unit));
}

static void poll(struct block_unit *unit)
{
    port_handle_irq(block_unit_context(unit));
}

static int reset(struct block_unit *unit)
{
    struct ahci_port *port = block_unit_context(unit);
    if (!ahci_is_there(port->hba))
        return -E_NODEV;
    port->waiting = port->issued = port->alone = 0;
    return port->state == AHCI_ABSENT ? 0 : port_reset(port);
}

// ---- issuing ----

// What may go to the disk now, without mixing kinds.
static uint32_t choose(struct ahci_port *port, bool *queued)
{
    if (port->stale && port->issued == 0 && port->alone == 0)
        port->alone = port->waiting & -port->waiting;
    if (port->alone != 0) { // one by one, before anything else
        *queued = false;
        return port->issued == 0 ? port->alone & -port->alone : 0;
    }
    uint32_t waiting_queued = queued_among(port, port->waiting);
    uint32_t waiting_plain = port->waiting & ~waiting_queued;
    if (port->issued == 0)
        *queued = waiting_plain == 0 || (waiting_queued != 0 && !port->issued_queued);
    else
        *queued = port->issued_queued;
    if (port->issued != 0 && *queued && waiting_plain != 0)
        return 0; // their turn comes when the queue has run empty
    if (port->issued != 0 && !*queued && waiting_queued != 0)
        return 0;
    return *queued ? waiting_queued : waiting_plain;
}

void port_issue(struct ahci_port *port)
{
    if (port->state != AHCI_READY || port->waiting == 0)
        return;
    bool queued;
    uint32_t slots = choose(port, &queued) & port->waiting;
    if (slots == 0)
        return;
    for (unsigned i = 0; i < port->hba->slots; i++)
        if ((slots >> i & 1) != 0)
            write_command(port, i, queued);
    port->waiting &= ~slots;
    port->issued |= slots;
    port->issued_queued = queued;
    if (queued)
        port_write(port, AHCI_PXSACT, slots); // 5.6.3: before PxCI
    port_write(port, AHCI_PXCI, slots);
}

// ---- completing ----

void port_finish(struct ahci_port *port, unsigned slot, int status)
{
    struct block_command *command = port->slot[slot].command;
    uint32_t bit = 1u << slot;
    if (status == 0)
        port->stale = false;
    port->waiting &= ~bit;
    port->issued &= ~bit;
    port->alone &= ~bit;
    port->slot[slot].command = NULL;
    block_unit_complete(command, status);
}

void port_finish_all(struct ahci_port *port, int status)
{
    for (unsigned i = 0; i < port->hba->slots; i++)
        if (((port->waiting | port->issued) >> i & 1) != 0)
            port_finish(port, i, status);
}

// 4.2.2: for queued commands the count has no meaning; a short read would hand out old memory as
// data.
static int transfer_status(const struct ahci_port *port, unsigned slot)
{
    volatile struct ahci_command_header *header = &port_memory(port)->header[slot];
    return port->issued_queued || header->prdbc == port->slot[slot].bytes ? 0 : -E_IO;
}

static void finish_done(struct ahci_port *port, uint32_t done)
{
    for (unsigned i = 0; i < port->hba->slots; i++)
        if ((done >> i & 1) != 0)
            port_finish(port, i, transfer_status(port, i));
}

static void look_at_commands(struct ahci_port *port, uint32_t interrupts)
{
    uint32_t active = port_read(port, AHCI_PXCI) | port_read(port, AHCI_PXSACT);
    uint32_t status = AHCI_PXTFD_STS(port_read(port, AHCI_PXTFD));
    if ((active & ~port->issued) != 0) {
        block_unit_restart(port->unit, "the controller has commands that nobody gave it");
        return;
    }
    uint32_t done = port->issued & ~active;
    // A device may end a queued command with an error and not raise TFES.
    bool quietly = (status & (ATA_STATUS_ERR | ATA_STATUS_DF)) != 0 && port->issued_queued &&
                   port->issued != 0 && (interrupts & FRAMES) != 0;
    bool failed = (interrupts & ERRORS) != 0 || quietly;
    if (failed)
        port_recover(port, interrupts, done);
    else
        finish_done(port, done);
}

void port_handle_irq(struct ahci_port *port)
{
    uint32_t interrupts = port_read(port, AHCI_PXIS);
    if (interrupts == UINT32_MAX && !ahci_is_there(port->hba)) { // reserved bits are zero
        if (port->unit == NULL)
            return;
        block_unit_restart(port->unit, "the controller is gone");
        return;
    }
    port_write(port, AHCI_PXIS, interrupts); // first: what comes later shows again
    if (port->unit == NULL || (interrupts & LINK) != 0) {
        port_link_changed(port);
        return;
    }
    if (port->state == AHCI_RECOVERING)
        (void)port_try_ready(port);
    else if (port->state == AHCI_READY)
        look_at_commands(port, interrupts);
    port_issue(port);
}

// ---- the unit ----

static const struct block_unit_ops unit_ops = {
    .submit = submit,
    .kick = kick,
    .poll = poll,
    .reset = reset,
};

static uint32_t unit_depth(const struct ahci_port *port)
{
    uint32_t depth = port->packet ? 1 : port->identity.queue_depth;
    return depth == 0 || depth > port->hba->slots ? port->hba->slots : depth;
}

static uint32_t unit_features(const struct ahci_port *port)
{
    if (port->packet)
        return BLOCK_READ_ONLY | BLOCK_REMOVABLE;
    return (port->identity.write_cache ? (uint32_t)BLOCK_CAN_FLUSH : 0) |
           (port->identity.trim_blocks > 0 ? (uint32_t)BLOCK_CAN_DISCARD : 0);
}

int port_add_unit(struct ahci_port *port, const char *name)
{
    const struct ata_identity *identity = &port->identity;
    struct block_unit_config unit = {
        .ops = &unit_ops,
        .context = port,
        .dma = port->hba->config.dma,
        .capacity = identity->sectors * identity->sector_bytes,
        .block_bytes = identity->sector_bytes,
        .physical_bytes = identity->physical_bytes,
        .features = unit_features(port),
        .depth = unit_depth(port),
        .pieces_max = AHCI_PRDS,
        .piece_bytes_max = AHCI_PRD_BYTES_MAX,
        .buffer_align = BUFFER_ALIGN,
        .discard_bytes_max =
            (uint64_t)ATA_BLOCK_RANGES * ATA_RANGE_SECTORS * identity->sector_bytes,
        .cylinders = identity->cylinders,
        .heads = identity->heads,
        .sectors = identity->sectors_per_track,
    };
    memcpy(unit.serial, identity->serial, sizeof(identity->serial));
    strncpy(unit.name, name, sizeof(unit.name) - 1);
    return block_server_add_unit(&unit, &port->unit);
}
