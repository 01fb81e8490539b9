// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the kernel reads from a device tree: trees written here, good and bad, and good ones cut off
// and mutated. Each is read in a block of exactly its size, so that the sanitizer sees a step
// beyond.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/arch/aarch64/board.h"

enum {
    BLOCK_BYTES = 16384,
    HEADER_BYTES = 40,
    RESERVATIONS = 48,
    MUTATIONS = 40000,
};

uint64_t host_arena;
unsigned host_cpu;

// ---- a writer of trees (Devicetree Specification 0.4, chapter 5) ----

static struct {
    uint8_t structure[BLOCK_BYTES], strings[BLOCK_BYTES];
    size_t structure_bytes, strings_bytes;
} writer;
static uint8_t tree[3 * BLOCK_BYTES];
static size_t tree_bytes;

static void put32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static void word(uint32_t value)
{
    put32(writer.structure + writer.structure_bytes, value);
    writer.structure_bytes += 4;
}

static void bytes(const void *data, size_t count)
{
    memcpy(writer.structure + writer.structure_bytes, data, count);
    writer.structure_bytes += (count + 3) & ~(size_t)3;
}

static void node(const char *name)
{
    word(1);
    bytes(name, strlen(name) + 1);
}

static void end_node(void)
{
    word(2);
}

static void property(const char *name, const void *data, size_t count)
{
    word(3);
    word((uint32_t)count);
    word((uint32_t)writer.strings_bytes);
    bytes(data, count);
    memcpy(writer.strings + writer.strings_bytes, name, strlen(name) + 1);
    writer.strings_bytes += strlen(name) + 1;
}

static void text(const char *name, const char *value)
{
    property(name, value, strlen(value) + 1);
}

static void cells(const char *name, unsigned count, const uint32_t *values)
{
    uint8_t data[64];
    for (unsigned i = 0; i < count; i++) {
        put32(data + 4 * i, values[i]);
    }
    property(name, data, 4 * count);
}

#define CELLS(name, ...)                                                    \
    cells(name, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), \
          (const uint32_t[]){__VA_ARGS__})

static void begin_tree(void)
{
    memset(&writer, 0, sizeof(writer));
    node("");
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
}

// `reserved`: one entry of the list of reservations.
static void end_tree(uint64_t reserved, uint64_t reserved_bytes)
{
    end_node();
    word(9);
    size_t structure = RESERVATIONS + 32;
    size_t strings = structure + writer.structure_bytes;
    tree_bytes = strings + writer.strings_bytes;
    memset(tree, 0, sizeof(tree));
    const uint32_t header[] = {0xd00dfeed,
                               (uint32_t)tree_bytes,
                               (uint32_t)structure,
                               (uint32_t)strings,
                               RESERVATIONS,
                               17,
                               16,
                               0,
                               (uint32_t)writer.strings_bytes,
                               (uint32_t)writer.structure_bytes};
    for (unsigned i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
        put32(tree + 4 * i, header[i]);
    }
    put32(tree + RESERVATIONS, (uint32_t)(reserved >> 32));
    put32(tree + RESERVATIONS + 4, (uint32_t)reserved);
    put32(tree + RESERVATIONS + 8, (uint32_t)(reserved_bytes >> 32));
    put32(tree + RESERVATIONS + 12, (uint32_t)reserved_bytes);
    memcpy(tree + structure, writer.structure, writer.structure_bytes);
    memcpy(tree + strings, writer.strings, writer.strings_bytes);
}

// ---- a board as `virt` is, in parts ----

static void add_memory(uint32_t base, uint32_t count)
{
    node("memory@40000000");
    text("device_type", "memory");
    CELLS("reg", 0, base, 0, count);
    end_node();
}

static void add_cpus(unsigned count)
{
    node("cpus");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 0);
    for (uint32_t i = 0; i < count; i++) {
        node("cpu@0");
        text("device_type", "cpu");
        CELLS("reg", i);
        end_node();
    }
    end_node();
}

static void add_gic2(void)
{
    node("intc@8000000");
    text("compatible", "arm,cortex-a15-gic");
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    CELLS("reg", 0, 0x08000000, 0, 0x10000, 0, 0x08010000, 0, 0x10000);
    node("v2m@8020000");
    text("compatible", "arm,gic-v2m-frame");
    CELLS("reg", 0, 0x08020000, 0, 0x1000);
    end_node();
    end_node();
}

static void add_gic3(void)
{
    node("intc@8000000");
    text("compatible", "arm,gic-v3");
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    CELLS("reg", 0, 0x08000000, 0, 0x10000, 0, 0x080a0000, 0, 0xf60000);
    node("its@8080000");
    text("compatible", "arm,gic-v3-its");
    CELLS("reg", 0, 0x08080000, 0, 0x20000);
    end_node();
    end_node();
}

