// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a driver can do with its device, and cannot where there is an IOMMU: each attack by the
// rogue driver rogue.0 is stopped, put to its account and ends it; without an IOMMU the same
// attacks succeed, where that can be shown without ending the machine.
//
// Victims: the kernel's copy of the command line and its code, a page of this process, rogue.1's
// own page, its device's registers, its interrupts. Nothing else may change: after each attack all
// of the memory that was free is looked through (canaries.h); tests/boot/test_confinement.py
// compares what the kernel never writes with its file.

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/thread.h"
#include "tests/guest/guest_test.h"
#include "tests/guest/rogue/canaries.h"
#include "tests/guest/rogue/memory.h"
#include "tests/guest/rogue/message.h"
#include "tests/guest/rogue/rogue.h"
#include "tests/guest/rs/client.h"

#define REPLACED_NS  10000000000ull // detects that a driver is not replaced
#define SETTLE_NS    300000000ull   // a transfer takes 100 ms
#define LATE_STEP_NS 20000000ull

enum {
    BYTES = ROGUE_WORDS * sizeof(uint64_t), // of an attack
    CANARY = 0xc5,
    POISON = 0x66,
    TEXT_MAX = 4096,
    LINE_MAX = 2048,
    LIVENESS = 4, // edu's register
    LATE_WRITES = 5,
    PAGE_MASK = PAGE_SIZE - 1,
};

static const char attacker[] = "rogue.0", bystander[] = "rogue.1";
static handle_t endpoint, other_endpoint;
static bool confined;
static uint64_t attacks; // that were stopped

// ---- asking ----

static int64_t ask(handle_t to, enum rogue_op op, uint64_t first, uint64_t second,
                   struct message *message)
{
    *message = (struct message){.tag = message_tag((int32_t)op, 2, 0), .word = {first, second}};
    return message_call(to, message);
}

static int64_t order(enum rogue_op op, uint64_t first, uint64_t second)
{
    struct message message;
    return ask(endpoint, op, first, second, &message);
}

// The number behind the key in a service's statistics; ~0: there is none.
static uint64_t statistic(const char *service, const char *key)
{
    static char text[TEXT_MAX];
    if (rs_text(RS_TEXT_STATS, service, text, sizeof(text)) < 0)
        return ~0ull;
    const char *at = strstr(text, key);
    return at == NULL ? ~0ull : strtoull(at + strlen(key), NULL, 0);
}

static bool status_says(const char *service, const char *what)
{
    static char text[TEXT_MAX];
    return rs_text(RS_TEXT_STATUS, service, text, sizeof(text)) == 0 && strstr(text, what) != NULL;
}

// ---- the device's buffer ----

static void poison_device(void)
{
    struct message message = {.tag = message_tag(ROGUE_FILL, ROGUE_WORDS, 0)};
    memset(message.word, POISON, BYTES);
    CHECK_EQUAL(message_call(endpoint, &message), 0);
}

static void read_device(uint64_t at, uint8_t *to)
{
    struct message message;
    CHECK_EQUAL(ask(endpoint, ROGUE_SHOW, at, 0, &message), 0);
    memcpy(to, message.word, BYTES);
}

// ---- one attack ----

static bool replaced_after(const struct rs_service_info *before)
{
    struct rs_service_info now = *before;
    time_ns_t deadline = sys_clock() + REPLACED_NS;
    while (now.restarts == before->restarts || now.state != RS_RUNNING) {
        if (sys_clock() > deadline || rs_find(attacker, &now) < 0)
            return false;
        thread_sleep_until(sys_clock() + 2000000);
    }
    return true;
}

static void check_stopped(const struct rs_service_info *before, uint64_t faults, bool write,
                          uint64_t bus)
{
    char cause[64] = "DMA fault at 0x";
    char digits[17];
    unsigned used = 0;
    for (uint64_t left = bus & ~(uint64_t)PAGE_MASK; left != 0 || used == 0; left /= 16)
        digits[used++] = "0123456789abcdef"[left % 16];
    char *end = cause + strlen(cause);
    while (used > 0)
        *end++ = digits[--used];
    strlcpy(end, write ? " (write)" : " (read)", 16);

    CHECK(replaced_after(before));
    CHECK(statistic(attacker, "dma_faults ") > faults);
    CHECK_EQUAL(statistic(attacker, "dma_fault_address "), bus & ~(uint64_t)PAGE_MASK);
    if (!CHECK(status_says(attacker, cause)))
        log_error("wanted: %s", cause);
    attacks++;
}

