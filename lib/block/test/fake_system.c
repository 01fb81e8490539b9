// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// fake_system.h. Handles are indices into one table for all processes.

#include "lib/block/test/fake_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/block.h"
#include "abi/devmgr.h"
#include "abi/error.h"
#include "abi/rs.h"
#include "lib/block/client_os.h"
#include "lib/block/server.h"
#include "lib/block/server_os.h"
#include "lib/driver/dma.h"
#include "lib/driver/dma_map.h"
#include "lib/driver/driver.h"

enum { HANDLES = 4000, STEPS_MAX = 100000 };

enum kind { KIND_NONE, KIND_MEMORY, KIND_NOTIFICATION, KIND_REPLY, KIND_SERVER };

struct object {
    enum kind kind;
    unsigned handles;
    uint64_t bytes;
    uint8_t *memory;
    uint64_t bits;
};

static struct {
    struct object *object;
    uint64_t badge;
} table[HANDLES];

struct fake_system fake;
static struct driver driver;
static uint64_t server_bits;
static time_ns_t timer;
static handle_t watcher;
static struct object server_object = {.kind = KIND_SERVER, .handles = 1};

// ---- handles ----

static handle_t handle_make(struct object *object, uint64_t badge)
{
    for (handle_t i = 1; i < HANDLES; i++) {
        if (table[i].object != NULL)
            continue;
        table[i].object = object;
        table[i].badge = badge;
        object->handles++;
        return i;
    }
    fail_msg("no handle left");
    return HANDLE_NONE;
}

static struct object *object_of(handle_t handle, enum kind kind)
{
    assert_true(handle > 0 && handle < HANDLES);
    struct object *object = table[handle].object;
    assert_non_null(object);
    if (kind != KIND_NONE)
        assert_int_equal(object->kind, kind);
    return object;
}

static handle_t object_create(enum kind kind, uint64_t bytes)
{
    struct object *object = calloc(1, sizeof(*object));
    object->kind = kind;
    object->bytes = bytes;
    if (bytes > 0) {
        object->memory = aligned_alloc(PAGE_SIZE, (size_t)bytes);
        memset(object->memory, 0, (size_t)bytes);
    }
    return handle_make(object, 0);
}

handle_t fake_memory_create(uint64_t bytes)
{
    return object_create(KIND_MEMORY, bytes);
}

uint8_t *fake_memory(handle_t handle)
{
    return object_of(handle, KIND_MEMORY)->memory;
}

handle_t fake_notification_create(void)
{
    return object_create(KIND_NOTIFICATION, 0);
}

uint64_t fake_notification_take(handle_t handle)
{
    struct object *object = object_of(handle, KIND_NOTIFICATION);
    uint64_t bits = object->bits;
    object->bits = 0;
    return bits;
}

handle_t fake_duplicate(handle_t handle)
{
    return handle_make(object_of(handle, KIND_NONE), table[handle].badge);
}

void fake_close(handle_t handle)
{
    struct object *object = object_of(handle, KIND_NONE);
    table[handle].object = NULL;
    if (--object->handles > 0 || object == &server_object)
        return;
    free(object->memory);
    free(object);
}

unsigned fake_handles_open(void)
{
    unsigned count = 0;
    for (handle_t i = 1; i < HANDLES; i++)
        count += table[i].object != NULL;
    return count;
}

static void signal_handle(handle_t handle)
{
    struct object *object = object_of(handle, KIND_NONE);
    fake.signals++;
    if (object->kind == KIND_SERVER)
        server_bits |= fake.driver_runs ? table[handle].badge : 0;
    else
        object->bits |= table[handle].badge;
}

// ---- the driver process ----

void fake_start(const struct fake_hooks *hooks)
{
    memset(&fake, 0, sizeof(fake));
    fake.hooks = *hooks;
    fake.now = 1000000000ull;
    timer = DEADLINE_NEVER;
    watcher = HANDLE_NONE;
    fake_start_driver();
}

void fake_start_driver(void)
{
    fake.driver_runs = true;
    fake.incarnation++;
    server_bits = 0;
    timer = DEADLINE_NEVER;
    fake.mute = fake.deaf = false;
    fake.lies_about = 0;
    fake.incarnation_lie = 0;
    fake.capacity_lie = 0;
    block_server_init(&driver);
    fake.hooks.boot();
    block_server_before_wait(&driver);
    if (watcher != HANDLE_NONE)
        signal_handle(watcher);
}

// What the kernel does when a process dies: handles and memory go.
static void bury_session(struct block_session *session)
{
    for (unsigned i = 0; i < session->memories; i++) {
        handle_t object = session->memory[i].object;
        dma_window_destroy(&session->memory[i]);
        fake_close(object);
    }
    free(session->pool);
    free(session->window);
    fake_close(session->queue_memory);
    fake_close(session->notification);
    block_os_close(session->detach_reply);
}

