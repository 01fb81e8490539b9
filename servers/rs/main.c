// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// rs, the reincarnation server: the first process. The kernel starts it with the root resource and
// the boot archive; everything else is started by it, as the manifests in the archive say
// (docs/manifests.md). One thread, one event loop: requests (abi/rs.h), deaths of processes, one
// timer for the earliest deadline of all services. It never calls anybody and never touches memory
// that a client can take away, so nothing that dies or hangs can stop it. If it dies itself, or
// hangs, the kernel starts it again and it goes on where it was (state.c).
//
// Not implemented: per-service memory quotas.

#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rs rs;

static void report(void *context, const char *file, unsigned line, const char *text)
{
    (void)context;
    if (line)
        log_error("%s:%u: %s", file, line, text);
    else
        log_error("%s: %s", file, text);
}

static const struct svc_reporter reporter = {.report = report};

// For a second reading of the same manifests.
static void ignore(void *context, const char *file, unsigned line, const char *text)
{
    (void)context, (void)file, (void)line, (void)text;
}

static const struct svc_reporter silent = {.report = ignore};

static handle_t need_handle(int64_t result, const char *what)
{
    if (result < 0)
        sys_panic("no %s: error %lld", what, (long long)-result);
    return (handle_t)result;
}

static void map_archive(void)
{
    rs.initrd_bytes = startup_value("initrd");
    if (rs.initrd == HANDLE_NONE || !rs.initrd_bytes)
        sys_panic("no boot archive: start the machine with -initrd boot.cpio");
    struct aspace_map_args args = {
        .bytes = (rs.initrd_bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1),
        .memory = rs.initrd,
        .prot = PROT_READ,
    };
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0)
        sys_panic("the boot archive cannot be mapped: error %lld", (long long)-address);
    rs.archive = (const uint8_t *)address;
}

// A notification whose signals carry `bit` to our own loop.
static handle_t own_signal(handle_t notification, uint64_t bit)
{
    return need_handle(sys_handle_duplicate(notification, RIGHTS_ALL, bit), "signal");
}

static void create_objects(void)
{
    struct rs_kept *kept = &rs.kept;
    kept->watchdog = need_handle(sys_timer_create(HANDLE_SELF), "watchdog");
    kept->endpoint = need_handle(sys_endpoint_create(), "endpoint");
    kept->log_wake = need_handle(sys_notification_create(), "notification");
    kept->log_sources = own_signal(kept->log_wake, LOG_WAKE_SOURCES);
    kept->events = need_handle(sys_notification_create(), "notification");
    kept->death = own_signal(kept->events, RS_BIT_DEATH);
    handle_t timer_signal = own_signal(kept->events, RS_BIT_TIMER);
    kept->timer = need_handle(sys_timer_create(timer_signal), "timer");
    (void)sys_handle_close(timer_signal); // the timer keeps it
}

// rs's own entry: others use its endpoint and see it in the list.
static void create_self(void)
{
    rs.self = service_create(svc_find(rs.manifest, rs.manifests, "rs"), "rs", NULL);
    if (!rs.self)
        sys_panic("no memory for the service table");
    service_close_handle(&rs.self->endpoint); // the loop's is the one
    rs.self->endpoint = rs.kept.endpoint;
    rs.self->started_at = rs.self->ready_at = sys_clock();
    rs.self->started_before = true;
    rs.self->state = RS_RUNNING;
}

// The value of the kernel command line's start=NAME,...: only these services, and what they need,
// are started. NULL: all of start = boot.
static char *start_option(void)
{
    static char line[1024];
    int64_t bytes = sys_info(INFO_COMMAND_LINE, 0, line, sizeof(line) - 1);
    if (bytes <= 0)
        return NULL;
    line[bytes] = 0;
    for (char *word = line; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        if (!strncmp(word, "start=", 6)) {
            word[length] = 0;
            return word + 6;
        }
        word += length;
    }
    return NULL;
}

static void start_named(char *names)
{
    while (*names) {
        size_t length = strcspn(names, ",");
        bool more = names[length] == ',';
        names[length] = 0;
        struct service *service = service_by_name(names);
        if (service)
            (void)service_start(service); // failures are logged and kept in its state
        else
            log_error("start=%s: no such service", names);
        names += length + more;
    }
}

