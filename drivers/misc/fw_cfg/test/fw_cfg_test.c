// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The device's code against a made-up fw_cfg: by data register and by DMA, damaged directories,
// transfers that fail or never end.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/misc/fw_cfg/fw_cfg.h"
#include "drivers/misc/fw_cfg/fw_cfg_hw.h"
#include "lib/driver/driver.h"

enum { TEXT_KEY = 0x21, BIG_KEY = 0x22, BIG_BYTES = 1000 };

static struct {
    char signature[4];
    uint32_t id;
    uint8_t directory[4 + 2 * sizeof(struct fw_cfg_file)];
    char text[6];
    uint8_t big[BIG_BYTES];
    uint16_t key;
    uint32_t at;
    bool fails, stalls;
    unsigned transfers;
    _Alignas(16) uint8_t memory[FW_CFG_DMA_BYTES];
} fake;

static struct fw_cfg cfg;

int driver_wait_until(bool (*ready)(void *context), void *context, uint64_t timeout_ns,
                      const char *what)
{
    (void)timeout_ns;
    (void)what;
    return ready(context) ? 0 : -E_TIMEDOUT;
}

static uint8_t *item(uint32_t *bytes)
{
    switch (fake.key) {
    case FW_CFG_SIGNATURE:
        *bytes = sizeof(fake.signature);
        return (uint8_t *)fake.signature;
    case FW_CFG_ID:
        *bytes = sizeof(fake.id);
        return (uint8_t *)&fake.id;
    case FW_CFG_FILE_DIR:
        *bytes = sizeof(fake.directory);
        return fake.directory;
    case TEXT_KEY:
        *bytes = sizeof(fake.text);
        return (uint8_t *)fake.text;
    default:
        *bytes = fake.key == BIG_KEY ? BIG_BYTES : 0;
        return fake.big;
    }
}

static void fake_select(void *context, uint16_t key)
{
    (void)context;
    fake.key = key;
    fake.at = 0;
}

static uint8_t fake_read(void *context)
{
    uint32_t bytes;
    uint8_t *data = item(&bytes);
    (void)context;
    return fake.at < bytes ? data[fake.at++] : 0;
}

static void fake_start(void *context, uint64_t address)
{
    (void)context;
    assert_true(address == (uintptr_t)fake.memory);
    struct fw_cfg_dma_access *access = (struct fw_cfg_dma_access *)(void *)fake.memory;
    uint32_t control = __builtin_bswap32(access->control);
    uint32_t length = __builtin_bswap32(access->length), bytes;
    fake.transfers++;
    if (fake.stalls)
        return;
    if ((control & FW_CFG_DMA_SELECT) != 0)
        fake_select(NULL, (uint16_t)(control >> FW_CFG_DMA_KEY_SHIFT));
    uint8_t *data = item(&bytes);
    uint8_t *buffer = (uint8_t *)(uintptr_t)__builtin_bswap64(access->address);
    if ((control & (FW_CFG_DMA_READ | FW_CFG_DMA_WRITE)) != 0) {
        assert_true(length <= bytes - fake.at && length <= FW_CFG_BUFFER_BYTES);
        if ((control & FW_CFG_DMA_READ) != 0)
            memcpy(buffer, data + fake.at, length);
        else
            memcpy(data + fake.at, buffer, length);
    }
    fake.at += length;
    access->control = __builtin_bswap32(fake.fails ? FW_CFG_DMA_ERROR : 0);
}

static int bring_up(void)
{
    static const struct fw_cfg_io io = {fake_select, fake_read, fake_start, NULL};
    return fw_cfg_init(&cfg, &io, fake.memory, (uintptr_t)fake.memory);
}

static void put_file(unsigned index, uint32_t size, uint16_t key, const char *name)
{
    struct fw_cfg_file file = {.size = __builtin_bswap32(size), .select = __builtin_bswap16(key)};
    strncpy(file.name, name, sizeof(file.name) - 1);
    memcpy(fake.directory + 4 + index * sizeof(file), &file, sizeof(file));
}

