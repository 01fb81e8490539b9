// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Writing through the protocol of abi/fs.h: each operation, the order of sequence numbers, a server
// that dies and its successor, and requests at random. e2fsck has the last word.

#include "fs/ext4/server.h"
#include "fs/ext4/test/image.h"
#include "fs/ext4/test/writable.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SESSION_BYTES = FS_SESSION_BYTES_MIN, CLIENT = 7, LINEAGE = 99, ROUNDS = 60000 };

static const char *scratch;
static struct image image; // lives longer than its mounts
static uint8_t session[SESSION_BYTES];
static struct fs_server server;
static struct fs_mount_reply mounted;
static uint64_t sequence;
static struct message message;
static bool log_on = true;

// ---- what a process provides ----

static int test_map(handle_t memory, uint64_t bytes, uint8_t **out)
{
    (void)memory;
    (void)bytes;
    *out = session;
    return 0;
}

static void test_unmap(uint8_t *address, uint64_t bytes)
{
    (void)address;
    (void)bytes;
}

static int test_open(const char *name, struct ext4_device *out)
{
    (void)name;
    *out = (struct ext4_device){
        .source = image_writable(&image),
        .memory = aligned_alloc(4096, EXT4_MEMORY_MIN_LARGE),
        .memory_bytes = EXT4_MEMORY_MIN_LARGE,
    };
    return 0;
}

static void test_close(struct ext4_device *device)
{
    free(device->memory);
}

static void test_log(void *context, const char *format, va_list arguments)
{
    char line[300];
    (void)context;
    vsnprintf(line, sizeof(line), format, arguments);
    if (log_on)
        printf("# %s\n", line);
}

// ---- a client ----

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

static struct fs_write_header next(void)
{
    return (struct fs_write_header){mounted.mount, ++sequence, {1800000000, 7, 0}};
}

static void mount_as(uint64_t incarnation, uint64_t lineage)
{
    static const struct ext4_provider provider = {test_open, test_close, test_log};
    server = (struct fs_server){
        .format = ext4_format(&provider),
        .next_number = incarnation << 32 | 1,
        .session_map = test_map,
        .session_unmap = test_unmap,
    };
    struct fs_mount_request request = {.session_bytes = SESSION_BYTES,
                                       .buffer = {0, 3},
                                       .device_name_bytes = 3,
                                       .client = lineage,
                                       .now = {1800000000, 0, 0}};
    memcpy(session, "vda", 3);
    message.tag = message_tag(FS_MOUNT, sizeof(request) / 8, 1);
    message.badge = CLIENT;
    memcpy(message.word, &request, sizeof(request));
    fs_server_dispatch(&server, &message);
    assert_int_equal(message_label(message.tag), 0);
    memcpy(&mounted, message.word, sizeof(mounted));
    assert_int_equal(mounted.flags, 0);
    sequence = mounted.applied;
}

static void mount_new(uint64_t incarnation)
{
    mount_as(incarnation, LINEAGE);
}

static void unmount(void)
{
    struct fs_mount_only_request request = {mounted.mount};
    assert_int_equal(SEND(FS_UNMOUNT, request), 0);
}

static void unmount_and_check(void)
{
    char path[300];
    unmount();
    snprintf(path, sizeof(path), "%s/changed", scratch);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(image.bytes, 1, image.size, file), image.size);
    fclose(file);
    run("e2fsck -fn %s >%s/e2fsck.out 2>&1 || { cat %s/e2fsck.out; false; }", path, scratch,
        scratch);
}

static struct fs_inode_id id_of(const struct fs_attributes *attributes)
{
    return (struct fs_inode_id){attributes->ino, attributes->generation};
}

static struct fs_buffer text(const char *name, const char *second)
{
    size_t length = strlen(name), more = strlen(second);
    memcpy(session, name, length);
    memcpy(session + length, second, more);
    return (struct fs_buffer){0, (uint32_t)(length + more)};
}

static int make(int label, uint32_t mode, const char *name, const char *target,
                struct fs_attributes *out)
{
    struct fs_make_request request = {
        .header = next(),
        .directory = id_of(&mounted.root),
        .buffer = text(name, target),
        .name_bytes = (uint32_t)strlen(name),
        .target_bytes = (uint32_t)strlen(target),
        .mode = mode,
    };
    int error = SEND(label, request);
    struct fs_make_reply reply;
    memcpy(&reply, message.word, sizeof(reply));
    if (!error)
        *out = reply.inode;
    return error;
}

static int lookup(const char *name, struct fs_attributes *out)
{
    struct fs_lookup_request request = {mounted.mount, id_of(&mounted.root), text(name, "")};
    int error = SEND(FS_LOOKUP, request);
    memcpy(out, message.word, sizeof(*out));
    return error;
}

static int remove_name(int label, const char *name, const struct fs_attributes *expected)
{
    struct fs_remove_request request = {next(), id_of(&mounted.root), text(name, ""),
                                        id_of(expected)};
    return SEND(label, request);
}