void fake_kill_driver(void)
{
    fake.driver_runs = false;
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++)
        if (block_server.session[i].in_use)
            bury_session(&block_server.session[i]);
    for (unsigned i = 0; i < block_server.units; i++)
        free(block_server.unit[i]);
    memset(&block_server, 0, sizeof(block_server));
    if (watcher != HANDLE_NONE)
        signal_handle(watcher);
}

void fake_stop(void)
{
    if (fake.driver_runs)
        fake_kill_driver();
    if (watcher != HANDLE_NONE)
        fake_close(watcher);
    watcher = HANDLE_NONE;
    assert_int_equal(fake_handles_open(), 0);
    assert_int_equal(fake.maps, 0);
}

bool fake_run_driver(void)
{
    if (!fake.driver_runs || fake.mute || fake.deaf)
        return false;
    uint64_t bits = server_bits;
    server_bits = 0;
    bool busy = bits != 0;
    if ((bits & DRIVER_SIGNAL_MASK) != 0)
        block_server_handle_signal(&driver, bits & DRIVER_SIGNAL_MASK);
    if (fake.now >= timer) {
        timer = DEADLINE_NEVER;
        block_server_handle_timer(&driver);
        busy = true;
    }
    busy |= fake.hooks.step();
    if (busy) // else it sleeps on
        block_server_before_wait(&driver);
    return busy;
}

void fake_run(void)
{
    unsigned steps = 0;
    while (fake_run_driver())
        assert_true(++steps < STEPS_MAX);
}

// Lets the world turn until `ready` or nothing moves; then the clock jumps to the next event.
// False: deadline.
static bool turn_until(bool (*ready)(void *), void *context, time_ns_t deadline)
{
    for (unsigned steps = 0; !ready(context); steps++) {
        assert_true(steps < STEPS_MAX);
        if (fake_run_driver())
            continue;
        if (ready(context))
            break;
        if (fake.now >= deadline)
            return false;
        bool works = !fake.mute && !fake.deaf;
        time_ns_t next = works && timer < deadline ? timer : deadline;
        assert_true(next != DEADLINE_NEVER); // everybody waits for ever
        fake.now = next > fake.now ? next : fake.now + 1;
    }
    return true;
}

// ---- driver.h ----

int driver_signal_create(struct driver *d, unsigned n, handle_t *handle)
{
    assert_ptr_equal(d, &driver);
    *handle = handle_make(&server_object, DRIVER_SIGNAL_BIT(n));
    return 0;
}

handle_t driver_take_handle(struct message *request, unsigned index)
{
    if (index >= message_handles(request->tag))
        return HANDLE_NONE;
    handle_t handle = request->handle[index];
    request->handle[index] = HANDLE_NONE;
    return handle;
}

int driver_defer(struct driver *d, handle_t *reply)
{
    assert_ptr_equal(d, &driver);
    *reply = object_create(KIND_REPLY, 0);
    return 0;
}

int driver_set_timer(struct driver *d, time_ns_t deadline)
{
    assert_ptr_equal(d, &driver);
    timer = deadline;
    return 0;
}

void driver_wake(struct driver *d)
{
    assert_ptr_equal(d, &driver);
    fake.wakes++;
    server_bits |= (uint64_t)1 << DRIVER_WAKE_BIT;
}

void driver_pause(uint64_t ns)
{
    fake.now += ns;
}

int driver_wait_until(bool (*ready)(void *context), void *context, uint64_t timeout_ns,
                      const char *what)
{
    assert_non_null(what);
    time_ns_t end = fake.now + timeout_ns;
    for (;;) {
        if (ready(context))
            return 0;
        if (!fake.hooks.step()) {
            if (fake.now >= end)
                return -E_TIMEDOUT;
            fake.now += 1000000;
        }
    }
}

void driver_fail(struct driver *d, const char *format, ...)
{
    (void)format;
    assert_ptr_equal(d, &driver);
    fail_msg("driver_fail");
    abort();
}

// ---- dma.h: bus addresses are host addresses ----

