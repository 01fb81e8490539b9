// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What rs knows, in memory that outlives it (grant "state"). The kernel starts rs again when it has
// died, with the handles that it had, so what is kept here by number is still there; everything
// else is derived from it again, from the boot archive and from the processes.
//
// The loop commits after each event, before it answers, so an event happened or it did not; a
// caller that was not answered gets E_RESTARTED and asks again. Handles that the state does not
// know are of an event that did not happen: they are closed, replies among them, and processes
// killed. Rules for what lies between: servers/rs/rs.h, K1 to K3.
//
// Damaged state is not repaired: without it nobody can say what runs, so the machine restarts.

#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/rs/commit.h"
#include "servers/rs/rs.h"

#include <stdlib.h>
#include <string.h>

// A service's pointers are of no use to a successor; what comes after it stands for them.
struct saved_service {
    struct service service; // id 0: the slot is free
    uint32_t manifest;      // index in rs.manifest
    uint32_t owner;         // id, or 0
    uint32_t has_image[2];  // its own, the update's: AREA_IMAGES has them
};

enum { AREA_KEPT, AREA_RINGS, AREA_KEEPSAKES, AREA_SERVICES, AREA_IMAGES, AREAS };

static const struct commit_area areas[AREAS] = {
    [AREA_KEPT] = {1, sizeof(struct rs_kept)},
    [AREA_RINGS] = {1, sizeof(log_rings)},
    [AREA_KEEPSAKES] = {1, sizeof(keepsakes)},
    [AREA_SERVICES] = {SERVICES_MAX, sizeof(struct saved_service)},
    [AREA_IMAGES] = {2 * SERVICES_MAX, sizeof(struct image)},
};
_Static_assert(sizeof(struct rs_kept) % 8 == 0 && sizeof(log_rings) % 8 == 0 &&
                   sizeof(keepsakes) % 8 == 0 && sizeof(struct saved_service) % 8 == 0 &&
                   sizeof(struct image) % 8 == 0,
               "whole words");

static struct commit commit;
static uint32_t rings_saved;
static bool slot_saved[SERVICES_MAX];

static handle_t closing[HANDLE_MAX]; // each handle at most once
static uint32_t closings;

__attribute__((noreturn)) static void give_up(const char *what)
{
    self_open_log();
    (void)sys_machine_control(rs.root, MACHINE_CONSOLE_ON, 0);
    log_error("what rs knew is damaged (%s): the machine restarts", what);
    int64_t status = sys_machine_control(rs.root, MACHINE_REBOOT, 0);
    sys_panic("the machine cannot do that: error %lld", (long long)-status);
}

bool state_open(void)
{
    uint64_t bytes = startup_value("state");
    rs.state = startup_handle("state");
    struct aspace_map_args args = {
        .bytes = bytes, .memory = rs.state, .prot = PROT_READ | PROT_WRITE};
    int64_t address = rs.state == HANDLE_NONE ? -E_NOENT : sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0 || commit_bytes(areas, AREAS) > bytes)
        sys_panic("no memory for what must outlive us: error %lld", (long long)-address);
    int found = commit_open(&commit, (void *)address, areas, AREAS);
    if (found > 0)
        found = commit_get(&commit, AREA_KEPT, 0, &rs.kept) < 0 ? -E_IO : 1;
    if (found < 0)
        give_up("its head");
    return found > 0;
}

// ---- saving ----

void state_close_later(handle_t handle)
{
    closing[closings++] = handle;
}

static void save_service(const struct service *service)
{
    static struct saved_service saved; // its padding stays zero
    const struct image *image[] = {service->image, service->update.image};
    for (unsigned i = 0; i < 2; i++)
        if (image[i])
            commit_put(&commit, AREA_IMAGES, 2 * service->slot + i, image[i]);
    if (commit_has(&commit, AREA_SERVICES, service->slot, service, sizeof(*service)))
        return; // most of them, at every commit
    saved.service = *service;
    saved.owner = service->owner ? service->owner->id : 0;
    saved.manifest = 0;
    while (saved.manifest < rs.manifests && rs.manifest[saved.manifest] != service->manifest)
        saved.manifest++;
    for (unsigned i = 0; i < 2; i++)
        saved.has_image[i] = image[i] != NULL;
    commit_put(&commit, AREA_SERVICES, service->slot, &saved);
}