static int setup(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof(fake));
    memcpy(fake.signature, "QEMU", 4);
    memcpy(fake.text, "hello!", 6);
    for (unsigned i = 0; i < BIG_BYTES; i++)
        fake.big[i] = (uint8_t)(i * 7);
    fake.directory[3] = 2;
    put_file(0, sizeof(fake.text), TEXT_KEY, "opt/text");
    put_file(1, BIG_BYTES, BIG_KEY, "etc/big");
    return 0;
}

static void read_everything(void)
{
    uint8_t all[BIG_BYTES], piece[FW_CFG_BYTES_MAX];
    const struct fw_cfg_info *file = fw_cfg_by_name(&cfg, "etc/big");
    uint32_t at = 0;
    assert_non_null(file);
    for (int count; (count = fw_cfg_read(&cfg, file, at, piece, 300)) != 0; at += (uint32_t)count) {
        assert_in_range(count, 1, FW_CFG_BYTES_MAX);
        memcpy(all + at, piece, (size_t)count);
    }
    assert_int_equal(at, BIG_BYTES);
    assert_memory_equal(all, fake.big, BIG_BYTES);
    file = fw_cfg_by_key(&cfg, TEXT_KEY);
    assert_int_equal(fw_cfg_read(&cfg, file, 2, piece, 3), 3);
    assert_memory_equal(piece, "llo", 3);
    assert_int_equal(fw_cfg_read(&cfg, file, ~0ull, piece, 3), 0);
    assert_int_equal(fw_cfg_read(&cfg, file, 5, piece, ~0u), 1);
}

static void test_by_data_register(void **state)
{
    (void)state;
    fake.id = FW_CFG_ID_TRADITIONAL;
    assert_int_equal(bring_up(), 0);
    assert_int_equal(cfg.files, 2);
    read_everything();
    assert_int_equal(fake.transfers, 0);
    assert_int_equal(fw_cfg_write(&cfg, &cfg.file[0], 0, "x", 1), -E_OPNOTSUPP);
}

static void test_by_dma(void **state)
{
    (void)state;
    fake.id = FW_CFG_ID_TRADITIONAL | FW_CFG_ID_DMA;
    assert_int_equal(bring_up(), 0);
    read_everything();
    assert_true(fake.transfers > 0);
    assert_int_equal(fw_cfg_write(&cfg, &cfg.file[0], 4, "XY", 2), 2);
    assert_memory_equal(fake.text, "hellXY", 6);
    assert_int_equal(fw_cfg_write(&cfg, &cfg.file[0], 5, "XY", 2), -E_INVAL);
    assert_int_equal(fw_cfg_write(&cfg, &cfg.file[0], ~0ull, "XY", 2), -E_INVAL);
}

static void test_failing_transfers(void **state)
{
    (void)state;
    uint8_t byte;
    fake.id = FW_CFG_ID_DMA;
    assert_int_equal(bring_up(), 0);
    fake.fails = true;
    assert_int_equal(fw_cfg_read(&cfg, &cfg.file[0], 0, &byte, 1), -E_IO);
    fake.stalls = true;
    assert_int_equal(fw_cfg_read(&cfg, &cfg.file[0], 0, &byte, 1), -E_TIMEDOUT);
    assert_int_equal(fw_cfg_write(&cfg, &cfg.file[0], 0, "x", 1), -E_TIMEDOUT);
}

static void test_bad_devices(void **state)
{
    (void)state;
    fake.signature[0] = 'q';
    assert_int_equal(bring_up(), -E_NODEV);
    fake.signature[0] = 'Q';
    fake.directory[2] = 2; // more files than there can be
    assert_int_equal(bring_up(), -E_BADMSG);
    fake.directory[2] = 0;
    memset(fake.directory + 12, 'a', 56); // a name without end
    assert_int_equal(bring_up(), -E_BADMSG);
    put_file(0, 1, 1, "");
    assert_int_equal(bring_up(), -E_BADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_by_data_register, setup),
        cmocka_unit_test_setup(test_by_dma, setup),
        cmocka_unit_test_setup(test_failing_transfers, setup),
        cmocka_unit_test_setup(test_bad_devices, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
