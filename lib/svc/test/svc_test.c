// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Manifests: every key, every kind of error with its line, graphs, matching, and random text.

#include "abi/error.h"
#include "abi/log.h"
#include "abi/syscall.h"
#include "lib/svc/svc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char reports[8192];
static unsigned report_count;

static void report(void *context, const char *file, unsigned line, const char *text)
{
    (void)context;
    size_t used = strlen(reports);
    snprintf(reports + used, sizeof(reports) - used, "%s:%u: %s\n", file, line, text);
    report_count++;
}

static const struct svc_reporter reporter = {.report = report};

static int setup(void **state)
{
    (void)state;
    reports[0] = 0;
    report_count = 0;
    return 0;
}

static struct svc_manifest manifest;

static int parse(const char *text)
{
    setup(NULL);
    // exactly as long as the text: the sanitizer sees any access beyond
    size_t bytes = strlen(text);
    char *copy = malloc(bytes ? bytes : 1);
    memcpy(copy, text, bytes);
    int status = svc_parse("t.svc", copy, bytes, &manifest, &reporter);
    free(copy);
    assert_int_equal(status<0, report_count> 0);
    assert_int_equal(status < 0, manifest.broken);
    return status;
}

static void test_all_keys(void **state)
{
    (void)state;
    assert_int_equal(
        parse("# a driver\n"
              "name = virtio_blk\n"
              "description = virtio disks # with a comment\n"
              "binary=vblk\r\n"
              "  arguments =  -v   --depth 128  \n"
              "class = block\n"
              "per = device\n"
              "units = sd@, sr%\n"
              "start = demand\n"
              "ready = start\n"
              "priority = driver\n"
              "log_level = debug\n"
              "\n"
              "match = pci 1af4:1042\n"
              "match = pci 1AF4:* class 01:06:*\nmatch=virtio 2\nmatch = dtb virtio,mmio\n"
              "match = isa uart16550\n"
              "grants = bars, irqs\n"
              "grants = dma\n"
              "shares = initrd\n"
              "dma_limit = 4G\n"
              "checkpoint = 64K\n"
              "resource = root\n"
              "resource = ports 0x3f8 8\nresource = mmio 0xfed00000 4K\nresource = irq 4\n"
              "permission = control 0, power 31\n"
              "uses = log, devmgr(block power), class:char\n"
              "needs = log, devmgr\n"
              "restart_with = devmgr, ext4\n"
              "starts = class:block, uart\n"
              "restart = failure\n"
              "retries = 9\n"
              "retry_window = 2min\n"
              "backoff = 1ms\n"
              "backoff_max = 3 s\n"
              "give_up = reboot\n"
              "stop_timeout = 3s\n"
              "ready_timeout = 250us\n"
              "heartbeat = 500ms\n"
              "heartbeat_misses = 4"),
        0);
    assert_string_equal(manifest.name, "virtio_blk");
    assert_string_equal(manifest.description, "virtio disks");
    assert_string_equal(manifest.binary, "vblk");
    assert_string_equal(manifest.arguments, "-v --depth 128");
    assert_string_equal(manifest.class, "block");
    assert_int_equal(manifest.per, SVC_PER_DEVICE);
    assert_int_equal(manifest.start, SVC_START_DEMAND);
    assert_int_equal(manifest.ready, SVC_READY_START);
    assert_int_equal(manifest.priority, PRIORITY_DRIVER);
    assert_int_equal(manifest.log_level, LOG_DEBUG);
    assert_int_equal(manifest.unit_patterns, 2);
    assert_string_equal(manifest.unit_pattern[0], "sd@");
    assert_string_equal(manifest.unit_pattern[1], "sr%");
    assert_int_equal(manifest.matches, 5);
    assert_int_equal(manifest.match[1].vendor, 0x1af4);
    assert_int_equal(manifest.match[1].device, SVC_ANY);
    assert_int_equal(manifest.match[1].class[1], 6);
    assert_int_equal(manifest.match[1].class[2], SVC_ANY);
    assert_int_equal(manifest.match[2].device, 2);
    assert_string_equal(manifest.match[3].compatible, "virtio,mmio");
    assert_string_equal(manifest.match[4].compatible, "uart16550");
    assert_int_equal(manifest.grants, SVC_GRANT_BARS | SVC_GRANT_IRQS | SVC_GRANT_DMA);
    assert_int_equal(manifest.shares, SVC_SHARE_INITRD);
    assert_int_equal(manifest.dma_limit, 4ull << 30);
    assert_int_equal(manifest.checkpoint_bytes, 65536);
    assert_int_equal(manifest.resources, 4);
    assert_int_equal(manifest.resource[1].base, 0x3f8);
    assert_int_equal(manifest.resource[2].count, 4096);
    assert_int_equal(manifest.resource[3].base, 4);
    assert_int_equal(manifest.permissions, 2);
    assert_int_equal(manifest.permission[1].bit, 31);
    assert_int_equal(manifest.uses, 3);
    assert_string_equal(manifest.use[1].name, "devmgr");
    assert_int_equal(manifest.use[1].words, 2);
    assert_string_equal(manifest.use[1].word[1], "power");
    assert_true(manifest.use[2].is_class);
    assert_int_equal(manifest.needs, 3);
    assert_false(manifest.need[0].bound);
    assert_true(manifest.need[1].bound);
    assert_string_equal(manifest.need[2].name, "ext4");
    assert_true(manifest.need[2].bound);
    assert_int_equal(manifest.starts, 2);
    assert_true(manifest.start_template[0].is_class);
    assert_int_equal(manifest.restart, SVC_RESTART_FAILURE);
    assert_int_equal(manifest.retries, 9);
    assert_int_equal(manifest.retry_window, 120000000000ull);
    assert_int_equal(manifest.backoff, 1000000);
    assert_int_equal(manifest.backoff_max, 3000000000ull);
    assert_int_equal(manifest.give_up, SVC_GIVE_UP_REBOOT);
    assert_int_equal(manifest.ready_timeout, 250000);
    assert_int_equal(manifest.stop_timeout, 3000000000ull);
    assert_int_equal(manifest.heartbeat, 500000000);
    assert_int_equal(manifest.heartbeat_misses, 4);
}

