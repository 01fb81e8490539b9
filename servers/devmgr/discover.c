// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See discover.h.

#include "servers/devmgr/discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/devmgr/ecam.h"
#include "servers/devmgr/physical.h"

enum {
    ECAM_BUS_BYTES = 1 << 20,
    PCI_IO_FIRST = 0x1000, // below are the board's own ports
    PCI_IO_END = 0x10000,
    COMMAND_LINE_MAX = 2048,
};

#define PCI_MEMORY_END 0xfec00000ull // I/O APICs and what follows them

// ---- ACPI ----

static void read_acpi(struct devmgr *devmgr)
{
    struct acpi_memory memory = physical_reader();
    struct info_boot boot = {0};
    int64_t status = sys_info(INFO_BOOT, 0, &boot, sizeof boot);

    if (status < 0 || boot.acpi_rsdp == 0) {
        if (boot.device_tree == 0)
            log_warning("devmgr: the board has neither ACPI tables nor a device tree");
        return;
    }
    status = acpi_read(&memory, boot.acpi_rsdp, &devmgr->acpi);
    if (status < 0) {
        log_error("devmgr: ACPI tables at %llx are damaged: error %d",
                  (unsigned long long)boot.acpi_rsdp, (int)status);
        return;
    }
    log_info("acpi: %u CPUs, %u I/O APICs, %u PCI segments, %s, %s%s", devmgr->acpi.cpus,
             devmgr->acpi.ioapics, devmgr->acpi.segments,
             devmgr->acpi.hpet_address != 0 ? "HPET" : "no HPET",
             devmgr->acpi.has_s5 ? "power off" : "no power off",
             devmgr->acpi.can_reset ? ", reset register" : "");
    if (devmgr->acpi.bad_tables != 0)
        log_warning("acpi: %u damaged tables left out", devmgr->acpi.bad_tables);
}

// ---- device tree ----

static void report_tree(void *context, const char *text)
{
    (void)context;
    log_warning("devmgr: %s", text);
}

static void read_device_tree(struct devmgr *devmgr)
{
    const struct dtb_reporter reporter = {.report = report_tree};
    struct dtb_board *board = &devmgr->board;
    struct info_boot boot = {0};
    int64_t status = sys_info(INFO_BOOT, 0, &boot, sizeof boot);
    void *tree;

    if (status < 0 || boot.device_tree == 0)
        return;
    status = physical_map(boot.device_tree, boot.device_tree_bytes, MEMORY_CACHED, &tree);
    if (status < 0) {
        log_error("devmgr: the device tree cannot be mapped: error %d", (int)status);
        return;
    }
    status = dtb_read(tree, boot.device_tree_bytes, board, &reporter);
    physical_unmap(tree, boot.device_tree_bytes);
    if (status < 0)
        return; // reported
    log_info("device tree: GICv%u, %u virtio-mmio slots, %u other devices%s%s", board->gic_version,
             board->slots, board->platform.devices, board->pci.present ? ", PCI" : "",
             board->pci.msi == DTB_MSI_NONE ? "" : " with MSI");
}

static void add_devices_of_tree(struct devmgr *devmgr)
{
    for (uint32_t i = 0; i < devmgr->board.platform.devices; i++) {
        const struct platform_device *device = &devmgr->board.platform.device[i];
        int error = platform_add(&devmgr->platform, device);

        if (error < 0)
            log_warning("devmgr: %s: left out: error %d", device->where, error);
    }
    for (uint32_t i = 0; i < devmgr->board.slots; i++)
        platform_add_virtio(&devmgr->platform, &devmgr->board.slot[i]);
}

// ---- PCI ----

// Where BARs without an address may go: between the configuration space and the I/O APICs on a PC.
static struct pci_windows pc_windows(const struct acpi_segment *segment)
{
    uint64_t ecam_end = segment->base + ((uint64_t)segment->bus_end + 1) * ECAM_BUS_BYTES;
    struct pci_windows windows = {
        .space = {[PCI_SPACE_IO] = {.start = PCI_IO_FIRST, .end = PCI_IO_END}}};

    if (ecam_end < PCI_MEMORY_END)
        windows.space[PCI_SPACE_MEMORY32] =
            (struct pci_window){.start = ecam_end, .end = PCI_MEMORY_END};
    return windows;
}

// NULL: the board has no PCI.
static const struct acpi_segment *pci_segment(const struct devmgr *devmgr)
{
    if (devmgr->board.pci.present)
        return &devmgr->board.pci.ecam;
    return devmgr->acpi.segments != 0 ? &devmgr->acpi.segment[0] : NULL;
}

static void scan_pci(struct devmgr *devmgr)
{
    const struct dtb_pci *host = &devmgr->board.pci;
    const struct acpi_segment *segment = pci_segment(devmgr);
    struct pci_windows windows;
    uint32_t failed;

    if (segment == NULL) {
        log_info("devmgr: no PCI configuration space (MCFG)");
        return;
    }
    if (devmgr->acpi.segments > 1)
        log_warning("devmgr: %u PCI segments, only segment %u is used", devmgr->acpi.segments,
                    segment->segment);
    devmgr->pci = ecam_access(segment);
    pci_scan(&devmgr->pci, segment->bus_start, &devmgr->tree);
    windows = host->present ? host->windows : pc_windows(segment);
    failed = pci_assign(&devmgr->pci, &devmgr->tree, &windows);
    if (failed != 0)
        log_warning("devmgr: no address for %u BARs", failed);
    if (devmgr->tree.truncated)
        log_warning("devmgr: more than %d PCI functions, the rest is left out", PCI_FUNCTIONS_MAX);
}

