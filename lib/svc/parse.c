// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The manifest parser: one table of keys, one function a kind of value.

#include "abi/error.h"
#include "abi/log.h"
#include "abi/syscall.h"
#include "lib/svc/svc.h"
#include "lib/svc/value.h"

#include <string.h>

#define MS           1000000ull
#define SECOND       1000000000ull
#define DURATION_MAX (24 * 3600 * SECOND) // sums of two never overflow

struct parser {
    const struct svc_reporter *reporter;
    struct svc_manifest *manifest;
    uint64_t seen; // keys of single value, by index in the table
};

struct choice {
    const char *word;
    uint32_t value;
};

struct key {
    const char *name;
    enum { ONCE, LINES, LIST } times; // once; on several lines; there as lists with commas, too
    // Stores one value; NULL, or what is wrong with it.
    const char *(*store)(struct svc_manifest *manifest, const struct key *key,
                         struct svc_span value);
    size_t offset; // of the field, for the general kinds
    size_t room;
    const struct choice *choices;
};

static void report(struct parser *parser, const char *text)
{
    parser->manifest->broken = true;
    parser->reporter->report(parser->reporter->context, parser->manifest->file,
                             parser->manifest->line, text);
}

static void *field(struct svc_manifest *manifest, const struct key *key)
{
    return (char *)manifest + key->offset;
}

// ---- general kinds ----

static const char *store_text(struct svc_manifest *m, const struct key *key, struct svc_span value)
{
    return svc_copy(value, field(m, key), key->room) ? NULL : "text too long";
}

static const char *store_unit_pattern(struct svc_manifest *m, const struct key *key,
                                      struct svc_span value)
{
    (void)key;
    if (m->unit_patterns == SVC_UNITS_MAX)
        return "too many patterns";
    return svc_copy(value, m->unit_pattern[m->unit_patterns++], SVC_WORD_MAX) ? NULL
                                                                              : "text too long";
}

static const char *store_name(struct svc_manifest *m, const struct key *key, struct svc_span value)
{
    return svc_copy_name(value, field(m, key), key->room)
               ? NULL
               : "not a name (a letter, then letters, digits, _ or -), or too long";
}

// Of the service, and of its binary if the manifest does not tell another.
static const char *store_own_name(struct svc_manifest *m, const struct key *key,
                                  struct svc_span value)
{
    if (!m->binary_line)
        m->binary_line = m->line;
    return store_name(m, key, value);
}

static const char *store_binary(struct svc_manifest *m, const struct key *key,
                                struct svc_span value)
{
    m->binary_line = m->line;
    return store_name(m, key, value);
}

static const struct choice *find_choice(const struct choice *choices, struct svc_span value)
{
    for (; choices->word; choices++)
        if (svc_equals(value, choices->word))
            return choices;
    return NULL;
}

static const char *store_choice(struct svc_manifest *m, const struct key *key,
                                struct svc_span value)
{
    const struct choice *choice = find_choice(key->choices, value);
    if (!choice)
        return "not one of the words allowed here";
    *(uint32_t *)field(m, key) = choice->value;
    return NULL;
}

static const char *store_flag(struct svc_manifest *m, const struct key *key, struct svc_span value)
{
    const struct choice *choice = find_choice(key->choices, value);
    if (!choice)
        return "not one of the words allowed here";
    *(uint32_t *)field(m, key) |= choice->value;
    return NULL;
}

static const char *store_size(struct svc_manifest *m, const struct key *key, struct svc_span value)
{
    return svc_size(value, field(m, key)) ? NULL : "not a size (such as 64K, 16M, 4G)";
}

static const char *store_duration(struct svc_manifest *m, const struct key *key,
                                  struct svc_span value)
{
    uint64_t *duration = field(m, key);
    if (!svc_duration(value, duration))
        return "not a duration (such as 500ms, 5s, 1min)";
    return *duration > DURATION_MAX ? "longer than a day" : NULL;
}

static const char *store_count(struct svc_manifest *m, const struct key *key, struct svc_span value)
{
    uint64_t number;
    if (!svc_number(value, &number) || number > 1000000)
        return "not a number up to 1000000";
    *(uint32_t *)field(m, key) = (uint32_t)number;
    return NULL;
}

// ---- kinds of their own ----