static void test_defaults(void **state)
{
    (void)state;
    assert_int_equal(parse("name = log"), 0);
    assert_string_equal(manifest.binary, "log");
    assert_int_equal(manifest.priority, PRIORITY_SERVER);
    assert_int_equal(manifest.restart, SVC_RESTART_ALWAYS);
    assert_int_equal(manifest.retries, 5);
    assert_int_equal(manifest.heartbeat, 500000000);
    assert_int_equal(manifest.heartbeat_misses, 1);
    assert_int_equal(parse("name=a\nper = device\nmatch = dtb arm,pl011"), 0);
}

// Each line is wrong by itself; the report names line 2.
static void test_bad_lines(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "colour = red",
        "priority",
        "= 5",
        "name = again",
        "class =",
        "priority = 0",
        "priority = 32",
        "priority = fast",
        "per = disk",
        "retries = -1",
        "retries = 99999999",
        "retry_window = 5",
        "retry_window = 5h",
        "backoff = s",
        "checkpoint = 5T",
        "checkpoint = 18446744073709551615K",
        "match = pci",
        "match = pci 1af4",
        "match = pci 1af4:",
        "match = pci 1af4:10421",
        "match = pci 1af4:1:2",
        "match = pci 1:2 klass 1",
        "match = pci 1:2 class",
        "match = pci 1:2 class 1:2:3:4",
        "match = pci 1:2 class 100",
        "match = usb 1:2",
        "match = virtio x",
        "match = virtio 65536",
        "match = dtb",
        "grants = bars, everything",
        "grants = bars,,irqs",
        "grants = ,",
        "resource = mmio",
        "resource = mmio 1",
        "resource = mmio 1 0",
        "resource = ports 1 2 3",
        "resource = ports 0xffffffffffffffff 1",
        "resource = irq x",
        "resource = moon",
        "permission = a",
        "permission = a 32",
        "permission = 1 1",
        "uses = a(b",
        "uses = (b)",
        "uses = class:",
        "uses = class:block(read)",
        "uses = a(b c d e f g h i j)",
        "uses = a b",
        "uses = 9lives",
        "needs = a.b",
        "needs = class:block",
        "starts = ?",
        "uses = a_name_that_is_far_too_long_for_us",
        "class = a_class_too_long_",
        "log_level = loud",
        "give_up = cry",
        "heartbeat = 0x",
        "backoff = 1441min",
        "heartbeat = 99999999999s",
        "heartbeat = 1e3ms",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "name = t\n%s\n", lines[i]);
        if (parse(text) != -E_INVAL)
            fail_msg("accepted: %s", lines[i]);
        if (strncmp(reports, "t.svc:2: ", 9) != 0)
            fail_msg("%s -> %s", lines[i], reports);
    }
}