// The device reads from, or writes to, an address that it has no business with.
static void strike(enum rogue_op op, uint64_t bus, uint64_t bytes)
{
    struct rs_service_info before;
    if (!CHECK(wait_state(attacker, RS_RUNNING, &before)))
        return;
    uint64_t faults = statistic(attacker, "dma_faults ");
    int64_t status = order(op, bus, bytes);
    CHECK(status == 0 || (confined && status == -E_RESTARTED));
    if (confined)
        check_stopped(&before, faults, op == ROGUE_WRITE, bus);
}

// The same where no canary is, so none may fall.
static void attack(enum rogue_op op, uint64_t bus, uint64_t bytes)
{
    strike(op, bus, bytes);
    CHECK(canaries_are_whole());
}

// ---- rows ----

// A number of the kernel's command line; 0: none.
static uint64_t option(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 0);
}

// The kernel's copy of the command line: its physical address stands in it.
static void row_kernel(void)
{
    char line[LINE_MAX] = "", now[LINE_MAX] = "";
    CHECK(sys_info(INFO_COMMAND_LINE, 0, line, sizeof(line)) > 0);
    uint64_t physical = option(line, "rogue.kernel=");
    if (!CHECK(physical != 0))
        return;

    // Within the page: what lies in two is two faults.
    uint64_t bytes = PAGE_SIZE - (physical & PAGE_MASK);
    bytes = bytes < BYTES ? bytes : BYTES;
    poison_device();
    attack(ROGUE_READ, physical, bytes);
    uint8_t seen[BYTES];
    read_device(0, seen);
    CHECK_EQUAL(memcmp(seen, line, bytes) == 0, !confined);

    poison_device();
    attack(ROGUE_WRITE, physical, 8);
    CHECK(sys_info(INFO_COMMAND_LINE, 0, now, sizeof(now)) > 0);
    CHECK_EQUAL(strcmp(line, now) == 0, confined);
}

// Code that has run for the last time. Whether it was written the host sees.
static void row_kernel_code(void)
{
    char line[LINE_MAX] = "";
    CHECK(sys_info(INFO_COMMAND_LINE, 0, line, sizeof(line)) > 0);
    uint64_t physical = option(line, "rogue.code=");
    uint64_t code = option(line, "rogue.code_is=");
    uint8_t seen[BYTES];
    if (!CHECK(physical != 0))
        return;
    poison_device();
    attack(ROGUE_READ, physical, sizeof(code));
    read_device(0, seen);
    CHECK_EQUAL(memcmp(seen, &code, sizeof(code)) == 0, !confined);
    poison_device();
    attack(ROGUE_WRITE, physical, sizeof(code));
}

// Anywhere in memory.
static void row_canaries(void)
{
    enum { PLACES = 4 };
    for (unsigned i = 0; i < PLACES; i++) {
        poison_device();
        strike(ROGUE_WRITE, canaries_page(i, PLACES), 8);
        CHECK_EQUAL(canaries_are_whole(), confined);
    }
}

static void read_and_write(struct pinned *victim)
{
    uint8_t seen[BYTES], canary[BYTES];
    memset(canary, CANARY, sizeof(canary));
    pinned_set(victim, CANARY);
    poison_device();
    attack(ROGUE_READ, victim->physical, BYTES);
    read_device(0, seen);
    CHECK_EQUAL(memcmp(seen, canary, sizeof(seen)) == 0, !confined);
    poison_device();
    attack(ROGUE_WRITE, victim->physical + PAGE_SIZE - BYTES, BYTES);
    CHECK_EQUAL(pinned_is(victim, CANARY), confined);
}

static void row_process(void)
{
    struct pinned victim;
    if (!CHECK_EQUAL(pinned_create(&victim, PAGE_SIZE), 0))
        return;
    read_and_write(&victim);
    pinned_destroy(&victim);
}