static void add_timer(void)
{
    node("timer");
    property("compatible", "arm,armv8-timer\0arm,armv7-timer", 32);
    CELLS("interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
    end_node();
}

static void add_smmu(uint32_t base, uint32_t phandle)
{
    node("smmuv3@9050000");
    text("compatible", "arm,smmu-v3");
    CELLS("reg", 0, base, 0, 0x20000);
    CELLS("interrupts", 0, 74, 1, 0, 75, 1, 0, 76, 1, 0, 77, 1);
    property("interrupt-names", "eventq\0priq\0cmdq-sync\0gerror", 29);
    CELLS("phandle", phandle);
    end_node();
}

// `count` cells of the map are there; 0: no map.
static void add_pci(unsigned count, const uint32_t *iommu_map)
{
    node("pcie@10000000"); // three cells of address below it
    text("compatible", "pci-host-ecam-generic");
    CELLS("#address-cells", 3);
    CELLS("#size-cells", 2);
    if (count > 0) {
        cells("iommu-map", count, iommu_map);
    }
    end_node();
}

static void add_others(void)
{
    node("psci");
    property("compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
    text("method", "hvc");
    end_node();
    node("pl011@9000000");
    property("compatible", "arm,pl011\0arm,primecell", 24);
    CELLS("reg", 0, 0x09000000, 0, 0x1000);
    end_node();
    node("chosen");
    text("bootargs", "console=ttyAMA0");
    CELLS("linux,initrd-start", 0x44000000);
    CELLS("linux,initrd-end", 0, 0x44100000);
    end_node();
}

enum { SMMU = 0x8004 }; // its phandle

static const uint32_t iommu_map[] = {0, SMMU, 0, 0x10000};

static void add_board(unsigned gic, unsigned cpus, uint32_t ram)
{
    add_memory(0x40000000, ram);
    add_cpus(cpus);
    gic == 2 ? add_gic2() : add_gic3();
    add_timer();
    add_others();
}

static void make_board(unsigned gic, unsigned cpus, uint32_t ram)
{
    begin_tree();
    add_board(gic, cpus, ram);
    add_smmu(0x09050000, SMMU);
    add_pci(4, iommu_map);
    end_tree(0x4f000000, 0x1000);
}

static struct board board;

static const char *read_copy(const uint8_t *from, size_t count)
{
    static uint8_t *last; // the result points into it
    free(last);
    last = malloc(count != 0 ? count : 1);
    memcpy(last, from, count);
    return board_read(&board, last, count);
}

static void expect_wrong(const char *part)
{
    const char *wrong = read_copy(tree, tree_bytes);
    assert_non_null(wrong);
    assert_null(strchr(wrong, '\n'));
    if (strstr(wrong, part) == NULL) {
        fail_msg("\"%s\" instead of \"%s\"", wrong, part);
    }
}

// ---- good trees ----

static void test_gicv2(void **state)
{
    (void)state;
    make_board(2, 4, 256u << 20);
    assert_null(read_copy(tree, tree_bytes));
    assert_int_equal(board.memory_count, 1);
    assert_true(board.memory[0].base == 0x40000000 && board.memory[0].bytes == 256u << 20);
    assert_true(board.reserved_count == 1 && board.reserved[0].base == 0x4f000000);
    assert_true(board.cpu_count == 4 && board.cpu_id[3] == 3);
    assert_int_equal(board.psci, PSCI_HVC);
    assert_int_equal(board.gic_version, 2);
    assert_true(board.gic_distributor.base == 0x08000000 && board.gic_cpu.base == 0x08010000);
    assert_true(board.gic_v2m == 0x08020000 && board.gic_its == 0);
    assert_int_equal(board.timer, 16 + 11);
    assert_true(board.uart == 0x09000000);
    assert_true(board.smmu == 0x09050000);
    assert_true(board.smmu_events == 32 + 74 && board.smmu_errors == 32 + 77);
    assert_string_equal(board.command_line, "console=ttyAMA0");
    assert_true(board.initrd == 0x44000000 && board.initrd_bytes == 0x100000);
}

static void test_gicv3_64_megabytes(void **state)
{
    (void)state;
    make_board(3, 1, 64u << 20);
    assert_null(read_copy(tree, tree_bytes));
    assert_true(board.memory[0].bytes == 64u << 20);
    assert_int_equal(board.gic_version, 3);
    assert_int_equal(board.gic_redistributor_count, 1);
    assert_true(board.gic_redistributor[0].base == 0x080a0000);
    assert_true(board.gic_its == 0x08080000 && board.gic_v2m == 0);
}

static void test_more_cpus_than_the_kernel_has(void **state)
{
    (void)state;
    make_board(3, CPU_MAX + 3, 64u << 20);
    assert_null(read_copy(tree, tree_bytes));
    assert_int_equal(board.cpu_count, CPU_MAX);
}

static void test_memory_in_any_order(void **state)
{
    (void)state;
    begin_tree();
    add_memory(0x80000000, 0x1000000);
    add_memory(0x40000000, 0x1000000);
    add_memory(0x60000000, 0); // empty: none
    add_cpus(1);
    add_gic3();
    add_timer();
    end_tree(0, 0);
    assert_null(read_copy(tree, tree_bytes));
    assert_int_equal(board.memory_count, 2);
    assert_true(board.memory[0].base == 0x40000000 && board.memory[1].base == 0x80000000);
    assert_true(board.command_line == NULL && board.initrd_bytes == 0 && board.uart == 0);
}

static void test_no_smmu(void **state)
{
    (void)state;
    begin_tree();
    add_board(3, 1, 64u << 20);
    add_pci(0, NULL);
    end_tree(0, 0);
    assert_null(read_copy(tree, tree_bytes));
    assert_true(board.smmu == 0);
}

// ---- bad trees ----

static void test_devices_that_the_smmu_does_not_see(void **state)
{
    (void)state;
    static const struct {
        unsigned cells;
        uint32_t map[8];
    } maps[] = {
        {3, {0, SMMU, 0}},                              // cut off
        {4, {0, SMMU, 0, 0x8000}},                      // half of the functions
        {4, {0, SMMU, 0, 0xffffffff}},                  // more than there are
        {4, {0, SMMU, 0x100, 0x10000}},                 // others' stream ids
        {4, {0x100, SMMU, 0, 0x10000}},                 // not the first bus
        {8, {0, SMMU, 0, 8, 8, SMMU, 8, 0xfff8}},       // in parts
        {8, {0, SMMU, 0, 0x10000, 0, SMMU, 0, 0x10000}} // twice
    };
    for (unsigned i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        begin_tree();
        add_board(3, 1, 64u << 20);
        add_pci(maps[i].cells, maps[i].map);
        add_smmu(0x09050000, SMMU);
        end_tree(0, 0);
        expect_wrong("its iommu-map does not name all PCI functions");
    }
    static const struct {
        uint32_t smmu; // 0: none
        unsigned cells;
    } names[] = {{SMMU + 1, 4}, {0, 4}, {SMMU, 0}};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        begin_tree();
        add_board(3, 1, 64u << 20);
        if (names[i].smmu != 0) {
            add_smmu(0x09050000, names[i].smmu);
        }
        add_pci(names[i].cells, iommu_map);
        end_tree(0, 0);
        expect_wrong("its iommu-map does not name its SMMUv3");
    }
}

static void test_bad_smmus(void **state)
{
    (void)state;
    static const uint32_t bases[][2] = {{0x09050800, 0}, {0x09050000, 0x09080000}};
    for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        begin_tree();
        add_board(3, 1, 64u << 20);
        add_smmu(bases[i][0], SMMU);
        if (bases[i][1] != 0) {
            add_smmu(bases[i][1], SMMU);
        }
        add_pci(4, iommu_map);
        end_tree(0, 0);
        expect_wrong("two SMMUs, or one without registers");
    }
}

