// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// All manifests of a boot archive.

#include "lib/cpio/cpio.h"
#include "lib/svc/svc.h"

#include <string.h>

static bool is_manifest(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && !strcmp(name + length - 4, ".svc");
}

size_t svc_load(const void *archive, size_t bytes, struct svc_manifest *manifest[], size_t max,
                void *(*allocate)(size_t), const struct svc_reporter *reporter)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    size_t count = 0;
    int status;
    if (max > SVC_MANIFESTS_MAX)
        max = SVC_MANIFESTS_MAX;
    cpio_open(&reader, archive, bytes);
    while ((status = cpio_next(&reader, &entry)) > 0) {
        if (!is_manifest(entry.name))
            continue;
        struct svc_manifest *next = count < max ? allocate(sizeof(*next)) : NULL;
        if (!next) {
            reporter->report(reporter->context, entry.name, 0,
                             "no room for this manifest: it is left out");
            continue;
        }
        (void)svc_parse(entry.name, entry.data, entry.bytes, next, reporter); // marks it broken
        manifest[count++] = next;
    }
    if (status < 0)
        reporter->report(reporter->context, "boot archive", 0,
                         "broken: what follows in it is not seen");
    return count;
}