static const char *store_priority(struct svc_manifest *m, const struct key *key,
                                  struct svc_span value)
{
    const struct choice *choice = find_choice(key->choices, value);
    uint64_t number = choice ? choice->value : 0;
    if (!choice && (!svc_number(value, &number) || number < 1 || number > PRIORITY_MAX))
        return "not a priority (user, server, driver, system, or 1 to 31)";
    m->priority = (uint32_t)number;
    return NULL;
}

static const char *store_arguments(struct svc_manifest *m, const struct key *key,
                                   struct svc_span value)
{
    (void)key;
    size_t length = 0;
    struct svc_span word;
    while (svc_next(&value, ' ', &word)) {
        if (length + word.bytes + 2 > sizeof(m->arguments) || memchr(word.text, 0, word.bytes))
            return "arguments too long";
        if (length)
            m->arguments[length++] = ' ';
        memcpy(m->arguments + length, word.text, word.bytes);
        length += word.bytes;
    }
    return NULL;
}

// NAME or class:NAME
static bool copy_service(struct svc_span value, bool *is_class, char name[SVC_NAME_MAX])
{
    *is_class = value.bytes > 6 && !memcmp(value.text, "class:", 6);
    if (*is_class) {
        value.text += 6;
        value.bytes -= 6;
    }
    return svc_copy_name(value, name, *is_class ? SVC_CLASS_MAX : SVC_NAME_MAX);
}

// NAME, class:NAME, NAME(word word ...)
static const char *store_use(struct svc_manifest *m, const struct key *key, struct svc_span value)
{
    (void)key;
    if (m->uses == SVC_USES_MAX)
        return "too many services used";
    struct svc_use *use = &m->use[m->uses];
    memset(use, 0, sizeof(*use));
    struct svc_span words = {NULL, 0};
    const char *open = value.bytes ? memchr(value.text, '(', value.bytes) : NULL;
    if (open) {
        if (value.text[value.bytes - 1] != ')')
            return "permissions want a closing parenthesis";
        words.text = open + 1;
        words.bytes = (size_t)(value.text + value.bytes - 1 - words.text);
        words = svc_trim(words);
        value = svc_trim((struct svc_span){value.text, (size_t)(open - value.text)});
    }
    if (!copy_service(value, &use->is_class, use->name))
        return "not a service name or class:NAME";
    use->line = m->line;
    struct svc_span word;
    while (svc_next(&words, ' ', &word)) {
        if (use->is_class)
            return "permissions are of one service, not of a class";
        if (use->words == SVC_USE_WORDS_MAX ||
            !svc_copy_name(word, use->word[use->words], SVC_WORD_MAX))
            return "bad permission word, or too many";
        use->words++;
    }
    m->uses++;
    return NULL;
}

static const char *store_need(struct svc_manifest *m, const struct key *key, struct svc_span value)
{
    (void)key;
    for (unsigned i = 0; i < m->needs; i++)
        if (svc_equals(value, m->need[i].name))
            return NULL;
    if (m->needs == SVC_NEEDS_MAX)
        return "too many services needed";
    struct svc_name *need = &m->need[m->needs];
    if (!svc_copy_name(value, need->name, SVC_NAME_MAX))
        return "not a service name";
    need->line = m->line;
    m->needs++;
    return NULL;
}

static const char *store_bound(struct svc_manifest *m, const struct key *key, struct svc_span value)
{
    const char *wrong = store_need(m, key, value);
    for (unsigned i = 0; i < m->needs; i++)
        m->need[i].bound |= svc_equals(value, m->need[i].name);
    return wrong;
}

static const char *store_start_template(struct svc_manifest *m, const struct key *key,
                                        struct svc_span value)
{
    (void)key;
    if (m->starts == SVC_STARTS_MAX)
        return "too many templates started";
    struct svc_name *name = &m->start_template[m->starts];
    if (!copy_service(value, &name->is_class, name->name))
        return "not a service name or class:NAME";
    name->line = m->line;
    m->starts++;
    return NULL;
}

// WORD BIT
static const char *store_permission(struct svc_manifest *m, const struct key *key,
                                    struct svc_span value)
{
    (void)key;
    if (m->permissions == SVC_PERMISSIONS_MAX)
        return "too many permissions";
    struct svc_permission *permission = &m->permission[m->permissions];
    struct svc_span word;
    uint64_t bit;
    if (!svc_next(&value, ' ', &word) || !svc_copy_name(word, permission->word, SVC_WORD_MAX) ||
        !svc_number(value, &bit) || bit > 31)
        return "not a permission (WORD BIT, the bit 0 to 31)";
    permission->bit = (uint32_t)bit;
    m->permissions++;
    return NULL;
}