static void test_parts_missing(void **state)
{
    (void)state;
    static const char *const wrong[] = {"no memory", "no CPU", "no GIC", "no virtual timer"};
    for (unsigned missing = 0; missing < 4; missing++) {
        begin_tree();
        if (missing != 0) {
            add_memory(0x40000000, 64u << 20);
        }
        add_cpus(missing != 1);
        if (missing != 2) {
            add_gic2();
        }
        if (missing != 3) {
            add_timer();
        }
        add_others();
        end_tree(0, 0);
        expect_wrong(wrong[missing]);
    }
}

static void test_overlapping_memory(void **state)
{
    (void)state;
    static const uint32_t second[] = {0x40fff000, 0x40000000, 0x3f800000};
    for (unsigned i = 0; i < 3; i++) {
        begin_tree();
        add_memory(0x40000000, 0x1000000);
        add_memory(second[i], 0x1000000);
        add_cpus(1);
        add_gic2();
        add_timer();
        end_tree(0, 0);
        expect_wrong("overlap");
    }
}

static void test_too_many_of_everything(void **state)
{
    (void)state;
    begin_tree();
    for (uint32_t i = 0; i <= BOARD_MEMORY_MAX; i++) {
        add_memory(0x40000000 + i * 0x1000000, 0x1000000);
    }
    end_tree(0, 0);
    expect_wrong("too many memory ranges");

    begin_tree();
    node("reserved-memory");
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    for (uint32_t i = 0; i <= BOARD_RESERVED_MAX; i++) {
        node("r");
        CELLS("reg", 0, i << 20, 0, 0x1000);
        end_node();
    }
    end_node();
    end_tree(0, 0);
    expect_wrong("reserves too many");

    begin_tree();
    for (unsigned i = 0; i < 20; i++) {
        node("n");
    }
    end_tree(0, 0);
    expect_wrong("nested too deeply");
}