static void test_bad_wholes(void **state)
{
    (void)state;
    assert_int_equal(parse(""), -E_INVAL);
    assert_string_equal(reports, "t.svc:0: no name\n");
    assert_int_equal(parse("name = a\nmatch = virtio 1"), -E_INVAL);
    assert_int_equal(parse("name = a\ngrants = dma"), -E_INVAL);
    assert_int_equal(parse("name = a\nbackoff = 9s\nbackoff_max = 1s"), -E_INVAL);
    assert_int_equal(parse("name = a\nheartbeat = 9s\nheartbeat_misses = 0"), -E_INVAL);
    char many[8192] = "name = a\n";
    for (int i = 0; i <= SVC_USES_MAX; i++)
        sprintf(many + strlen(many), "uses = u%d\n", i);
    assert_int_equal(parse(many), -E_INVAL);
    assert_int_equal(manifest.uses, SVC_USES_MAX);
    strcpy(many, "name = a\narguments = ");
    memset(many + strlen(many), 'x', SVC_ARGUMENTS_MAX);
    assert_int_equal(parse(many), -E_INVAL);
}

static struct svc_manifest set[12];
static struct svc_manifest *pointers[12];
static size_t order[12];

static size_t resolve(size_t count, const char *const texts[])
{
    setup(NULL);
    for (size_t i = 0; i < count; i++) {
        char file[16];
        snprintf(file, sizeof(file), "%zu", i);
        (void)svc_parse(file, texts[i], strlen(texts[i]), &set[i], &reporter);
        pointers[i] = &set[i];
    }
    return svc_resolve(pointers, count, order, &reporter);
}

static void test_order(void **state)
{
    (void)state;
    size_t placed =
        resolve(4, (const char *[]){"name=posix\nneeds=ext4,devmgr", "name=ext4\nneeds=log",
                                    "name=devmgr\nneeds=log", "name=log"});
    assert_int_equal(placed, 4);
    assert_string_equal(reports, "");
    size_t at[4];
    for (size_t i = 0; i < 4; i++)
        at[order[i]] = i;
    assert_true(at[3] < at[1] && at[3] < at[2] && at[1] < at[0] && at[2] < at[0]);
}

static void test_broken_sets(void **state)
{
    (void)state;
    // a <-> b a cycle, c hangs on it, d alone starts
    assert_int_equal(resolve(4, (const char *[]){"name=a\nneeds=b", "name=b\nneeds=a",
                                                 "name=c\nneeds=a", "name=d"}),
                     1);
    assert_int_equal(order[0], 3);
    assert_string_equal(reports, "0:2: its needs form a cycle: a -> b -> a\n"
                                 "1:2: its needs form a cycle: b -> a -> b\n"
                                 "2:2: needs a, which cannot be started\n");
    assert_int_equal(resolve(1, (const char *[]){"name=a\n\nneeds=a"}), 0);
    assert_string_equal(reports, "0:3: its needs form a cycle: a -> a\n");
    assert_int_equal(resolve(2, (const char *[]){"name=a\nneeds=x", "name=b"}), 1);
    assert_string_equal(reports, "0:2: needs x, which has no manifest\n");
    assert_int_equal(resolve(2, (const char *[]){"name=a\nbogus=1", "name=b\nneeds=a"}), 0);
    assert_int_equal(resolve(2, (const char *[]){"name=a", "name=a"}), 1);
    assert_int_equal(order[0], 0);
    assert_int_equal(resolve(2, (const char *[]){"name=a\nper=device", "name=b\nneeds=a"}), 1);
    assert_int_equal(resolve(2, (const char *[]){"name=a\nuses=b(read)", "name=b"}), 1);
    assert_int_equal(resolve(2, (const char *[]){"name=a\nuses=c", "name=b"}), 1);
    assert_int_equal(resolve(2, (const char *[]){"name=a\nuses=b(r)", "name=b\npermission=r 3"}),
                     2);
    assert_int_equal(svc_permission_bits(&set[0].use[0], &set[1]), 8);
}

