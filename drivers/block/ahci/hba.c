// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The controller: AHCI 1.3.1, sections 10.1.2 (start-up), 10.4.3 (reset), 10.6 (hand-off from
// firmware), 10.7.2 (interrupts), and what is found at its ports.

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "drivers/block/ahci/ahci.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"

enum { IRQ_ROUNDS_MAX = 8 };

#define DETECT_NS 10000000ull // 10.1.2: from spin-up to the first sign of a device
#define INTERRUPTS                                                                      \
    (AHCI_PXIS_DHRS | AHCI_PXIS_PSS | AHCI_PXIS_DSS | AHCI_PXIS_SDBS | AHCI_PXIS_PCS |  \
     AHCI_PXIS_PRCS | AHCI_PXIS_OFS | AHCI_PXIS_IFS | AHCI_PXIS_HBDS | AHCI_PXIS_HBFS | \
     AHCI_PXIS_TFES)

static uint32_t hba_read(const struct ahci_hba *hba, unsigned offset)
{
    return mmio_read32(hba->config.registers + offset);
}

static void hba_write(const struct ahci_hba *hba, unsigned offset, uint32_t value)
{
    mmio_write32(hba->config.registers + offset, value);
}

bool ahci_is_there(const struct ahci_hba *hba)
{
    return hba_read(hba, AHCI_GHC) != UINT32_MAX;
}

// ---- the controller ----

static bool firmware_let_go(void *context)
{
    return (hba_read(context, AHCI_BOHC) & AHCI_BOHC_BOS) == 0;
}

static bool is_reset(void *context)
{
    return (hba_read(context, AHCI_GHC) & AHCI_GHC_HR) == 0;
}

// 10.6.3. Firmware that does not let go loses the controller all the same.
static void take_from_firmware(struct ahci_hba *hba)
{
    if ((hba_read(hba, AHCI_CAP2) & AHCI_CAP2_BOH) == 0)
        return;
    hba_write(hba, AHCI_BOHC, hba_read(hba, AHCI_BOHC) | AHCI_BOHC_OOS);
    if (driver_wait_until(firmware_let_go, hba, AHCI_HANDOFF_NS, "ahci: firmware's hand-off") < 0 &&
        (hba_read(hba, AHCI_BOHC) & AHCI_BOHC_BB) != 0)
        (void)driver_wait_until(firmware_let_go, hba, AHCI_HANDOFF_BUSY_NS,
                                "ahci: firmware's own commands");
}

static int reset_controller(struct ahci_hba *hba)
{
    hba_write(hba, AHCI_GHC, AHCI_GHC_AE);
    hba_write(hba, AHCI_GHC, AHCI_GHC_AE | AHCI_GHC_HR);
    int status = driver_wait_until(is_reset, hba, AHCI_RESET_NS, "ahci: controller's reset");
    if (status < 0)
        return status;
    hba_write(hba, AHCI_GHC, AHCI_GHC_AE);
    return ahci_is_there(hba) ? 0 : -E_NODEV;
}

static int make_ports(struct ahci_hba *hba)
{
    uint64_t room = (hba->config.bytes - AHCI_PORT_FIRST) / AHCI_PORT_BYTES;
    hba->implemented = hba_read(hba, AHCI_PI);
    if (room < AHCI_PORTS_MAX)
        hba->implemented &= (1u << room) - 1;
    for (unsigned i = 0; i < AHCI_PORTS_MAX; i++) {
        if ((hba->implemented >> i & 1) == 0)
            continue;
        struct ahci_port *port = calloc(1, sizeof(*port));
        if (port == NULL)
            return -E_NOMEM;
        port->hba = hba;
        port->number = i;
        port->registers = hba->config.registers + AHCI_PORT_FIRST + i * AHCI_PORT_BYTES;
        hba->port[i] = port;
    }
    return 0;
}

// ---- what is at the ports ----

// The device is powered; it will say what it is.
static void spin_up(struct ahci_port *port)
{
    uint32_t command = port_read(port, AHCI_PXCMD);
    port_write(port, AHCI_PXCMD, command | AHCI_PXCMD_SUD | AHCI_PXCMD_POD);
}

