// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The driver between the real block client above and a fake controller with disks below: client,
// rings, block library and driver are the real ones.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/block/ahci/ahci.h"
#include "drivers/block/ahci/test/fake_ahci.h"
#include "lib/block/client.h"
#include "lib/block/server.h"
#include "lib/block/test/fake_system.h"
#include "lib/sys/log.h"

enum { MEMORY_BYTES = 1 << 20, DEPTH = 64, FIRST_LBA = 8 };

static struct ahci_hba hba;
static struct block_client *client;
static handle_t memory;
static uint8_t *data;
static bool lose_interrupts;
static char log_text[8192];

// What lib/sys would do with them.
void sys_log_at(enum log_level level, const char *format, ...)
{
    (void)level;
    size_t used = strlen(log_text);
    va_list list;
    va_start(list, format);
    vsnprintf(log_text + used, sizeof(log_text) - used, format, list);
    va_end(list);
}

static int name_unit(unsigned port, unsigned number, bool packet, char name[BLOCK_NAME_MAX])
{
    (void)port;
    (void)packet;
    snprintf(name, BLOCK_NAME_MAX, "vd%c", 'a' + (int)number); // what the fake devmgr knows
    return 0;
}

static void forget_driver(void)
{
    for (unsigned i = 0; i < AHCI_PORTS_MAX; i++) {
        if (hba.port[i] == NULL)
            continue;
        dma_buffer_destroy(HANDLE_NONE, &hba.port[i]->memory);
        free(hba.port[i]);
        hba.port[i] = NULL;
    }
}

static int start_driver(void)
{
    struct ahci_config config = {
        .registers = fake_ahci_registers(), .bytes = fake_ahci_bytes(), .name_unit = name_unit};
    forget_driver(); // a dead driver's memory
    int status = ahci_init(&hba, &config);
    return status < 0 ? status : block_server_start();
}

static void boot(void)
{
    assert_int_equal(start_driver(), 0);
}

static void check_ports(void)
{
    for (unsigned i = 0; i < AHCI_PORTS_MAX; i++)
        if (hba.port[i] != NULL && hba.port[i]->unit != NULL)
            assert_true(port_is_sound(hba.port[i]));
}

// The driver's own waits turn the device, too, but no interrupt interrupts it.
static bool step(void)
{
    static bool inside;
    bool any = fake_ahci_step();
    if (inside || lose_interrupts || !fake_ahci_interrupts())
        return any;
    inside = true;
    ahci_handle_irq(&hba);
    check_ports();
    inside = false;
    return true;
}

static void open_client(void)
{
    static const struct fake_hooks hooks = {.boot = boot, .step = step};
    fake_start(&hooks);
    struct block_client_options options = {.name = "vda", .depth = DEPTH};
    assert_int_equal(block_client_open(&options, &client), 0);
    memory = fake_memory_create(MEMORY_BYTES);
    data = fake_memory(memory);
    assert_int_equal(block_client_add_memory(client, memory, MEMORY_BYTES), 0);
}

static int prepare(void **state)
{
    (void)state;
    memset(&hba, 0, sizeof(hba));
    log_text[0] = '\0';
    lose_interrupts = false;
    fake_ahci_create();
    return 0;
}

static int set_up(void **state)
{
    prepare(state);
    fake_disk_create(1, "S1");
    open_client();
    return 0;
}

static int set_up_cd(void **state)
{
    prepare(state);
    fake_cd_create(0, true);
    open_client();
    return 0;
}

static int set_up_plain(void **state)
{
    prepare(state);
    fake_disk_create(1, "S1");
    fake_ahci.disk[1].identify[ATA_ID_SATA] = 0; // no queue
    open_client();
    return 0;
}

static int clean(void **state)
{
    (void)state;
    forget_driver();
    fake_ahci_destroy();
    return 0;
}

static int tear_down(void **state)
{
    block_client_close(client);
    fake_close(memory);
    fake_stop();
    return clean(state);
}

static struct fake_disk *disk(void)
{
    return &fake_ahci.disk[1];
}

static int transfer(enum block_request_op op, uint64_t offset, uint32_t bytes)
{
    struct block_io io = block_io_range(op, offset, 0, 0, bytes);
    return block_client_transfer(client, &io);
}

// `count` requests of 4 KiB with gaps between them; memory and disk as of test_reads.
static block_ticket_t ticket[DEPTH];

