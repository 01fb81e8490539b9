// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a set of manifests says together: names, dependencies, permissions.

#include "lib/svc/svc.h"

#include <string.h>

struct svc_manifest *svc_find(struct svc_manifest *const manifest[], size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(manifest[i]->name, name))
            return manifest[i];
    return NULL;
}

// "text name more", cut to the room.
static void compose(char *to, size_t room, const char *before, const char *name, const char *after)
{
    const char *part[] = {before, name, after};
    size_t length = 0;
    for (int i = 0; i < 3; i++)
        for (const char *c = part[i]; *c && length + 1 < room; c++)
            to[length++] = *c;
    to[length] = 0;
}

static void report_broken(struct svc_manifest *manifest, unsigned line,
                          const struct svc_reporter *reporter, const char *before, const char *name,
                          const char *after)
{
    char text[160];
    compose(text, sizeof(text), before, name, after);
    manifest->broken = true;
    reporter->report(reporter->context, manifest->file, line, text);
}

static void check_names(struct svc_manifest *const manifest[], size_t count,
                        const struct svc_reporter *reporter)
{
    for (size_t i = 1; i < count; i++)
        if (manifest[i]->name[0] && svc_find(manifest, i, manifest[i]->name))
            report_broken(manifest[i], 0, reporter, "the name ", manifest[i]->name,
                          " is taken by another manifest");
}

static bool defines(const struct svc_manifest *server, const char *word)
{
    for (unsigned i = 0; i < server->permissions; i++)
        if (!strcmp(server->permission[i].word, word))
            return true;
    return false;
}

static void check_uses(struct svc_manifest *const manifest[], size_t count,
                       struct svc_manifest *client, const struct svc_reporter *reporter)
{
    for (unsigned i = 0; i < client->uses; i++) {
        const struct svc_use *use = &client->use[i];
        if (use->is_class)
            continue;
        const struct svc_manifest *server = svc_find(manifest, count, use->name);
        if (!server) {
            report_broken(client, use->line, reporter, "uses ", use->name,
                          ", which has no manifest");
            continue;
        }
        for (unsigned w = 0; w < use->words; w++)
            if (!defines(server, use->word[w]))
                report_broken(client, use->line, reporter, "asks for permission ", use->word[w],
                              ", which the server's manifest does not define");
    }
}

static void check_needs(struct svc_manifest *const manifest[], size_t count,
                        struct svc_manifest *client, const struct svc_reporter *reporter)
{
    for (unsigned i = 0; i < client->needs; i++) {
        const char *name = client->need[i].name;
        unsigned line = client->need[i].line;
        const struct svc_manifest *server = svc_find(manifest, count, name);
        if (!server)
            report_broken(client, line, reporter, "needs ", name, ", which has no manifest");
        else if (server->per != SVC_PER_SERVICE)
            report_broken(client, line, reporter, "needs ", name, ", which is started per device");
    }
}

// Is everything that it needs in the order already?
static bool is_placed(struct svc_manifest *const manifest[], const size_t order[], size_t placed,
                      const char *name)
{
    for (size_t i = 0; i < placed; i++)
        if (!strcmp(manifest[order[i]]->name, name))
            return true;
    return false;
}

static const struct svc_name *missing_need(struct svc_manifest *const manifest[],
                                           const size_t order[], size_t placed,
                                           const struct svc_manifest *client)
{
    for (unsigned i = 0; i < client->needs; i++)
        if (!is_placed(manifest, order, placed, client->need[i].name))
            return &client->need[i];
    return NULL;
}

// Takes into the order, round by round, what has all its needs there (Kahn, 1962). What is left
// over stands in a cycle, or needs something that is broken.
static size_t place_all(struct svc_manifest *const manifest[], size_t count, size_t order[])
{
    bool placed_one = true;
    size_t placed = 0;
    bool done[SVC_MANIFESTS_MAX] = {false};
    while (placed_one) {
        placed_one = false;
        for (size_t i = 0; i < count; i++) {
            if (done[i] || manifest[i]->broken ||
                missing_need(manifest, order, placed, manifest[i]))
                continue;
            order[placed++] = i;
            done[i] = placed_one = true;
        }
    }
    return placed;
}

