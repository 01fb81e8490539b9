// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a driver is handed of its PCI function, and nothing more.
//
// A page that holds part of the MSI-X table is never handed out: who writes there chooses the
// address that the device writes to when it interrupts. A BAR with the table in its middle becomes
// two objects, "bar0" and "bar0@4000".

#include <stdio.h>
#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/devmgr/device.h"
#include "servers/devmgr/ecam.h"
#include "servers/devmgr/pci_registers.h"
#include "servers/devmgr/physical.h"

struct span {
    uint64_t start, end;
};

int grant_add(struct device *device, const char *name, int64_t handle, uint64_t value)
{
    struct device_grant *grant;

    if (handle < 0)
        return (int)handle;
    if (device->grants == DEVICE_GRANTS_MAX) {
        sys_handle_close((handle_t)handle);
        return -E_NOMEM;
    }
    grant = &device->grant[device->grants++];
    memset(grant, 0, sizeof *grant);
    snprintf(grant->grant.name, sizeof grant->grant.name, "%s", name);
    grant->grant.value = value;
    grant->handle = (handle_t)handle;
    return 0;
}

void grant_drop_all(struct device *device)
{
    for (uint32_t i = 0; i < device->grants; i++)
        sys_handle_close(device->grant[i].handle);
    device->grants = 0;
}

// ---- memory BARs ----

static struct span page_span(uint64_t start, uint64_t bytes)
{
    uint64_t mask = PAGE_SIZE - 1;

    return (struct span){start & ~mask, (start + bytes + mask) & ~mask};
}

// The pages of the BAR that hold the MSI-X table; empty if they are in another BAR.
static struct span msix_pages(const struct pci_function *function, uint32_t index)
{
    const struct pci_msix *msix = &function->msix;

    if (msix->entries == 0 || msix->table_bar != index)
        return (struct span){0, 0};
    return page_span(function->bar[index].base + msix->table_offset,
                     (uint64_t)msix->entries * MSIX_ENTRY_BYTES);
}

// A BAR smaller than a page may have a neighbour in its page, which its driver would then reach
// too.
static bool shares_page(const struct devmgr *devmgr, const struct pci_function *function,
                        uint32_t index)
{
    struct span own = page_span(function->bar[index].base, function->bar[index].size);

    for (uint32_t i = 0; i < devmgr->tree.functions; i++) {
        const struct pci_function *other = &devmgr->tree.function[i];

        for (uint32_t b = 0; b < PCI_BARS && other != function; b++) {
            const struct pci_bar *bar = &other->bar[b];

            if (bar->base != 0 &&
                (bar->kind == PCI_BAR_MEMORY32 || bar->kind == PCI_BAR_MEMORY64) &&
                bar->base < own.end && own.start < bar->base + bar->size)
                return true;
        }
    }
    return false;
}

static int grant_memory(struct device *device, uint32_t index, uint64_t start, struct span pages)
{
    char name[STARTUP_NAME];

    if (pages.start >= pages.end)
        return 0;
    if (pages.start <= start)
        snprintf(name, sizeof name, "bar%u", index);
    else
        snprintf(name, sizeof name, "bar%u@%llx", index, (unsigned long long)(pages.start - start));
    return grant_add(device, name,
                     sys_memory_create_physical(resources.mmio, pages.start,
                                                pages.end - pages.start, MEMORY_DEVICE),
                     pages.end - pages.start);
}

static int grant_memory_bar(struct devmgr *devmgr, struct device *device, uint32_t index)
{
    const struct pci_bar *bar = &device->pci->bar[index];
    struct span all = page_span(bar->base, bar->size);
    struct span table = msix_pages(device->pci, index);
    int error;

    if (bar->base % PAGE_SIZE != 0 || shares_page(devmgr, device->pci, index)) {
        log_warning("devmgr: %s: BAR %u shares a page with another device, not handed out",
                    device->info.where, index);
        return 0;
    }
    if (table.start == table.end)
        return grant_memory(device, index, bar->base, all);
    error = grant_memory(device, index, bar->base, (struct span){all.start, table.start});
    if (error < 0)
        return error;
    return grant_memory(device, index, bar->base, (struct span){table.end, all.end});
}

int grant_pci_bars(struct devmgr *devmgr, struct device *device)
{
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &device->pci->bar[i];
        char name[STARTUP_NAME];
        int error = 0;

        if (bar->base == 0)
            continue;
        if ((bar->kind == PCI_BAR_MEMORY32 || bar->kind == PCI_BAR_MEMORY64) &&
            (device->manifest->grants & SVC_GRANT_BARS) != 0) {
            error = grant_memory_bar(devmgr, device, i);
        } else if (bar->kind == PCI_BAR_IO && resources.port != HANDLE_NONE &&
                   (device->manifest->grants & SVC_GRANT_PORTS) != 0) {
            snprintf(name, sizeof name, "io%u", i);
            error =
                grant_add(device, name,
                          sys_resource_create(resources.port, RESOURCE_PORT, bar->base, bar->size),
                          bar->size);
        }
        if (error < 0)
            return error;
    }
    return 0;
}

// ---- read-only copies of what devmgr knows ----

// Memory of PCI_CONFIG_BYTES for a read-only grant, mapped here to be filled.
static int copy_begin(struct aspace_map_args *map, void **filled)
{
    int64_t memory = sys_memory_create(PCI_CONFIG_BYTES, 0, HANDLE_NONE);
    int64_t address;

    if (memory < 0)
        return (int)memory;
    *map = (struct aspace_map_args){
        .memory = (handle_t)memory, .bytes = PCI_CONFIG_BYTES, .prot = PROT_READ | PROT_WRITE};
    address = sys_aspace_map(HANDLE_SELF, map);
    if (address < 0) {
        sys_handle_close((handle_t)memory);
        return (int)address;
    }
    *filled = (void *)(uintptr_t)address;
    return 0;
}

static int copy_end(struct device *device, const struct aspace_map_args *map, void *filled,
                    const char *name, uint64_t bytes)
{
    int64_t read_only;

    sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)filled, map->bytes);
    read_only = sys_handle_duplicate(map->memory, RIGHT_READ | RIGHT_DUPLICATE | RIGHT_TRANSFER, 0);
    sys_handle_close(map->memory);
    return grant_add(device, name, read_only, bytes);
}

int grant_pci_config(struct devmgr *devmgr, struct device *device)
{
    struct aspace_map_args map;
    void *copy;
    int error = copy_begin(&map, &copy);

    if (error < 0)
        return error;
    ecam_snapshot(&devmgr->pci, device->pci->address, copy);
    return copy_end(device, &map, copy, "config", PCI_CONFIG_BYTES);
}

int grant_wiring(struct devmgr *devmgr, struct device *device)
{
    const struct dtb_power_key *key = &devmgr->board.power_key;
    struct aspace_map_args map;
    struct device_wiring wiring = {0};
    void *copy;
    int error = copy_begin(&map, &copy);

    if (error < 0)
        return error;
    if (key->present && device->platform->memories != 0 &&
        device->platform->memory[0].base == key->gpio)
        wiring = (struct device_wiring){
            .power_key = 1, .power_key_line = key->line, .power_key_active_low = key->active_low};
    memcpy(copy, &wiring, sizeof wiring);
    return copy_end(device, &map, copy, "wiring", PCI_CONFIG_BYTES);
}
