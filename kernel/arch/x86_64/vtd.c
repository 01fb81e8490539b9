// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Domains (kernel/arch/iommu.h) by Intel VT-d: legacy mode, second-level tables (specification 3.3,
// chapters 3 and 9). Not supported: scalable mode, device TLBs (ATS), devices that the firmware
// itself uses (RMRR): these get no domain.

#include "kernel/arch/x86_64/vtd.h"

#include <stddef.h>

#include "abi/error.h"
#include "abi/syscall.h"
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/io.h"
#include "kernel/core/boot_option.h"
#include "kernel/core/panic.h"

struct spinlock vtd_lock = SPINLOCK(LOCK_IOMMU);
struct dmar vtd_dmar;
struct iommu_unit vtd_units[DMAR_UNITS_MAX];

bool iommu_present(void)
{
    return vtd_dmar.present;
}

// ---- tables ----

static uint64_t make_leaf(physical_t physical, uint32_t rights, unsigned level)
{
    return physical | (rights & RIGHT_READ ? VTD_PAGE_READ : 0) |
           (rights & RIGHT_WRITE ? VTD_PAGE_WRITE : 0) | (level > 0 ? VTD_PAGE_LARGE : 0);
}

static void flush_lines(const void *at, size_t bytes)
{
    static const struct iommu_unit incoherent;
    vtd_written(&incoherent, at, bytes);
}

static void make_format(struct iommu_unit *unit)
{
    unit->format = (struct io_table_format){
        .table_bits = VTD_PAGE_READ | VTD_PAGE_WRITE,
        .kind_mask = VTD_PAGE_LARGE,
        .address_mask = VTD_PAGE_ADDRESS,
        .large_pages = (unit->capability & VTD_CAP_LARGE_PAGES) != 0,
        .leaf = make_leaf,
        .written = (unit->extended & VTD_EXT_COHERENT) != 0 ? NULL : flush_lines,
    };
}

// The device's context entry; NULL: its bus has no table, and none was to be made or could be.
static struct vtd_context *context_of(struct iommu_unit *unit, uint32_t device, bool make)
{
    struct vtd_context *bus = &unit->root[device >> 8];
    if ((bus->low & VTD_PRESENT) == 0) {
        struct page *page = make ? page_allocate(0, PAGE_ZEROED) : NULL;
        if (page == NULL) {
            return NULL;
        }
        vtd_written(unit, physical_to_virtual(page_physical(page)), PAGE_SIZE);
        __atomic_store_n(&bus->low, page_physical(page) | VTD_PRESENT, __ATOMIC_RELEASE);
        vtd_written(unit, bus, sizeof(*bus));
    }
    struct vtd_context *contexts = physical_to_virtual(bus->low & VTD_PAGE_ADDRESS);
    return &contexts[device & 0xff];
}

static void context_store(struct iommu_unit *unit, struct vtd_context *context, uint64_t low,
                          uint64_t high)
{
    if ((low & VTD_PRESENT) != 0) { // the half with the presence comes last, and goes first
        __atomic_store_n(&context->high, high, __ATOMIC_RELEASE);
        __atomic_store_n(&context->low, low, __ATOMIC_RELEASE);
    } else {
        __atomic_store_n(&context->low, low, __ATOMIC_RELEASE);
        __atomic_store_n(&context->high, high, __ATOMIC_RELEASE);
    }
    vtd_written(unit, context, sizeof(*context));
}

static void forget_device(struct iommu_unit *unit, uint32_t device, uint32_t number)
{
    vtd_forget(unit,
               VTD_FORGET_CONTEXT | VTD_OF_DEVICE | (uint64_t)number << 16 | (uint64_t)device << 32,
               0);
    vtd_forget(unit, VTD_FORGET_PAGES | VTD_OF_DOMAIN | VTD_DRAIN | (uint64_t)number << 16, 0);
}

