// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Unit tests of reading a board's device tree: QEMU's own trees of `virt` (made by QEMU when the
// test starts), and these cut off, mutated and patched. Without QEMU the test fails: it must not
// pass for lack of a tree.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/error.h"
#include "servers/devmgr/dtb.h"

enum { TREE_BYTES_MAX = 1 << 20, MUTATIONS = 3000 };

static _Alignas(8) uint8_t tree[TREE_BYTES_MAX];
static size_t tree_bytes; // of the whole blob
static char faults[4096];
static unsigned fault_lines;
static struct dtb_board board;

static void report(void *context, const char *text)
{
    (void)context;
    fault_lines++;
    assert_null(strchr(text, '\n'));
    snprintf(faults, sizeof(faults), "%s", text); // the last one
}

static const struct dtb_reporter reporter = {.report = report};

static int read_board(const void *blob, size_t bytes)
{
    fault_lines = 0;
    faults[0] = '\0';
    return dtb_read(blob, bytes, &board, &reporter);
}

static uint32_t load(size_t at)
{
    return (uint32_t)tree[at] << 24 | (uint32_t)tree[at + 1] << 16 | (uint32_t)tree[at + 2] << 8 |
           tree[at + 3];
}

static void store(size_t at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        tree[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

// QEMU pads the blob to a mebibyte: what is behind the blocks is cut off and the header told so.
static void make_tree(const char *options)
{
    char path[] = "/tmp/dtb_test.XXXXXX", command[256];
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    snprintf(command, sizeof(command),
             "timeout 60 qemu-system-aarch64 -M virt,dumpdtb=%s%s -nodefaults -display none "
             "2>/dev/null",
             path, options);
    assert_int_equal(system(command), 0);
    close(descriptor); // QEMU puts another file in its place
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(fread(tree, 1, sizeof(tree), file) > 40);
    fclose(file);
    remove(path);
    size_t structure_end = load(8) + load(36), strings_end = load(12) + load(32);
    tree_bytes = structure_end > strings_end ? structure_end : strings_end;
    store(4, (uint32_t)tree_bytes);
}

static const struct platform_device *find_device(const char *name)
{
    for (uint32_t i = 0; i < board.platform.devices; i++)
        if (strcmp(board.platform.device[i].names, name) == 0)
            return &board.platform.device[i];
    return NULL;
}

static void test_virt_gicv2(void **state)
{
    (void)state;
    make_tree(",gic-version=2 -m 256 -smp 4");
    assert_int_equal(read_board(tree, tree_bytes), 0);
    assert_int_equal(fault_lines, 0);
    assert_int_equal(board.gic_version, 2);
    assert_int_equal(board.memories, 1);
    assert_true(board.memory[0].base == 0x40000000 && board.memory[0].bytes == 256 << 20);
    assert_int_equal(board.slots, 32);
    assert_true(board.slot[0].base == 0x0a000000 && board.slot[0].bytes == 0x200);
    assert_true(board.slot[0].line == 32 + 16 && !board.slot[0].level);
    const struct platform_device *uart = find_device("arm,pl011");
    assert_non_null(uart);
    assert_true(uart->memory[0].base == 0x09000000 && uart->memory[0].bytes == 0x1000);
    assert_true(uart->irqs == 1 && uart->irq[0].line == 33 && uart->irq[0].level);
    assert_string_equal(uart->where, "mmio 09000000");
    assert_string_equal(uart->names + sizeof("arm,pl011"), "arm,primecell");
    assert_non_null(find_device("arm,pl031"));
    assert_non_null(find_device("arm,pl061"));
    assert_non_null(find_device("qemu,fw-cfg-mmio"));
    assert_true(board.power_key.present && board.power_key.gpio == 0x09030000);
    assert_int_equal(board.power_key.line, 3);
}

static void test_virt_pci(void **state)
{
    (void)state;
    make_tree(",gic-version=2 -m 256");
    assert_int_equal(read_board(tree, tree_bytes), 0);
    const struct dtb_pci *pci = &board.pci;
    assert_true(pci->present && pci->msi == DTB_MSI_V2M);
    assert_true(pci->ecam.base == 0x4010000000 && pci->ecam.bus_end == 255);
    assert_true(pci->windows.space[PCI_SPACE_MEMORY32].start == 0x10000000);
    assert_true(pci->windows.space[PCI_SPACE_MEMORY32].end == 0x3eff0000);
    assert_true(pci->windows.space[PCI_SPACE_MEMORY64].start == 0x8000000000);
    assert_true(pci->windows.space[PCI_SPACE_IO].end == 0x10000 && pci->io_base == 0x3eff0000);
    for (unsigned device = 0; device < 32; device++) {
        for (unsigned pin = 1; pin <= 4; pin++) {
            const struct platform_irq *irq = dtb_pci_route(pci, PCI_ADDRESS(0, device, 0), pin);
            assert_non_null(irq);
            assert_int_equal(irq->line, 32 + 3 + (device + pin - 1) % 4);
            assert_true(irq->level);
        }
    }
    assert_null(dtb_pci_route(pci, PCI_ADDRESS(0, 1, 0), 5));
}

static void test_virt_gicv3(void **state)
{
    (void)state;
    make_tree(",gic-version=3 -m 64");
    assert_int_equal(read_board(tree, tree_bytes), 0);
    assert_int_equal(fault_lines, 0);
    assert_int_equal(board.gic_version, 3);
    assert_int_equal(board.pci.msi, DTB_MSI_ITS);
    assert_int_equal(board.slots, 32);
}

static void test_cut_off_anywhere(void **state)
{
    (void)state;
    make_tree(",gic-version=2 -m 256");
    for (size_t bytes = 0; bytes < tree_bytes; bytes += bytes < 64 ? 1 : 97) {
        uint8_t *copy = malloc(bytes + 1); // so that the sanitizer sees a byte beyond
        memcpy(copy, tree, bytes);
        assert_int_equal(read_board(copy, bytes), -E_BADMSG);
        assert_int_equal(fault_lines, 1);
        if (bytes > 8) { // the header agrees, the structure does not
            copy[4] = (uint8_t)(bytes >> 24);
            copy[5] = (uint8_t)(bytes >> 16);
            copy[6] = (uint8_t)(bytes >> 8);
            copy[7] = (uint8_t)bytes;
            assert_int_equal(read_board(copy, bytes), -E_BADMSG);
        }
        free(copy);
    }
}

static void test_mutations(void **state)
{
    (void)state;
    make_tree(",gic-version=3 -m 256");
    uint64_t seed = 1;
    uint8_t *copy = malloc(tree_bytes);
    for (unsigned round = 0; round < MUTATIONS; round++) {
        memcpy(copy, tree, tree_bytes);
        for (unsigned i = 0; i <= round % 16; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            size_t at = (seed >> 33) % tree_bytes;
            copy[round % 3 == 0 ? at & ~(size_t)3 : at] = (uint8_t)(seed >> 24);
        }
        int status = read_board(copy, tree_bytes);
        assert_true(status == 0 || status == -E_BADMSG || status == -E_NODEV);
        assert_true(status == 0 || fault_lines > 0);
        for (unsigned pin = 0; pin < 8; pin++)
            (void)dtb_pci_route(&board.pci, (pci_address_t)(seed >> 40), pin);
    }
    free(copy);
}

// Replaces every occurrence of a text by another of the same length.
static void patch(const char *from, const char *to)
{
    size_t bytes = strlen(from);
    assert_int_equal(strlen(to), bytes);
    for (size_t at = 0; at + bytes <= tree_bytes; at++)
        if (memcmp(tree + at, from, bytes) == 0)
            memcpy(tree + at, to, bytes);
}

static void test_no_gic(void **state)
{
    (void)state;
    make_tree(",gic-version=3 -m 256");
    patch("arm,gic-v3", "arm,gic-v9");
    assert_int_equal(read_board(tree, tree_bytes), -E_NODEV);
    assert_int_equal(fault_lines, 1);
    assert_non_null(strstr(faults, "no interrupt controller"));
}

static void test_overlapping_memory(void **state)
{
    (void)state;
    make_tree(",gic-version=2 -m 256 -object memory-backend-ram,id=a,size=128M "
              "-object memory-backend-ram,id=b,size=128M -numa node,memdev=a "
              "-numa node,memdev=b");
    assert_int_equal(read_board(tree, tree_bytes), 0);
    assert_int_equal(board.memories, 2);
    static const uint8_t second[] = {0, 0, 0, 0, 0x48, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0};
    for (size_t at = 0; at + sizeof(second) <= tree_bytes; at += 4)
        if (memcmp(tree + at, second, sizeof(second)) == 0)
            tree[at + 4] = 0x47;
    assert_int_equal(read_board(tree, tree_bytes), 0);
    assert_int_equal(fault_lines, 1);
    assert_non_null(strstr(faults, "overlaps other memory"));
    assert_int_equal(board.memories, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_virt_gicv2),         cmocka_unit_test(test_virt_pci),
        cmocka_unit_test(test_virt_gicv3),         cmocka_unit_test(test_cut_off_anywhere),
        cmocka_unit_test(test_mutations),          cmocka_unit_test(test_no_gic),
        cmocka_unit_test(test_overlapping_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
