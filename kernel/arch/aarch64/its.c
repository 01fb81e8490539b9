// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Arm IHI 0069 (GIC architecture version 3 and 4), chapters 5 and 12.
//
// A device writes its event's number to GITS_TRANSLATER; the ITS looks up device and event and
// makes a locality-specific interrupt (LPI) pending at the redistributor of a collection. Here an
// event's number is its vector, an LPI's is LPI_FIRST + vector, a collection is a CPU. So all LPIs
// stay enabled: what is not mapped cannot come. Each device with messages has one page of
// translations.
//
// Device ids are PCI's 16 bits, in a table of two levels whose second is filled as devices come and
// then kept. Not implemented: ITSs without two-level tables, more than one ITS, LPIs moved between
// CPUs.

#include "kernel/arch/aarch64/its.h"

#include "abi/error.h"
#include "kernel/arch/aarch64/board.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/irq_vectors.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/panic.h"

enum {
    GITS_CTLR = 0x0,
    GITS_TYPER = 0x8,
    GITS_CBASER = 0x80,
    GITS_CWRITER = 0x88,
    GITS_CREADR = 0x90,
    GITS_BASER = 0x100, // eight of them
    GITS_BYTES = 0x10000,
    GITS_TRANSLATER = 0x10040,
    CTLR_ENABLED = 1,
    TYPER_TARGET_ADDRESS = 1 << 19, // PTA: a redistributor's name is its address
    CREADR_STALLED = 1,
    TABLES = 8,
    TABLE_DEVICES = 1,
    TABLE_COLLECTIONS = 4,

    GICD_TYPER_LPIS = 1 << 17,
    GICR_CTLR = 0x0,
    GICR_TYPER = 0x8,
    GICR_PROPBASER = 0x70,
    GICR_PENDBASER = 0x78,
    GICR_ENABLE_LPIS = 1,

    COMMAND_SYNC = 0x05,
    COMMAND_MAPD = 0x08,
    COMMAND_MAPC = 0x09,
    COMMAND_MAPTI = 0x0a,
    COMMAND_DISCARD = 0x0f,
    COMMAND_WORDS = 4,

    EVENT_BITS = 8, // events of a device: the vectors
    EVENT_BYTES_MAX = PAGE_SIZE >> EVENT_BITS,
    DEVICE_BITS = 16,
    INTERRUPT_BITS = 14, // the fewest with which there are LPIs
    PROPERTY_ORDER = 1,  // 2^14 - 8192 LPIs, a byte each
    PENDING_ORDER = 4,   // aligned to 64 KiB, though it is 2 KiB long
    LPI_ENABLED = 0xa1,  // priority as the other interrupts'
    VECTORS = IRQ_VECTOR_LAST + 1,
    WAIT_SPINS = 1000000,
};

#define VALID       (1ull << 63)
#define INDIRECT    (1ull << 62)
#define BASER_TYPE  56
#define BASER_ENTRY 48
// Inner write-back in all of these registers, and inner shareable.
#define TABLE_CACHED   (7ull << 59 | 1ull << 10)
#define PENDING_CACHED (7ull << 7 | 1ull << 10)
#define PENDING_ZERO   (1ull << 62)

struct its_device {
    uint32_t id;
    uint32_t messages; // 0: this place is free
    struct page *translations;
};

static volatile uint8_t *its;
static uint64_t *commands;
static uint64_t *device_table; // first level
static unsigned devices_per_page;
static unsigned device_ids;
static struct page *properties;
static uint64_t redistributor[CPU_MAX]; // as commands name it
static bool receives[CPU_MAX];          // its LPIs are switched on
static bool collected[CPU_MAX];         // MAPC has been sent
static struct its_device devices[VECTORS];
static struct its_device *owner[VECTORS]; // NULL: no message has this vector
static uint8_t target[VECTORS];           // its CPU

static inline volatile uint64_t *its_register(unsigned offset)
{
    return (volatile uint64_t *)(its + offset);
}

