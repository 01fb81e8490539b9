// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The server as a client sees it: the protocol of abi/fs.h through the dispatch, on an image.

#include "fs/ext4/disk.h"
#include "fs/ext4/server.h"
#include "fs/ext4/test/small.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SESSION_BYTES = FS_SESSION_BYTES_MIN, CLIENT = 7, ROUNDS = 200000 };

static char path[256];
static uint8_t session[SESSION_BYTES];
static struct fs_server server;
static unsigned sessions_mapped, devices_open;
static bool log_on = true;
static char last_line[300];

// ---- what a process provides ----

static int test_map(handle_t memory, uint64_t bytes, uint8_t **out)
{
    if (memory != 5 || bytes > SESSION_BYTES)
        return -E_INVAL;
    sessions_mapped++;
    *out = session;
    return 0;
}

static void test_unmap(uint8_t *address, uint64_t bytes)
{
    assert_ptr_equal(address, session);
    assert_int_equal(bytes, SESSION_BYTES);
    sessions_mapped--;
}

static int image_source_read(void *context, uint64_t offset, size_t bytes, void *buffer)
{
    const struct image *image = context;
    memcpy(buffer, image->bytes + offset, bytes);
    return 0;
}

static int test_open(const char *name, struct ext4_device *out)
{
    if (strcmp(name, "vda") != 0 && strcmp(name, "vdb1") != 0)
        return -E_NODEV;
    struct image *image = malloc(sizeof(*image));
    image_load(image, path);
    *out = (struct ext4_device){
        .source = {.context = image, .bytes = image->size, .read = image_source_read},
        .memory = aligned_alloc(4096, EXT4_MEMORY_MIN),
        .memory_bytes = EXT4_MEMORY_MIN,
        .provider = image,
    };
    devices_open++;
    return 0;
}

static void test_close(struct ext4_device *device)
{
    free(device->memory);
    image_free(device->provider);
    free(device->provider);
    devices_open--;
}

static void test_log(void *context, const char *format, va_list arguments)
{
    (void)context;
    vsnprintf(last_line, sizeof(last_line), format, arguments);
    if (log_on)
        printf("# %s\n", last_line);
}

static void server_start(uint64_t incarnation)
{
    static const struct ext4_provider provider = {test_open, test_close, test_log};
    server = (struct fs_server){
        .format = ext4_format(&provider),
        .next_number = (incarnation + 1) << 32 | 1,
        .session_map = test_map,
        .session_unmap = test_unmap,
    };
}

// ---- a client ----

static struct message message;

// Sends a request struct; returns the label. The reply is in `message`.
static int send(int label, const void *words, size_t bytes)
{
    message.tag = message_tag(label, (unsigned)(bytes / 8), 0);
    message.badge = CLIENT;
    memset(message.word, 0, sizeof(message.word));
    memcpy(message.word, words, bytes);
    fs_server_dispatch(&server, &message);
    return message_label(message.tag);
}

#define SEND(label, request) send(label, &(request), sizeof(request))

static int mount_as(uint64_t client, const char *device, const char *options,
                    struct fs_mount_reply *reply)
{
    size_t bytes = strlen(device) + strlen(options);
    struct fs_mount_request request = {
        .session_bytes = SESSION_BYTES,
        .buffer = {64, (uint32_t)bytes},
        .device_name_bytes = (uint32_t)strlen(device),
        .options_bytes = (uint32_t)strlen(options),
    };
    memcpy(session + 64, device, strlen(device));
    memcpy(session + 64 + strlen(device), options, strlen(options));
    message.tag = message_tag(FS_MOUNT, sizeof(request) / 8, 1);
    message.badge = client;
    message.handle[0] = 5;
    memcpy(message.word, &request, sizeof(request));
    fs_server_dispatch(&server, &message);
    if (message_label(message.tag) == 0) {
        assert_int_equal(message_words(message.tag), sizeof(*reply) / 8);
        memcpy(reply, message.word, sizeof(*reply));
    }
    return message_label(message.tag);
}

static struct fs_inode_id id_of(const struct fs_attributes *attributes)
{
    return (struct fs_inode_id){attributes->ino, attributes->generation};
}

static int lookup(uint64_t mount, struct fs_inode_id directory, const char *name,
                  struct fs_attributes *out)
{
    struct fs_lookup_request request = {mount, directory, {1024, (uint32_t)strlen(name)}};
    memcpy(session + 1024, name, strlen(name));
    int label = SEND(FS_LOOKUP, request);
    if (label == 0)
        memcpy(out, message.word, sizeof(*out));
    return label;
}