static size_t index_of(struct svc_manifest *const manifest[], size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(manifest[i]->name, name) != 0)
        i++;
    return i;
}

// Follows the needs of `start`. If they lead back to it, writes the way there, last step first, as
// indices, and returns its length; else 0.
static size_t find_cycle(struct svc_manifest *const manifest[], size_t count, size_t start,
                         size_t way[])
{
    size_t stack[SVC_MANIFESTS_MAX], from[SVC_MANIFESTS_MAX];
    bool seen[SVC_MANIFESTS_MAX] = {false};
    size_t depth = 0, length = 0;
    stack[depth++] = start;
    while (depth) {
        size_t at = stack[--depth];
        for (unsigned n = 0; n < manifest[at]->needs; n++) {
            size_t next = index_of(manifest, count, manifest[at]->need[n].name);
            if (next == start) {
                for (; at != start; at = from[at])
                    way[length++] = at;
                way[length++] = start;
                return length;
            }
            if (next == count || seen[next])
                continue;
            seen[next] = true;
            from[next] = at;
            stack[depth++] = next; // each at most once: fits
        }
    }
    return 0;
}

static void append(char *text, size_t room, const char *more)
{
    size_t length = strlen(text);
    compose(text + length, room - length, more, "", "");
}

// What stands in the way of this service is either a cycle, which is named whole, or something
// broken.
static void report_missing(struct svc_manifest *const manifest[], size_t count, size_t which,
                           const struct svc_name *missing, const struct svc_reporter *reporter)
{
    char names[120] = "";
    size_t way[SVC_MANIFESTS_MAX];
    size_t length = find_cycle(manifest, count, which, way);
    if (!length) {
        report_broken(manifest[which], missing->line, reporter, "needs ", missing->name,
                      ", which cannot be started");
        return;
    }
    while (length) {
        append(names, sizeof(names), manifest[way[--length]]->name);
        append(names, sizeof(names), " -> ");
    }
    append(names, sizeof(names), manifest[which]->name);
    report_broken(manifest[which], missing->line, reporter, "its needs form a cycle: ", names, "");
}

size_t svc_resolve(struct svc_manifest *const manifest[], size_t count, size_t order[],
                   const struct svc_reporter *reporter)
{
    if (count > SVC_MANIFESTS_MAX)
        count = SVC_MANIFESTS_MAX; // svc_load never gives more
    check_names(manifest, count, reporter);
    for (size_t i = 0; i < count; i++) {
        check_uses(manifest, count, manifest[i], reporter);
        check_needs(manifest, count, manifest[i], reporter);
    }
    size_t placed = place_all(manifest, count, order);
    for (size_t i = 0; i < count; i++) {
        const struct svc_name *missing = missing_need(manifest, order, placed, manifest[i]);
        if (!manifest[i]->broken && missing)
            report_missing(manifest, count, i, missing, reporter);
    }
    return placed;
}

const struct svc_use *svc_allows(const struct svc_manifest *client, const char *name,
                                 const char *manifest_name, const char *class)
{
    for (unsigned i = 0; i < client->uses; i++) {
        const struct svc_use *use = &client->use[i];
        if (use->is_class ? class[0] && !strcmp(use->name, class)
                          : !strcmp(use->name, name) || !strcmp(use->name, manifest_name))
            return use;
    }
    return NULL;
}

bool svc_may_start(const struct svc_manifest *starter, const struct svc_manifest *template)
{
    for (unsigned i = 0; i < starter->starts; i++) {
        const struct svc_name *name = &starter->start_template[i];
        const char *wanted = name->is_class ? template->class : template->name;
        if (wanted[0] && !strcmp(name->name, wanted))
            return true;
    }
    return false;
}

uint32_t svc_permission_bits(const struct svc_use *use, const struct svc_manifest *server)
{
    uint32_t bits = 0;
    for (unsigned w = 0; w < use->words; w++)
        for (unsigned p = 0; p < server->permissions; p++)
            if (!strcmp(use->word[w], server->permission[p].word))
                bits |= 1u << server->permission[p].bit;
    return bits;
}
