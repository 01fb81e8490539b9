// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "drivers/block/ahci/test/fake_ahci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/driver/mmio.h"

enum {
    REGISTERS = (AHCI_PORT_FIRST + FAKE_AHCI_PORTS * AHCI_PORT_BYTES) / 4,
    CD_BLOCK = 2048,
    IDLE = 0x50, // DRDY and an old bit that is always set
};

#define SERR_N (1u << 16) // PhyRdy change
#define SERR_X (1u << 26) // exchanged

struct fake_ahci fake_ahci;

// The registers' own memory only gives them addresses; what they hold is here.
static uint32_t address_space[REGISTERS];
static uint32_t ghc, pending;

static struct fake_port {
    uint64_t list, received;
    uint32_t is, ie, cmd, tfd, ssts, sctl, serr, sact, ci;
    uint32_t queued; // accepted by the disk
    uint32_t failed; // queued ones that failed: the disk stands still
    unsigned failed_tag;
    bool halted;  // takes no queued commands until the log was read
    bool stopped; // by an error, until ST is set anew; PxTFD shows that error longer
} ports[FAKE_AHCI_PORTS];

volatile uint8_t *fake_ahci_registers(void)
{
    return (volatile uint8_t *)address_space;
}

uint64_t fake_ahci_bytes(void)
{
    return sizeof(address_space);
}

// ---- set-up ----

void fake_ahci_create(void)
{
    memset(&fake_ahci, 0, sizeof(fake_ahci));
    memset(ports, 0, sizeof(ports));
    ghc = pending = 0;
    fake_ahci.capabilities = AHCI_CAP_S64A | AHCI_CAP_SNCQ | 31u << 8 | (FAKE_AHCI_PORTS - 1);
    fake_ahci.implemented = (1u << FAKE_AHCI_PORTS) - 1;
}

void fake_ahci_destroy(void)
{
    for (unsigned i = 0; i < FAKE_AHCI_PORTS; i++)
        free(fake_ahci.disk[i].bytes);
}

static void put_string(uint16_t *words, unsigned count, const char *text)
{
    char padded[ATA_ID_MODEL_BYTES];
    memset(padded, ' ', sizeof(padded));
    memcpy(padded, text, strlen(text));
    for (unsigned i = 0; i < count; i++)
        words[i] = (uint16_t)((uint8_t)padded[2 * i] << 8 | (uint8_t)padded[2 * i + 1]);
}

static struct fake_disk *create(unsigned port, const char *serial)
{
    struct fake_disk *disk = &fake_ahci.disk[port];
    free(disk->bytes);
    memset(disk, 0, sizeof(*disk));
    disk->present = true;
    disk->bad_lba = disk->other_bad_lba = UINT64_MAX;
    disk->bytes = calloc(1, FAKE_DISK_BYTES);
    put_string(&disk->identify[ATA_ID_SERIAL], 10, serial);
    put_string(&disk->identify[ATA_ID_MODEL], 20, "Fake model");
    return disk;
}

void fake_disk_create(unsigned port, const char *serial)
{
    struct fake_disk *disk = create(port, serial);
    uint16_t *id = disk->identify;
    disk->signature = AHCI_SIG_ATA;
    for (uint32_t i = 512; i < FAKE_DISK_BYTES; i += 4)
        memcpy(disk->bytes + i, &i, 4);
    id[ATA_ID_CYLINDERS] = 10;
    id[ATA_ID_HEADS] = 16;
    id[ATA_ID_SECTORS] = 63;
    id[ATA_ID_QUEUE_DEPTH] = 31;
    id[ATA_ID_SATA] = ATA_ID_SATA_NCQ;
    id[ATA_ID_COMMANDS_82] = ATA_ID_82_SMART | ATA_ID_82_WRITE_CACHE;
    id[ATA_ID_COMMANDS_83] = 0x4000 | ATA_ID_83_LBA48 | ATA_ID_83_FLUSH_EXT;
    id[ATA_ID_ENABLED_85] = ATA_ID_85_SMART | ATA_ID_85_WRITE_CACHE;
    id[ATA_ID_LBA48] = FAKE_SECTORS & 0xffff;
    id[ATA_ID_LBA48 + 1] = FAKE_SECTORS >> 16;
    id[ATA_ID_SECTOR_SIZE] = ATA_ID_106_VALID | ATA_ID_106_PHYSICAL | 3;
    id[ATA_ID_DSM] = ATA_ID_DSM_TRIM;
}