// root | log | machine | mmio BASE BYTES | ports BASE COUNT | irq LINE
static const char *store_resource(struct svc_manifest *m, const struct key *key,
                                  struct svc_span value)
{
    static const char *const wrong =
        "not a resource (root, log, machine, mmio BASE BYTES, ports BASE COUNT, irq LINE)";
    if (m->resources == SVC_RESOURCES_MAX)
        return "too many resources";
    struct svc_resource *resource = &m->resource[m->resources];
    memset(resource, 0, sizeof(*resource));
    struct svc_span word;
    if (!svc_next(&value, ' ', &word))
        return wrong;
    const struct choice *choice = find_choice(key->choices, word);
    if (!choice)
        return wrong;
    resource->kind = (enum svc_resource_kind)choice->value;
    if (resource->kind >= SVC_RESOURCE_MMIO) {
        if (!svc_next(&value, ' ', &word) || !svc_number(word, &resource->base))
            return wrong;
        resource->count = 1;
        if (resource->kind != SVC_RESOURCE_IRQ &&
            (!svc_next(&value, ' ', &word) || !svc_size(word, &resource->count) ||
             !resource->count || resource->count > UINT64_MAX - resource->base))
            return wrong;
    }
    if (value.bytes)
        return wrong;
    m->resources++;
    return NULL;
}

// VENDOR:DEVICE [class BASE[:SUB[:INTERFACE]]]
static bool parse_pci(struct svc_match *match, struct svc_span value)
{
    struct svc_span ids, part, word;
    if (!svc_next(&value, ' ', &ids) || !svc_next(&ids, ':', &part) ||
        !svc_hex_or_any(part, 0xffff, &match->vendor) || !svc_next(&ids, ':', &part) ||
        !svc_hex_or_any(part, 0xffff, &match->device) || ids.bytes)
        return false;
    for (int i = 0; i < 3; i++)
        match->class[i] = SVC_ANY;
    if (!svc_next(&value, ' ', &word))
        return true;
    if (!svc_equals(word, "class") || !value.bytes)
        return false;
    for (int i = 0; i < 3 && svc_next(&value, ':', &part); i++)
        if (!svc_hex_or_any(part, 0xff, &match->class[i]))
            return false;
    return !value.bytes;
}

static const char *store_match(struct svc_manifest *m, const struct key *key, struct svc_span value)
{
    static const char *const wrong = "not a match (pci VENDOR:DEVICE [class B:S:I], virtio ID, "
                                     "dtb COMPATIBLE, isa NAME)";
    if (m->matches == SVC_MATCHES_MAX)
        return "too many matches";
    struct svc_match *match = &m->match[m->matches];
    memset(match, 0, sizeof(*match));
    struct svc_span word;
    if (!svc_next(&value, ' ', &word))
        return wrong;
    const struct choice *choice = find_choice(key->choices, word);
    if (!choice || !value.bytes)
        return wrong;
    match->kind = (enum svc_match_kind)choice->value;
    uint64_t number;
    switch (match->kind) {
    case SVC_MATCH_PCI:
        if (!parse_pci(match, value))
            return wrong;
        break;
    case SVC_MATCH_VIRTIO:
        if (!svc_number(value, &number) || number > 0xffff)
            return wrong;
        match->device = (uint32_t)number;
        break;
    case SVC_MATCH_DTB:
    case SVC_MATCH_ISA:
        if (!svc_copy(value, match->compatible, sizeof(match->compatible)))
            return wrong;
        break;
    }
    m->matches++;
    return NULL;
}

// ---- the table ----

static const struct choice per_choices[] = {
    {"service", SVC_PER_SERVICE}, {"device", SVC_PER_DEVICE}, {0}};
static const struct choice start_choices[] = {
    {"boot", SVC_START_BOOT}, {"demand", SVC_START_DEMAND}, {0}};
static const struct choice ready_choices[] = {
    {"call", SVC_READY_CALL}, {"start", SVC_READY_START}, {0}};