// Something is there: give it a place to tell more.
static int begin(struct ahci_port *port)
{
    uint32_t detected = AHCI_PXSSTS_DET(port_read(port, AHCI_PXSSTS));
    if (detected != AHCI_DET_READY && detected != AHCI_DET_PRESENT)
        return 0;
    int status = port_stop(port);
    if (status < 0)
        return status;
    bool wide = (port->hba->capabilities & AHCI_CAP_S64A) != 0;
    uint64_t bytes = sizeof(struct ahci_port_memory);
    status = dma_buffer_create(port->hba->config.dma, bytes, wide ? DMA_ANYWHERE : DMA_BELOW_4G,
                               &port->memory);
    if (status < 0)
        return status;
    port_receive(port);
    port->state = AHCI_RECOVERING;
    return 0;
}

static bool all_are_idle(void *context)
{
    const struct ahci_hba *hba = context;
    for (unsigned i = 0; i < AHCI_PORTS_MAX; i++)
        if (hba->port[i] != NULL && hba->port[i]->state == AHCI_RECOVERING &&
            !port_is_idle(hba->port[i]))
            return false;
    return true;
}

static bool signature_is_served(struct ahci_port *port)
{
    uint32_t signature = port_read(port, AHCI_PXSIG);
    port->packet = signature == AHCI_SIG_ATAPI;
    if (signature == AHCI_SIG_ATA || port->packet)
        return true;
    log_warning("ahci: port %u: %s, not served", port->number,
                signature == AHCI_SIG_PM     ? "a port multiplier"
                : signature == AHCI_SIG_SEMB ? "an enclosure management bridge"
                                             : "of unknown kind");
    return false;
}

// ACS-3, 7.48.8: healthy, or about to fail.
static void log_health(struct ahci_port *port)
{
    struct port_internal smart = {
        .fis = {.command = ATA_SMART,
                .features = ATA_SMART_STATUS,
                .lba_low = {0, ATA_SMART_MID, ATA_SMART_HIGH}},
        .timeout_ns = AHCI_INTERNAL_NS,
        .what = "ahci: SMART status",
    };
    if (port->packet || !port->identity.smart || port_run(port, &smart) < 0)
        return;
    const volatile uint8_t *frame = port_memory(port)->received + AHCI_RECEIVED_D2H;
    uint8_t mid = frame[ATA_FIS_D2H_LBA_MID], high = frame[ATA_FIS_D2H_LBA_HIGH];
    if (mid == ATA_SMART_MID && high == ATA_SMART_HIGH)
        log_info("ahci: port %u: SMART: healthy", port->number);
    else if (mid == ATA_SMART_FAILED_MID && high == ATA_SMART_FAILED_HIGH)
        log_error("ahci: port %u: SMART: the disk says that it is about to fail", port->number);
    else
        log_warning("ahci: port %u: SMART: no clear answer", port->number);
}

static int identify(struct ahci_port *port)
{
    struct ata_identity *identity = &port->identity;
    int status = port_identify(port, identity, AHCI_INTERNAL_NS);
    if (status == 0 && port->packet)
        status = packet_read_capacity(port);
    if ((port->hba->capabilities & AHCI_CAP_SNCQ) == 0)
        identity->queue_depth = 0;
    return status;
}

static int serve(struct ahci_port *port)
{
    struct ahci_hba *hba = port->hba;
    char name[BLOCK_NAME_MAX];
    int status = hba->config.name_unit(port->number, hba->units, port->packet, name);
    if (status == 0)
        status = port_add_unit(port, name);
    if (status < 0)
        return status;
    hba->units++;
    log_info("%s: port %u, %s, serial %s, %s", name, port->number, port->identity.model,
             port->identity.serial,
             port->identity.queue_depth > 0 ? "queued commands" : "no queue");
    return 0;
}

static void leave_alone(struct ahci_port *port)
{
    (void)port_stop(port);
    port->state = AHCI_EMPTY; // its memory stays: the engine may not have stopped
}