static void add_pci(struct devmgr *devmgr)
{
    for (uint32_t i = 0; i < devmgr->tree.functions; i++) {
        const struct pci_function *function = &devmgr->tree.function[i];
        struct device *device;

        if (function->bridge)
            continue;
        device = device_add(devmgr);
        if (device == NULL)
            return;
        device->pci = function;
        snprintf(device->info.where, sizeof device->info.where, "pci %02x:%02x.%x",
                 PCI_BUS(function->address), PCI_DEVICE(function->address),
                 PCI_FUNCTION(function->address));
        snprintf(device->info.what, sizeof device->info.what, "%04x:%04x class %06x",
                 function->vendor, function->device, function->class);
    }
}

// ---- what no bus announces ----

static void add_slots_of_command_line(struct devmgr *devmgr)
{
    static char line[COMMAND_LINE_MAX];
    int64_t bytes = sys_info(INFO_COMMAND_LINE, 0, line, sizeof line - 1);
    const char *text = line, *bad;
    struct virtio_slot slot;
    int found;

    line[bytes < 0 ? 0 : bytes] = '\0';
    while ((found = virtio_slot_from_command_line(&text, &slot, &bad)) != 0) {
        if (found > 0)
            platform_add_virtio(&devmgr->platform, &slot);
        else
            log_error("devmgr: kernel option '%.*s': should be virtio_mmio.device=SIZE@BASE:IRQ",
                      (int)(text - bad), bad);
    }
}

static void add_slots_of_acpi(struct devmgr *devmgr)
{
    struct acpi_memory memory = physical_reader();
    uint32_t offset = 0;
    struct virtio_slot slot;

    while (virtio_slot_from_aml(&memory, devmgr->acpi.dsdt, devmgr->acpi.dsdt_bytes, &offset,
                                &slot) > 0)
        platform_add_virtio(&devmgr->platform, &slot);
}

static void describe(const struct platform_device *platform, struct device_info *info)
{
    snprintf(info->where, sizeof info->where, "%s", platform->where);
    if (platform->virtio_id != 0)
        snprintf(info->what, sizeof info->what, "virtio %u version %u", platform->virtio_id,
                 platform->virtio_version);
    else
        snprintf(info->what, sizeof info->what, "%s", platform->names);
}

static void add_platform(struct devmgr *devmgr)
{
    for (uint32_t i = 0; i < devmgr->platform.devices; i++) {
        struct device *device = device_add(devmgr);

        if (device == NULL)
            return;
        device->platform = &devmgr->platform.device[i];
        describe(device->platform, &device->info);
    }
}

void discover(struct devmgr *devmgr)
{
    memset(&devmgr->acpi, 0, sizeof devmgr->acpi);
    memset(&devmgr->board, 0, sizeof devmgr->board);
    memset(&devmgr->pci, 0, sizeof devmgr->pci);
    memset(&devmgr->tree, 0, sizeof devmgr->tree);
    memset(&devmgr->platform, 0, sizeof devmgr->platform);
    read_acpi(devmgr);
    read_device_tree(devmgr);
    scan_pci(devmgr);
    platform_add_isa(&devmgr->platform);
    platform_add_button(&devmgr->platform, &devmgr->acpi);
    add_devices_of_tree(devmgr);
    add_slots_of_acpi(devmgr);
    add_slots_of_command_line(devmgr);
}

bool discover_again(struct devmgr *devmgr)
{
    const struct acpi_segment *segment = pci_segment(devmgr);

    if (segment != NULL)
        devmgr->pci = ecam_access(segment);
    return pci_is_as_known(&devmgr->pci, &devmgr->tree);
}

void discover_table(struct devmgr *devmgr)
{
    add_pci(devmgr);
    add_platform(devmgr);
}

// ---- manifests ----

static void report(void *context, const char *file, unsigned line, const char *text)
{
    (void)context;
    log_debug("devmgr: %s:%u: %s", file, line, text); // rs has told the user already
}

int discover_manifests(struct devmgr *devmgr)
{
    const struct startup_grant *grant = startup_grant("initrd");
    const struct svc_reporter reporter = {.report = report};
    struct aspace_map_args map = {.prot = PROT_READ};
    int64_t address;

    if (grant == NULL)
        return -E_NOENT;
    map.memory = grant->handle;
    map.bytes = (grant->value + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    address = sys_aspace_map(HANDLE_SELF, &map);
    if (address < 0)
        return (int)address;
    devmgr->manifests = svc_load((const void *)(uintptr_t)address, grant->value, devmgr->manifest,
                                 SVC_MANIFESTS_MAX, malloc, &reporter);
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)address, map.bytes);
    return 0;
}
