// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Manifests of services (*.svc): the parsed form, the parser, what is derived from a set of them.
// docs/manifests.md has the format and every key. Pure: no system calls, no allocation; errors go
// to the caller's report function with file and line, and concern one manifest only.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SVC_NAME_MAX = 24, // with the NUL; a service name is also a startup grant's name
    SVC_CLASS_MAX = 16,
    SVC_WORD_MAX = 24,
    SVC_TEXT_MAX = 96,
    SVC_ARGUMENTS_MAX = 256,
    SVC_MATCHES_MAX = 24,
    SVC_UNITS_MAX = 4,
    SVC_COMPATIBLE_MAX = 48,
    SVC_USES_MAX = 16,
    SVC_USE_WORDS_MAX = 8,
    SVC_NEEDS_MAX = 8,
    SVC_STARTS_MAX = 8,
    SVC_PERMISSIONS_MAX = 16,
    SVC_RESOURCES_MAX = 8,
    SVC_MANIFESTS_MAX = 128,
    SVC_ANY = 0x10000, // in a match: any value
};

enum svc_per { SVC_PER_SERVICE, SVC_PER_DEVICE };
enum svc_start { SVC_START_BOOT, SVC_START_DEMAND };
enum svc_ready { SVC_READY_CALL, SVC_READY_START };
enum svc_restart { SVC_RESTART_ALWAYS, SVC_RESTART_FAILURE, SVC_RESTART_NEVER };
enum svc_give_up {
    SVC_GIVE_UP_STOP,
    SVC_GIVE_UP_RENEW, // first restart it once more, with all that need it
    SVC_GIVE_UP_REBOOT,
    SVC_GIVE_UP_POWER_OFF,
};

// What devmgr may hand to a driver.
enum svc_grant {
    SVC_GRANT_BARS = 1 << 0,
    SVC_GRANT_IRQS = 1 << 1,
    SVC_GRANT_DMA = 1 << 2,
    SVC_GRANT_PORTS = 1 << 3,
    SVC_GRANT_CONFIG = 1 << 4, // the device's own configuration space
};

enum svc_share { SVC_SHARE_INITRD = 1 << 0 };

enum svc_match_kind { SVC_MATCH_PCI, SVC_MATCH_DTB, SVC_MATCH_VIRTIO, SVC_MATCH_ISA };

struct svc_match {
    enum svc_match_kind kind;
    uint32_t vendor, device; // pci; virtio: device is the virtio id; SVC_ANY
    uint32_t class[3];       // pci: base class, subclass, programming interface; SVC_ANY
    char compatible[SVC_COMPATIBLE_MAX]; // dtb, isa
};

// One entry of `uses`: a service, a template, or all of a class, with the permissions asked for by
// name.
struct svc_use {
    bool is_class;
    char name[SVC_NAME_MAX];
    unsigned line; // of the manifest
    unsigned words;
    char word[SVC_USE_WORDS_MAX][SVC_WORD_MAX];
};

struct svc_name {
    bool is_class;
    bool bound; // of a need: restarted with it
    char name[SVC_NAME_MAX];
    unsigned line; // of the manifest
};

struct svc_permission {
    char word[SVC_WORD_MAX];
    uint32_t bit; // 0 .. 31
};

enum svc_resource_kind {
    SVC_RESOURCE_ROOT,
    SVC_RESOURCE_LOG,     // grant "kernel_log"
    SVC_RESOURCE_MACHINE, // grant "machine"
    SVC_RESOURCE_MMIO,    // grant "mmio0" ... in the order of the lines
    SVC_RESOURCE_PORTS,   // grant "ports0" ...
    SVC_RESOURCE_IRQ,     // grant "irq0" ...
};

struct svc_resource {
    enum svc_resource_kind kind;
    uint64_t base, count;
};

struct svc_manifest {
    char file[SVC_TEXT_MAX];
    bool broken;   // reported; must not be started
    unsigned line; // the parser's place