// The count stands in the entry itself, so a device's new domain begins with none.
bool vtd_count_fault(struct iommu_unit *unit, uint32_t device)
{
    spin_lock(&vtd_lock);
    if (unit->faults_left > 0 && --unit->faults_left == 0) {
        vtd_write(unit, VTD_FAULT_CONTROL, (uint32_t)VTD_FAULT_MASK);
    }
    bool more = unit->faults_left > 0;
    struct vtd_context *context = context_of(unit, device, true);
    if (context != NULL && (context->low & VTD_FAULTS_IGNORED) == 0) {
        uint64_t faults = context->high >> VTD_CONTEXT_FAULTS_SHIFT & VTD_CONTEXT_FAULTS;
        if (faults + 1 < VTD_NOISY_FAULTS) {
            context->high += 1ull << VTD_CONTEXT_FAULTS_SHIFT;
        } else {
            context_store(unit, context, context->low | VTD_FAULTS_IGNORED, context->high);
            forget_device(unit, device, (uint32_t)(context->high >> VTD_DOMAIN_SHIFT) & 0xffff);
        }
    }
    spin_unlock(&vtd_lock);
    return more;
}

// ---- domains ----

// A byte of the configuration space (PCI 3.0, 3.2.2.3.2). devmgr waits for our answer meanwhile.
static uint32_t config_read8(uint32_t device, uint32_t offset)
{
    enum { ADDRESS_PORT = 0xcf8, DATA_PORT = 0xcfc };
    port_write32(ADDRESS_PORT, 1u << 31 | device << 8 | (offset & 0xfc));
    return port_read32(DATA_PORT) >> (offset & 3) * 8 & 0xff;
}

// Bus numbers are the bridge's, so they are read when they are needed.
static bool is_behind(uint32_t bridge, uint32_t device)
{
    enum { SECONDARY = 0x19, SUBORDINATE = 0x1a };
    uint32_t secondary = config_read8(bridge, SECONDARY);
    return secondary != 0 && device >> 8 >= secondary &&
           device >> 8 <= config_read8(bridge, SUBORDINATE);
}

static bool unit_names(const struct dmar_unit *unit, uint32_t device)
{
    for (unsigned i = 0; i < unit->devices; i++) {
        if (unit->device[i] == device) {
            return true;
        }
    }
    for (unsigned i = 0; i < unit->bridges; i++) {
        if (is_behind(unit->bridge[i], device)) {
            return true;
        }
    }
    return false;
}

static struct iommu_unit *unit_of(uint32_t device)
{
    struct iommu_unit *found = NULL;
    for (unsigned i = 0; i < vtd_dmar.units; i++) {
        if (unit_names(&vtd_dmar.unit[i], device)) {
            return &vtd_units[i];
        }
        if (vtd_dmar.unit[i].all) {
            found = &vtd_units[i];
        }
    }
    return found;
}

static bool used_by_firmware(uint32_t device)
{
    for (unsigned i = 0; i < vtd_dmar.reserved; i++) {
        if (vtd_dmar.reserved_device[i] == device) {
            return true;
        }
    }
    return false;
}

static int attach(struct iommu_domain *domain)
{
    struct iommu_unit *unit = domain->unit;
    struct vtd_context *context = context_of(unit, domain->device, true);
    if (context == NULL) {
        return -E_NOMEM;
    }
    if ((context->low & VTD_PRESENT) != 0) {
        return -E_BUSY;
    }
    uint32_t end = VTD_CAP_DOMAINS(unit->capability);
    domain->number = iommu_number_take(unit->numbers, end < VTD_NUMBERS ? end : VTD_NUMBERS);
    if (domain->number == 0) {
        return -E_NOMEM;
    }
    uint64_t width = unit->levels == 3 ? VTD_WIDTH_39 : VTD_WIDTH_48;
    context_store(unit, context, domain->table.root | VTD_PRESENT,
                  (uint64_t)domain->number << VTD_DOMAIN_SHIFT | width);
    forget_device(unit, domain->device, domain->number); // what the number's last owner had
    vtd_faults_resume(unit);
    return 0;
}

int iommu_domain_create(struct iommu_domain *domain, uint32_t device)
{
    struct iommu_unit *unit = unit_of(device);
    if (unit == NULL) {
        return -E_NODEV;
    }
    if (used_by_firmware(device)) {
        return -E_OPNOTSUPP;
    }
    *domain = (struct iommu_domain){.unit = unit, .device = device};
    int error = io_table_create(&domain->table, &unit->format, unit->levels);
    if (error != 0) {
        return error;
    }
    spin_lock(&vtd_lock);
    error = attach(domain);
    spin_unlock(&vtd_lock);
    if (error != 0) {
        io_table_destroy(&domain->table);
    }
    return error;
}