static uint64_t sync_all(void)
{
    struct fs_sync_request request = {.mount = mounted.mount};
    assert_int_equal(SEND(FS_SYNC, request), 0);
    return message.word[0];
}

static void write_block(const struct fs_attributes *file, uint64_t offset, int value)
{
    struct fs_allocate_request request = {next(), id_of(file), offset, 1024, {0, 320}, 0};
    assert_int_equal(SEND(FS_ALLOCATE, request), 0);
    assert_int_equal(message.word[0], 1);
    const struct fs_extent *extent = (const void *)session;
    assert_int_equal(extent->offset, offset);
    assert_int_equal(extent->flags, FS_EXTENT_UNWRITTEN);
    memset(image.bytes + extent->device_offset, value, 1024);
    struct fs_commit_request commit = {next(), id_of(file), offset, 1024, offset + 1000};
    assert_int_equal(SEND(FS_COMMIT, commit), 0);
    struct fs_inode_reply reply;
    memcpy(&reply, message.word, sizeof(reply));
    assert_int_equal(reply.inode.size, offset + 1000);
}

// ---- tests ----

static void test_operations(void **state)
{
    (void)state;
    struct fs_attributes file, directory, link, found;
    mount_new(1);
    assert_int_equal(make(FS_CREATE, 0100644, "file", "", &file), 0);
    assert_int_equal(make(FS_CREATE, 0100644, "file", "", &found), -E_EXIST);
    assert_int_equal(make(FS_MKDIR, 0100644, "wrong", "", &found), -E_INVAL);
    assert_int_equal(make(FS_MKDIR, 0040755, "directory", "", &directory), 0);
    assert_int_equal(make(FS_SYMLINK, 0120777, "link", "to/somewhere", &link), 0);
    assert_int_equal(link.size, 12);
    write_block(&file, 0, 'a');
    write_block(&file, 5 << 20, 'b');
    struct fs_commit_request hole = {next(), id_of(&file), 4096, 1024, 0};
    assert_int_equal(SEND(FS_COMMIT, hole), -E_INVAL);
    struct fs_link_request second = {next(), id_of(&file), id_of(&directory), text("second", "")};
    assert_int_equal(SEND(FS_LINK, second), 0);
    struct fs_rename_request rename = {
        next(), id_of(&mounted.root), id_of(&directory), text("link", "moved"), 4, 5, 0};
    assert_int_equal(SEND(FS_RENAME, rename), 0);
    assert_int_equal(lookup("link", &found), -E_NOENT);
    assert_int_equal(remove_name(FS_RMDIR, "directory", &directory), -E_NOTEMPTY);
    assert_int_equal(remove_name(FS_UNLINK, "file", &directory), -E_SRCH);
    struct fs_setattr_request size = {
        .header = next(), .inode = id_of(&file), .valid = FS_VALID_SIZE, .size = 1000};
    assert_int_equal(SEND(FS_SETATTR, size), 0);
    struct fs_setxattr_request xattr = {next(), id_of(&file), text("user.a", "value"), 6, 5, 0};
    assert_int_equal(SEND(FS_SETXATTR, xattr), 0);
    assert_int_equal(lookup("file", &found), 0);
    assert_int_equal(found.size, 1000);
    assert_int_equal(found.links, 2);
    assert_int_equal(found.mtime.seconds, 1800000000);
    assert_int_equal(remove_name(FS_UNLINK, "file", &file), 0);
    unmount_and_check();
}

static void test_sequence(void **state)
{
    (void)state;
    struct fs_attributes file;
    mount_new(2);
    assert_true(sequence > 0); // the same client as before
    assert_int_equal(make(FS_CREATE, 0100644, "first", "", &file), 0);
    sequence--;
    assert_int_equal(make(FS_CREATE, 0100644, "again", "", &file), -E_ALREADY);
    sequence++;
    assert_int_equal(make(FS_CREATE, 0100644, "gap", "", &file), -E_PROTO);
    sequence -= 2;
    assert_int_equal(make(FS_CREATE, 0100644, "next", "", &file), 0);
    unmount_and_check();
}

// What was synced is there, the rest is not, and comes out the same when it is repeated.
static void test_successor(void **state)
{
    (void)state;
    struct fs_attributes kept, lost, again;
    mount_new(3);
    assert_int_equal(make(FS_CREATE, 0100644, "kept", "", &kept), 0);
    uint64_t stable = sync_all();
    assert_int_equal(stable, sequence);
    assert_int_equal(make(FS_CREATE, 0100644, "lost", "", &lost), 0);
    mount_new(4); // the cache is gone
    assert_int_equal(mounted.applied, stable);
    assert_int_equal(lookup("kept", &again), 0);
    assert_memory_equal(&kept, &again, sizeof(kept));
    assert_int_equal(lookup("lost", &again), -E_NOENT);
    struct fs_make_request request = {
        .header = next(),
        .directory = id_of(&mounted.root),
        .buffer = text("lost", ""),
        .name_bytes = 4,
        .mode = 0100644,
        .wanted = id_of(&lost),
    };
    assert_int_equal(SEND(FS_CREATE, request), 0);
    assert_int_equal(lookup("lost", &again), 0);
    assert_memory_equal(&lost, &again, sizeof(lost));
    unmount_and_check();
}