void fake_cd_create(unsigned port, bool medium)
{
    struct fake_disk *disk = create(port, "CD1");
    disk->signature = AHCI_SIG_ATAPI;
    disk->cd = true;
    disk->medium = medium;
    disk->attention = true;
    for (uint32_t i = 0; i < FAKE_DISK_BYTES; i += 4)
        memcpy(disk->bytes + i, &i, 4);
}

// ---- interrupts ----

static void raise_interrupt(unsigned n, uint32_t bits)
{
    ports[n].is |= bits;
    if ((ports[n].is & ports[n].ie) != 0)
        pending |= 1u << n;
}

// 3.3.5: the link's interrupts show what PxSERR has.
static void show_link(unsigned n)
{
    if ((ports[n].serr & SERR_N) != 0)
        raise_interrupt(n, AHCI_PXIS_PRCS);
    if ((ports[n].serr & SERR_X) != 0)
        raise_interrupt(n, AHCI_PXIS_PCS);
}

bool fake_ahci_interrupts(void)
{
    return !fake_ahci.gone && pending != 0 && (ghc & AHCI_GHC_IE) != 0;
}

void fake_ahci_plug(unsigned port, bool in)
{
    fake_ahci.disk[port].present = in;
    ports[port].ssts = in ? 0x123 : 0;
    ports[port].serr |= SERR_N | SERR_X;
    show_link(port);
}

// ---- moving data ----

struct command {
    struct fake_port *port;
    struct fake_disk *disk;
    struct ahci_command_header *header;
    struct ahci_command_table *table;
    struct ata_fis_h2d fis;
    unsigned slot;
};

static struct command fetch(unsigned n, unsigned slot)
{
    struct command command = {.port = &ports[n], .disk = &fake_ahci.disk[n], .slot = slot};
    struct ahci_command_header *list = (void *)(uintptr_t)command.port->list;
    command.header = &list[slot];
    uint64_t table = command.header->ctba | (uint64_t)command.header->ctbau << 32;
    assert_int_equal(table % 128, 0);
    command.table = (void *)(uintptr_t)table;
    memcpy(&command.fis, command.table->cfis, sizeof(command.fis));
    assert_int_equal(command.header->flags & AHCI_HEADER_CFL_MASK, 5);
    assert_int_equal(command.fis.type, ATA_FIS_H2D);
    assert_int_equal(command.fis.flags, ATA_FIS_H2D_COMMAND);
    assert_true(command.header->prdtl <= AHCI_PRDS);
    return command;
}

// Between the PRDs' memory and `data`. Returns the bytes moved.
static uint32_t move(struct command *command, uint8_t *data, uint32_t bytes, bool to_host)
{
    uint32_t moved = 0;
    if (command->disk->is_short && bytes > 2)
        bytes -= 2;
    for (unsigned i = 0; i < command->header->prdtl && moved < bytes; i++) {
        const struct ahci_prd *prd = &command->table->prd[i];
        uint8_t *memory = (void *)(uintptr_t)(prd->dba | (uint64_t)prd->dbau << 32);
        uint32_t length = prd->dbc + 1;
        assert_int_equal(length % 2, 0);
        assert_int_equal((uintptr_t)memory % 2, 0);
        assert_true(length <= AHCI_PRD_BYTES_MAX);
        if (length > bytes - moved)
            length = bytes - moved;
        if (to_host)
            memcpy(memory, data + moved, length);
        else
            memcpy(data + moved, memory, length);
        moved += length;
    }
    command->header->prdbc = moved;
    return moved;
}

// ---- commands ----

static uint64_t lba_of(const struct ata_fis_h2d *fis)
{
    uint64_t lba = 0;
    for (unsigned i = 3; i-- > 0;)
        lba = lba << 8 | fis->lba_high[i];
    for (unsigned i = 3; i-- > 0;)
        lba = lba << 8 | fis->lba_low[i];
    return lba;
}

static bool is_queued(uint8_t code)
{
    return code == ATA_READ_FPDMA_QUEUED || code == ATA_WRITE_FPDMA_QUEUED;
}

static bool is_inside(uint64_t sector, uint64_t lba, uint32_t sectors)
{
    return sector >= lba && sector < lba + sectors;
}