static void submit_many(enum block_request_op op, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct block_io io = block_io_range(op, 4096 + i * 8192, 0, i * 4096, 4096);
        assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket[i]), 0);
    }
    block_client_kick(client);
}

// All end well but number `bad`, which ends with `status`.
static void expect_many(unsigned count, unsigned bad, int status)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(block_client_wait_complete(client, ticket[i], DEADLINE_NEVER, NULL),
                         i == bad ? status : 0);
}

static void expect_data(unsigned count, unsigned bad)
{
    for (unsigned i = 0; i < count; i++)
        if (i != bad)
            assert_memory_equal(data + i * 4096, disk()->bytes + 4096 + i * 8192, 4096);
}

static const uint64_t NONE = UINT32_MAX;

// ---- a good disk ----

static void test_info(void **state)
{
    (void)state;
    const struct block_info *info = block_client_info(client);
    assert_int_equal(info->capacity, FAKE_DISK_BYTES);
    assert_int_equal(info->block_bytes, 512);
    assert_int_equal(info->physical_bytes, 4096);
    assert_int_equal(info->cylinders, 10);
    assert_int_equal(info->features, BLOCK_CAN_FLUSH | BLOCK_CAN_DISCARD);
    assert_int_equal(info->request_bytes_max, (248 - 12) * 4096);
    assert_int_equal(info->buffer_align, 2);
    assert_string_equal(info->serial, "S1");
    assert_non_null(strstr(log_text, "SMART: healthy"));
}

static void test_read_write_flush(void **state)
{
    (void)state;
    assert_int_equal(transfer(BLOCK_READ, 4096, 65536), 0);
    assert_memory_equal(data, disk()->bytes + 4096, 65536);
    memset(data, 0x77, 4096);
    assert_int_equal(transfer(BLOCK_WRITE, 8192, 4096), 0);
    assert_int_equal(disk()->bytes[8192 + 4095], 0x77);
    assert_int_equal(block_client_flush(client), 0);
    assert_int_equal(disk()->commands[ATA_FLUSH_CACHE_EXT], 1); // flush means flush
    assert_int_equal(disk()->commands[ATA_WRITE_FPDMA_QUEUED], 1);
    assert_int_equal(disk()->commands[ATA_WRITE_DMA_EXT], 0);
}

static void test_trim(void **state)
{
    (void)state;
    struct block_io io = {.op = BLOCK_DISCARD, .offset = 8192, .bytes = 4096};
    assert_int_equal(block_client_transfer(client, &io), 0);
    assert_int_equal(disk()->bytes[8191], (uint8_t)(8188 >> 24)); // as before
    assert_int_equal(disk()->bytes[8192], 0xee);
    assert_int_equal(disk()->bytes[8192 + 4095], 0xee);
    io.op = BLOCK_WRITE_ZEROES;
    assert_int_equal(block_client_transfer(client, &io), -E_OPNOTSUPP);
}

static void test_all_slots(void **state)
{
    (void)state;
    submit_many(BLOCK_READ, DEPTH);
    expect_many(DEPTH, NONE, 0);
    expect_data(DEPTH, NONE);
    assert_int_equal(disk()->most_issued, 32);
}

static void test_fewer_slots(void **state)
{
    (void)state;
    fake_kill_driver();
    fake_ahci.capabilities = AHCI_CAP_S64A | AHCI_CAP_SNCQ | 3u << 8 | (FAKE_AHCI_PORTS - 1);
    disk()->most_issued = 0;
    fake_start_driver();
    submit_many(BLOCK_READ, DEPTH);
    expect_many(DEPTH, NONE, 0);
    assert_int_equal(disk()->most_issued, 4);
    fake_kill_driver();
    fake_ahci.capabilities |= 31u << 8;
    disk()->identify[ATA_ID_QUEUE_DEPTH] = 6; // and the disk's own depth
    disk()->most_issued = 0;
    fake_start_driver();
    submit_many(BLOCK_READ, DEPTH);
    expect_many(DEPTH, NONE, 0);
    assert_int_equal(disk()->most_issued, 7);
}

// The fake refuses to have both kinds at once.
static void test_kinds_take_turns(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DEPTH; i++) {
        struct block_io io = block_io_range(BLOCK_WRITE, 4096 + i * 8192, 0, i * 4096, 4096);
        if (i % 5 == 0)
            io = (struct block_io){.op = BLOCK_FLUSH};
        else if (i % 7 == 0)
            io = (struct block_io){.op = BLOCK_DISCARD, .offset = i * 8192, .bytes = 4096};
        if (i % 11 == 0)
            io.flags |= BLOCK_BARRIER;
        assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket[i]), 0);
    }
    expect_many(DEPTH, NONE, 0);
    assert_int_equal(disk()->commands[ATA_FLUSH_CACHE_EXT], 13);
}

