// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// From a service's manifest to a running process: address space, image, stack, grants, startup
// page, first thread.

#include "abi/log.h"
#include "lib/sys/layout.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

#include <stdio.h>
#include <string.h>

// One process on its way. `startup` is static in spawn: 4 KiB would be much of rs's stack.
struct birth {
    struct service *service;
    handle_t aspace, process;
    struct startup *startup;
    const char **why;
};

// ---- grants ----

static int grant(struct birth *birth, const char *name, handle_t handle, uint32_t rights,
                 uint64_t badge, uint64_t value)
{
    struct startup *startup = birth->startup;
    if (startup->grants == STARTUP_GRANTS) {
        *birth->why = "too many grants";
        return -E_2BIG;
    }
    int64_t slot = sys_process_grant(birth->process, handle, rights, badge, 0);
    if (slot < 0) {
        *birth->why = "a grant failed";
        log_error("rs: %s: granting %s: error %lld", birth->service->name, name, (long long)slot);
        return (int)slot;
    }
    self_moment();
    struct startup_grant *entry = &startup->grant[startup->grants++];
    strlcpy(entry->name, name, sizeof(entry->name));
    entry->handle = (handle_t)slot;
    entry->value = value;
    return 0;
}

static int grant_own(struct birth *birth)
{
    struct service *service = birth->service;
    int status = grant(birth, "endpoint", service->endpoint,
                       RIGHT_SEND | RIGHT_RECEIVE | RIGHT_DUPLICATE | RIGHT_TRANSFER, 0, 0);
    if (status == 0 && service->checkpoint != HANDLE_NONE)
        status = grant(birth, "checkpoint", service->checkpoint, RIGHT_READ | RIGHT_WRITE, 0,
                       service->manifest->checkpoint_bytes);
    if (status < 0 || service->log_ring == HANDLE_NONE)
        return status;
    status = grant(birth, "log_ring", service->log_ring, RIGHT_READ | RIGHT_WRITE, 0,
                   service->manifest->log_level);
    if (status == 0)
        status = grant(birth, "log_signal", rs.kept.log_wake, RIGHT_SEND, LOG_WAKE_LINES, 0);
    return status;
}

static int grant_use(struct birth *birth, const struct svc_use *use, const struct service *server)
{
    uint64_t permissions = use ? svc_permission_bits(use, server->manifest) : 0;
    return grant(birth, server->name, server->endpoint, RIGHT_SEND,
                 birth->service->id | permissions << 32, server->id);
}

// A handle to each plain service it uses, and to rs in any case. Templates and classes come through
// RS_CONNECT.
static int grant_uses(struct birth *birth)
{
    const struct svc_manifest *manifest = birth->service->manifest;
    bool has_rs = false;
    for (unsigned i = 0; i < manifest->uses; i++) {
        const struct svc_use *use = &manifest->use[i];
        struct service *server = use->is_class ? NULL : service_by_name(use->name);
        int status = server ? grant_use(birth, use, server) : 0;
        if (status < 0)
            return status;
        has_rs |= server == rs.self;
    }
    return has_rs ? 0 : grant_use(birth, NULL, rs.self);
}

struct resource_kind_info {
    enum resource_kind kind;
    const char *name;
    bool numbered;
};

static const struct resource_kind_info resource_kinds[] = {
    [SVC_RESOURCE_ROOT] = {RESOURCE_ROOT, "root", false},
    [SVC_RESOURCE_LOG] = {RESOURCE_LOG, "kernel_log", false},
    [SVC_RESOURCE_MACHINE] = {RESOURCE_MACHINE, "machine", false},
    [SVC_RESOURCE_MMIO] = {RESOURCE_MMIO, "mmio", true},
    [SVC_RESOURCE_PORTS] = {RESOURCE_PORT, "ports", true},
    [SVC_RESOURCE_IRQ] = {RESOURCE_IRQ, "irq", true},
};

static int grant_resource(struct birth *birth, const struct svc_resource *resource, unsigned number)
{
    const struct resource_kind_info *info = &resource_kinds[resource->kind];
    char name[STARTUP_NAME];
    if (info->numbered)
        snprintf(name, sizeof(name), "%s%u", info->name, number);
    else
        strlcpy(name, info->name, sizeof(name));
    if (info->kind == RESOURCE_ROOT)
        return grant(birth, name, rs.root, RIGHTS_ALL, 0, 0);
    int64_t narrow = sys_resource_create(rs.root, info->kind, resource->base, resource->count);
    if (narrow < 0) {
        *birth->why = "a resource cannot be had";
        return (int)narrow;
    }
    int status = grant(birth, name, (handle_t)narrow, RIGHTS_ALL, 0, resource->count);
    (void)sys_handle_close((handle_t)narrow); // the process has its own
    return status;
}

static int grant_resources(struct birth *birth)
{
    const struct svc_manifest *manifest = birth->service->manifest;
    unsigned numbers[sizeof(resource_kinds) / sizeof(resource_kinds[0])] = {0};
    for (unsigned i = 0; i < manifest->resources; i++) {
        const struct svc_resource *resource = &manifest->resource[i];
        int status = grant_resource(birth, resource, numbers[resource->kind]++);
        if (status < 0)
            return status;
    }
    if (manifest->shares & SVC_SHARE_INITRD)
        return grant(birth, "initrd", rs.initrd, RIGHT_READ, 0, rs.initrd_bytes);
    return 0;
}