static void start(uint64_t incarnation, struct fs_mount_reply *mounted)
{
    server_start(incarnation);
    assert_int_equal(mount_as(CLIENT, "vda", "", mounted), 0);
}

static void stop(uint64_t mount)
{
    struct fs_mount_only_request request = {mount};
    assert_int_equal(SEND(FS_UNMOUNT, request), 0);
    assert_int_equal(SEND(FS_UNMOUNT, request), 0);
    assert_int_equal(sessions_mapped, 0);
    assert_int_equal(devices_open, 0);
}

// ---- tests ----

static void test_mount(void **state)
{
    (void)state;
    struct fs_mount_reply mounted, again;
    server_start(3);
    assert_int_equal(mount_as(CLIENT, "vdz", "", &mounted), -E_NODEV);
    assert_int_equal(mount_as(CLIENT, "vda", "journal=none", &mounted), -E_INVAL);
    assert_non_null(strstr(last_line, "journal=none"));
    assert_int_equal(sessions_mapped, 0);
    assert_int_equal(mount_as(CLIENT, "vda", "ro,errors=remount-ro,", &mounted), 0);
    assert_int_equal(mounted.mount >> 32, 4);
    assert_int_equal(mounted.flags, FS_MOUNT_READ_ONLY);
    assert_int_equal(mounted.block_bytes, 1024);
    assert_int_equal(mounted.root.ino, 2);
    assert_int_equal(mounted.root.mode & 0170000, 0040000);
    assert_int_equal(mount_as(CLIENT + 1, "vda", "", &again), -E_BUSY);
    assert_int_equal(mount_as(CLIENT, "vda", "", &again), 0);
    assert_true(again.mount > mounted.mount);
    assert_int_equal(devices_open, 1);
    struct fs_mount_only_request old = {mounted.mount};
    assert_int_equal(SEND(FS_STATFS, old), -E_RESTARTED);
    assert_int_equal(mount_as(CLIENT + 1, "vdb1", "", &mounted), 0);
    struct fs_mount_only_request others = {mounted.mount};
    assert_int_equal(SEND(FS_STATFS, others), -E_RESTARTED);
    assert_int_equal(devices_open, 2);
    assert_int_equal(mount_as(CLIENT, "vdb1", "", &mounted), -E_BUSY);
    message.badge = CLIENT + 1;
    message.tag = message_tag(FS_UNMOUNT, 1, 0);
    message.word[0] = others.mount;
    fs_server_dispatch(&server, &message);
    stop(again.mount);
}

static void test_restart(void **state)
{
    (void)state;
    struct fs_mount_reply mounted, again;
    struct fs_attributes found;
    start(0, &mounted);
    assert_int_equal(lookup(mounted.mount, id_of(&mounted.root), "plain", &found), 0);
    struct fs_server dead = server;
    server_start(1);
    struct fs_inode_request request = {mounted.mount, id_of(&found)};
    assert_int_equal(SEND(FS_GETATTR, request), -E_RESTARTED);
    assert_int_equal(mount_as(CLIENT, "vda", "", &again), 0);
    assert_true(again.mount != mounted.mount);
    request.mount = again.mount;
    assert_int_equal(SEND(FS_GETATTR, request), 0);
    assert_memory_equal(message.word, &found, sizeof(found));
    struct fs_mount_only_request unmount = {again.mount};
    assert_int_equal(SEND(FS_UNMOUNT, unmount), 0);
    server = dead;
    stop(mounted.mount);
}

static void test_names(void **state)
{
    (void)state;
    struct fs_mount_reply mounted;
    struct fs_attributes found;
    char name[400];
    start(0, &mounted);
    struct fs_inode_id root = id_of(&mounted.root), plain;
    assert_int_equal(lookup(mounted.mount, root, "plain", &found), 0);
    assert_int_equal(found.size, 6);
    plain = id_of(&found);
    assert_int_equal(lookup(mounted.mount, root, "..", &found), 0);
    assert_int_equal(found.ino, 2);
    assert_int_equal(lookup(mounted.mount, root, "none", &found), -E_NOENT);
    assert_int_equal(lookup(mounted.mount, root, "", &found), -E_INVAL);
    assert_int_equal(lookup(mounted.mount, root, "a/b", &found), -E_INVAL);
    assert_int_equal(lookup(mounted.mount, plain, "x", &found), -E_NOTDIR);
    memset(name, 'n', sizeof(name));
    name[256] = 0;
    assert_int_equal(lookup(mounted.mount, root, name, &found), -E_NAMETOOLONG);
    name[255] = 0;
    assert_int_equal(lookup(mounted.mount, root, name, &found), -E_NOENT);
    struct fs_inode_id stale = {root.ino, root.generation + 1};
    assert_int_equal(lookup(mounted.mount, stale, "plain", &found), -E_SRCH);
    struct fs_lookup_request nul = {mounted.mount, root, {1024, 3}};
    memcpy(session + 1024, "a\0b", 3);
    assert_int_equal(SEND(FS_LOOKUP, nul), -E_INVAL);
    stop(mounted.mount);
}

