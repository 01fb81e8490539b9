// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inside of the AHCI driver. main.c: the process; hba.c: the controller; port.c: bringing a port up
// and down; command.c: commands of the block library; recover.c: what goes wrong; packet.c: CDs.
//
// States of a port:
//   EMPTY       nothing is there that can be served
//   READY       the engine runs
//   RECOVERING  reset, and the device is still busy: looked at by interrupt and poll
//   ABSENT      the device is gone, or another one is there; commands end with E_IO
//
// States of a slot, each a bit in a mask of its port; free: in none of them
//   waiting --port_issue--> issued --completion--> free
//   issued  --recovery----> waiting, and `alone` if it may be the one that failed
//
// Invariants (port_is_sound, checked by the unit tests):
//   P1  waiting and issued have no slot in common; alone is part of their union
//   P2  queued and other commands are never issued together
//   P3  an `alone` command is issued only when nothing else is
//   P4  nothing is issued unless the port is READY
//
// After an error PxTFD shows it until another command has ended, and frames that come before that
// say nothing. A queued command's own error could not be told from it, so the first command after
// an error goes alone (`stale`).

#pragma once

#include "drivers/block/ahci/ahci_hw.h"
#include "drivers/block/ahci/identity.h"
#include "lib/block/unit.h"
#include "lib/driver/dma.h"

struct ahci_hba;

enum ahci_port_state { AHCI_EMPTY, AHCI_READY, AHCI_RECOVERING, AHCI_ABSENT };

// All time-outs of the driver. Those of recovery are short: the heartbeat is not answered
// meanwhile. What takes longer goes on by interrupt and poll.
#define AHCI_HANDOFF_NS      25000000ull    // 10.6.3: firmware lets go of the controller
#define AHCI_HANDOFF_BUSY_NS 2000000000ull  // or says that it is busy with it
#define AHCI_RESET_NS        1000000000ull  // 10.4.3: the controller's reset
#define AHCI_STOP_NS         200000000ull   // 10.4.2 says 500 ms for CR and FR
#define AHCI_COMRESET_NS     1000000ull     // 10.4.2: COMRESET lasts at least 1 ms
#define AHCI_LINK_NS         100000000ull   // from COMRESET to communication; 10.4.2 says 10 ms
#define AHCI_SPIN_UP_NS      15000000000ull // at start: until a disk is not busy any more
#define AHCI_BACK_NS         100000000ull   // after a reset in the midst of things
#define AHCI_INTERNAL_NS     5000000000ull  // commands of the driver's own, at start
#define AHCI_LOG_NS          100000000ull   // likewise, while requests wait

struct ahci_slot {
    struct block_command *command;
    uint64_t lba;
    uint32_t bytes; // that are to move
    uint32_t sectors;
    uint16_t pieces;
    uint8_t op; // enum block_request_op
    uint8_t tries;
};

struct ahci_port {
    struct ahci_hba *hba;
    unsigned number;
    volatile uint8_t *registers;
    enum ahci_port_state state;
    bool packet; // ATAPI
    bool verify; // READY only if it is the same disk
    struct ata_identity identity;
    struct dma_buffer memory;
    struct block_unit *unit;
    uint32_t waiting, issued, alone;
    bool issued_queued; // what kind is, or was last, issued
    bool stale;         // PxTFD may show an error that was dealt with
    struct ahci_slot slot[AHCI_SLOTS_MAX];
    uint32_t errors;
};

// What the driver asks of its surroundings; unit tests bring their own.
struct ahci_config {
    volatile uint8_t *registers;
    uint64_t bytes;
    handle_t dma;
    // The name of what is at a port, to be served as this number. 0 or an error.
    int (*name_unit)(unsigned port, unsigned number, bool packet, char name[BLOCK_NAME_MAX]);
};

struct ahci_hba {
    struct ahci_config config;
    uint32_t capabilities;
    uint32_t implemented; // ports
    unsigned slots;
    unsigned units;
    struct ahci_port *port[AHCI_PORTS_MAX]; // NULL: not implemented
};

// ---- hba.c ----

// Resets the controller, whatever state it is in, finds what is at its ports and offers it to the
// block library. -E_NODEV no controller there; -E_TIMEDOUT it does not come out of its reset;
// -E_NOMEM; errors of name_unit.
int ahci_init(struct ahci_hba *hba, const struct ahci_config *config);
void ahci_handle_irq(struct ahci_hba *hba);
// The device stops touching memory.
void ahci_quiesce(struct ahci_hba *hba);
// Whether its registers answer at all.
bool ahci_is_there(const struct ahci_hba *hba);