static void save_services(void)
{
    static const struct saved_service none;
    bool used[SERVICES_MAX] = {false};
    for (uint32_t i = 0; i < service_count(); i++) {
        used[service_by_index(i)->slot] = true;
        save_service(service_by_index(i));
        self_moment();
    }
    for (uint32_t slot = 0; slot < rs.kept.slots; slot++) {
        if (slot_saved[slot] && !used[slot])
            commit_put(&commit, AREA_SERVICES, slot, &none);
        slot_saved[slot] = used[slot];
    }
}

void state_commit(void)
{
    self_feed();
    commit_put(&commit, AREA_KEPT, 0, &rs.kept);
    if (rings_saved != rs.kept.rings)
        commit_put(&commit, AREA_RINGS, 0, log_rings);
    rings_saved = rs.kept.rings;
    if (keepsakes_changed)
        commit_put(&commit, AREA_KEEPSAKES, 0, keepsakes);
    keepsakes_changed = false;
    save_services();
    commit_end(&commit);
    self_moment();
    while (closings) {
        (void)sys_handle_close(closing[--closings]); // one of ours: cannot fail
        self_moment();
    }
}

void state_spoil(void)
{
    struct aspace_map_args args = {
        .bytes = PAGE_SIZE, .memory = rs.state, .prot = PROT_READ | PROT_WRITE};
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address >= 0)
        memset((void *)address, 0x55, PAGE_SIZE);
}

// ---- restoring ----

static bool known[HANDLE_MAX];

// A handle of the state, if it is one of that type. False, and none, if it is not.
static bool keep(handle_t *handle, enum object_type type)
{
    struct handle_info info;
    if (*handle == HANDLE_NONE)
        return false;
    if (*handle < HANDLE_MAX && sys_handle_info(*handle, &info) >= 0 && info.type == type)
        known[*handle] = true;
    else
        *handle = HANDLE_NONE;
    return *handle != HANDLE_NONE;
}

// Closes what is not known. A process among it was never noted, so it has not run.
static void sweep(void)
{
    struct process_status status;
    uint32_t left = sys_process_status(HANDLE_SELF, &status) < 0 ? HANDLE_MAX : status.handles;
    for (handle_t handle = 1; handle < HANDLE_MAX && left; handle++) {
        struct handle_info info;
        if (sys_handle_info(handle, &info) < 0)
            continue;
        left--;
        if (known[handle])
            continue;
        if (info.type == OBJECT_PROCESS)
            (void)sys_process_kill(handle);
        (void)sys_handle_close(handle); // it is there
    }
}

static bool keep_own(void)
{
    struct rs_kept *kept = &rs.kept;
    (void)keep(&kept->log, OBJECT_RESOURCE); // rs can work without
    return keep(&rs.root, OBJECT_RESOURCE) && keep(&rs.initrd, OBJECT_MEMORY) &&
           keep(&rs.state, OBJECT_MEMORY) && keep(&kept->endpoint, OBJECT_ENDPOINT) &&
           keep(&kept->events, OBJECT_NOTIFICATION) && keep(&kept->death, OBJECT_NOTIFICATION) &&
           keep(&kept->timer, OBJECT_TIMER) && keep(&kept->watchdog, OBJECT_TIMER) &&
           keep(&kept->log_wake, OBJECT_NOTIFICATION) &&
           keep(&kept->log_sources, OBJECT_NOTIFICATION) && kept->slots <= SERVICES_MAX &&
           kept->rings <= LOG_RINGS_MAX;
}

static bool restore_rings(void)
{
    if (rs.kept.rings && commit_get(&commit, AREA_RINGS, 0, log_rings) < 0)
        return false;
    rings_saved = rs.kept.rings;
    for (uint32_t i = 0; i < rs.kept.rings; i++)
        if (!keep(&log_rings[i].memory, OBJECT_MEMORY))
            return false;
    return true;
}

// A handle of any type.
static bool keep_any(handle_t *handle)
{
    struct handle_info info;
    return sys_handle_info(*handle, &info) >= 0 && keep(handle, (enum object_type)info.type);
}