static unsigned list_all(uint64_t mount, struct fs_inode_id directory, uint32_t bytes,
                         uint64_t flags)
{
    struct fs_readdir_request request = {mount, directory, 0, {2048, bytes}, flags};
    unsigned entries = 0;
    for (;;) {
        struct fs_readdir_reply reply;
        assert_int_equal(SEND(FS_READDIR, request), 0);
        memcpy(&reply, message.word, sizeof(reply));
        if (reply.bytes == 0)
            return entries;
        assert_true(reply.bytes <= bytes);
        uint64_t at = 0;
        for (uint64_t i = 0; i < reply.entries; i++) {
            const struct fs_dirent *entry = (const void *)(session + 2048 + at);
            assert_true(entry->ino != 0 && entry->name_bytes != 0);
            assert_int_equal(entry->entry_bytes % 8, 0);
            if (flags) {
                const struct fs_attributes *attributes =
                    (const void *)(session + 2048 + at + entry->attributes_offset);
                assert_int_equal(attributes->ino, entry->ino);
                assert_int_equal(attributes->mode >> 12, entry->type);
            } else {
                assert_int_equal(entry->attributes_offset, 0);
            }
            at += entry->entry_bytes;
            request.cookie = entry->next;
        }
        assert_int_equal(at, reply.bytes);
        assert_true(reply.next >= request.cookie);
        entries += (unsigned)reply.entries;
    }
}

static void test_listing(void **state)
{
    (void)state;
    struct fs_mount_reply mounted;
    struct fs_attributes hashed, plain;
    start(0, &mounted);
    struct fs_inode_id root = id_of(&mounted.root);
    assert_int_equal(lookup(mounted.mount, root, "hashed", &hashed), 0);
    assert_int_equal(lookup(mounted.mount, root, "plain", &plain), 0);
    for (uint64_t flags = 0; flags < 2; flags++) {
        assert_int_equal(list_all(mounted.mount, id_of(&hashed), 300, flags), 92);
        assert_int_equal(list_all(mounted.mount, id_of(&hashed), 9000, flags), 92);
        assert_int_equal(list_all(mounted.mount, root, 256, flags), 11);
    }
    struct fs_readdir_request request = {mounted.mount, id_of(&hashed), 0, {2048, 24}, 0};
    assert_int_equal(SEND(FS_READDIR, request), -E_INVAL);
    request.buffer.bytes = 1000;
    request.cookie = 1ull << 40;
    assert_int_equal(SEND(FS_READDIR, request), -E_INVAL);
    request.cookie = 0;
    request.flags = 2;
    assert_int_equal(SEND(FS_READDIR, request), -E_INVAL);
    request.flags = 0;
    request.directory = id_of(&plain);
    assert_int_equal(SEND(FS_READDIR, request), -E_NOTDIR);
    stop(mounted.mount);
}