static void start_wanted(void)
{
    char *names = start_option();
    if (names) {
        start_named(names);
        return;
    }
    for (uint32_t i = 0; i < service_count(); i++) {
        struct service *service = service_by_index(i);
        if (service != rs.self && service->manifest->start == SVC_START_BOOT)
            (void)service_start(service); // failures are logged and kept in its state
    }
}

static void check_binaries(const struct svc_reporter *to)
{
    for (size_t i = 0; i < rs.manifests; i++) {
        struct svc_manifest *manifest = rs.manifest[i];
        struct cpio_entry entry;
        char text[80];
        if (manifest->broken ||
            cpio_find(rs.archive, rs.initrd_bytes, manifest->binary, &entry) > 0)
            continue;
        snprintf(text, sizeof(text), "its binary %s is not in the boot archive", manifest->binary);
        to->report(NULL, manifest->file, manifest->binary_line, text);
        manifest->broken = true;
    }
}

// Entries for all sound manifests of plain services, in the order of their needs.
static void create_services(const size_t order[], size_t sound)
{
    log_info("%zu manifests, %zu of them sound", rs.manifests, sound);
    create_self();
    for (size_t i = 0; i < sound; i++) {
        const struct svc_manifest *manifest = rs.manifest[order[i]];
        if (manifest->per != SVC_PER_SERVICE || !strcmp(manifest->name, "rs"))
            continue;
        if (!service_create(manifest, manifest->name, NULL))
            log_error("%s: no memory for this service", manifest->name);
        self_moment();
    }
    state_commit();
}

// The manifests, and with `again` the services as they are; else those of start = boot are started.
static void start_services(bool again)
{
    static struct svc_manifest fallback = {
        .file = "(none)", .name = "rs", .binary = "rs", .priority = PRIORITY_SYSTEM};
    static size_t order[SVC_MANIFESTS_MAX];
    const struct svc_reporter *to = again ? &silent : &reporter;
    rs.manifests =
        svc_load(rs.archive, rs.initrd_bytes, rs.manifest, SVC_MANIFESTS_MAX - 1, malloc, to);
    if (!svc_find(rs.manifest, rs.manifests, "rs"))
        rs.manifest[rs.manifests++] = &fallback;
    check_binaries(to);
    size_t sound = svc_resolve(rs.manifest, rs.manifests, order, to);
    if (again)
        state_restore();
    else
        create_services(order, sound);
    if (!rs.kept.started)
        start_wanted();
    rs.kept.started = true;
    state_commit();
}

// A service that failed to start, or whose log server did, still shows in the log: what waits for
// whom.
static void handle_bits(uint64_t bits)
{
    if (bits & RS_BIT_DEATH)
        service_check_deaths();
    service_check_deadlines(sys_clock());
}

static void set_timer(void)
{
    static time_ns_t set = DEADLINE_NEVER;
    time_ns_t next = service_next_deadline();
    if (self_feed_at() < next)
        next = self_feed_at();
    if (next == set)
        return;
    if (sys_timer_set(rs.kept.timer, next, 0) < 0)
        log_error("the timer cannot be set");
    set = next;
}

__attribute__((noreturn)) static void serve(void)
{
    static struct message message, reply;
    for (;;) {
        self_feed();
        set_timer();
        int64_t status = sys_receive(rs.kept.endpoint, &message);
        if (status < 0) {
            log_error("receive: error %lld", (long long)-status);
            continue;
        }
        self_moment();
        handle_t closing = HANDLE_NONE;
        bool answer = false, changes = true;
        if (message.tag & MESSAGE_NOTIFICATION) {
            handle_bits(message.word[0]);
        } else {
            answer = request_serve(&message, &reply, &closing);
            changes = !request_only_asks(&message);
        }
        self_moment();
        if (changes)
            state_commit();
        if (answer)
            (void)sys_reply(&reply); // a client that died meanwhile needs no answer
        if (closing != HANDLE_NONE)
            (void)sys_handle_close(closing);
        self_act();
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    rs.root = startup_handle("root");
    rs.initrd = startup_handle("initrd");
    bool again = state_open();
    self_arm();
    if (!again) {
        state_discard();
        self_moment();
        create_objects();
        self_moment();
    }
    self_feed();
    self_open_log();
    if (!again && startup_page()->incarnation)
        log_error("rs died before it knew anything: it begins anew");
    map_archive();
    need_handle(sys_thread_control(HANDLE_SELF, THREAD_BIND_NOTIFICATION, rs.kept.events),
                "binding");
    start_services(again);
    serve();
}