static void test_headers(void **state)
{
    (void)state;
    static const struct {
        unsigned at;
        uint32_t value;
        const char *wrong;
    } patches[] = {
        {0, 0xfeedd00d, "no header"}, {4, 39, "no header"},        {4, 0xffffffff, "no header"},
        {4, 0x100000, "cut off"},     {20, 16, "version"},         {24, 18, "version"},
        {8, 0xfffffff0, "outside"},   {36, 0xffffffff, "outside"}, {12, 0xffffffff, "outside"},
        {32, 0xffffffff, "outside"},  {32, 0, "no end"},           {16, 0xfffffff8, "reservations"},
    };
    for (unsigned i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
        make_board(2, 1, 64u << 20);
        put32(tree + patches[i].at, patches[i].value);
        expect_wrong(patches[i].wrong);
    }
    assert_non_null(read_copy(tree, 0));
    begin_tree();
    end_tree(~0ull - 0xfff, 0x2000);
    expect_wrong("a reservation wraps");
}

static void test_cut_off_anywhere(void **state)
{
    (void)state;
    make_board(3, 8, 256u << 20);
    for (size_t count = 0; count < tree_bytes; count++) {
        assert_non_null(read_copy(tree, count));
        if (count >= HEADER_BYTES) { // the header agrees, the blocks do not
            put32(tree + 4, (uint32_t)count);
            assert_non_null(read_copy(tree, count));
            put32(tree + 4, (uint32_t)tree_bytes);
        }
    }
}

// ---- any tree ----

static void assert_sound(void)
{
    assert_in_range(board.memory_count, 1, BOARD_MEMORY_MAX);
    for (unsigned i = 0; i < board.memory_count; i++) {
        const struct boot_memory_range *range = &board.memory[i];
        assert_true(range->bytes != 0 && range->bytes <= ~range->base);
        assert_true(i == 0 || range[-1].base + range[-1].bytes <= range->base);
    }
    assert_true(board.reserved_count <= BOARD_RESERVED_MAX);
    assert_in_range(board.cpu_count, 1, CPU_MAX);
    assert_in_range(board.gic_version, 2, 3);
    assert_in_range(board.timer, 16, 31);
    assert_true(board.smmu == 0 || board.smmu_phandle == board.pci_iommu);
    assert_true(board.gic_redistributor_count <= BOARD_REGION_MAX);
    if (board.command_line != NULL) {
        (void)strlen(board.command_line); // ends inside the tree
    }
}

static void test_mutations(void **state)
{
    (void)state;
    static uint8_t copy[sizeof(tree)];
    uint64_t seed = 1;
    unsigned good = 0;
    for (unsigned round = 0; round < MUTATIONS; round++) {
        if (round % (MUTATIONS / 2) == 0) {
            make_board(round == 0 ? 2 : 3, 2, 256u << 20);
        }
        memcpy(copy, tree, tree_bytes);
        for (unsigned i = 0; i <= round % 8; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            size_t at = (seed >> 33) % tree_bytes;
            if (round % 3 == 0) {
                put32(copy + (at & ~(size_t)3), (uint32_t)(seed >> 20) % 24);
            } else {
                copy[at] = (uint8_t)(seed >> 24);
            }
        }
        const char *wrong = read_copy(copy, tree_bytes);
        if (wrong == NULL) {
            assert_sound();
            good++;
        } else {
            assert_null(strchr(wrong, '\n'));
        }
    }
    assert_in_range(good, MUTATIONS / 100, MUTATIONS - MUTATIONS / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gicv2),
        cmocka_unit_test(test_gicv3_64_megabytes),
        cmocka_unit_test(test_more_cpus_than_the_kernel_has),
        cmocka_unit_test(test_memory_in_any_order),
        cmocka_unit_test(test_no_smmu),
        cmocka_unit_test(test_devices_that_the_smmu_does_not_see),
        cmocka_unit_test(test_bad_smmus),
        cmocka_unit_test(test_parts_missing),
        cmocka_unit_test(test_overlapping_memory),
        cmocka_unit_test(test_too_many_of_everything),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_cut_off_anywhere),
        cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