// ---- port.c ----

// Port memory, in this order.
struct ahci_port_memory {
    struct ahci_command_header header[AHCI_SLOTS_MAX];
    uint8_t received[AHCI_RECEIVED_BYTES];
    uint8_t pad[256];
    uint8_t data[ATA_SECTOR_BYTES]; // of the driver's own commands
    uint8_t pad_page[2048];
    struct ahci_command_table internal; // likewise
    struct ahci_command_table table[AHCI_SLOTS_MAX];
    uint8_t ranges[AHCI_SLOTS_MAX][ATA_SECTOR_BYTES]; // of trims
};
_Static_assert(offsetof(struct ahci_port_memory, received) % 256 == 0, "3.3.3");
_Static_assert(offsetof(struct ahci_port_memory, internal) == 4096, "whole pages");

static inline struct ahci_port_memory *port_memory(const struct ahci_port *port)
{
    return port->memory.memory;
}
uint32_t port_read(const struct ahci_port *port, unsigned offset);
void port_write(const struct ahci_port *port, unsigned offset, uint32_t value);
uint64_t port_bus(const struct ahci_port *port, const void *inside);

// Makes a slot of the command list point to a command table.
void port_write_header(struct ahci_port *port, unsigned slot,
                       const struct ahci_command_table *table, uint32_t flags, unsigned pieces);

// Stops the engine. Frames are still received: what the device ended meanwhile must not stay with
// it until the next command has its number (QEMU 7.2 keeps such news). -E_TIMEDOUT.
int port_halt(struct ahci_port *port);
// Stops the receiving of frames, too.
int port_stop(struct ahci_port *port);
// What happened until now is of no interest.
void port_clear_events(struct ahci_port *port);
// Gives the port its memory and begins to receive.
void port_receive(struct ahci_port *port);
// Runs the engine; the device must not be busy.
void port_start(struct ahci_port *port);
// Whether the device has answered a reset and is not busy.
bool port_is_idle(const struct ahci_port *port);
// Stops, resets the device, and begins again: READY, or RECOVERING or ABSENT. -E_TIMEDOUT: the
// engine does not stop, only the controller's reset helps.
int port_reset(struct ahci_port *port);
// As after any error (6.2.2): stops the engine and starts it again. False: that took a reset, after
// which the device remembers nothing of the error.
bool port_restart(struct ahci_port *port);
// One that is RECOVERING may go on. True if it is READY now.
bool port_try_ready(struct ahci_port *port);

// A command of the driver's own, polled, with nothing else issued.
struct port_internal {
    struct ata_fis_h2d fis;
    const uint8_t *packet; // SCSI_PACKET_BYTES, or NULL
    unsigned bytes;        // into the port's data, at most ATA_SECTOR_BYTES
    uint64_t timeout_ns;
    const char *what;
};
// 0; -E_IO the device fails it; -E_TIMEDOUT; -E_PROTO fewer bytes than asked for. After an error
// the port is READY again if it can be.
int port_run(struct ahci_port *port, const struct port_internal *internal);
int port_identify(struct ahci_port *port, struct ata_identity *identity, uint64_t timeout_ns);

// ---- command.c ----

// Offers the disk or CD to the block library.
int port_add_unit(struct ahci_port *port, const char *name);
// Issues what may be issued.
void port_issue(struct ahci_port *port);
// Ends the command in this slot.
void port_finish(struct ahci_port *port, unsigned slot, int status);
void port_finish_all(struct ahci_port *port, int status);
void port_handle_irq(struct ahci_port *port);
bool port_is_sound(const struct ahci_port *port);

// ---- recover.c ----

// Some command failed, or the transport: `interrupts` says how, `done` ended without error.
void port_recover(struct ahci_port *port, uint32_t interrupts, uint32_t done);
// Something was plugged in or out.
void port_link_changed(struct ahci_port *port);

// ---- packet.c ----

// Writes the packet of a read.
void packet_write_read(uint8_t packet[16], const struct ahci_slot *slot);
// What medium there is: sectors 0: none.
int packet_read_capacity(struct ahci_port *port);
// After a failed packet: 0 if it is worth another try, else the error.
int packet_sense(struct ahci_port *port);