static void test_disk_without_queue(void **state)
{
    (void)state;
    submit_many(BLOCK_READ, DEPTH);
    expect_many(DEPTH, NONE, 0);
    expect_data(DEPTH, NONE);
    assert_int_equal(disk()->commands[ATA_READ_FPDMA_QUEUED], 0);
    assert_int_equal(disk()->most_issued, 32);
}

// ---- media errors: that request, and no other ----

static void media_error(void)
{
    enum { BAD = 5 };
    disk()->bad_lba = (4096 + BAD * 8192) / 512 + 3;
    submit_many(BLOCK_READ, DEPTH);
    expect_many(DEPTH, BAD, -E_IO);
    expect_data(DEPTH, BAD);
    submit_many(BLOCK_WRITE, DEPTH);
    expect_many(DEPTH, BAD, -E_IO);
    disk()->bad_lba = UINT64_MAX;
    submit_many(BLOCK_READ, DEPTH);
    expect_many(DEPTH, NONE, 0);
}

static void test_media_error_by_log(void **state)
{
    (void)state;
    media_error();
    assert_true(disk()->commands[ATA_READ_LOG_EXT] > 0);
    assert_int_equal(disk()->commands[ATA_READ_DMA_EXT], 0); // nobody had to be tried alone
    assert_int_equal(disk()->comresets, 0);
}

// Nothing else is in flight, but the disk wants its log to be read all the same.
static void test_media_error_of_a_single_command(void **state)
{
    (void)state;
    disk()->bad_lba = 100;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(transfer(BLOCK_READ, 100 * 512, 512), -E_IO);
        assert_int_equal(transfer(BLOCK_READ, 101 * 512, 512), 0);
        assert_int_equal(disk()->comresets, i); // without log, a reset helps
        disk()->no_error_log = true;
    }
}

static void test_media_error_without_log(void **state)
{
    (void)state;
    disk()->no_error_log = true;
    media_error();
    assert_true(disk()->commands[ATA_READ_DMA_EXT] > 0);
    disk()->no_error_log = false;
    disk()->rotten_error_log = true;
    media_error();
}

static void test_media_error_told_quietly(void **state)
{
    (void)state;
    disk()->quiet_errors = true;
    media_error();
    assert_true(disk()->comresets > 0); // the tag would have stayed
}

// Two bad sectors, and a disk that stumbles over the second when the first is being dealt with.
static void test_media_errors_of_a_disk_that_goes_on(void **state)
{
    (void)state;
    enum { BAD = 5, OTHER = 9 };
    disk()->goes_on = true;
    disk()->no_error_log = true;
    disk()->bad_lba = (4096 + BAD * 8192) / 512;
    disk()->other_bad_lba = (4096 + OTHER * 8192) / 512;
    submit_many(BLOCK_READ, 16);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(block_client_wait_complete(client, ticket[i], DEADLINE_NEVER, NULL),
                         i == BAD || i == OTHER ? -E_IO : 0);
    assert_true(disk()->comresets > 0);
}

// A disk whose last error still shows when it accepts the next commands. The bad one is the last
// that is tried alone.
static void test_media_error_that_still_shows(void **state)
{
    (void)state;
    enum { COUNT = 16, BAD = COUNT - 1 };
    disk()->tells_acceptance = true;
    disk()->no_error_log = true;
    for (unsigned i = 0; i < 4; i++) {
        disk()->quiet_errors = i % 2 != 0;
        disk()->bad_lba = (4096 + BAD * 8192) / 512;
        submit_many(BLOCK_READ, COUNT);
        expect_many(COUNT, BAD, -E_IO);
        disk()->bad_lba = UINT64_MAX;
        assert_int_equal(transfer(BLOCK_READ, 100 * 512, 512), 0);
    }
}

static void test_media_error_without_queue(void **state)
{
    (void)state;
    media_error();
    disk()->quiet_errors = true;
    media_error();
}