static const struct choice restart_choices[] = {{"always", SVC_RESTART_ALWAYS},
                                                {"failure", SVC_RESTART_FAILURE},
                                                {"never", SVC_RESTART_NEVER},
                                                {0}};
static const struct choice give_up_choices[] = {{"stop", SVC_GIVE_UP_STOP},
                                                {"renew", SVC_GIVE_UP_RENEW},
                                                {"reboot", SVC_GIVE_UP_REBOOT},
                                                {"power_off", SVC_GIVE_UP_POWER_OFF},
                                                {0}};
static const struct choice priority_choices[] = {{"user", PRIORITY_USER},
                                                 {"server", PRIORITY_SERVER},
                                                 {"driver", PRIORITY_DRIVER},
                                                 {"system", PRIORITY_SYSTEM},
                                                 {0}};
static const struct choice level_choices[] = {
    {"error", LOG_ERROR}, {"warning", LOG_WARNING}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}, {0}};
static const struct choice grant_choices[] = {
    {"bars", SVC_GRANT_BARS},   {"irqs", SVC_GRANT_IRQS},     {"dma", SVC_GRANT_DMA},
    {"ports", SVC_GRANT_PORTS}, {"config", SVC_GRANT_CONFIG}, {0}};
static const struct choice share_choices[] = {{"initrd", SVC_SHARE_INITRD}, {0}};
static const struct choice resource_choices[] = {{"root", SVC_RESOURCE_ROOT},
                                                 {"log", SVC_RESOURCE_LOG},
                                                 {"machine", SVC_RESOURCE_MACHINE},
                                                 {"mmio", SVC_RESOURCE_MMIO},
                                                 {"ports", SVC_RESOURCE_PORTS},
                                                 {"irq", SVC_RESOURCE_IRQ},
                                                 {0}};
static const struct choice match_choices[] = {{"pci", SVC_MATCH_PCI},
                                              {"dtb", SVC_MATCH_DTB},
                                              {"virtio", SVC_MATCH_VIRTIO},
                                              {"isa", SVC_MATCH_ISA},
                                              {0}};

#define FIELD(name) offsetof(struct svc_manifest, name), sizeof(((struct svc_manifest *)0)->name)

static const struct key keys[] = {
    {"name", ONCE, store_own_name, FIELD(name), NULL},
    {"description", ONCE, store_text, FIELD(description), NULL},
    {"binary", ONCE, store_binary, FIELD(binary), NULL},
    {"arguments", ONCE, store_arguments, FIELD(arguments), NULL},
    {"class", ONCE, store_name, FIELD(class), NULL},
    {"unit", ONCE, store_text, FIELD(unit), NULL},
    {"units", LIST, store_unit_pattern, 0, 0, NULL},
    {"per", ONCE, store_choice, FIELD(per), per_choices},
    {"start", ONCE, store_choice, FIELD(start), start_choices},
    {"ready", ONCE, store_choice, FIELD(ready), ready_choices},
    {"priority", ONCE, store_priority, FIELD(priority), priority_choices},
    {"log_level", ONCE, store_choice, FIELD(log_level), level_choices},
    {"match", LINES, store_match, 0, 0, match_choices},
    {"grants", LIST, store_flag, FIELD(grants), grant_choices},
    {"shares", LIST, store_flag, FIELD(shares), share_choices},
    {"dma_limit", ONCE, store_size, FIELD(dma_limit), NULL},
    {"checkpoint", ONCE, store_size, FIELD(checkpoint_bytes), NULL},
    {"memory", ONCE, store_size, FIELD(memory_bytes), NULL},
    {"resource", LINES, store_resource, 0, 0, resource_choices},
    {"permission", LIST, store_permission, 0, 0, NULL},
    {"uses", LIST, store_use, 0, 0, NULL},
    {"needs", LIST, store_need, 0, 0, NULL},
    {"restart_with", LIST, store_bound, 0, 0, NULL},
    {"starts", LIST, store_start_template, 0, 0, NULL},
    {"restart", ONCE, store_choice, FIELD(restart), restart_choices},
    {"retries", ONCE, store_count, FIELD(retries), NULL},
    {"retry_window", ONCE, store_duration, FIELD(retry_window), NULL},
    {"backoff", ONCE, store_duration, FIELD(backoff), NULL},
    {"backoff_max", ONCE, store_duration, FIELD(backoff_max), NULL},
    {"give_up", ONCE, store_choice, FIELD(give_up), give_up_choices},
    {"ready_timeout", ONCE, store_duration, FIELD(ready_timeout), NULL},
    {"stop_timeout", ONCE, store_duration, FIELD(stop_timeout), NULL},
    {"heartbeat", ONCE, store_duration, FIELD(heartbeat), NULL},
    {"heartbeat_misses", ONCE, store_count, FIELD(heartbeat_misses), NULL},
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };
_Static_assert(KEYS <= 64, "parser.seen has a bit for each");
_Static_assert(sizeof(enum svc_per) == sizeof(uint32_t), "store_choice writes 32 bits");