static void row_other_driver(void)
{
    struct message message;
    struct pinned victim;
    if (!CHECK_EQUAL(ask(other_endpoint, ROGUE_TELL, 0, 0, &message), 0) ||
        !CHECK_EQUAL(pinned_adopt(&victim, message.handle[0], PAGE_SIZE), 0))
        return;
    CHECK_EQUAL(message.word[0] == victim.physical, !confined);
    read_and_write(&victim);
    pinned_destroy(&victim);
}

static uint64_t map(const struct pinned *pinned)
{
    struct message message = {.tag = message_tag(ROGUE_MAP, 1, 1), .word = {pinned->bytes}};
    int64_t copy = sys_handle_duplicate(pinned->object, RIGHTS_ALL, 0);
    message.handle[0] = copy < 0 ? HANDLE_NONE : (handle_t)copy;
    CHECK_EQUAL(message_call(endpoint, &message), 0);
    sys_handle_close((handle_t)copy);
    return message.word[0];
}

// Reached while it is mapped, and not afterwards.
static void row_unmapped(void)
{
    struct pinned own;
    if (!CHECK_EQUAL(pinned_create(&own, PAGE_SIZE), 0))
        return;
    poison_device();
    uint64_t bus = map(&own);
    CHECK_EQUAL(order(ROGUE_WRITE, bus, BYTES), 0);
    CHECK_EQUAL(own.at[BYTES - 1], POISON);
    CHECK_EQUAL(own.at[BYTES], 0);
    CHECK_EQUAL(order(ROGUE_UNMAP, 0, 0), 0);
    pinned_set(&own, CANARY);
    attack(ROGUE_WRITE, bus, BYTES);
    CHECK_EQUAL(pinned_is(&own, CANARY), confined);
    read_and_write(&own);
    attack(ROGUE_READ, bus, BYTES);
    pinned_destroy(&own);
}

// A page that the device reached at *bus, and that another owner has now. Some tries, for the whole
// system takes pages.
static bool pass_on(struct pinned *next, uint64_t *bus)
{
    enum { PAGES_TRIED = 16 };
    for (unsigned i = 0; i < PAGES_TRIED; i++) {
        struct pinned own;
        if (!CHECK_EQUAL(pinned_create(&own, PAGE_SIZE), 0))
            return false;
        poison_device();
        *bus = map(&own);
        CHECK_EQUAL(order(ROGUE_WRITE, *bus, BYTES), 0);
        CHECK_EQUAL(order(ROGUE_UNMAP, 0, 0), 0);
        pinned_destroy(&own);
        if (pinned_create_at(next, own.physical, PAGE_SIZE))
            return true;
    }
    return false;
}

// Memory that was the driver's is somebody else's now.
static void row_freed(void)
{
    struct pinned next;
    uint64_t bus;
    if (!CHECK(pass_on(&next, &bus)))
        return;
    CHECK(pinned_is(&next, 0));
    attack(ROGUE_WRITE, bus, BYTES);
    CHECK_EQUAL(pinned_is(&next, 0), confined);
    poison_device();
    pinned_set(&next, 0);
    attack(ROGUE_READ, next.physical, BYTES);
    attack(ROGUE_WRITE, next.physical, BYTES);
    CHECK(confined || pinned_is(&next, 0)); // what it has read itself
    pinned_destroy(&next);
}

// QEMU keeps from an SMMU what has more than 48 bits: the device is refused, and nobody is told.
#if defined(__aarch64__)
enum { BUS_BITS = 48 };
#else
enum { BUS_BITS = 64 };
#endif

static void row_beyond_width(void)
{
    static const uint64_t addresses[] = {1ull << 39, 1ull << (BUS_BITS - 7), 1ull << (BUS_BITS - 1),
                                         (1ull << (BUS_BITS - 1)) * 2 - PAGE_SIZE};
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        attack(i % 2 == 0 ? ROGUE_WRITE : ROGUE_READ, addresses[i], BYTES);
}