static void test_data(void **state)
{
    (void)state;
    struct fs_mount_reply mounted;
    struct fs_attributes found;
    start(0, &mounted);
    struct fs_inode_id root = id_of(&mounted.root);
    assert_int_equal(lookup(mounted.mount, root, "fragmented", &found), 0);
    struct fs_map_request map = {mounted.mount, id_of(&found), 0, found.size, {0, 10 * 32 + 31}};
    struct fs_map_reply mapped;
    uint64_t extents = 0;
    while (map.offset < found.size) {
        assert_int_equal(SEND(FS_MAP, map), 0);
        memcpy(&mapped, message.word, sizeof(mapped));
        assert_true(mapped.extents > 0 && mapped.extents <= 10);
        extents += mapped.extents;
        map.bytes -= map.bytes < mapped.end - map.offset ? map.bytes : mapped.end - map.offset;
        map.offset = mapped.end;
    }
    assert_int_equal(extents, 80);
    map.buffer.bytes = 31;
    map.bytes = 1;
    assert_int_equal(SEND(FS_MAP, map), -E_INVAL);

    assert_int_equal(lookup(mounted.mount, root, "link", &found), 0);
    struct fs_buffer_request link = {mounted.mount, id_of(&found), {8, 70}};
    assert_int_equal(SEND(FS_READLINK, link), 0);
    assert_int_equal(message.word[0], 70);
    assert_int_equal(session[8 + 69], 'l');
    link.buffer.bytes = 69;
    assert_int_equal(SEND(FS_READLINK, link), -E_OVERFLOW);

    assert_int_equal(lookup(mounted.mount, root, "note", &found), 0);
    struct fs_xattr_request xattr = {mounted.mount, id_of(&found), {256, 2000}, 10};
    memcpy(session + 256, "user.small", 10);
    assert_int_equal(SEND(FS_GETXATTR, xattr), 0);
    assert_int_equal(message.word[0], 1);
    assert_int_equal(session[256], 's');
    assert_int_equal(SEND(FS_LISTXATTR, xattr), 0);
    assert_int_equal(message.word[0], 11 + 11);
    xattr.name_bytes = ~0ull;
    assert_int_equal(SEND(FS_GETXATTR, xattr), -E_RANGE);
    stop(mounted.mount);
}

static void test_bad_requests(void **state)
{
    (void)state;
    struct fs_mount_reply mounted;
    start(0, &mounted);
    struct fs_inode_id root = id_of(&mounted.root);
    static const struct fs_buffer outside[] = {
        {4, 8},           {SESSION_BYTES, 8}, {SESSION_BYTES - 8, 9}, {0, SESSION_BYTES + 1},
        {0xFFFFFFF8, 16}, {8, 0xFFFFFFFF},
    };
    for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        struct fs_lookup_request name = {mounted.mount, root, outside[i]};
        assert_int_equal(SEND(FS_LOOKUP, name), -E_PROTO);
        struct fs_readdir_request list = {mounted.mount, root, 0, outside[i], 0};
        assert_int_equal(SEND(FS_READDIR, list), -E_PROTO);
        struct fs_map_request map = {mounted.mount, root, 0, 1, outside[i]};
        assert_int_equal(SEND(FS_MAP, map), -E_PROTO);
    }
    struct fs_write_header header = {.mount = mounted.mount, .sequence = 1};
    for (int label = FS_CREATE; label <= FS_SETXATTR; label++) {
        assert_int_equal(SEND(label, header), -E_ROFS);
        assert_int_equal(send(label, &header, 8), -E_PROTO);
    }
    for (int label = FS_UNMOUNT; label <= FS_LISTXATTR; label++)
        assert_int_equal(send(label, &header, 0), -E_PROTO);
    static const int unknown[] = {0, -1, 13, 31, 44, 1 << 30};
    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        assert_int_equal(SEND(unknown[i], header), -E_NOSYS);
    stop(mounted.mount);
}

// Random requests, most of them nearly right.
static void test_random_requests(void **state)
{
    (void)state;
    struct fs_mount_reply mounted;
    start(0, &mounted);
    log_on = false;
    srandom(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        int label = random() % 8 ? 2 + (int)(random() % 11) : (int)(random() % 60) - 5;
        if (label == FS_UNMOUNT)
            continue;
        message.tag = message_tag(label, (unsigned)random() % 33, (unsigned)random() % 5);
        message.badge = CLIENT;
        for (unsigned i = 0; i < MESSAGE_WORDS; i++)
            message.word[i] = (uint64_t)random() % 9000 << (random() % 4 ? 0 : random() % 52);
        message.word[0] = mounted.mount;
        message.word[1] = 1 + (uint64_t)random() % 130;
        message.word[2] = random() % 16 ? 0 : 1;
        message.word[3] = (uint64_t)(random() % 64) << 32 | (uint64_t)(random() % 2500 * 8);
        fs_server_dispatch(&server, &message);
        assert_true(message_label(message.tag) <= 0 && message_label(message.tag) > -E_FAULTED);
        assert_true(message_words(message.tag) <= MESSAGE_WORDS);
        assert_true(message_label(message.tag) == 0 || message_words(message.tag) == 0);
    }
    log_on = true;
    stop(mounted.mount);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mount),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_random_requests),
    };
    const char *scratch = scratch_make();
    snprintf(path, sizeof(path), "%s/image", scratch);
    small_image_make(scratch, path, "-t ext4 -b 1024");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