void iommu_domain_block(struct iommu_domain *domain)
{
    struct iommu_unit *unit = domain->unit;
    spin_lock(&vtd_lock);
    context_store(unit, context_of(unit, domain->device, false), 0, 0);
    forget_device(unit, domain->device, domain->number);
    iommu_number_put(unit->numbers, domain->number);
    vtd_faults_resume(unit);
    spin_unlock(&vtd_lock);
}

// One aligned block around the pages where the unit can, else the domain as a whole.
static void forget_pages(struct iommu_domain *domain, uint64_t bus, uint64_t bytes)
{
    uint64_t low = VTD_FORGET_PAGES | VTD_DRAIN | (uint64_t)domain->number << 16;
    unsigned order = 0;
    while ((bus ^ (bus + bytes - 1)) >> PAGE_SHIFT >> order != 0) {
        order++;
    }
    uint64_t capability = domain->unit->capability;
    spin_lock(&vtd_lock);
    if ((capability & VTD_CAP_PAGE_SELECTIVE) == 0 || order > VTD_CAP_ORDER_MAX(capability)) {
        vtd_forget(domain->unit, low | VTD_OF_DOMAIN, 0);
    } else {
        uint64_t aligned = bus & ~(((uint64_t)PAGE_SIZE << order) - 1);
        vtd_forget(domain->unit, low | VTD_OF_PAGES, aligned | order);
    }
    spin_unlock(&vtd_lock);
}

int iommu_map(struct iommu_domain *domain, uint64_t bus, physical_t physical, uint64_t bytes,
              uint32_t rights)
{
    int error = io_table_map(&domain->table, bus, physical, bytes, rights);
    if ((domain->unit->capability & VTD_CAP_WRITE_FLUSH) != 0) {
        spin_lock(&vtd_lock);
        vtd_flush_writes(domain->unit);
        spin_unlock(&vtd_lock);
    }
    if (error == 0 && (domain->unit->capability & VTD_CAP_CACHES_ABSENT) != 0) {
        forget_pages(domain, bus, bytes);
    }
    return error;
}

void iommu_unmap(struct iommu_domain *domain, uint64_t bus, uint64_t bytes)
{
    io_table_unmap(&domain->table, bus, bytes);
    forget_pages(domain, bus, bytes);
}

// ---- boot ----

static void read_table(void)
{
    const char *why = NULL;
    if (acpi_info.dmar == NULL || boot_option("iommu=off")) {
        return;
    }
    if (dmar_parse(acpi_info.dmar, acpi_info.dmar_bytes, &vtd_dmar, &why) != 0) {
        panic("iommu: the board's DMAR table cannot be used: %s; start without it (./run "
              "--no-iommu) or with iommu=off",
              why);
    }
}

void iommu_init(void)
{
    read_table();
    if (!iommu_present()) {
        kernel_log("iommu: none; DMA is unprotected");
        return;
    }
    for (unsigned i = 0; i < vtd_dmar.units; i++) {
        struct iommu_unit *unit = &vtd_units[i];
        vtd_unit_start(unit, &vtd_dmar.unit[i]);
        make_format(unit);
        vtd_write64(unit, VTD_ROOT, virtual_to_physical(unit->root));
        vtd_command(unit, VTD_SET_ROOT);
        vtd_forget(unit, VTD_FORGET_CONTEXT | VTD_ALL, 0);
        vtd_forget(unit, VTD_FORGET_PAGES | VTD_ALL | VTD_DRAIN, 0);
        vtd_faults_init(unit);
        vtd_command(unit, (uint32_t)VTD_ENABLE_TRANSLATION);
    }
    vtd_interrupts_init();
    kernel_log("iommu: VT-d, %u unit%s, %u-bit bus addresses, interrupts %s", vtd_dmar.units,
               vtd_dmar.units == 1 ? "" : "s", vtd_units[0].levels == 3 ? 39 : 48,
               vtd_dmar.interrupts ? "remapped" : "not remapped");
}