static int grant_added(struct birth *birth)
{
    struct service *service = birth->service;
    for (unsigned i = 0; i < service->grants; i++) {
        const struct service_grant *added = &service->grant[i];
        int status =
            grant(birth, added->grant.name, added->handle, added->rights, 0, added->grant.value);
        if (status < 0)
            return status;
    }
    if (!strcmp(service->name, RS_LOG_SERVICE))
        return grant(birth, "wake", rs.kept.log_wake,
                     RIGHT_SEND | RIGHT_RECEIVE | RIGHT_DUPLICATE | RIGHT_TRANSFER, 0, 0);
    return 0;
}

// ---- memory ----

// The manifest's words and the owner's, each NUL-terminated, then an empty one.
static int set_arguments(struct birth *birth)
{
    const struct service *service = birth->service;
    char *to = birth->startup->arguments;
    size_t length = strlen(service->manifest->arguments);
    size_t room = sizeof(birth->startup->arguments) - 1;
    if (length + 1 > room || service->arguments_bytes > room - length - 1) {
        *birth->why = "arguments too long";
        return -E_2BIG;
    }
    if (length) {
        memcpy(to, service->manifest->arguments, length + 1);
        for (size_t i = 0; i < length; i++)
            if (to[i] == ' ')
                to[i] = 0;
        to += length + 1;
    }
    memcpy(to, service->arguments, service->arguments_bytes);
    return 0;
}

static int64_t map_anonymous(handle_t aspace, uint64_t address, uint64_t bytes)
{
    struct aspace_map_args args = {
        .address = address,
        .bytes = bytes,
        .memory = HANDLE_NONE,
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_FIXED | MAP_NOREPLACE | MAP_PRIVATE,
    };
    return sys_aspace_map(aspace, &args);
}

static int place_startup(struct birth *birth)
{
    *birth->why = "no memory for its startup page";
    int64_t status = map_anonymous(birth->aspace, NATIVE_STARTUP, PAGE_SIZE);
    if (status < 0)
        return (int)status;
    status =
        sys_aspace_write(birth->aspace, NATIVE_STARTUP, birth->startup, sizeof(*birth->startup));
    if (status != (int64_t)sizeof(*birth->startup))
        return status < 0 ? (int)status : -E_FAULT;
    return (int)sys_aspace_protect(birth->aspace, NATIVE_STARTUP, PAGE_SIZE, PROT_READ);
}

static int start_thread(struct birth *birth, uint64_t entry)
{
    *birth->why = "no memory for its stack";
    int64_t status = map_anonymous(birth->aspace, NATIVE_STACK_AREA + NATIVE_STACK_GUARD,
                                   NATIVE_STACK_BYTES - NATIVE_STACK_GUARD);
    if (status < 0)
        return (int)status;
    uint64_t top = NATIVE_STACK_AREA + NATIVE_STACK_BYTES - THREAD_LOCAL_BYTES;
    struct thread_args args = {
        .entry = entry,
        .stack = top,
        .argument = {NATIVE_STARTUP},
        .ipc_buffer = top,
        .priority = birth->service->manifest->priority,
    };
    self_moment();
    *birth->why = "its first thread cannot be started";
    status = sys_thread_create(birth->process, &args);
    if (status < 0)
        return (int)status;
    (void)sys_handle_close((handle_t)status); // the process keeps it alive
    return 0;
}

// ---- all together ----

static int grant_all(struct birth *birth)
{
    int status = grant_own(birth);
    if (status == 0)
        status = grant_uses(birth);
    if (status == 0)
        status = grant_resources(birth);
    if (status == 0)
        status = grant_added(birth);
    return status;
}

static int populate(struct birth *birth, const struct image *image)
{
    uint64_t entry;
    *birth->why = "its image cannot be mapped";
    int status = image_map(image, birth->aspace, fault_text_make(birth->service, image), &entry);
    if (status == 0)
        status = grant_all(birth);
    if (status == 0)
        status = set_arguments(birth);
    if (status == 0)
        status = place_startup(birth);
    if (status == 0) {
        *birth->why = "it cannot be watched";
        status = (int)sys_process_watch(birth->process, rs.kept.death);
    }
    if (status < 0)
        return status;
    state_commit(); // rs's successor must know of a process that runs
    self_moment();
    return start_thread(birth, entry);
}

int spawn(struct service *service, const char **why)
{
    static struct startup startup;
    memset(&startup, 0, sizeof(startup));
    startup.magic = STARTUP_MAGIC;
    strlcpy(startup.name, service->name, sizeof(startup.name));
    startup.incarnation = service->incarnation;
    struct birth birth = {.service = service, .startup = &startup, .why = why};

    const struct image *image =
        service->image ? service->image : image_get(service->manifest->binary, why);
    if (!image)
        return -E_NOEXEC;
    *why = "no memory for an address space";
    int64_t handle = sys_aspace_create();
    if (handle < 0)
        return (int)handle;
    birth.aspace = (handle_t)handle;
    int status;
    *why = "no memory for a process";
    handle = sys_process_create(service->name, strlen(service->name), birth.aspace);
    if (handle < 0) {
        status = (int)handle;
        goto close_aspace;
    }
    service->process = birth.process = (handle_t)handle;
    status = populate(&birth, image);
    if (status < 0)
        goto kill_process;
    (void)sys_handle_close(birth.aspace); // the process keeps it
    return 0;

kill_process:
    (void)sys_process_kill(birth.process); // it never ran
    service_close_handle(&service->process);
close_aspace:
    (void)sys_handle_close(birth.aspace);
    return status;
}