int dma_buffer_create(handle_t dma, uint64_t bytes, enum dma_limit limit, struct dma_buffer *buffer)
{
    (void)dma;
    (void)limit;
    bytes = (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    void *memory = aligned_alloc(PAGE_SIZE, (size_t)bytes);
    memset(memory, 0, (size_t)bytes);
    *buffer = (struct dma_buffer){.memory = memory, .bus = (uintptr_t)memory, .bytes = bytes};
    return 0;
}

void dma_buffer_destroy(handle_t dma, struct dma_buffer *buffer)
{
    (void)dma;
    free(buffer->memory);
    *buffer = (struct dma_buffer){.memory = NULL};
}

int dma_map_pages(handle_t dma, handle_t object, uint64_t offset, uint64_t bytes, uint32_t rights,
                  uint64_t *bus)
{
    (void)dma;
    (void)rights;
    struct object *memory = object_of(object, KIND_MEMORY);
    assert_true(bytes <= memory->bytes && offset <= memory->bytes - bytes);
    if (fake.dma_fails)
        return -E_NOMEM;
    for (uint64_t at = 0; at < bytes; at += PAGE_SIZE)
        bus[at / PAGE_SIZE] = (uintptr_t)memory->memory + offset + at;
    fake.maps += (unsigned)(bytes / PAGE_SIZE);
    return 0;
}

int dma_unmap_pages(handle_t dma, handle_t object, uint64_t offset, uint64_t bytes, uint64_t bus)
{
    (void)dma;
    assert_int_equal(bus, (uintptr_t)object_of(object, KIND_MEMORY)->memory + offset);
    fake.maps -= (unsigned)(bytes / PAGE_SIZE);
    return 0;
}

// ---- server_os.h ----

int64_t block_os_memory_bytes(handle_t memory)
{
    if (memory == HANDLE_NONE || memory >= HANDLES || table[memory].object == NULL ||
        table[memory].object->kind != KIND_MEMORY)
        return -E_BADF;
    return (int64_t)table[memory].object->bytes;
}

int block_os_map(handle_t memory, uint64_t bytes, void **address)
{
    assert_true(bytes <= object_of(memory, KIND_MEMORY)->bytes);
    *address = object_of(memory, KIND_MEMORY)->memory;
    return 0;
}

void block_os_unmap(void *address, uint64_t bytes)
{
    assert_non_null(address);
    assert_true(bytes > 0);
}

void block_os_signal(handle_t notification)
{
    signal_handle(notification);
}

void block_os_close(handle_t handle)
{
    if (handle != HANDLE_NONE)
        fake_close(handle);
}

void block_os_reply(handle_t reply, int status)
{
    object_of(reply, KIND_REPLY)->bits = (uint64_t)(int64_t)status | 1ull << 63;
    object_of(reply, KIND_REPLY)->bytes = 1;
    fake_close(reply);
}

uint64_t block_os_incarnation(void)
{
    return fake.incarnation + fake.incarnation_lie;
}

time_ns_t block_os_clock(void)
{
    return fake.now;
}

void block_os_log(const char *format, ...)
{
    (void)format;
}

// ---- client_os.h ----

int client_os_queue_create(uint64_t bytes, handle_t *memory, void **address)
{
    *memory = fake_memory_create(bytes);
    *address = fake_memory(*memory);
    return 0;
}

void client_os_queue_destroy(uint64_t bytes, handle_t memory, void *address)
{
    assert_true(bytes > 0 && address == fake_memory(memory));
    fake_close(memory);
}

static bool reply_came(void *context)
{
    return ((struct object *)context)->bytes == 1;
}

int fake_call_driver(uint64_t badge, struct message *message)
{
    struct message request = *message;
    struct message reply = {.tag = 0};
    request.badge = badge;
    for (unsigned i = 0; i < message_handles(request.tag); i++)
        request.handle[i] = fake_duplicate(request.handle[i]); // the kernel sends copies
    int label = block_server_handle_message(&driver, &request, &reply);
    if (!fake.mute)
        block_server_before_wait(&driver);
    for (unsigned i = 0; i < message_handles(request.tag); i++)
        if (request.handle[i] != HANDLE_NONE)
            fake_close(request.handle[i]);
    if (label == DRIVER_DEFERRED) {
        // The only deferred answer is that of a detach: one handle is the library's, this one keeps
        // the object.
        handle_t last = HANDLE_NONE;
        for (handle_t i = 1; i < HANDLES; i++)
            if (table[i].object != NULL && table[i].object->kind == KIND_REPLY)
                last = i;
        handle_t mine = fake_duplicate(last);
        struct object *object = object_of(mine, KIND_REPLY);
        bool came = turn_until(reply_came, object, fake.now + 100000000000ull);
        fake_close(mine);
        label = came ? 0 : -E_TIMEDOUT;
    }
    reply.tag = message_tag(label, message_words(reply.tag), message_handles(reply.tag));
    *message = reply;
    return label;
}

static int call_devmgr(struct message *message)
{
    if (message_label(message->tag) == DEVMGR_WATCH) {
        watcher = fake_duplicate(message->handle[0]);
        *message = (struct message){.tag = 0};
        return 0;
    }
    assert_int_equal(message_label(message->tag), DEVMGR_FIND);
    assert_int_equal(message->word[0], DEVICE_BLOCK);
    if (strncmp((const char *)&message->word[1], "vda", DEVICE_NAME_MAX) != 0)
        return -E_NOENT; // an answer without handles
    struct device_info info = {
        .class = DEVICE_BLOCK,
        .state = fake.device_failed ? DEVICE_FAILED
                 : fake.driver_runs ? DEVICE_RUNNING
                                    : DEVICE_RESTARTING,
        .incarnation = fake.incarnation,
        .name = "vda",
        .service = "virtio_blk.0",
    };
    *message = (struct message){.tag = message_tag(0, sizeof(info) / 8, 0)};
    memcpy(message->word, &info, sizeof(info));
    return 0;
}

static bool driver_is_there(void *context)
{
    (void)context;
    return fake.driver_runs;
}

static int call_rs(struct message *message)
{
    if (message_label(message->tag) == RS_COMPLAIN) {
        assert_int_equal(message->word[0], fake.incarnation);
        assert_true(message->word[1] <= fake.now);
        assert_string_equal((const char *)&message->word[2], "virtio_blk.0");
        fake.complaints++;
        *message = (struct message){.tag = 0};
        if (fake.complaints_refused)
            return -E_PERM;
        fake_kill_driver();
        fake_start_driver();
        return 0;
    }
    assert_int_equal(message_label(message->tag), RS_CONNECT);
    *message = (struct message){.tag = message_tag(0, 3, 1), .handle = {FAKE_ENDPOINT}};
    return 0;
}

int client_os_call(handle_t endpoint, struct message *message, time_ns_t deadline)
{
    assert_true(deadline != DEADLINE_NEVER);
    if (endpoint == FAKE_DEVMGR)
        return call_devmgr(message);
    if (endpoint == FAKE_RS)
        return call_rs(message);
    assert_int_equal(endpoint, FAKE_ENDPOINT);
    // A call to an endpoint without server waits for the next one.
    if (!fake.driver_runs && !turn_until(driver_is_there, NULL, deadline)) {
        message->tag = 0;
        return -E_TIMEDOUT;
    }
    if (fake.deaf) {
        fake.now = deadline;
        message->tag = 0;
        return -E_TIMEDOUT;
    }
    if (message_label(message->tag) == BLOCK_ATTACH && fake.attach_failures > 0) {
        fake.attach_failures--;
        message->tag = 0;
        return -E_RESTARTED;
    }
    if (message_label(message->tag) == (int)fake.lies_about) {
        *message = (struct message){.tag = message_tag(fake.lie, 0, 0)};
        return fake.lie;
    }
    bool attaches = message_label(message->tag) == BLOCK_ATTACH;
    int label = fake_call_driver(FAKE_BADGE, message);
    if (attaches && label == 0 && fake.capacity_lie != 0)
        message->word[2] = fake.capacity_lie; // the first of struct block_info
    return label;
}

void client_os_close_handles(struct message *message)
{
    for (unsigned i = 0; i < message_handles(message->tag); i++)
        if (message->handle[i] != HANDLE_NONE && message->handle[i] != FAKE_ENDPOINT)
            fake_close(message->handle[i]);
}

int client_os_notification_create(handle_t *notification)
{
    *notification = fake_notification_create();
    return 0;
}

int client_os_duplicate(handle_t handle, handle_t *copy)
{
    *copy = fake_duplicate(handle);
    return 0;
}

int client_os_signal_handle(handle_t notification, uint64_t bits, handle_t *handle)
{
    *handle = handle_make(object_of(notification, KIND_NOTIFICATION), bits);
    return 0;
}

void client_os_close(handle_t handle)
{
    if (handle != HANDLE_NONE && handle < HANDLES)
        fake_close(handle);
}

handle_t client_os_startup_handle(const char *name)
{
    return strcmp(name, "devmgr") == 0 ? FAKE_DEVMGR : FAKE_RS;
}

void client_os_signal(handle_t notification)
{
    signal_handle(notification);
}

static bool has_bits(void *context)
{
    return context != NULL && ((struct object *)context)->bits != 0;
}

int client_os_wait(handle_t notification, time_ns_t deadline, uint64_t *bits)
{
    struct object *object =
        notification == HANDLE_NONE ? NULL : object_of(notification, KIND_NOTIFICATION);
    if (!turn_until(has_bits, object, deadline))
        return -E_TIMEDOUT;
    *bits = object->bits;
    object->bits = 0;
    return 0;
}

void client_os_futex_wait(uint32_t *word, uint32_t value, time_ns_t deadline)
{
    (void)word;
    (void)value;
    (void)deadline;
    abort();
}

void client_os_futex_wake_all(uint32_t *word)
{
    (void)word;
}

time_ns_t client_os_clock(void)
{
    return fake.now;
}

void client_os_log(const char *format, ...)
{
    (void)format;
}