// An inode without names lives until it is released, also across a successor.
static void test_orphan(void **state)
{
    (void)state;
    struct fs_attributes file;
    mount_new(5);
    assert_int_equal(make(FS_CREATE, 0100600, "orphan", "", &file), 0);
    assert_int_equal(remove_name(FS_UNLINK, "orphan", &file), 0);
    write_block(&file, 0, 'o');
    sync_all();
    mount_new(6);
    struct fs_inode_request getattr = {mounted.mount, id_of(&file)};
    assert_int_equal(SEND(FS_GETATTR, getattr), 0);
    struct fs_release_request release = {next(), id_of(&file)};
    assert_int_equal(SEND(FS_RELEASE, release), 0);
    getattr.mount = mounted.mount;
    assert_int_equal(SEND(FS_GETATTR, getattr), -E_SRCH);
    unmount_and_check();
}

// ---- requests at random, most of them nearly right ----

enum { KNOWN = 40, WORDS = 16 };

static struct fs_inode_id known[KNOWN];
static unsigned known_count;

static uint64_t some(unsigned below)
{
    return (uint64_t)random() % below;
}

static void put_inode(uint64_t *words, bool directory)
{
    struct fs_inode_id id = id_of(&mounted.root);
    if (known_count && (!directory || some(4) == 0))
        id = known[some(known_count)];
    memcpy(words, &id, sizeof(id));
}

static uint64_t name_buffer(uint64_t bytes)
{
    return bytes << 32 | some(4) * 8;
}

static void random_words(int label, uint64_t *words)
{
    put_inode(words + 4, label != FS_LINK && label <= FS_RENAME);
    put_inode(words + 6, true);
    switch (label) {
    case FS_LINK:
        words[8] = name_buffer(1 + some(3));
        break;
    case FS_UNLINK:
    case FS_RMDIR:
        words[6] = name_buffer(1 + some(2));
        put_inode(words + 7, false);
        break;
    case FS_RENAME:
        words[8] = name_buffer(8);
        words[9] = (1 + some(2)) << 32 | (1 + some(2));
        words[10] = some(4);
        break;
    case FS_SETATTR:
        words[6] = some(128);
        words[9] = some(100000);
        break;
    case FS_ALLOCATE:
    case FS_COMMIT:
        words[6] = some(20) * 1000;
        words[7] = some(20000);
        words[8] = label == FS_ALLOCATE ? name_buffer(32 * some(20)) : some(40000);
        words[9] = 0;
        break;
    case FS_SETXATTR:
        words[6] = name_buffer(700);
        words[7] = some(600) << 32 | (5 + some(3));
        words[8] = some(3);
        break;
    default:
        words[6] = name_buffer(80);
        words[7] = some(70) << 32 | (1 + some(2));
        words[8] = label == FS_MKDIR ? 0040755 : label == FS_SYMLINK ? 0120777 : 0100644;
        words[11] = words[12] = 0;
        break;
    }
    if (some(20) == 0)
        words[4 + some(WORDS - 4)] = (uint64_t)random() << some(40);
}

static void test_random_requests(void **state)
{
    (void)state;
    unsigned done[64] = {0};
    mount_new(7);
    log_on = false;
    srandom(5);
    for (unsigned round = 0; round < ROUNDS; round++) {
        int label = FS_CREATE + (int)some(12);
        uint64_t words[WORDS];
        for (unsigned i = 0; i < WORDS; i++)
            words[i] = some(40);
        words[0] = mounted.mount;
        words[1] = ++sequence;
        words[3] = 0;
        for (unsigned i = 0; i < 1000; i++)
            session[i] = (uint8_t)('a' + some(3));
        if (label == FS_SETXATTR)
            memcpy(session, "user.abcuser.abcuser.abcuser.abcuser", 36);
        random_words(label, words);
        int error = send(label, words, sizeof(words));
        assert_true(error <= 0 && error > -E_FAULTED);
        done[label] += error == 0;
        if (!error && label <= FS_SYMLINK) {
            struct fs_make_reply reply;
            memcpy(&reply, message.word, sizeof(reply));
            known[known_count < KNOWN ? known_count++ : some(KNOWN)] = id_of(&reply.inode);
        }
    }
    log_on = true;
    for (int label = FS_CREATE; label <= FS_SETXATTR; label++) {
        printf("# operation %d succeeded %u times\n", label, done[label]);
        assert_true(done[label] > 0);
    }
    unmount();
    mount_as(8, LINEAGE + 1); // nobody uses the orphans any more
    unmount_and_check();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations),      cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_successor),       cmocka_unit_test(test_orphan),
        cmocka_unit_test(test_random_requests),
    };
    char path[300];
    scratch = scratch_make();
    snprintf(path, sizeof(path), "%s/image", scratch);
    run("mke2fs -q -F -t ext4 -b 1024 %s 16M >/dev/null 2>&1", path);
    image_load(&image, path);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
