// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Domains (kernel/arch/iommu.h) by the board's SMMUv3: a stream is a PCI function, a domain is a
// context descriptor whose number is its ASID, translated by stage 1.
//
// Messages pass the SMMU too, so the page that makes them interrupts is in every domain, at its own
// address; windows begin above it (IOMMU_BUS_FIRST). With an ITS that is safe: it knows who writes.
// A GICv2 message frame does not: there a device may raise the interrupt of another.
//
// Not supported: more than one SMMU, stage 2, stalls, ATS, devices with several address spaces.

#include "kernel/arch/aarch64/smmu.h"

#include "abi/error.h"
#include "abi/syscall.h"
#include "kernel/arch/aarch64/board.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/core/boot_option.h"
#include "kernel/core/panic.h"
#include "kernel/dev/dma_space.h"

struct spinlock smmu_lock = SPINLOCK(LOCK_IOMMU);
struct iommu_unit smmu;
static bool present;

enum { LEVELS = 3, BUS_BITS = 39, STREAMS_ORDER = 2 };

// Page of the registers that make a message an interrupt.
#define ITS_MESSAGES 0x10000ull

bool iommu_present(void)
{
    return present;
}

// ---- tables ----

static uint64_t make_leaf(physical_t physical, uint32_t rights, unsigned level)
{
    return physical | (level == 0 ? SMMU_PAGE_TABLE : SMMU_PAGE_VALID) | SMMU_PAGE_USER |
           (rights & RIGHT_WRITE ? 0 : SMMU_PAGE_READ_ONLY) | SMMU_PAGE_SHARED |
           SMMU_PAGE_ACCESSED | SMMU_PAGE_NO_EXECUTE;
}

static const struct io_table_format format = {
    .table_bits = SMMU_PAGE_TABLE,
    .kind_mask = SMMU_PAGE_TABLE,
    .kind_table = SMMU_PAGE_TABLE,
    .address_mask = SMMU_PAGE_ADDRESS,
    .large_pages = true,
    .leaf = make_leaf,
};

// The device's stream table entry; NULL: its bus has no table, and none was to be made or could be.
static struct smmu_stream *stream_of(uint32_t device, bool make)
{
    uint64_t *bus = &smmu.buses[device >> STREAM_SPLIT];
    if (*bus == 0) {
        void *streams = make ? smmu_pages(STREAMS_ORDER) : NULL;
        if (streams == NULL) {
            return NULL;
        }
        __atomic_store_n(bus, virtual_to_physical(streams) | STREAM_SPAN, __ATOMIC_RELEASE);
    }
    struct smmu_stream *streams = physical_to_virtual(*bus & SMMU_PAGE_ADDRESS);
    return &streams[device & ((1u << STREAM_SPLIT) - 1)];
}

static void forget_stream(uint32_t device)
{
    smmu_do(COMMAND_FORGET_STREAM | (uint64_t)device << 32, COMMAND_LEAF);
}

static void forget_asid(uint32_t number)
{
    smmu_do(COMMAND_FORGET_ASID | (uint64_t)number << 48, 0);
}

static void stream_store(struct smmu_stream *stream, uint32_t device, uint64_t first)
{
    if (first != 0) { // the rest is in place, and known, before the word that makes it valid
        stream->word[1] = STREAM_1_CACHED | STREAM_1_SHARE_IN;
        forget_stream(device);
    }
    __atomic_store_n(&stream->word[0], first, __ATOMIC_RELEASE);
    forget_stream(device);
}

static void make_context(const struct iommu_domain *domain)
{
    struct smmu_context *context = &smmu.contexts[domain->number];
    *context = (struct smmu_context){{
        [0] = CONTEXT_SIZE(BUS_BITS) | CONTEXT_CACHED | CONTEXT_NO_UPPER_HALF | CONTEXT_VALID |
              (uint64_t)smmu.address_bits << CONTEXT_OUTPUT_SHIFT | CONTEXT_AARCH64 |
              CONTEXT_RECORD | CONTEXT_ABORT | CONTEXT_OWN_ASID |
              (uint64_t)domain->number << CONTEXT_ASID_SHIFT,
        [1] = domain->table.root,
        [3] = CONTEXT_MEMORY,
    }};
}

// ---- domains ----