// One disk that does not work keeps no other from being served.
static int bring_up(struct ahci_port *port)
{
    if (port->state != AHCI_RECOVERING)
        return 0;
    if (!port_is_idle(port) || !signature_is_served(port)) {
        leave_alone(port);
        return 0;
    }
    port_start(port);
    int status = identify(port);
    if (status < 0 || port->state != AHCI_READY) {
        log_error("ahci: port %u: cannot be served: error %d", port->number, status);
        leave_alone(port);
        return 0;
    }
    log_health(port);
    return serve(port);
}

static int begin_all(struct ahci_hba *hba)
{
    for (unsigned i = 0; i < AHCI_PORTS_MAX; i++)
        if (hba->port[i] != NULL)
            spin_up(hba->port[i]);
    driver_pause(DETECT_NS);
    for (unsigned i = 0; i < AHCI_PORTS_MAX; i++) {
        int status = hba->port[i] != NULL ? begin(hba->port[i]) : 0;
        if (status < 0)
            return status;
    }
    // Who is not idle then is left alone; the others have waited for it.
    (void)driver_wait_until(all_are_idle, hba, AHCI_SPIN_UP_NS, "ahci: disks spin up");
    return 0;
}

static int bring_up_all(struct ahci_hba *hba)
{
    for (unsigned i = 0; i < AHCI_PORTS_MAX; i++) {
        int status = hba->port[i] != NULL ? bring_up(hba->port[i]) : 0;
        if (status < 0)
            return status;
    }
    return 0;
}

static void enable_interrupts(struct ahci_hba *hba)
{
    for (unsigned i = 0; i < AHCI_PORTS_MAX; i++)
        if (hba->port[i] != NULL) {
            port_clear_events(hba->port[i]);
            port_write(hba->port[i], AHCI_PXIE, INTERRUPTS);
        }
    hba_write(hba, AHCI_IS, UINT32_MAX);
    hba_write(hba, AHCI_GHC, AHCI_GHC_AE | AHCI_GHC_IE);
}

int ahci_init(struct ahci_hba *hba, const struct ahci_config *config)
{
    memset(hba, 0, sizeof(*hba));
    hba->config = *config;
    if (config->bytes < AHCI_PORT_FIRST + AHCI_PORT_BYTES || !ahci_is_there(hba))
        return -E_NODEV;
    take_from_firmware(hba);
    int status = reset_controller(hba);
    if (status < 0)
        return status;
    hba->capabilities = hba_read(hba, AHCI_CAP);
    hba->slots = AHCI_CAP_NCS(hba->capabilities) + 1;
    status = make_ports(hba);
    if (status == 0)
        status = begin_all(hba);
    if (status == 0)
        status = bring_up_all(hba);
    if (status < 0)
        return status; // the process ends, and its memory with it
    uint32_t version = hba_read(hba, AHCI_VS);
    log_info("ahci: version %u.%u, %u ports, %u slots%s%s, %u units", (unsigned)(version >> 16),
             (unsigned)(version >> 8 & 0xff), (unsigned)__builtin_popcount(hba->implemented),
             hba->slots, (hba->capabilities & AHCI_CAP_SNCQ) != 0 ? ", queued commands" : "",
             (hba->capabilities & AHCI_CAP_S64A) != 0 ? "" : ", 32-bit addresses", hba->units);
    enable_interrupts(hba);
    return 0;
}

// ---- running ----

void ahci_handle_irq(struct ahci_hba *hba)
{
    for (unsigned round = 0; round < IRQ_ROUNDS_MAX; round++) {
        uint32_t pending = hba_read(hba, AHCI_IS) & hba->implemented;
        if (pending == 0)
            return;
        for (unsigned i = 0; i < AHCI_PORTS_MAX; i++)
            if ((pending >> i & 1) != 0)
                port_handle_irq(hba->port[i]);
        hba_write(hba, AHCI_IS, pending); // 10.7.2.1: after PxIS, which would set it again
    }
}

void ahci_quiesce(struct ahci_hba *hba)
{
    hba_write(hba, AHCI_GHC, AHCI_GHC_AE);
    for (unsigned i = 0; i < AHCI_PORTS_MAX; i++)
        if (hba->port[i] != NULL)
            (void)port_stop(hba->port[i]); // what does not stop, devmgr's reset stops
}