// Peer to peer: into the registers of the other driver's device.
static void row_registers(void)
{
    struct message message;
    if (!CHECK_EQUAL(ask(other_endpoint, ROGUE_TELL, 0, 0, &message), 0))
        return;
    uint64_t registers = message.word[1];
    message_close_handles(&message);
    CHECK(registers != 0);
    CHECK_EQUAL(ask(other_endpoint, ROGUE_LIVENESS, 0, 0, &message), 0);
    uint64_t before = message.word[0];
    poison_device();
    attack(ROGUE_WRITE, registers + LIVENESS, 4);
    CHECK_EQUAL(ask(other_endpoint, ROGUE_LIVENESS, 0, 0, &message), 0);
    uint64_t now = message.word[0];
    CHECK_EQUAL(now == before, confined);
    uint8_t seen[BYTES];
    poison_device();
    attack(ROGUE_READ, registers + LIVENESS, 4);
    read_device(0, seen);
    CHECK(confined || memcmp(seen, &now, 4) == 0);
}

// Its memory gets another owner while the write is under way. False: somebody else was quicker.
static bool reached_next_owner(struct pinned *own, bool *reached)
{
    struct pinned next;
    pinned_destroy(own);
    bool found = pinned_create_at(&next, own->physical, PAGE_SIZE);
    thread_sleep_until(sys_clock() + SETTLE_NS); // what is stopped ends the driver once more
    if (found) {
        *reached = !pinned_is(&next, 0);
        pinned_destroy(&next);
    }
    return found;
}

// The same where nothing stops the write: the memory stays, or it might hit the kernel.
static bool reached_memory(struct pinned *own)
{
    thread_sleep_until(sys_clock() + SETTLE_NS);
    bool reached = !pinned_is(own, 0);
    pinned_destroy(own);
    return reached;
}

// The driver dies with a transfer under way, so long after its start. False: it was carried out
// before the death, or nobody can tell; else *reached says whether it was carried out afterwards.
// (Unprotected it may still come while bus mastering is off.)
static bool late_write(time_ns_t before_death, bool *reached)
{
    struct pinned own;
    struct rs_service_info info;
    if (!CHECK(wait_state(attacker, RS_RUNNING, &info)) ||
        !CHECK_EQUAL(pinned_create(&own, PAGE_SIZE), 0))
        return false;
    poison_device();
    uint64_t bus = map(&own);
    CHECK_EQUAL(order(ROGUE_WRITE_LATE, bus, BYTES), 0);
    thread_sleep_until(sys_clock() + before_death);
    CHECK_EQUAL(rs_control(RS_CONTROL_KILL, attacker), 0);
    CHECK(replaced_after(&info));
    bool was_late = pinned_is(&own, 0);
    if (was_late && confined)
        was_late = reached_next_owner(&own, reached);
    else
        *reached = reached_memory(&own);
    CHECK(wait_state(attacker, RS_RUNNING, &info));
    return was_late;
}

static void row_late_write(void)
{
    unsigned late = 0, landed = 0;
    for (unsigned i = 0; i < LATE_WRITES; i++) {
        bool reached = false;
        if (late_write(i * LATE_STEP_NS, &reached)) {
            late++;
            landed += reached;
        }
    }
    log_info("%u of %u deaths with a write under way", late, LATE_WRITES);
    CHECK(late > 0);
    CHECK_EQUAL(landed == 0, confined);
}

// ---- interrupts ----

static uint64_t interrupts_of(const char *owner)
{
    static struct info_irq irqs[256];
    uint64_t count = 0;
    int64_t bytes = sys_info(INFO_IRQS, 0, irqs, sizeof(irqs));
    for (int64_t i = 0; i < bytes / (int64_t)sizeof(irqs[0]); i++) {
        if (strcmp(irqs[i].owner, owner) == 0)
            count += irqs[i].count;
    }
    return count;
}

enum { INTERRUPTS = 8 }; // the first ones; one of them is the other driver's

