// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the parts of rs share: the boot archive, its manifests, and the handles of rs itself.

#pragma once

#include "lib/cpio/cpio.h"
#include "servers/rs/service.h"

struct rs {
    handle_t root;   // RESOURCE_ROOT
    handle_t initrd; // the boot archive
    uint64_t initrd_bytes;
    handle_t endpoint;      // ours
    handle_t death;         // notification for SYS_PROCESS_WATCH, badge RS_BIT_DEATH
    handle_t log_wake;      // the log server's notification
    handle_t log_sources;   // the same, badge LOG_WAKE_SOURCES
    const uint8_t *archive; // mapped read-only

    size_t manifests;
    struct svc_manifest *manifest[SVC_MANIFESTS_MAX];
    struct service *self;
};

extern struct rs rs;

enum rs_bit { RS_BIT_DEATH = 1, RS_BIT_TIMER = 2 };

// Badges on the log server's notification.
enum { LOG_WAKE_LINES = 1, LOG_WAKE_SOURCES = 2 };

#define RS_LOG_SERVICE "log"

// ---- images (image.c) ----

// The memory object that holds a binary's segments, made at first use and kept. NULL: *why says why
// not.
const struct image *image_get(const char *binary, const char **why);

// An image of the binary in a client's memory object, which is copied first. The caller owns it:
// image_destroy. -E_NOEXEC: it is no native binary, -E_2BIG, -E_FAULT the object has fewer bytes,
// -E_NOMEM; *why says it in words.
enum { IMAGE_BYTES_MAX = 16 << 20 };
int image_read(handle_t memory, uint64_t bytes, struct image **image, const char **why);
void image_destroy(struct image *image); // NULL: nothing

// Maps the image's segments into an address space; *entry receives its entry point.
int image_map(const struct image *image, handle_t aspace, uint64_t *entry);

// "function+0x12" for an address in this binary.
int image_format_address(const char *binary, uint64_t address, char *to, size_t room);

// ---- processes (spawn.c) ----

// Starts a process for the service. 0, or a negative error with *why; nothing is left behind then.
int spawn(struct service *service, const char **why);

// ---- log rings (ring.c) ----

// The ring of the service of this name, made at first use; HANDLE_NONE: no memory.
handle_t log_ring_get(uint32_t id, const char *name);

// Entry `index` in the order of creation. False past the end.
bool log_ring_at(uint64_t index, uint32_t *id, const char **name, handle_t *ring);

// ---- requests (request.c) ----

// Serves one request and writes the answer. *closing: a handle to close when that is sent. False:
// the caller is answered later.
bool request_serve(struct message *request, struct message *reply, handle_t *closing);

int64_t request_instance(struct service *client, struct message *request, struct message *reply,
                         handle_t *closing);

// A handle to the server's endpoint with the client's badge, to be sent and then closed; negative:
// error.
int64_t badge_endpoint(const struct service *server, const struct service *client,
                       const struct svc_use *use, uint32_t rights);
