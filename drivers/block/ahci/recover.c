// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Errors: AHCI 1.3.1, section 6.2. A command that the disk fails ends with E_IO, and it alone; all
// others go again, for every operation is idempotent.
//
//   one command issued            it is the one
//   queued ones, disk not reset   the disk's error log names the tag
//   else                          each is tried alone; the one that fails then is the one
//
// After a queued command's error a disk takes no other until its error log has been read, or it was
// reset (ACS-3, 9.14; Serial ATA 13.6.3), so the one or the other is always done.
//
// When the transport failed, no command is to blame: all go again, each TRIES_MAX times at most.

#include "abi/error.h"
#include "drivers/block/ahci/ahci.h"
#include "lib/sys/log.h"

#define TRANSPORT (AHCI_PXIS_HBFS | AHCI_PXIS_HBDS | AHCI_PXIS_IFS | AHCI_PXIS_OFS)

enum { TRIES_MAX = 3, LOGGED_MAX = 20 };

static const char *error_name(uint32_t interrupts)
{
    if ((interrupts & AHCI_PXIS_HBFS) != 0)
        return "host bus fatal error";
    if ((interrupts & AHCI_PXIS_HBDS) != 0)
        return "host bus data error";
    if ((interrupts & AHCI_PXIS_IFS) != 0)
        return "interface fatal error";
    if ((interrupts & AHCI_PXIS_OFS) != 0)
        return "overflow";
    return "task file error";
}

static void log_error_of(struct ahci_port *port, uint32_t interrupts)
{
    uint32_t file = port_read(port, AHCI_PXTFD);
    if (++port->errors > LOGGED_MAX)
        return;
    log_warning("ahci: port %u: %s, status 0x%x, error 0x%x, link 0x%x%s", port->number,
                error_name(interrupts), (unsigned)AHCI_PXTFD_STS(file),
                (unsigned)AHCI_PXTFD_ERR(file), (unsigned)port_read(port, AHCI_PXSERR),
                port->errors == LOGGED_MAX ? "; no more such lines for this port" : "");
}

// The tag that the disk says has failed, as a bit, or 0.
static uint32_t ask_error_log(struct ahci_port *port, uint32_t suspects)
{
    struct port_internal log = {
        .fis = {.command = ATA_READ_LOG_EXT,
                .device = ATA_DEVICE_LBA,
                .lba_low = {ATA_LOG_NCQ_ERROR},
                .count = 1},
        .bytes = ATA_SECTOR_BYTES,
        .timeout_ns = AHCI_LOG_NS,
        .what = "ahci: queued error log",
    };
    if (port_run(port, &log) < 0)
        return 0;
    int tag = ata_ncq_error_tag(port_memory(port)->data);
    return tag < 0 ? 0 : suspects & 1u << tag;
}

static void end_those(struct ahci_port *port, uint32_t slots, int status)
{
    for (unsigned i = 0; i < port->hba->slots; i++)
        if ((slots >> i & 1) != 0)
            port_finish(port, i, status);
}

static void blame_transport(struct ahci_port *port, uint32_t suspects)
{
    port->alone |= suspects;
    for (unsigned i = 0; i < port->hba->slots; i++)
        if ((suspects >> i & 1) != 0 && ++port->slot[i].tries >= TRIES_MAX)
            port_finish(port, i, -E_IO);
}

// A packet that failed may have met no more than a changed medium.
static void judge_packet(struct ahci_port *port, uint32_t suspect)
{
    unsigned slot = (unsigned)__builtin_ctz(suspect);
    int status = port->state == AHCI_READY ? packet_sense(port) : -E_IO;
    if (status < 0 || ++port->slot[slot].tries >= TRIES_MAX)
        port_finish(port, slot, status < 0 ? status : -E_IO);
}

void port_recover(struct ahci_port *port, uint32_t interrupts, uint32_t done)
{
    bool transport = (interrupts & TRANSPORT) != 0;
    bool queued = port->issued_queued;
    log_error_of(port, interrupts);
    if (queued)
        end_those(port, done, 0);
    uint32_t suspects = port->issued;
    port->issued = 0;
    port->waiting |= suspects;
    bool remembers = false;
    if (transport)
        (void)port_reset(port); // if it does not stop, the library's time-out finds it so
    else
        remembers = port_restart(port);
    if (suspects == 0)
        return;
    if (transport) {
        blame_transport(port, suspects);
        return;
    }
    uint32_t failed = queued && remembers ? ask_error_log(port, suspects) : 0;
    bool single = (suspects & (suspects - 1)) == 0;
    if (remembers && failed == 0 && (queued || !single))
        (void)port_reset(port); // it may still stumble over this, or be at work on the others
    if (single && port->packet)
        judge_packet(port, suspects);
    else if (single)
        end_those(port, suspects, -E_IO);
    else if (failed != 0)
        end_those(port, failed, -E_IO);
    else
        port->alone |= suspects;
}

static void unplugged(struct ahci_port *port)
{
    if (port->state != AHCI_ABSENT)
        log_error("ahci: port %u: the disk is gone", port->number);
    (void)port_halt(port); // nothing answers there any more
    port->state = AHCI_ABSENT;
    port_finish_all(port, -E_IO);
}

void port_link_changed(struct ahci_port *port)
{
    uint32_t detected = AHCI_PXSSTS_DET(port_read(port, AHCI_PXSSTS));
    port_write(port, AHCI_PXSERR, UINT32_MAX); // 3.3.5: PCS and PRCS are cleared through it
    if (port->unit == NULL) {
        if (detected == AHCI_DET_READY)
            log_warning("ahci: port %u: something is there now; 'service restart' serves it",
                        port->number);
        return;
    }
    if (detected != AHCI_DET_READY) {
        unplugged(port);
        return;
    }
    port->verify = true;
    port->waiting |= port->issued;
    port->issued = 0;
    int status = port_reset(port);
    if (status < 0)
        block_unit_restart(port->unit, "the engine does not stop");
    else if (port->state == AHCI_ABSENT)
        unplugged(port);
    else
        port_issue(port);
}