// The device writes interrupt messages like memory, in the format that an IOMMU does not know.
static void forge_by_write(void)
{
    enum { VECTOR_FIRST = 0x30 }; // kernel/arch/irq_vectors.h
    for (uint64_t vector = VECTOR_FIRST; vector < VECTOR_FIRST + INTERRUPTS; vector++) {
        struct message message = {.tag = message_tag(ROGUE_FILL, ROGUE_WORDS, 0), .word = {vector}};
        CHECK_EQUAL(message_call(endpoint, &message), 0);
        CHECK_EQUAL(order(ROGUE_WRITE, 0xfee00000, 4), 0);
    }
}

// The device interrupts with messages that name another's entry of the remapping table, or
// another's event. (Writing them like memory shows nothing: QEMU does not know then which device it
// was.)
static void forge_by_interrupt(void)
{
    const uint32_t edu = 0x11e81234;
    for (uint32_t number = 0; number < INTERRUPTS; number++) {
        struct rs_service_info info;
        CHECK(wait_state(attacker, RS_RUNNING, &info));
        CHECK(forged_message(edu, number));
        int64_t status = order(ROGUE_INTERRUPT, 0, 0);
        CHECK(status == 0 || status == -E_RESTARTED);
        thread_sleep_until(sys_clock() + SETTLE_NS / 10);
    }
}

// With a GIC's translation service a device has no interrupts but its own even without an IOMMU.
#if defined(__aarch64__)
enum { ALWAYS_REMAPPED = 1 };
#else
enum { ALWAYS_REMAPPED = 0 };
#endif

static void row_interrupts(void)
{
    struct rs_service_info info;
    uint64_t before = interrupts_of(bystander), own = interrupts_of(attacker);
    if (confined || ALWAYS_REMAPPED) {
        forge_by_interrupt(); // QEMU 7.2 makes no record of what it stops here
        CHECK_EQUAL(interrupts_of(bystander), before);
        CHECK_EQUAL(interrupts_of(attacker), own + 1); // one of them was its own
        attacks += confined;
    } else {
        forge_by_write();
        CHECK(interrupts_of(bystander) > before);
    }
    CHECK(wait_state(attacker, RS_RUNNING, &info));
}

// ---- all ----

static void check_bystander(void)
{
    struct rs_service_info info;
    CHECK_EQUAL(rs_find(bystander, &info), 0);
    CHECK_EQUAL(info.state, RS_RUNNING);
    CHECK_EQUAL(info.restarts, 0);
    CHECK_EQUAL(statistic(bystander, "dma_faults "), 0);
}

static void run(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } rows[] = {
        {"anywhere in memory", row_canaries},
        {"a process's memory", row_process},
        {"another driver's memory", row_other_driver},
        {"its own memory, unmapped", row_unmapped},
        {"its own memory, freed", row_freed},
        {"a write that comes late", row_late_write},
        {"beyond the width", row_beyond_width},
        {"another device's registers", row_registers},
        {"forged interrupts", row_interrupts},
        {"the kernel's memory", row_kernel},
        {"the kernel's code", row_kernel_code},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        log_info("%s", rows[i].name);
        rows[i].run();
        check_bystander();
        CHECK(canaries_are_whole());
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct rs_service_info info;
    guest_test_begin();
    if (CHECK(wait_state(attacker, RS_RUNNING, &info)) &&
        CHECK(wait_state(bystander, RS_RUNNING, &info)) &&
        CHECK_EQUAL(rs_connect(attacker, &endpoint), 0) &&
        CHECK_EQUAL(rs_connect(bystander, &other_endpoint), 0) &&
        CHECK_EQUAL(pinned_init(startup_handle("root")), 0) &&
        CHECK_EQUAL(forged_init(startup_handle("root")), 0) && CHECK_EQUAL(canaries_take(), 0)) {
        struct info_memory memory = {0};
        CHECK(sys_info(INFO_MEMORY, 0, &memory, sizeof(memory)) > 0);
        log_info("%llu of %llu KiB are canaries", (unsigned long long)canaries_bytes() / 1024,
                 (unsigned long long)memory.total_bytes / 1024);
        confined = status_says(attacker, "DMA confined");
        log_info("the driver's DMA is %s", confined ? "confined" : "unprotected");
        run();
        poison_device(); // the driver still drives its device
        log_info("%llu attacks stopped", (unsigned long long)attacks);
    }
    guest_test_end();
}