static bool transfer(struct command *command, uint64_t lba, uint32_t sectors, bool read)
{
    assert_true(sectors > 0 && lba + sectors <= FAKE_SECTORS);
    assert_int_equal((command->header->flags & AHCI_HEADER_W) == 0, read);
    if (is_inside(command->disk->bad_lba, lba, sectors) ||
        is_inside(command->disk->other_bad_lba, lba, sectors))
        return false;
    move(command, command->disk->bytes + lba * 512, sectors * 512, read);
    return true;
}

static bool trim(struct command *command)
{
    uint8_t block[ATA_SECTOR_BYTES] = {0};
    assert_int_equal(command->fis.features, ATA_DSM_TRIM);
    assert_int_equal(command->fis.count, 1);
    move(command, block, sizeof(block), false);
    for (unsigned i = 0; i < ATA_BLOCK_RANGES; i++) {
        uint64_t entry;
        memcpy(&entry, block + 8 * i, 8);
        uint64_t lba = entry & (ATA_LBA48_END - 1), sectors = entry >> 48;
        assert_true(lba + sectors <= FAKE_SECTORS);
        memset(command->disk->bytes + lba * 512, 0xee, sectors * 512);
    }
    return true;
}

static bool read_log(struct command *command)
{
    uint8_t log[ATA_SECTOR_BYTES] = {0};
    assert_int_equal(command->fis.lba_low[0], ATA_LOG_NCQ_ERROR);
    if (command->disk->no_error_log)
        return false;
    log[0] = (uint8_t)command->port->failed_tag;
    log[511] = (uint8_t)(-log[0] + command->disk->rotten_error_log);
    command->port->failed = 0;
    command->port->halted = false;
    move(command, log, sizeof(log), true);
    return true;
}