static bool restore_keepsakes(void)
{
    int status = commit_get(&commit, AREA_KEEPSAKES, 0, keepsakes);
    if (status == -E_NOENT)
        return true; // nobody has given us one yet
    for (unsigned i = 0; status == 0 && i < KEEPSAKES_MAX; i++)
        if (keepsakes[i].handle != HANDLE_NONE && !keep_any(&keepsakes[i].handle))
            return false;
    return status == 0;
}

static bool keep_handles(struct service *service)
{
    bool runs = service->process != HANDLE_NONE;
    (void)keep(&service->watch, OBJECT_NOTIFICATION);
    (void)keep(&service->instance_watch, OBJECT_NOTIFICATION);
    (void)keep(&service->ping, OBJECT_NOTIFICATION);
    (void)keep(&service->stop, OBJECT_NOTIFICATION);
    (void)keep(&service->text.memory, OBJECT_MEMORY);
    (void)keep(&service->update.reply, OBJECT_REPLY);
    for (unsigned i = 0; i < service->grants; i++)
        if (!keep_any(&service->grant[i].handle))
            return false;
    return keep(&service->endpoint, OBJECT_ENDPOINT) &&
           keep(&service->process, OBJECT_PROCESS) == runs &&
           (service->log_ring == HANDLE_NONE || keep(&service->log_ring, OBJECT_MEMORY)) &&
           (service->checkpoint == HANDLE_NONE || keep(&service->checkpoint, OBJECT_MEMORY));
}

static struct image *restore_image(uint32_t index)
{
    struct image *image = calloc(1, sizeof(*image));
    if (!image || commit_get(&commit, AREA_IMAGES, index, image) < 0 ||
        !keep(&image->memory, OBJECT_MEMORY))
        give_up("a binary");
    image->next = NULL;
    return image;
}

static bool is_sound(const struct saved_service *saved, uint32_t slot)
{
    const struct service *service = &saved->service;
    return service->slot == slot && service->state < RS_STATES && saved->manifest < rs.manifests &&
           service->grants <= SERVICE_GRANTS_MAX &&
           service->arguments_bytes <= sizeof(service->arguments) &&
           memchr(service->name, 0, sizeof(service->name));
}

// The owner's id is returned; the owner may come later.
static uint32_t restore_service(uint32_t slot)
{
    static struct saved_service saved;
    int status = commit_get(&commit, AREA_SERVICES, slot, &saved);
    if (status == -E_NOENT || (status == 0 && !saved.service.id))
        return 0;
    struct service *service = malloc(sizeof(*service));
    if (status < 0 || !service || !is_sound(&saved, slot))
        give_up("a service");
    *service = saved.service;
    service->owner = NULL;
    service->manifest = rs.manifest[saved.manifest];
    service->image = saved.has_image[0] ? restore_image(2 * slot) : NULL;
    service->update.image = saved.has_image[1] ? restore_image(2 * slot + 1) : NULL;
    service->text.alias = NULL;
    if (!keep_handles(service))
        give_up("a service's handles");
    fault_text_restore(service);
    slot_saved[slot] = true;
    service_enter(service);
    return saved.owner;
}

static struct service *in_slot(uint32_t slot)
{
    for (uint32_t i = 0; i < service_count(); i++)
        if (service_by_index(i)->slot == slot)
            return service_by_index(i);
    return NULL;
}

void state_restore(void)
{
    static uint32_t owner[SERVICES_MAX];
    if (!keep_own() || !restore_rings() || !restore_keepsakes())
        give_up("its own part");
    for (uint32_t slot = 0; slot < rs.kept.slots; slot++)
        owner[slot] = restore_service(slot);
    for (uint32_t slot = 0; slot < rs.kept.slots; slot++)
        if (owner[slot])
            in_slot(slot)->owner = service_by_id(owner[slot]);
    rs.self = service_by_name("rs");
    if (!rs.self)
        give_up("rs itself");
    sweep();
    self_revived();
    uint64_t away = sys_clock() - rs.self->died_at;
    for (uint32_t i = 0; i < service_count(); i++)
        service_resume(service_by_index(i), away);
    service_tell_all();
    (void)sys_signal(rs.kept.log_sources); // without it the log server looks later
    service_check_deaths();
    state_commit();
}

void state_discard(void)
{
    memset(&rs.kept, 0, sizeof(rs.kept));
    known[rs.root] = known[rs.initrd] = known[rs.state] = true;
    sweep();
}