static void test_merged_requests_fail_alone(void **state)
{
    (void)state;
    disk()->bad_lba = (4096 + 3 * 4096) / 512;
    for (unsigned i = 0; i < 8; i++) {
        struct block_io io = block_io_range(BLOCK_READ, 4096 + i * 4096, 0, i * 4096, 4096);
        assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket[i]), 0);
    }
    expect_many(8, 3, -E_IO);
}

static void test_short_transfer(void **state)
{
    (void)state;
    disk()->is_short = true;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), -E_IO);
    disk()->is_short = false;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), 0);
}

// ---- controller and link ----

static void test_lost_interrupt(void **state)
{
    (void)state;
    lose_interrupts = true;
    time_ns_t start = fake.now;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), 0);
    assert_true(fake.now - start < 1000000000ull);
    assert_memory_equal(data, disk()->bytes + 4096, 4096);
}

static void test_transport_error(void **state)
{
    (void)state;
    disk()->transport = 2;
    submit_many(BLOCK_READ, DEPTH);
    expect_many(DEPTH, NONE, 0);
    expect_data(DEPTH, NONE);
    assert_int_equal(disk()->comresets, 2);
}

static void test_bad_cable(void **state)
{
    (void)state;
    disk()->transport = UINT32_MAX;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), -E_IO);
    disk()->transport = 0;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), 0);
}

static void test_commands_that_nobody_gave(void **state)
{
    (void)state;
    disk()->foreign = 1u << 30;
    submit_many(BLOCK_READ, 4);
    expect_many(4, NONE, 0);
    expect_data(4, NONE);
    assert_int_equal(disk()->comresets, 1);
}

static void test_silent_disk_is_reset(void **state)
{
    (void)state;
    fake.complaints_refused = true; // the driver is on its own
    disk()->silent = true;          // until the reset
    submit_many(BLOCK_READ, 4);
    expect_many(4, NONE, 0);
    expect_data(4, NONE);
    assert_int_equal(disk()->comresets, 1);
}

static void test_disk_that_takes_long_to_come_back(void **state)
{
    (void)state;
    disk()->transport = 1;
    disk()->busy_reads = 110;
    submit_many(BLOCK_READ, 4);
    expect_many(4, NONE, 0);
    expect_data(4, NONE);
    assert_int_equal(disk()->busy_reads, 0);
    assert_int_equal(disk()->comresets, 1); // it was left in peace
}

static void test_disk_that_stays_busy(void **state)
{
    (void)state;
    fake.complaints_refused = true;
    disk()->transport = 1;
    disk()->busy_reads = UINT32_MAX;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), -E_TIMEDOUT);
}

static void test_takes_over_from_a_dead_driver(void **state)
{
    (void)state;
    disk()->silent = true;
    submit_many(BLOCK_READ, DEPTH);
    fake_run_driver();
    fake_kill_driver();
    fake_start_driver(); // finds the disk in the midst of things
    expect_many(DEPTH, NONE, 0);
    expect_data(DEPTH, NONE);
}

static void test_quiesce(void **state)
{
    (void)state;
    submit_many(BLOCK_READ, 4);
    ahci_quiesce(&hba);
    assert_false(fake_ahci_step()); // nothing runs
    fake_kill_driver();
    fake_start_driver();
    expect_many(4, NONE, 0);
}

// ---- plugging ----

static void test_pulled_out_and_back(void **state)
{
    (void)state;
    disk()->silent = true;
    submit_many(BLOCK_READ, 3);
    fake_run_driver();
    fake_ahci_plug(1, false);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(block_client_wait_complete(client, ticket[i], DEADLINE_NEVER, NULL),
                         -E_IO);
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), -E_IO);
    fake_ahci_plug(1, true);
    fake_run();
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), 0);
}

static void test_another_disk_is_refused(void **state)
{
    (void)state;
    fake_ahci_plug(1, false);
    fake_run();
    fake_disk_create(1, "S2");
    fake_ahci_plug(1, true);
    fake_run();
    assert_int_equal(transfer(BLOCK_WRITE, 4096, 4096), -E_IO);
    assert_int_equal(disk()->commands[ATA_WRITE_FPDMA_QUEUED], 0);
    assert_non_null(strstr(log_text, "another disk"));
}

static void test_plugged_into_an_empty_port(void **state)
{
    (void)state;
    fake_disk_create(3, "S3");
    fake_ahci_plug(3, true);
    fake_run();
    assert_non_null(strstr(log_text, "something is there now"));
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), 0);
}

// ---- CDs ----

