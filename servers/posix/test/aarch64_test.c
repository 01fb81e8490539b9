// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// aarch64's records in signal frames, which come back from programs, and its feature words.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "servers/posix/arch/aarch64/features.h"
#include "servers/posix/arch/aarch64/signal_frame.h"

// ---- records ----

static uint8_t records[FRAME_RECORDS_BYTES];
static struct frame_state state_in, state_out;

// With `sve` bytes of that record.
static void write_sample_wide(uint64_t syndrome, size_t sve)
{
    const struct guest_fpu fpu = {.magic = GUEST_FPU_MAGIC,
                                  .bytes = sizeof(fpu),
                                  .fpsr = 0x10,
                                  .fpcr = 0x03000000,
                                  .v = {{1, 2}, [31] = {3, 4}}};
    const struct guest_sve head = {GUEST_SVE_MAGIC, (uint32_t)sve, 32, {0}};
    memset(records, 0xee, sizeof(records));
    memset(&state_out, 0, sizeof(state_out));
    memset(&state_in, 0, sizeof(state_in));
    memset(state_in.image, 0xdd, sizeof(fpu) + sve);
    memcpy(state_in.image, &fpu, sizeof(fpu));
    if (sve != 0)
        memcpy(state_in.image + sizeof(fpu), &head, sizeof(head));
    state_in.bytes = sizeof(fpu) + sve;
    frame_records_write(records, &state_in, syndrome);
}

static void write_sample(uint64_t syndrome)
{
    write_sample_wide(syndrome, 0);
}

static void put_head(size_t at, uint32_t magic, uint32_t bytes)
{
    struct frame_record_head head = {magic, bytes};
    memcpy(records + at, &head, sizeof(head));
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const size_t sve[] = {0, 16, 1120, FRAME_STATE_MOST - sizeof(struct guest_fpu)};
    for (uint64_t syndrome = 0; syndrome <= 0x92000045; syndrome += 0x92000045) {
        for (size_t i = 0; i < sizeof(sve) / sizeof(sve[0]); i++) {
            write_sample_wide(syndrome, sve[i]);
            assert_int_equal(frame_records_read(records, &state_out), 0);
            assert_memory_equal(&state_in, &state_out, sizeof(state_in));
        }
    }
}

static void syndrome_follows_where_programs_look(void **state)
{
    struct frame_esr esr;
    (void)state;
    write_sample(0x92000045);
    memcpy(&esr, records + 528, sizeof(esr));
    assert_int_equal(esr.head.magic, 0x45535201);
    assert_int_equal(esr.head.bytes, 16);
    assert_int_equal(esr.syndrome, 0x92000045);
    static const uint8_t end[8];
    assert_memory_equal(records + 544, end, sizeof(end));
}

static void refused(void)
{
    assert_int_equal(frame_records_read(records, &state_out), -E_INVAL);
}

static void broken_lists_are_refused(void **state)
{
    static const uint32_t bad_sizes[] = {0,   1,   7,    8,    15,         24, 512,
                                         520, 544, 4096, 4097, 0xfffffff0, ~0u};
    (void)state;
    for (size_t i = 0; i < sizeof(bad_sizes) / sizeof(bad_sizes[0]); i++) {
        write_sample(0);
        put_head(0, GUEST_FPU_MAGIC, bad_sizes[i]);
        refused();
        write_sample(0x92000045);
        put_head(528, ESR_MAGIC, bad_sizes[i]);
        if (bad_sizes[i] % 16 != 0 || bad_sizes[i] < 8 || bad_sizes[i] > 4096 - 528)
            refused();
    }
    write_sample(0); // unknown
    put_head(528, 0x12345678, 16);
    refused();
    write_sample(0); // an end with a size
    put_head(528, 0, 16);
    refused();
    write_sample(0); // no state before the end
    put_head(0, 0, 0);
    refused();
    write_sample(0); // the state twice
    memcpy(records + 528, records, 528);
    put_head(1056, 0, 0);
    refused();
}