    char name[SVC_NAME_MAX];
    char description[SVC_TEXT_MAX];
    char binary[SVC_NAME_MAX];         // default: name
    unsigned binary_line;              // where it, or else the name, stands
    char arguments[SVC_ARGUMENTS_MAX]; // words separated by one blank each
    char class[SVC_CLASS_MAX];
    char unit[SVC_WORD_MAX]; // pattern of device names: "ttyS%" (numbers), "vd@" (letters)
    enum svc_per per;
    enum svc_start start;
    enum svc_ready ready;
    uint32_t priority;
    uint32_t log_level; // enum log_level

    // authority
    uint32_t grants;       // enum svc_grant
    uint32_t shares;       // enum svc_share
    uint64_t dma_limit;    // highest bus address + 1; 0: none
    uint64_t memory_bytes; // most that it may use; 0: any
    uint64_t checkpoint_bytes;
    unsigned unit_patterns, matches, uses, needs, starts, permissions, resources;
    char unit_pattern[SVC_UNITS_MAX][SVC_WORD_MAX]; // of what the driver finds at its device
    struct svc_match match[SVC_MATCHES_MAX];
    struct svc_use use[SVC_USES_MAX];
    struct svc_name need[SVC_NEEDS_MAX];
    struct svc_name start_template[SVC_STARTS_MAX];
    struct svc_permission permission[SVC_PERMISSIONS_MAX];
    struct svc_resource resource[SVC_RESOURCES_MAX];

    // recovery; times in ns
    enum svc_restart restart;
    enum svc_give_up give_up;
    uint32_t retries; // within retry_window
    uint64_t retry_window;
    uint64_t backoff, backoff_max;
    uint64_t ready_timeout, stop_timeout;
    uint64_t heartbeat; // period; 0: none
    uint32_t heartbeat_misses;
};

// Told of each error: one line of text without newline. line 0: the file as a whole.
struct svc_reporter {
    void (*report)(void *context, const char *file, unsigned line, const char *text);
    void *context;
};

// Parses one manifest (need not be NUL-terminated). Returns 0, or -E_INVAL after reporting every
// error in it; then manifest->broken is set and the rest holds what could be read.
int svc_parse(const char *file, const char *text, size_t bytes, struct svc_manifest *manifest,
              const struct svc_reporter *reporter);

// ---- a set of manifests ----

// Checks the set: names unique, needs known and not broken, no cycles, every used server's
// permissions defined. Marks what fails, and whatever needs it, as broken, with a report. Then
// writes the indices of the sound ones to `order` (room for `count`), each after all that it needs,
// and returns their number.
size_t svc_resolve(struct svc_manifest *const manifest[], size_t count, size_t order[],
                   const struct svc_reporter *reporter);

// The manifest of this name, or NULL.
struct svc_manifest *svc_find(struct svc_manifest *const manifest[], size_t count,
                              const char *name);

// The use that lets `client` talk to the service `name` of this manifest name and class, or NULL.
// `name` may be an instance's.
const struct svc_use *svc_allows(const struct svc_manifest *client, const char *name,
                                 const char *manifest_name, const char *class);

// May `starter` start instances of `template`?
bool svc_may_start(const struct svc_manifest *starter, const struct svc_manifest *template);

// The permission bits that `use` asks of `server`; unknown words (reported by svc_resolve) give
// none.
uint32_t svc_permission_bits(const struct svc_use *use, const struct svc_manifest *server);

// ---- matching devices to drivers ----

// 0: no match; else the higher, the more exact: vendor and device over class over wildcards.
unsigned svc_match_pci(const struct svc_manifest *manifest, uint16_t vendor, uint16_t device,
                       uint8_t base_class, uint8_t subclass, uint8_t interface);
unsigned svc_match_virtio(const struct svc_manifest *manifest, uint32_t virtio_id);
// `compatible`: one string of the node's list, or the fixed name of an ISA device.
unsigned svc_match_compatible(const struct svc_manifest *manifest, enum svc_match_kind kind,
                              const char *compatible);

// ---- the boot archive ----

// Parses every *.svc of a cpio archive into memory that `allocate` gives (NULL: no memory, the
// manifest is left out and reported); returns their number, at most `max`. A broken archive is
// reported and ends the walk.
size_t svc_load(const void *archive, size_t bytes, struct svc_manifest *manifest[], size_t max,
                void *(*allocate)(size_t), const struct svc_reporter *reporter);