static void test_cd(void **state)
{
    (void)state;
    const struct block_info *info = block_client_info(client);
    assert_int_equal(info->capacity, FAKE_DISK_BYTES);
    assert_int_equal(info->block_bytes, 2048);
    assert_int_equal(info->features, BLOCK_READ_ONLY | BLOCK_REMOVABLE);
    assert_int_equal(transfer(BLOCK_READ, 4096, 65536), 0);
    assert_memory_equal(data, fake_ahci.disk[0].bytes + 4096, 65536);
    assert_int_equal(transfer(BLOCK_WRITE, 4096, 4096), -E_ROFS);
    assert_int_equal(block_client_flush(client), 0); // nothing to flush
    fake_ahci.disk[0].attention = true;              // worth a second try
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), 0);
    fake_ahci.disk[0].bad_lba = 7;
    assert_int_equal(transfer(BLOCK_READ, 7 * 2048, 2048), -E_IO);
    assert_int_equal(transfer(BLOCK_READ, 8 * 2048, 2048), 0);
    fake_ahci.disk[0].medium = false;
    assert_int_equal(transfer(BLOCK_READ, 8 * 2048, 2048), -E_IO);
}

static void test_cd_without_medium(void **state)
{
    (void)state;
    fake_cd_create(0, false);
    open_client();
    assert_int_equal(block_client_info(client)->capacity, 0);
    assert_int_equal(transfer(BLOCK_READ, 0, 2048), -E_NXIO);
    tear_down(state);
}

// ---- what cannot be driven ----

static void expect_units(unsigned units)
{
    block_server_init(NULL);
    assert_int_equal(start_driver(), 0);
    assert_int_equal(hba.units, units);
    for (unsigned i = 0; i < block_server.units; i++)
        free(block_server.unit[i]);
}

static void test_ports_that_are_not_served(void **state)
{
    (void)state;
    static const struct fake_hooks hooks = {.boot = boot, .step = step};
    fake_disk_create(0, "S0");
    fake_start(&hooks);
    fake_kill_driver();
    fake_ahci.disk[0].signature = AHCI_SIG_PM;
    expect_units(0);
    assert_non_null(strstr(log_text, "port multiplier"));
    fake_ahci.disk[0].signature = AHCI_SIG_SEMB;
    expect_units(0);
    fake_ahci.disk[0].signature = 0;
    expect_units(0);
    fake_ahci.disk[0].signature = AHCI_SIG_ATA;
    expect_units(1);
    fake_ahci.disk[0].identify[ATA_ID_LBA48] = 0; // no sectors
    expect_units(0);
    fake_disk_create(2, "S2"); // its neighbour is served all the same
    expect_units(1);
    fake_ahci.disk[2].silent = true; // its reset ends that
    expect_units(1);
    fake_ahci.disk[2].busy_reads = UINT32_MAX;
    expect_units(0);
    fake_stop();
}

static void test_controllers_that_cannot_be_driven(void **state)
{
    (void)state;
    static const struct fake_hooks hooks = {.boot = boot, .step = step};
    struct ahci_config config = {
        .registers = fake_ahci_registers(), .bytes = 0x100, .name_unit = name_unit};
    fake_start(&hooks);
    fake_kill_driver();
    forget_driver();
    assert_int_equal(ahci_init(&hba, &config), -E_NODEV); // no room for a port
    fake_ahci.gone = true;
    assert_int_equal(start_driver(), -E_NODEV);
    fake_ahci.gone = false;
    fake_ahci.no_reset = true;
    assert_int_equal(start_driver(), -E_TIMEDOUT);
    fake_ahci.no_reset = false;
    fake_ahci.firmware = true; // loses it all the same
    fake_ahci.handoff = AHCI_BOHC_BOS | AHCI_BOHC_BB;
    fake_ahci.implemented = UINT32_MAX; // of which the registers have four
    fake_disk_create(0, "S0");
    expect_units(1);
    fake_ahci.disk[0].smart_bad = true;
    expect_units(1);
    assert_non_null(strstr(log_text, "about to fail"));
    fake_stop();
}

static void test_engine_that_does_not_stop(void **state)
{
    (void)state;
    disk()->stuck_engine = true;
    assert_int_equal(port_reset(hba.port[1]), -E_TIMEDOUT);
    disk()->stuck_engine = false;
    fake_kill_driver();
    fake_start_driver(); // the controller's reset helps
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), 0);
}