static int attach(struct iommu_domain *domain)
{
    struct smmu_stream *stream = stream_of(domain->device, true);
    if (stream == NULL) {
        return -E_NOMEM;
    }
    if ((stream->word[0] & STREAM_STAGE_1) == STREAM_STAGE_1) {
        return -E_BUSY;
    }
    domain->number = iommu_number_take(smmu.numbers, SMMU_NUMBERS);
    if (domain->number == 0) {
        return -E_NOMEM;
    }
    smmu.faults[domain->number] = 0;
    make_context(domain);
    smmu_do(COMMAND_FORGET_CONTEXT | (uint64_t)domain->device << 32, COMMAND_LEAF);
    forget_asid(domain->number); // what the number's last owner had
    stream_store(stream, domain->device,
                 STREAM_VALID | STREAM_STAGE_1 |
                     virtual_to_physical(&smmu.contexts[domain->number]));
    return 0;
}

static int map_messages(struct iommu_domain *domain)
{
    physical_t page =
        board_info.gic_version == 3 ? board_info.gic_its + ITS_MESSAGES : board_info.gic_v2m;
    bool messages = board_info.gic_its != 0 || board_info.gic_v2m != 0;
    return messages ? io_table_map(&domain->table, page, page, PAGE_SIZE, RIGHT_WRITE) : 0;
}

int iommu_domain_create(struct iommu_domain *domain, uint32_t device)
{
    *domain = (struct iommu_domain){.unit = &smmu, .device = device};
    int error = io_table_create(&domain->table, &format, LEVELS);
    if (error != 0) {
        return error;
    }
    error = map_messages(domain);
    if (error == 0) {
        spin_lock(&smmu_lock);
        error = attach(domain);
        spin_unlock(&smmu_lock);
    }
    if (error != 0) {
        io_table_destroy(&domain->table);
    }
    return error;
}

void iommu_domain_block(struct iommu_domain *domain)
{
    spin_lock(&smmu_lock);
    stream_store(stream_of(domain->device, false), domain->device, 0);
    forget_asid(domain->number);
    iommu_number_put(smmu.numbers, domain->number);
    spin_unlock(&smmu_lock);
}

int iommu_map(struct iommu_domain *domain, uint64_t bus, physical_t physical, uint64_t bytes,
              uint32_t rights)
{
    int error = io_table_map(&domain->table, bus, physical, bytes, rights);
    dsb_sy(); // seen by the unit before the caller tells the device
    return error;
}

// Page by page up to here, else the domain as a whole.
enum { FORGET_PAGES_MAX = 8 };

void iommu_unmap(struct iommu_domain *domain, uint64_t bus, uint64_t bytes)
{
    io_table_unmap(&domain->table, bus, bytes);
    spin_lock(&smmu_lock);
    if (bytes > FORGET_PAGES_MAX * PAGE_SIZE) {
        forget_asid(domain->number);
    } else {
        for (uint64_t done = 0; done < bytes; done += PAGE_SIZE) {
            smmu_do(COMMAND_FORGET_PAGE | (uint64_t)domain->number << 48,
                    (bus + done) | COMMAND_LEAF);
        }
    }
    spin_unlock(&smmu_lock);
}

// ---- faults ----

void smmu_count_fault(uint32_t device)
{
    spin_lock(&smmu_lock);
    struct smmu_stream *stream = device >> STREAM_BITS == 0 ? stream_of(device, true) : NULL;
    if (stream != NULL) {
        bool driven = (stream->word[0] & STREAM_STAGE_1) == STREAM_STAGE_1;
        uint64_t at = (stream->word[0] & SMMU_PAGE_ADDRESS) | (stream->word[0] & 0xfc0);
        uint64_t number =
            driven ? (at - virtual_to_physical(smmu.contexts)) / sizeof(struct smmu_context) : 0;
        if (!driven) {
            stream_store(stream, device, STREAM_VALID | STREAM_ABORT); // reported once
        } else if (++smmu.faults[number] == SMMU_NOISY_FAULTS) {
            smmu.contexts[number].word[0] &= ~CONTEXT_RECORD;
            smmu_do(COMMAND_FORGET_CONTEXT | (uint64_t)device << 32, COMMAND_LEAF);
        }
    }
    spin_unlock(&smmu_lock);
}

// ---- boot ----

void iommu_init(void)
{
    if (board_info.smmu == 0 || boot_option("iommu=off")) {
        kernel_log("iommu: none; DMA is unprotected");
        return;
    }
    smmu_start();
    smmu_enable();
    present = true;
    kernel_log("iommu: SMMUv3, %u-bit bus addresses, messages %s", BUS_BITS,
               board_info.gic_its != 0 ? "checked by the ITS" : "not checked");
}