static bool smart(struct command *command)
{
    uint8_t *frame = (uint8_t *)(uintptr_t)command->port->received + AHCI_RECEIVED_D2H;
    assert_int_equal(command->fis.features, ATA_SMART_STATUS);
    frame[ATA_FIS_D2H_LBA_MID] =
        command->disk->smart_bad ? ATA_SMART_FAILED_MID : command->fis.lba_low[1];
    frame[ATA_FIS_D2H_LBA_HIGH] =
        command->disk->smart_bad ? ATA_SMART_FAILED_HIGH : command->fis.lba_low[2];
    return true;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool packet_read(struct command *command)
{
    const uint8_t *packet = command->table->acmd;
    uint64_t lba = big_endian(packet + 2);
    uint32_t blocks = (uint32_t)packet[7] << 8 | packet[8];
    assert_true((lba + blocks) * CD_BLOCK <= FAKE_DISK_BYTES);
    if (is_inside(command->disk->bad_lba, lba, blocks)) {
        command->disk->sense = 3;
        return false;
    }
    move(command, command->disk->bytes + lba * CD_BLOCK, blocks * CD_BLOCK, true);
    return true;
}

static bool packet(struct command *command)
{
    struct fake_disk *disk = command->disk;
    uint8_t answer[SCSI_SENSE_BYTES] = {0};
    assert_true((command->header->flags & AHCI_HEADER_A) != 0);
    if (command->table->acmd[0] == SCSI_REQUEST_SENSE) {
        answer[SCSI_SENSE_KEY] = disk->sense;
        move(command, answer, sizeof(answer), true);
        return true;
    }
    disk->sense = disk->attention ? SCSI_KEY_UNIT_ATTENTION : SCSI_KEY_NOT_READY;
    if (disk->attention || !disk->medium) {
        disk->attention = false;
        return false;
    }
    switch (command->table->acmd[0]) {
    case SCSI_TEST_UNIT_READY:
        return true;
    case SCSI_READ_CAPACITY_10:
        answer[2] = (FAKE_DISK_BYTES / CD_BLOCK - 1) >> 8;
        answer[3] = (FAKE_DISK_BYTES / CD_BLOCK - 1) & 0xff;
        answer[6] = CD_BLOCK >> 8;
        move(command, answer, SCSI_CAPACITY_BYTES, true);
        return true;
    case SCSI_READ_10:
        return packet_read(command);
    default:
        fail_msg("packet %x", command->table->acmd[0]);
        return false;
    }
}

// False: the disk fails it.
static bool carry_out(struct command *command)
{
    const struct ata_fis_h2d *fis = &command->fis;
    uint64_t lba = lba_of(fis);
    uint32_t count = (uint32_t)fis->count_high << 8 | fis->count;
    uint32_t features = (uint32_t)fis->features_high << 8 | fis->features;
    command->disk->commands[fis->command]++;
    switch (fis->command) {
    case ATA_READ_FPDMA_QUEUED:
    case ATA_WRITE_FPDMA_QUEUED:
        assert_int_equal(fis->count >> ATA_NCQ_TAG_SHIFT, command->slot);
        return transfer(command, lba, features, fis->command == ATA_READ_FPDMA_QUEUED);
    case ATA_READ_DMA_EXT:
    case ATA_WRITE_DMA_EXT:
        return transfer(command, lba, count, fis->command == ATA_READ_DMA_EXT);
    case ATA_DATA_SET_MANAGEMENT:
        return trim(command);
    case ATA_FLUSH_CACHE_EXT:
        return true;
    case ATA_READ_LOG_EXT:
        return read_log(command);
    case ATA_SMART:
        return smart(command);
    case ATA_IDENTIFY_DEVICE:
        assert_false(command->disk->cd);
        move(command, (uint8_t *)command->disk->identify, ATA_SECTOR_BYTES, true);
        return true;
    case ATA_IDENTIFY_PACKET_DEVICE:
        assert_true(command->disk->cd);
        move(command, (uint8_t *)command->disk->identify, ATA_SECTOR_BYTES, true);
        return true;
    case ATA_PACKET:
        return packet(command);
    default:
        fail_msg("command %x", fis->command);
        return false;
    }
}

// ---- the port ----

static void end_queued(unsigned n, struct command *command, bool good)
{
    struct fake_port *port = command->port;
    uint32_t bit = 1u << command->slot;
    port->queued &= ~bit;
    if (good) {
        port->sact &= ~bit;
        port->tfd = IDLE;
        raise_interrupt(n, AHCI_PXIS_SDBS);
        return;
    }
    port->halted = port->stopped = true;
    port->failed = command->disk->goes_on ? 0 : bit;
    port->failed_tag = command->slot;
    port->tfd = IDLE | ATA_STATUS_ERR | 0x40 << 8;
    raise_interrupt(n, AHCI_PXIS_SDBS | (command->disk->quiet_errors ? 0 : AHCI_PXIS_TFES));
}

static void end_plain(unsigned n, struct command *command, bool good)
{
    struct fake_port *port = command->port;
    if (good || command->disk->quiet_errors)
        port->ci &= ~(1u << command->slot);
    port->stopped = !good;
    port->tfd = good ? IDLE : IDLE | ATA_STATUS_ERR | 0x40 << 8;
    raise_interrupt(n, good ? AHCI_PXIS_DHRS : AHCI_PXIS_DHRS | AHCI_PXIS_TFES);
}

static bool accept_queued(struct fake_port *port, unsigned n)
{
    bool any = false;
    for (unsigned i = 0; i < AHCI_SLOTS_MAX; i++) {
        if ((port->ci >> i & 1) == 0 || !is_queued(fetch(n, i).fis.command))
            continue;
        port->ci &= ~(1u << i);
        port->queued |= 1u << i;
        any = true;
    }
    return any;
}

static bool step_port(unsigned n)
{
    struct fake_port *port = &ports[n];
    struct fake_disk *disk = &fake_ahci.disk[n];
    if ((port->cmd & AHCI_PXCMD_ST) == 0 || !disk->present || disk->silent ||
        (port->stopped && !disk->goes_on))
        return false;
    bool any = accept_queued(port, n);
    uint32_t work = port->queued != 0 ? port->queued : port->ci;
    if (any && disk->tells_acceptance) {
        raise_interrupt(n, AHCI_PXIS_DHRS);
        return true;
    }
    if (work == 0)
        return any;
    // The queue's order is the disk's own: the last first. Other commands run from the first.
    unsigned slot =
        port->queued != 0 ? 31u - (unsigned)__builtin_clz(work) : (unsigned)__builtin_ctz(work);
    struct command command = fetch(n, slot);
    if (disk->transport > 0) {
        disk->transport--;
        port->tfd = ATA_STATUS_BSY;
        raise_interrupt(n, AHCI_PXIS_IFS);
        disk->silent = true; // until a reset
        return true;
    }
    bool good = (port->queued == 0 || !port->halted || disk->goes_on) && carry_out(&command);
    if (port->queued != 0)
        end_queued(n, &command, good);
    else
        end_plain(n, &command, good);
    port->ci |= disk->foreign;
    disk->foreign = 0;
    return true;
}

bool fake_ahci_step(void)
{
    bool any = false;
    for (unsigned i = 0; i < FAKE_AHCI_PORTS && !fake_ahci.gone; i++)
        any |= step_port(i);
    return any;
}

// ---- registers ----

static void reset_device(unsigned n)
{
    struct fake_port *port = &ports[n];
    struct fake_disk *disk = &fake_ahci.disk[n];
    port->sact = port->ci = port->queued = port->failed = 0;
    port->halted = port->stopped = false;
    port->ssts = disk->present ? 0x123 : 0;
    port->tfd = 0x7f;
    disk->silent = false;
}

static void reset_all(void)
{
    fake_ahci.resets++;
    ghc = AHCI_GHC_AE;
    pending = 0;
    for (unsigned i = 0; i < FAKE_AHCI_PORTS; i++) {
        ports[i] = (struct fake_port){.list = ports[i].list, .received = ports[i].received};
        reset_device(i);
        if (fake_ahci.disk[i].present)
            ports[i].serr = SERR_N | SERR_X;
        show_link(i);
    }
}

// The first frame after a reset.
static void tell_signature(unsigned n)
{
    struct fake_port *port = &ports[n];
    if ((port->cmd & AHCI_PXCMD_FRE) != 0 && port->tfd == 0x7f && fake_ahci.disk[n].present)
        port->tfd = fake_ahci.disk[n].busy_reads > 0 ? ATA_STATUS_BSY : IDLE;
}

static void write_cmd(unsigned n, uint32_t value)
{
    struct fake_port *port = &ports[n];
    bool ran = (port->cmd & AHCI_PXCMD_ST) != 0;
    uint32_t running = AHCI_PXCMD_CR | AHCI_PXCMD_FR;
    bool stuck = fake_ahci.disk[n].stuck_engine && (port->cmd & AHCI_PXCMD_CR) != 0;
    port->cmd = (value & ~running) | ((value & AHCI_PXCMD_ST) != 0 || stuck ? AHCI_PXCMD_CR : 0) |
                ((value & AHCI_PXCMD_FRE) != 0 ? AHCI_PXCMD_FR : 0);
    if ((value & AHCI_PXCMD_ST) != 0 && !ran) { // 10.3.1
        assert_true((value & AHCI_PXCMD_FRE) != 0);
        assert_int_equal(port->tfd & (ATA_STATUS_BSY | ATA_STATUS_DRQ), 0);
        assert_int_equal(port->ssts & 0xf, AHCI_DET_READY);
    }
    tell_signature(n);
    if ((value & AHCI_PXCMD_ST) == 0 && ran) {
        port->ci = 0;
        port->queued &= fake_ahci.disk[n].goes_on ? UINT32_MAX : 0;
        port->sact = fake_ahci.disk[n].quiet_errors ? port->failed : 0;
        port->failed = 0;
        port->stopped = false;
    }
}

static void write_ci(unsigned n, uint32_t value)
{
    struct fake_port *port = &ports[n];
    struct fake_disk *disk = &fake_ahci.disk[n];
    assert_true((port->cmd & AHCI_PXCMD_ST) != 0);
    // The driver does not know of what a disk keeps behind its back, and asks for the error log.
    bool asks = disk->goes_on && value == 1 && fetch(n, 0).fis.command == ATA_READ_LOG_EXT;
    uint32_t busy = port->ci | (asks ? 0 : port->queued);
    assert_int_equal(busy & value, 0); // never twice
    unsigned queued = 0, plain = 0;
    uint32_t all = busy | value;
    for (unsigned i = 0; i < AHCI_SLOTS_MAX; i++) {
        if ((all >> i & 1) == 0)
            continue;
        bool is = is_queued(fetch(n, i).fis.command);
        queued += is;
        plain += !is;
        assert_true(!is || (port->sact >> i & 1) != 0); // 5.6.3
    }
    assert_true(queued == 0 || plain == 0);
    if (queued + plain > disk->most_issued)
        disk->most_issued = queued + plain;
    port->ci |= value;
}

static void write_port(unsigned n, unsigned offset, uint32_t value)
{
    struct fake_port *port = &ports[n];
    switch (offset) {
    case AHCI_PXCLB:
        port->list = (port->list & ~(uint64_t)UINT32_MAX) | value;
        break;
    case AHCI_PXCLBU:
        port->list = (uint32_t)port->list | (uint64_t)value << 32;
        break;
    case AHCI_PXFB:
        port->received = (port->received & ~(uint64_t)UINT32_MAX) | value;
        break;
    case AHCI_PXFBU:
        port->received = (uint32_t)port->received | (uint64_t)value << 32;
        break;
    case AHCI_PXIS:
        port->is &= ~value;
        show_link(n);
        break;
    case AHCI_PXIE:
        port->ie = value;
        break;
    case AHCI_PXCMD:
        write_cmd(n, value);
        break;
    case AHCI_PXSCTL:
        if ((port->sctl & 0xf) == 1 && (value & 0xf) == 0) {
            assert_int_equal(port->cmd & AHCI_PXCMD_ST, 0);
            fake_ahci.disk[n].comresets++;
            reset_device(n);
            port->serr |= SERR_N | SERR_X;
            show_link(n);
            tell_signature(n);
        }
        port->sctl = value;
        break;
    case AHCI_PXSERR:
        port->serr &= ~value;
        break;
    case AHCI_PXSACT:
        port->sact |= value;
        break;
    case AHCI_PXCI:
        write_ci(n, value);
        break;
    default:
        fail_msg("write to port register %x", offset);
    }
}

static uint32_t read_tfd(unsigned n)
{
    struct fake_port *port = &ports[n];
    if (port->tfd == ATA_STATUS_BSY && fake_ahci.disk[n].busy_reads > 0 &&
        --fake_ahci.disk[n].busy_reads == 0)
        port->tfd = IDLE;
    return port->tfd;
}

static uint32_t read_port(unsigned n, unsigned offset)
{
    const struct fake_port *port = &ports[n];
    switch (offset) {
    case AHCI_PXIS:
        return port->is;
    case AHCI_PXCMD:
        return port->cmd;
    case AHCI_PXTFD:
        return read_tfd(n);
    case AHCI_PXSIG:
        return fake_ahci.disk[n].signature;
    case AHCI_PXSSTS:
        return port->ssts;
    case AHCI_PXSCTL:
        return port->sctl;
    case AHCI_PXSERR:
        return port->serr;
    case AHCI_PXSACT:
        return port->sact;
    case AHCI_PXCI:
        return port->ci;
    default:
        fail_msg("read of port register %x", offset);
        return 0;
    }
}

static unsigned offset_of(const volatile void *address)
{
    size_t offset = (size_t)((const volatile uint8_t *)address - fake_ahci_registers());
    assert_true(offset < sizeof(address_space) && offset % 4 == 0);
    return (unsigned)offset;
}

uint32_t mmio_read32(const volatile void *address)
{
    unsigned offset = offset_of(address);
    if (fake_ahci.gone)
        return UINT32_MAX;
    if (offset >= AHCI_PORT_FIRST)
        return read_port((offset - AHCI_PORT_FIRST) / AHCI_PORT_BYTES, offset % AHCI_PORT_BYTES);
    switch (offset) {
    case AHCI_CAP:
        return fake_ahci.capabilities;
    case AHCI_GHC:
        return ghc;
    case AHCI_IS:
        return pending;
    case AHCI_PI:
        return fake_ahci.implemented;
    case AHCI_VS:
        return 0x10301;
    case AHCI_CAP2:
        return AHCI_CAP2_BOH;
    case AHCI_BOHC:
        return fake_ahci.handoff;
    default:
        fail_msg("read of register %x", offset);
        return 0;
    }
}

void mmio_write32(volatile void *address, uint32_t value)
{
    unsigned offset = offset_of(address);
    if (fake_ahci.gone)
        return;
    if (offset >= AHCI_PORT_FIRST) {
        write_port((offset - AHCI_PORT_FIRST) / AHCI_PORT_BYTES, offset % AHCI_PORT_BYTES, value);
        return;
    }
    switch (offset) {
    case AHCI_GHC:
        if ((value & AHCI_GHC_HR) != 0 && !fake_ahci.no_reset)
            reset_all();
        else
            ghc = value;
        break;
    case AHCI_IS:
        pending &= ~value;
        for (unsigned i = 0; i < FAKE_AHCI_PORTS; i++) // 10.7.2.1: as long as a port has cause
            if ((ports[i].is & ports[i].ie) != 0)
                pending |= 1u << i;
        break;
    case AHCI_BOHC:
        fake_ahci.handoff = fake_ahci.firmware ? value : value & ~AHCI_BOHC_BOS;
        break;
    default:
        fail_msg("write to register %x", offset);
    }
}