static void test_memory_beyond_a_narrow_controller(void **state)
{
    (void)state;
    fake_kill_driver();
    fake_ahci.capabilities &= ~AHCI_CAP_S64A;
    fake_start_driver();
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), -E_FAULT); // host memory is up there
}

// ---- at random ----

static uint32_t random_below(uint32_t end)
{
    static uint64_t seed = 1;
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % end;
}

static void misbehave(void)
{
    disk()->quiet_errors = random_below(4) == 0;
    disk()->goes_on = random_below(4) == 0;
    disk()->tells_acceptance = random_below(2) == 0;
    disk()->no_error_log = disk()->goes_on || random_below(4) == 0;
    disk()->bad_lba = random_below(2) == 0 ? random_below(FAKE_SECTORS) : UINT64_MAX;
    if (random_below(8) == 0)
        disk()->transport = 1;
    if (random_below(8) == 0)
        disk()->foreign = 1u << random_below(32);
    if (random_below(16) == 0)
        disk()->silent = true;
}

static struct block_io random_io(unsigned slot)
{
    uint32_t sectors = 1 + random_below(16);
    uint64_t lba = FIRST_LBA + random_below(FAKE_SECTORS - FIRST_LBA - sectors);
    switch (random_below(8)) {
    case 0:
        return (struct block_io){.op = BLOCK_FLUSH};
    case 1:
        return block_io_range(BLOCK_WRITE, lba * 512, 0, slot * 8192, sectors * 512);
    default:
        return block_io_range(BLOCK_READ, lba * 512, 0, slot * 8192, sectors * 512);
    }
}

static bool meets_bad_sector(const struct block_io *io)
{
    return io->op != BLOCK_FLUSH && disk()->bad_lba * 512 >= io->offset &&
           disk()->bad_lba * 512 < io->offset + io->bytes;
}

// Exactly the requests that meet the bad sector fail, whatever else happens.
static void test_at_random(void **state)
{
    (void)state;
    enum { ROUNDS = 400 };
    struct block_io io[DEPTH];
    fake.complaints_refused = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned count = 1 + random_below(DEPTH);
        misbehave();
        for (unsigned i = 0; i < count; i++) {
            io[i] = random_io(i);
            assert_int_equal(block_client_submit(client, &io[i], NULL, NULL, &ticket[i]), 0);
        }
        for (unsigned i = 0; i < count; i++)
            assert_int_equal(block_client_wait_complete(client, ticket[i], DEADLINE_NEVER, NULL),
                             meets_bad_sector(&io[i]) ? -E_IO : 0);
        check_ports();
    }
}

#define TEST(name)       cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_PLAIN(name) cmocka_unit_test_setup_teardown(name, set_up_plain, tear_down)
#define TEST_ALONE(name) cmocka_unit_test_setup_teardown(name, prepare, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_info),
        TEST(test_read_write_flush),
        TEST(test_trim),
        TEST(test_all_slots),
        TEST(test_fewer_slots),
        TEST(test_kinds_take_turns),
        TEST_PLAIN(test_disk_without_queue),
        TEST(test_media_error_by_log),
        TEST(test_media_error_of_a_single_command),
        TEST(test_media_error_without_log),
        TEST(test_media_error_told_quietly),
        TEST(test_media_errors_of_a_disk_that_goes_on),
        TEST(test_media_error_that_still_shows),
        TEST_PLAIN(test_media_error_without_queue),
        TEST(test_merged_requests_fail_alone),
        TEST_PLAIN(test_short_transfer),
        TEST(test_lost_interrupt),
        TEST(test_transport_error),
        TEST(test_bad_cable),
        TEST(test_commands_that_nobody_gave),
        TEST(test_silent_disk_is_reset),
        TEST(test_disk_that_takes_long_to_come_back),
        TEST(test_disk_that_stays_busy),
        TEST(test_takes_over_from_a_dead_driver),
        TEST(test_quiesce),
        TEST(test_pulled_out_and_back),
        TEST(test_another_disk_is_refused),
        TEST(test_plugged_into_an_empty_port),
        cmocka_unit_test_setup_teardown(test_cd, set_up_cd, tear_down),
        cmocka_unit_test_setup_teardown(test_cd_without_medium, prepare, NULL),
        TEST_ALONE(test_ports_that_are_not_served),
        TEST_ALONE(test_controllers_that_cannot_be_driven),
        TEST(test_engine_that_does_not_stop),
        TEST(test_memory_beyond_a_narrow_controller),
        TEST(test_at_random),
        TEST_PLAIN(test_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
