// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The ext4 server and the block driver below it, driven from inside as posix drives them: names and
// extents from the server, data from the block driver, restarts of the server in between. The image
// comes from tests/boot/test_ext4.py, which says in the file "digest" what "data" is.

#include "abi/fs.h"
#include "abi/rs.h"
#include "lib/block/client.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "tests/guest/guest_test.h"

#include <stdlib.h>
#include <string.h>

enum {
    NAMES_AT = 0,     // in the session memory: names, the device (mounting may come between a
    DEVICE_AT = 1024, // name and its use), results
    RESULT_AT = 4096,
    RESULT_BYTES = 16 * 1024,
    DATA_BYTES = 256 * 1024,
    NAMES = 400, // in "many"
    KILLS = 3,
    LOOKUPS = 240,
};

static struct fs_mount_reply mounted;
static uint8_t *session;
static handle_t session_memory;
static unsigned remounts;

static struct block_client *disk;
static uint8_t *data;
static int data_number;

// ---- the file-system client ----

static int64_t mount(const char *device)
{
    struct fs_mount_request request = {
        .session_bytes = FS_SESSION_BYTES,
        .buffer = {DEVICE_AT, (uint32_t)strlen(device)},
        .device_name_bytes = (uint32_t)strlen(device),
    };
    struct message message = {.tag = message_tag(FS_MOUNT, sizeof(request) / 8, 1),
                              .handle = {session_memory}};
    memcpy(session + DEVICE_AT, device, strlen(device));
    memcpy(message.word, &request, sizeof(request));
    int64_t status = message_call(startup_handle("ext4"), &message);
    if (status == 0)
        status = message_get_bytes(&message, 0, &mounted, sizeof(mounted));
    return status;
}

// A reading operation: `words` begins with the mount's number. Mounts again after a restart.
static int64_t ask(enum fs_operation operation, void *words, size_t bytes, void *reply,
                   size_t reply_bytes)
{
    for (;;) {
        struct message message = {.tag = message_tag((int32_t)operation, (unsigned)(bytes / 8), 0)};
        memcpy(words, &mounted.mount, sizeof(mounted.mount));
        memcpy(message.word, words, bytes);
        int64_t status = message_call(startup_handle("ext4"), &message);
        if (status == 0)
            return message_get_bytes(&message, 0, reply, reply_bytes);
        if (status != -E_RESTARTED)
            return status;
        status = mount("vda");
        if (status < 0 && status != -E_RESTARTED)
            return status;
        remounts++;
    }
}

static struct fs_inode_id id_of(const struct fs_attributes *attributes)
{
    return (struct fs_inode_id){attributes->ino, attributes->generation};
}

static int64_t lookup(struct fs_inode_id directory, const char *name, struct fs_attributes *out)
{
    struct fs_lookup_request request = {.directory = directory,
                                        .name = {NAMES_AT, (uint32_t)strlen(name)}};
    memcpy(session + NAMES_AT, name, strlen(name));
    return ask(FS_LOOKUP, &request, sizeof(request), out, sizeof(*out));
}

// ---- file data ----

