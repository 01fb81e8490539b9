// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Which manifest fits a device, and how exactly.

#include "lib/svc/svc.h"

#include <string.h>

// One condition of a match: adds its weight to *score, or fails.
static bool condition(uint32_t wanted, uint32_t actual, unsigned weight, unsigned *score)
{
    if (wanted == SVC_ANY)
        return true;
    *score += weight;
    return wanted == actual;
}

unsigned svc_match_pci(const struct svc_manifest *manifest, uint16_t vendor, uint16_t device,
                       uint8_t base_class, uint8_t subclass, uint8_t interface)
{
    unsigned best = 0;
    for (unsigned i = 0; i < manifest->matches; i++) {
        const struct svc_match *match = &manifest->match[i];
        unsigned score = 1;
        if (match->kind == SVC_MATCH_PCI && condition(match->vendor, vendor, 16, &score) &&
            condition(match->device, device, 32, &score) &&
            condition(match->class[0], base_class, 2, &score) &&
            condition(match->class[1], subclass, 4, &score) &&
            condition(match->class[2], interface, 8, &score) && score > best)
            best = score;
    }
    return best;
}

unsigned svc_match_virtio(const struct svc_manifest *manifest, uint32_t virtio_id)
{
    for (unsigned i = 0; i < manifest->matches; i++)
        if (manifest->match[i].kind == SVC_MATCH_VIRTIO && manifest->match[i].device == virtio_id)
            return 1;
    return 0;
}

unsigned svc_match_compatible(const struct svc_manifest *manifest, enum svc_match_kind kind,
                              const char *compatible)
{
    for (unsigned i = 0; i < manifest->matches; i++)
        if (manifest->match[i].kind == kind && !strcmp(manifest->match[i].compatible, compatible))
            return 1;
    return 0;
}