static void *new_pages(unsigned order)
{
    struct page *page = page_allocate(order, PAGE_ZEROED);
    return page != NULL ? page_address(page) : NULL;
}

// ---- commands ----

static void command(uint64_t word0, uint64_t word1, uint64_t word2)
{
    uint64_t at = *its_register(GITS_CWRITER);
    uint64_t *slot = &commands[at / 8];
    slot[0] = word0;
    slot[1] = word1;
    slot[2] = word2;
    slot[3] = 0;
    dsb_sy();
    uint64_t next = (at + COMMAND_WORDS * 8) % PAGE_SIZE;
    *its_register(GITS_CWRITER) = next;
    for (unsigned i = 0; *its_register(GITS_CREADR) != next; i++) {
        if (i == WAIT_SPINS || (*its_register(GITS_CREADR) & CREADR_STALLED) != 0) {
            kernel_log("its: command %lx of device %lx is not carried out", word0 & 0xff,
                       word0 >> 32);
            return;
        }
    }
}

static inline uint64_t of_device(unsigned number, uint32_t device)
{
    return number | (uint64_t)device << 32;
}

// ---- set-up ----

// The first table of a kind: where its register is; 0: there is none.
static unsigned find_table(unsigned type)
{
    for (unsigned i = 0; i < TABLES; i++) {
        if ((*its_register(GITS_BASER + 8 * i) >> BASER_TYPE & 7) == type) {
            return GITS_BASER + 8 * i;
        }
    }
    return 0;
}

// One page in a register that describes a table; returns what the ITS made of it.
static uint64_t set_table(unsigned offset, const void *page, uint64_t bits)
{
    uint64_t kept = *its_register(offset) & (7ull << BASER_TYPE | 0x1full << BASER_ENTRY);
    *its_register(offset) = kept | VALID | TABLE_CACHED | bits | virtual_to_physical(page);
    return *its_register(offset);
}

// NULL, or why it cannot be used.
static const char *init_tables(void)
{
    uint64_t type = *its_register(GITS_TYPER);
    unsigned table_of_devices = find_table(TABLE_DEVICES);
    unsigned table_of_collections = find_table(TABLE_COLLECTIONS);
    unsigned device_bits = ((unsigned)(type >> 13) & 31) + 1;
    device_ids = 1u << (device_bits < DEVICE_BITS ? device_bits : DEVICE_BITS);
    if (((type >> 4) & 15) + 1 > EVENT_BYTES_MAX || ((type >> 8) & 31) + 1 < EVENT_BITS) {
        return "its translations have another size";
    }
    if ((type & TYPER_TARGET_ADDRESS) != 0 || table_of_devices == 0) {
        return "it names CPUs by address, or has no table of devices";
    }
    commands = new_pages(0);
    device_table = new_pages(0);
    void *collections = new_pages(0);
    if (commands == NULL || device_table == NULL || collections == NULL) {
        return "there is no memory for its tables";
    }
    uint64_t set = set_table(table_of_devices, device_table, INDIRECT);
    if ((set & (INDIRECT | 3ull << 8)) != INDIRECT) {
        return "it has no two-level tables of 4 KiB pages";
    }
    devices_per_page = PAGE_SIZE / (((unsigned)(set >> BASER_ENTRY) & 31) + 1);
    if (table_of_collections != 0) {
        set_table(table_of_collections, collections, 0);
    }
    *its_register(GITS_CBASER) = VALID | TABLE_CACHED | virtual_to_physical(commands);
    *its_register(GITS_CWRITER) = 0;
    return NULL;
}

void its_init(uint32_t distributor_type)
{
    if (board_info.gic_its == 0 || (distributor_type & GICD_TYPER_LPIS) == 0) {
        return;
    }
    its = mmu_map_device(board_info.gic_its, GITS_BYTES, MEMORY_DEVICE);
    volatile uint32_t *control = (volatile uint32_t *)(its + GITS_CTLR);
    *control = 0;
    properties = page_allocate(PROPERTY_ORDER, PAGE_ZEROED);
    const char *wrong = properties == NULL ? "there is no memory" : init_tables();
    if (wrong != NULL) {
        kernel_log("its: %s: no messages from devices", wrong);
        its = NULL;
        return;
    }
    for (unsigned i = 0; i < VECTORS; i++) {
        ((uint8_t *)page_address(properties))[i] = LPI_ENABLED;
    }
    dsb_sy();
    *control = CTLR_ENABLED;
}