static uint32_t adler(uint32_t sum, const uint8_t *bytes, uint64_t count)
{
    uint32_t a = sum & 0xFFFF, b = sum >> 16;
    for (uint64_t i = 0; i < count; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

// The file's bytes of one extent, straight from the disk into `data`.
static int64_t extent_sum(const struct fs_extent *extent, uint64_t size, uint32_t *sum)
{
    for (uint64_t done = 0; done < extent->bytes && extent->offset + done < size;) {
        uint64_t part = extent->bytes - done < DATA_BYTES ? extent->bytes - done : DATA_BYTES;
        uint64_t left = size - extent->offset - done;
        memset(data, 0, part);
        if (!(extent->flags & (FS_EXTENT_HOLE | FS_EXTENT_UNWRITTEN))) {
            int status = block_client_read(disk, extent->device_offset + done,
                                           (uint32_t)data_number, 0, (uint32_t)part);
            if (status < 0)
                return status;
        }
        *sum = adler(*sum, data, part < left ? part : left);
        done += part;
    }
    return 0;
}

static int64_t file_sum(const struct fs_attributes *file, uint32_t *sum)
{
    struct fs_map_request request = {.inode = id_of(file), .buffer = {RESULT_AT, RESULT_BYTES}};
    *sum = 1;
    while (request.offset < file->size) {
        struct fs_map_reply reply;
        request.bytes = file->size - request.offset;
        int64_t status = ask(FS_MAP, &request, sizeof(request), &reply, sizeof(reply));
        if (status < 0 || reply.end <= request.offset)
            return status < 0 ? status : -E_PROTO;
        const struct fs_extent *extents = (const struct fs_extent *)(session + RESULT_AT);
        for (uint64_t i = 0; i < reply.extents; i++) {
            status = extent_sum(&extents[i], file->size, sum);
            if (status < 0)
                return status;
        }
        request.offset = reply.end;
    }
    return 0;
}

static void check_file(const char *name, const char *digest_name)
{
    struct fs_attributes file, digest;
    uint32_t sum, text_sum;
    CHECK_EQUAL(lookup(id_of(&mounted.root), name, &file), 0);
    CHECK_EQUAL(lookup(id_of(&mounted.root), digest_name, &digest), 0);
    CHECK_EQUAL(file_sum(&digest, &text_sum), 0); // leaves the text in `data`
    data[digest.size] = 0;
    uint32_t wanted = (uint32_t)strtoul((const char *)data, NULL, 10);
    CHECK_EQUAL(file_sum(&file, &sum), 0);
    CHECK_EQUAL(sum, wanted);
    log_info("%s: %llu bytes compared", name, (unsigned long long)file.size);
}

// ---- tests ----

static void test_mount(void)
{
    CHECK_EQUAL(mount("vdz"), -E_NODEV);
    CHECK_EQUAL(mount("vda"), 0);
    CHECK_EQUAL(mounted.root.ino, 2);
    CHECK_EQUAL(mounted.flags, FS_MOUNT_READ_ONLY);
    struct fs_mount_only_request request;
    struct fs_statfs_reply reply;
    CHECK_EQUAL(ask(FS_STATFS, &request, sizeof(request), &reply, sizeof(reply)), 0);
    CHECK_EQUAL(reply.magic, 0xEF53);
}

// Every entry that listing shows is found by name too.
static void test_names(void)
{
    struct fs_attributes many, found;
    char name[FS_NAME_MAX + 1];
    unsigned entries = 0;
    CHECK_EQUAL(lookup(id_of(&mounted.root), "many", &many), 0);
    struct fs_readdir_request request = {.directory = id_of(&many),
                                         .buffer = {RESULT_AT, RESULT_BYTES}};
    for (;;) {
        struct fs_readdir_reply reply;
        if (!CHECK_EQUAL(ask(FS_READDIR, &request, sizeof(request), &reply, sizeof(reply)), 0) ||
            reply.bytes == 0)
            break;
        const uint8_t *at = session + RESULT_AT;
        for (uint64_t i = 0; i < reply.entries; i++) {
            const struct fs_dirent *entry = (const struct fs_dirent *)at;
            memcpy(name, entry + 1, entry->name_bytes);
            name[entry->name_bytes] = 0;
            int64_t status = lookup(id_of(&many), name, &found);
            if (status < 0 || found.ino != entry->ino)
                CHECK_EQUAL(status, 0);
            entries++;
            at += entry->entry_bytes;
        }
        request.cookie = reply.next;
    }
    CHECK_EQUAL(entries, NAMES + 2);
    CHECK_EQUAL(lookup(id_of(&many), "not there", &found), -E_NOENT);
}

static void kill_server(void)
{
    struct message message = {.tag = message_tag(RS_CONTROL, 1 + RS_NAME_WORDS, 0),
                              .word = {RS_CONTROL_KILL}};
    static const char name[RS_NAME_MAX] = "ext4";
    message_put_bytes(&message, 1, name, sizeof(name));
    CHECK_EQUAL(message_call_retry(startup_handle("rs"), &message), 0);
}

// The server dies again and again; a client that mounts again sees the same files, and no error.
static void test_restarts(void)
{
    struct fs_attributes first, again;
    CHECK_EQUAL(lookup(id_of(&mounted.root), "data", &first), 0);
    for (unsigned i = 0; i < LOOKUPS; i++) {
        if (i % (LOOKUPS / KILLS) == LOOKUPS / KILLS / 2)
            kill_server();
        int64_t status = lookup(id_of(&mounted.root), "data", &again);
        if (status < 0 || memcmp(&first, &again, sizeof(first)) != 0)
            CHECK_EQUAL(status, 0);
    }
    CHECK(remounts >= KILLS);
    check_file("data", "digest");
}

// ---- start ----

static void *map(handle_t memory, uint64_t bytes)
{
    struct aspace_map_args args = {
        .memory = memory, .bytes = bytes, .prot = PROT_READ | PROT_WRITE};
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0)
        sys_panic("no memory: error %d", (int)address);
    return (void *)(uintptr_t)address;
}

static void open_all(void)
{
    struct block_client_options options = {.name = "vda", .deadline = sys_clock() + 10000000000};
    handle_t data_memory = (handle_t)sys_memory_create(DATA_BYTES, 0, HANDLE_NONE);
    session_memory = (handle_t)sys_memory_create(FS_SESSION_BYTES, 0, HANDLE_NONE);
    session = map(session_memory, FS_SESSION_BYTES);
    data = map(data_memory, DATA_BYTES);
    CHECK_EQUAL(block_client_open(&options, &disk), 0);
    data_number = block_client_add_memory(disk, data_memory, DATA_BYTES);
    CHECK(data_number >= 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    guest_test_begin();
    open_all();
    test_mount();
    test_names();
    check_file("data", "digest");
    check_file("holes", "holes-digest");
    test_restarts();
    guest_test_end();
}
