// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// AHCI driver: the process. One controller, a PCI function with its registers in BAR 5, one
// interrupt and a DMA window (ahci.svc); a unit of the block class for each disk and CD drive at
// its ports, named by devmgr (DEVMGR_ADD_UNIT).
//
// Specifications: ahci_hw.h, ata_hw.h. Not implemented: port multipliers and enclosures (logged),
// 28-bit disks, command completion coalescing, power management of links, staggered spin-up, FUA
// (the block library flushes), writing to CDs, media that come later, disks that are plugged into a
// port that was empty. On a controller without 64-bit addresses, requests with memory beyond 4 GiB
// end with E_FAULT.
//
// Trust: slot numbers are the block library's; what the controller says to have is compared with
// what was given to it, byte counts with what was asked for, IDENTIFY is checked (identity.c), and
// registers that read all ones end the driver.

#include <string.h>

#include "abi/devmgr.h"
#include "abi/error.h"
#include "drivers/block/ahci/ahci.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

// All time-outs of naming.
#define NAME_CALL_NS   5000000000ull // one call: devmgr may be making a device safe, or be replaced
#define NAME_WAIT_NS   5000000000ull // for the drivers of earlier controllers
#define NAME_PERIOD_NS 2000000ull

enum { PATTERN_DISK, PATTERN_CD }; // `units` in ahci.svc, in its order

// ---- naming ----

static int ask_name(unsigned port, unsigned number, bool packet, bool wait,
                    char name[BLOCK_NAME_MAX])
{
    handle_t devmgr = startup_handle("devmgr");
    time_ns_t deadline = sys_clock() + NAME_CALL_NS;
    struct message message;
    int64_t status;
    do {
        message = (struct message){
            .tag = message_tag(DEVMGR_ADD_UNIT, 4, 0),
            .word = {port, number, packet ? PATTERN_CD : PATTERN_DISK,
                     wait ? DEVMGR_UNIT_WAIT : DEVMGR_UNIT_NAME_NOW},
        };
        status = sys_call_until(devmgr, &message, deadline);
    } while (status == -E_RESTARTED);
    if (status == 0)
        status = message_label(message.tag);
    if (status == 0)
        status = message_get_bytes(&message, 0, name, DEVICE_NAME_MAX);
    message_close_handles(&message);
    name[BLOCK_NAME_MAX - 1] = '\0';
    return status < 0 ? (int)status : 0;
}

static int name_unit(unsigned port, unsigned number, bool packet, char name[BLOCK_NAME_MAX])
{
    time_ns_t end = sys_clock() + NAME_WAIT_NS;
    for (;;) {
        bool wait = sys_clock() < end;
        int status = ask_name(port, number, packet, wait, name);
        if (status != -E_AGAIN || !wait) {
            if (status < 0)
                log_error("ahci: port %u: devmgr gives no name: error %d", port, status);
            return status;
        }
        driver_pause(NAME_PERIOD_NS);
    }
}
_Static_assert((int)BLOCK_NAME_MAX == (int)DEVICE_NAME_MAX, "a unit's name");

// ---- callbacks ----

static int init(struct driver *driver)
{
    struct ahci_config config = {.dma = driver->dma, .name_unit = name_unit};
    void *registers;
    if (driver->irqs == 0 || driver->dma == HANDLE_NONE) {
        log_error("ahci: no interrupt or no DMA window granted");
        return -E_NODEV;
    }
    int status = driver_map_grant(driver, "bar5", true, &registers, &config.bytes);
    if (status < 0)
        return status;
    config.registers = registers;
    block_server_init(driver);
    status = ahci_init(driver->state, &config);
    return status < 0 ? status : block_server_start();
}

static void handle_irq(struct driver *driver, unsigned irq)
{
    (void)irq;
    ahci_handle_irq(driver->state);
}

static void quiesce(struct driver *driver)
{
    ahci_quiesce(driver->state);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static struct ahci_hba hba;
    static const struct driver_ops ops = {
        .name = "ahci",
        .init = init,
        .handle_irq = handle_irq,
        .handle_message = block_server_handle_message,
        .handle_signal = block_server_handle_signal,
        .handle_timer = block_server_handle_timer,
        .before_wait = block_server_before_wait,
        .is_healthy = block_server_is_healthy,
        .quiesce = quiesce,
        .inject = block_server_inject,
    };
    return driver_run(&ops, &hba);
}
