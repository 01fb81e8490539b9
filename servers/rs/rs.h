// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the parts of rs share: the boot archive, its manifests, and the handles of rs itself.
//
// rs may die at any moment and go on (state.c). So nothing but what is saved there may decide what
// becomes of a service, and handles that are saved keep these rules, between any two commits:
//   K1  a handle is made first and noted in the state then;
//   K2  it is taken out of the state first and closed after the commit (service_close_handle);
//   K3  what cannot be undone, the start and the end of a process, comes after a commit that says
//   so.

#pragma once

#include "lib/cpio/cpio.h"
#include "lib/elf/elf.h"
#include "servers/rs/service.h"

// What each incarnation of rs finds as the one before left it, besides services and log rings.
struct rs_kept {
    handle_t log;         // RESOURCE_LOG
    handle_t endpoint;    // ours
    handle_t events;      // notification of our loop
    handle_t death;       // the same for SYS_PROCESS_WATCH, badge RS_BIT_DEATH
    handle_t timer;       // signals it, badge RS_BIT_TIMER
    handle_t watchdog;    // ends us
    handle_t log_wake;    // the log server's notification
    handle_t log_sources; // the same, badge LOG_WAKE_SOURCES
    uint32_t next_id;     // of services
    uint32_t slots;       // of services, ever used
    uint32_t rings;       // log rings
    uint32_t started;     // those that start at boot have been told to
    uint64_t changes;     // of services' states
};

struct rs {
    handle_t root;   // RESOURCE_ROOT
    handle_t initrd; // the boot archive
    handle_t state;  // what outlives us (state.c)
    uint64_t initrd_bytes;
    const uint8_t *archive; // mapped read-only
    struct rs_kept kept;

    size_t manifests;
    struct svc_manifest *manifest[SVC_MANIFESTS_MAX];
    struct service *self;
};

extern struct rs rs;

enum rs_bit { RS_BIT_DEATH = 1, RS_BIT_TIMER = 2 };

// Badges on the log server's notification.
enum { LOG_WAKE_LINES = 1, LOG_WAKE_SOURCES = 2 };

#define RS_LOG_SERVICE "log"

// ---- state that outlives rs (state.c) ----

// Maps it. True: there is something, and rs.kept is what it was. The machine restarts if what is
// there is damaged.
bool state_open(void);

// The services and log rings, as they were at the last commit; what does not belong to them is
// closed or killed. Then all that may have happened meanwhile is looked at.
void state_restore(void);

// Forgets what an earlier incarnation did before its first commit.
void state_discard(void);

// What is true now is what the next incarnation finds.
void state_commit(void);

// Damages it, for tests.
void state_spoil(void);

// Closes a handle once it is in no committed state any more.
void state_close_later(handle_t handle);

// ---- rs itself as a service (self.c) ----

// The watchdog: to be called at least every self_feed_at, for else the kernel ends us.
void self_feed(void);
time_ns_t self_feed_at(void);

void self_open_log(void);

// The predecessor's death as one of ours: counts, causes, policy.
void self_revived(void);

// RS_FAULT and RS_CONTROL for rs: done by self_act, when the caller has its answer. Errors as in
// abi/rs.h.
int self_fault(enum rs_fault fault, uint64_t when);
int self_end(void);
void self_act(void);

// The kernel command line's `xinim.rs_crash=MOMENT`, with xinim.faults=1: the first incarnation
// dies while it starts the system.
void self_arm(void);

// A moment at which a fault may be asked to strike: one between two effects of a change.
void self_moment(void);

// ---- images (image.c) ----

struct image {
    struct image *next; // of the boot archive's
    char binary[SVC_NAME_MAX];
    handle_t memory;
    struct elf_image elf;
};

// The memory object that holds a binary's segments, made at first use and kept. NULL: *why says why
// not.
const struct image *image_get(const char *binary, const char **why);

// An image of the binary in a client's memory object, which is copied first. The caller owns it:
// image_destroy. -E_NOEXEC: it is no native binary, -E_2BIG, -E_FAULT the object has fewer bytes,
// -E_NOMEM; *why says it in words.
enum { IMAGE_BYTES_MAX = 16 << 20 };
int image_read(handle_t memory, uint64_t bytes, struct image **image, const char **why);
void image_destroy(struct image *image); // NULL: nothing

// Maps the image's segments into an address space; *entry receives its entry point. `copy`: a
// memory object with the image's contents to take instead; HANDLE_NONE: the image's own.
int image_map(const struct image *image, handle_t aspace, handle_t copy, uint64_t *entry);

// For copies: bytes of the image, its contents, and where in it the code lies (false: there is
// none).
uint64_t image_bytes(const struct image *image);
int image_contents(const struct image *image, uint8_t *to);
bool image_text(const struct image *image, uint64_t *offset, uint64_t *bytes);

// "function+0x12" for an address in this binary.
int image_format_address(const char *binary, uint64_t address, char *to, size_t room);

// ---- processes (spawn.c) ----

// Starts a process for the service. 0, or a negative error with *why; nothing is left behind then.
int spawn(struct service *service, const char **why);

// ---- log rings (ring.c) ----

enum { LOG_RINGS_MAX = 2 * SERVICES_MAX };

struct log_ring_entry {
    uint32_t id;
    char name[RS_NAME_MAX];
    handle_t memory;
};

// The first rs.kept.rings are in use.
extern struct log_ring_entry log_rings[LOG_RINGS_MAX];

// The ring of the service of this name, made at first use; HANDLE_NONE: no memory.
handle_t log_ring_get(uint32_t id, const char *name);

// Entry `index` in the order of creation. False past the end.
bool log_ring_at(uint64_t index, uint32_t *id, const char **name, handle_t *ring);

// ---- what services have us keep (keep.c) ----

enum { KEEPSAKES_MAX = 384 }; // devmgr's devices and watchers, and some

struct keepsake {
    handle_t handle; // HANDLE_NONE: a free place
    uint32_t service;
    char name[RS_NAME_MAX];
};

extern struct keepsake keepsakes[KEEPSAKES_MAX];
extern bool keepsakes_changed; // since the last commit

// ---- requests (request.c) ----

// Serves one request and writes the answer. *closing: a handle to close when that is sent. False:
// the caller is answered later.
bool request_serve(struct message *request, struct message *reply, handle_t *closing);

// Nothing has to be committed for it.
bool request_only_asks(const struct message *request);

int64_t request_instance(struct service *client, struct message *request, struct message *reply,
                         handle_t *closing);

int64_t request_keep(struct service *client, struct message *request, struct message *reply,
                     handle_t *closing);
int64_t request_kept(struct service *client, struct message *request, struct message *reply,
                     handle_t *closing);

int64_t request_fault(struct service *client, struct message *request, struct message *reply,
                      handle_t *closing);

// A handle to the server's endpoint with the client's badge, to be sent and then closed; negative:
// error.
int64_t badge_endpoint(const struct service *server, const struct service *client,
                       const struct svc_use *use, uint32_t rights);

// ---- fault injection (fault.c) ----

bool fault_allowed(void); // the kernel's command line says so

// For a process about to start: a copy of the image of its own, where faults are allowed;
// HANDLE_NONE where not.
handle_t fault_text_make(struct service *service, const struct image *image);
void fault_text_drop(struct service *service);
void fault_text_restore(struct service *service); // of the process there is, after rs's own restart

// The fault that the service is to commit now.
enum rs_fault fault_take(struct service *service);