void its_init_cpu(volatile uint32_t *frame)
{
    unsigned cpu = cpu_index();
    struct page *pending = its != NULL ? page_allocate(PENDING_ORDER, PAGE_ZEROED) : NULL;
    if (pending == NULL) {
        return;
    }
    for (unsigned i = 1; i < 1u << PENDING_ORDER; i++) {
        page_put_zeroed(&pending[i]);
    }
    volatile uint64_t *wide = (volatile uint64_t *)frame;
    wide[GICR_PROPBASER / 8] = page_physical(properties) | PENDING_CACHED | (INTERRUPT_BITS - 1);
    wide[GICR_PENDBASER / 8] = page_physical(pending) | PENDING_CACHED | PENDING_ZERO;
    dsb_sy();
    frame[GICR_CTLR / 4] |= GICR_ENABLE_LPIS;
    dsb_sy();
    redistributor[cpu] = (wide[GICR_TYPER / 8] >> 8 & 0xffff) << 16;
    receives[cpu] = true;
}

// ---- messages ----

static int open_table_of(uint32_t device)
{
    uint64_t *entry = &device_table[device / devices_per_page];
    if (*entry == 0) {
        void *page = new_pages(0);
        if (page == NULL) {
            return -E_NOMEM;
        }
        *entry = VALID | virtual_to_physical(page);
    }
    return 0;
}

static struct its_device *find_device(uint32_t id)
{
    struct its_device *place = NULL;
    for (unsigned i = 0; i < VECTORS; i++) {
        if (devices[i].messages != 0 && devices[i].id == id) {
            return &devices[i];
        }
        if (devices[i].messages == 0) {
            place = &devices[i];
        }
    }
    return place; // there are as many as vectors
}

static int open_device(struct its_device *device, uint32_t id)
{
    int error = open_table_of(id);
    if (error != 0) {
        return error;
    }
    device->translations = page_allocate(0, PAGE_ZEROED);
    if (device->translations == NULL) {
        return -E_NOMEM;
    }
    device->id = id;
    command(of_device(COMMAND_MAPD, id), EVENT_BITS - 1,
            VALID | page_physical(device->translations));
    return 0;
}

int its_message(unsigned vector, unsigned cpu, struct irq_args *args)
{
    if (its == NULL || args->device >= device_ids || !receives[cpu]) {
        return -E_NODEV;
    }
    struct its_device *device = find_device(args->device);
    int error = device->messages == 0 ? open_device(device, args->device) : 0;
    if (error != 0) {
        return error;
    }
    if (!collected[cpu]) {
        collected[cpu] = true;
        command(COMMAND_MAPC, 0, VALID | redistributor[cpu] | cpu);
    }
    device->messages++;
    owner[vector] = device;
    target[vector] = (uint8_t)cpu;
    command(of_device(COMMAND_MAPTI, args->device), vector | (uint64_t)(LPI_FIRST + vector) << 32,
            cpu);
    command(COMMAND_SYNC, 0, redistributor[cpu]);
    args->msi_address = board_info.gic_its + GITS_TRANSLATER;
    args->msi_data = vector;
    return 0;
}

void its_message_end(unsigned vector)
{
    struct its_device *device = owner[vector];
    if (device == NULL) {
        return;
    }
    owner[vector] = NULL;
    device->messages--;
    command(of_device(COMMAND_DISCARD, device->id), vector, 0);
    if (device->messages == 0) {
        command(of_device(COMMAND_MAPD, device->id), 0, 0);
    }
    command(COMMAND_SYNC, 0, redistributor[target[vector]]);
    if (device->messages == 0) {
        page_put(device->translations);
    }
}