static void set_defaults(struct svc_manifest *manifest)
{
    manifest->priority = PRIORITY_SERVER;
    manifest->log_level = LOG_INFO;
    manifest->retries = 5;
    manifest->retry_window = 60 * SECOND;
    manifest->backoff = 10 * MS;
    manifest->backoff_max = 5 * SECOND;
    manifest->ready_timeout = 10 * SECOND;
    manifest->stop_timeout = SECOND;
    manifest->heartbeat = 500 * MS;
    manifest->heartbeat_misses = 1;
}

static void parse_value(struct parser *parser, const struct key *key, struct svc_span value)
{
    const char *wrong = NULL;
    if (key->times != LIST) {
        uint64_t bit = 1ull << (key - keys);
        wrong = key->times == ONCE && (parser->seen & bit)
                    ? "given a second time"
                    : key->store(parser->manifest, key, value);
        parser->seen |= bit;
        if (wrong)
            report(parser, wrong);
        return;
    }
    struct svc_span item;
    while (svc_next(&value, ',', &item)) {
        wrong = item.bytes ? key->store(parser->manifest, key, item) : "empty item in a list";
        if (wrong)
            report(parser, wrong);
    }
}

static void parse_line(struct parser *parser, struct svc_span line)
{
    const char *comment = line.bytes ? memchr(line.text, '#', line.bytes) : NULL;
    if (comment)
        line.bytes = (size_t)(comment - line.text);
    line = svc_trim(line);
    if (!line.bytes)
        return;
    const char *equals = memchr(line.text, '=', line.bytes);
    if (!equals) {
        report(parser, "not of the form key = value");
        return;
    }
    struct svc_span name = svc_trim((struct svc_span){line.text, (size_t)(equals - line.text)});
    size_t rest = line.bytes - (size_t)(equals + 1 - line.text);
    struct svc_span value = svc_trim((struct svc_span){equals + 1, rest});
    for (const struct key *key = keys; key < keys + KEYS; key++) {
        if (!svc_equals(name, key->name))
            continue;
        if (!value.bytes)
            report(parser, "no value");
        else
            parse_value(parser, key, value);
        return;
    }
    report(parser, "unknown key");
}

// What concerns the manifest as a whole.
static void check_whole(struct parser *parser)
{
    struct svc_manifest *manifest = parser->manifest;
    manifest->line = 0;
    if (!manifest->name[0])
        report(parser, "no name");
    if (!manifest->binary[0])
        memcpy(manifest->binary, manifest->name, sizeof(manifest->binary));
    if (manifest->per == SVC_PER_SERVICE && (manifest->matches || manifest->grants))
        report(parser, "matches and grants want per = device");
    if (manifest->backoff_max < manifest->backoff)
        report(parser, "backoff_max is below backoff");
    if (manifest->heartbeat && !manifest->heartbeat_misses)
        report(parser, "heartbeat_misses must not be 0");
}

int svc_parse(const char *file, const char *text, size_t bytes, struct svc_manifest *manifest,
              const struct svc_reporter *reporter)
{
    memset(manifest, 0, sizeof(*manifest));
    set_defaults(manifest);
    size_t name_bytes = strnlen(file, sizeof(manifest->file) - 1);
    memcpy(manifest->file, file, name_bytes);

    struct parser parser = {.reporter = reporter, .manifest = manifest};
    manifest->line = 1;
    while (bytes) {
        const char *end = memchr(text, '\n', bytes);
        size_t length = end ? (size_t)(end - text) : bytes;
        parse_line(&parser, (struct svc_span){text, length});
        size_t used = end ? length + 1 : length;
        text += used;
        bytes -= used;
        manifest->line++;
    }
    check_whole(&parser);
    return manifest->broken ? -E_INVAL : 0;
}