static void test_allows(void **state)
{
    (void)state;
    assert_int_equal(parse("name=a\nuses=log,class:block,virtio_net\nstarts=class:net,uart"), 0);
    assert_non_null(svc_allows(&manifest, "log", "log", ""));
    assert_non_null(svc_allows(&manifest, "ahci.1", "ahci", "block"));
    assert_non_null(svc_allows(&manifest, "virtio_net.0", "virtio_net", "net"));
    assert_null(svc_allows(&manifest, "e1000.0", "e1000", "net"));
    assert_null(svc_allows(&manifest, "devmgr", "devmgr", ""));
    struct svc_manifest template = {.name = "uart", .class = "char"};
    assert_true(svc_may_start(&manifest, &template));
    template = (struct svc_manifest){.name = "e1000", .class = "net"};
    assert_true(svc_may_start(&manifest, &template));
    template = (struct svc_manifest){.name = "ahci"};
    assert_false(svc_may_start(&manifest, &template));
}

static void test_match(void **state)
{
    (void)state;
    assert_int_equal(parse("name=a\nper=device\nmatch=pci 1af4:1042\nmatch=pci *:* class 01:06:01"),
                     0);
    unsigned exact = svc_match_pci(&manifest, 0x1af4, 0x1042, 1, 0, 0);
    unsigned class = svc_match_pci(&manifest, 0x8086, 0x2922, 1, 6, 1);
    assert_true(exact > class && class > 0);
    assert_int_equal(svc_match_pci(&manifest, 0x1af4, 0x1041, 2, 0, 0), 0);
    assert_int_equal(svc_match_pci(&manifest, 0x8086, 0x2922, 1, 6, 2), 0);
    assert_int_equal(svc_match_virtio(&manifest, 2), 0);
    assert_int_equal(parse("name=a\nper=device\nmatch=virtio 2\nmatch=dtb pl011"), 0);
    assert_int_equal(svc_match_virtio(&manifest, 2), 1);
    assert_int_equal(svc_match_compatible(&manifest, SVC_MATCH_DTB, "pl011"), 1);
    assert_int_equal(svc_match_compatible(&manifest, SVC_MATCH_ISA, "pl011"), 0);
}

// Random recombinations of manifest pieces: never crashes, never leaves the arrays.
static void test_fuzz(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "name",      " = ",
        "=",         "\n",
        "uses",      "needs",
        "match",     "pci ",
        "1af4:1042", "class ",
        ":",         "*",
        "(",         ")",
        ",",         "#",
        "a",         "b9",
        "_",         "0x",
        "ffff",      "1234567890123456789012",
        "K",         "ms",
        "\t",        "resource",
        "mmio ",     "permission",
        " 3",        "grants",
        "bars",      "starts",
        "class:",    "\r",
        "\0",        "arguments",
        "dtb ",      "virtio ",
        "-",         "heartbeat",
        "\xff",      "retries",
        "priority",
    };
    uint64_t seed = 42;
    for (int round = 0; round < 60000; round++) {
        char text[512];
        size_t bytes = 0;
        while (bytes < 400) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            const char *piece = pieces[(seed >> 33) % (sizeof(pieces) / sizeof(pieces[0]))];
            size_t length = piece[0] ? strlen(piece) : 1;
            memcpy(text + bytes, piece, length);
            bytes += length;
            if ((seed >> 20) % 40 == 0)
                break;
        }
        setup(NULL);
        char *copy = malloc(bytes);
        memcpy(copy, text, bytes);
        (void)svc_parse("fuzz", copy, bytes, &set[round % 8], &reporter);
        free(copy);
        assert_true(set[round % 8].uses <= SVC_USES_MAX);
        assert_true(set[round % 8].matches <= SVC_MATCHES_MAX);
        assert_non_null(memchr(set[round % 8].name, 0, SVC_NAME_MAX));
        if (round % 8 == 7) {
            for (size_t i = 0; i < 8; i++)
                pointers[i] = &set[i];
            assert_true(svc_resolve(pointers, 8, order, &reporter) <= 8);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_keys, setup),
        cmocka_unit_test_setup(test_defaults, setup),
        cmocka_unit_test_setup(test_bad_lines, setup),
        cmocka_unit_test_setup(test_bad_wholes, setup),
        cmocka_unit_test_setup(test_order, setup),
        cmocka_unit_test_setup(test_broken_sets, setup),
        cmocka_unit_test_setup(test_allows, setup),
        cmocka_unit_test_setup(test_match, setup),
        cmocka_unit_test_setup(test_fuzz, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