static void broken_scalable_records_are_refused(void **state)
{
    static const uint32_t bad_sizes[] = {0, 1, 8, 15, 17, 4096 - 512, 4096, 0xfffffff0, ~0u};
    (void)state;
    for (size_t i = 0; i < sizeof(bad_sizes) / sizeof(bad_sizes[0]); i++) {
        write_sample_wide(0, 1120);
        put_head(528, GUEST_SVE_MAGIC, bad_sizes[i]);
        refused();
    }
    write_sample_wide(0, 16); // twice
    put_head(544, GUEST_SVE_MAGIC, 16);
    put_head(560, 0, 0);
    refused();
    write_sample(0); // alone
    put_head(0, GUEST_SVE_MAGIC, 528);
    refused();
    write_sample(0); // first, and so large that it fits the list but not the image
    put_head(0, GUEST_SVE_MAGIC, 4096 - 16);
    put_head(4096 - 16, 0, 0);
    refused();
}

static void list_without_end_is_refused(void **state)
{
    (void)state;
    write_sample(0);
    for (size_t at = 528; at < sizeof(records); at += 16)
        put_head(at, ESR_MAGIC, 16);
    refused();
    write_sample(0); // one that ends exactly with the space
    put_head(528, ESR_MAGIC, FRAME_RECORDS_BYTES - 528);
    refused();
}

// ---- features ----

static void bare_processor(void **state)
{
    const struct info_processor nothing_told = {0};
    (void)state;
    assert_int_equal(feature_word(&nothing_told, 0), 3); // fp asimd
    assert_int_equal(feature_word(&nothing_told, 1), 0);
}

static void missing_vectors(void **state)
{
    const struct info_processor processor = {.pfr0 = 0x00ff0000};
    (void)state;
    assert_int_equal(feature_word(&processor, 0), 0);
}

// Identification registers of a Neoverse N1 r4p1 and what Linux makes of them there.
static void neoverse(void **state)
{
    const struct info_processor processor = {
        .midr = 0x414fd0c1,
        .isar0 = 0x0000100010211120,
        .isar1 = 0x0000000000100001,
        .pfr0 = 0x1100000010111112,
        .pfr1 = 0x20,
    };
    (void)state;
    // fp asimd aes pmull sha1 sha2 crc32 atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp
    assert_int_equal(feature_word(&processor, 0),
                     0x3 | 0x1f << 3 | 1 << 8 | 3 << 9 | 1 << 12 | 1 << 15 | 1 << 16 | 1 << 20);
    assert_int_equal(feature_word(&processor, 1), 0);
}

// Of a Neoverse V1 with SVE's bfloat16 and 8-bit products.
static void scalable_vectors(void **state)
{
    const struct info_processor processor = {
        .pfr0 = 0x1ull << 32 | 0x00110000,
        .zfr0 = 1ull << 44 | 1ull << 20,
    };
    (void)state;
    assert_int_equal(feature_word(&processor, 0), 0x3 | 3 << 9 | 1 << 22);
    assert_int_equal(feature_word(&processor, 1), 1 << 9 | 1 << 12);
}

static void bits_are_unique(void **state)
{
    uint64_t seen[2] = {0, 0};
    (void)state;
    for (size_t i = 0; i < feature_count; i++) {
        assert_true(features[i].word < 2 && features[i].bit < 64);
        assert_true(features[i].field % 8 == 0);
        assert_true(features[i].field < sizeof(struct info_processor));
        assert_true((seen[features[i].word] >> features[i].bit & 1) == 0);
        seen[features[i].word] |= 1ull << features[i].bit;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(syndrome_follows_where_programs_look),
        cmocka_unit_test(broken_lists_are_refused),
        cmocka_unit_test(broken_scalable_records_are_refused),
        cmocka_unit_test(list_without_end_is_refused),
        cmocka_unit_test(bare_processor),
        cmocka_unit_test(missing_vectors),
        cmocka_unit_test(neoverse),
        cmocka_unit_test(scalable_vectors),
        cmocka_unit_test(bits_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
