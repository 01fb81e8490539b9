// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A virtio device's life above its transport: reset, feature negotiation, configuration space,
// start.
//
//   any state --reset--> RESET --negotiate--> FEATURES_OK --(queues set up)--start--> LIVE
//   LIVE --(DEVICE_NEEDS_RESET, fault)--reset--> RESET;   negotiate fails --> FAILED --reset-->
//   RESET
//
// Virtio 1.2, section 3.1.1 gives the order; for devices behind a legacy transport section 3.1.2:
// without VERSION_1 and FEATURES_OK. On others VERSION_1 is required.

#pragma once

#include "lib/virtio/transport.h"
#include "lib/virtio/virtio_hw.h"

enum virtio_state { VIRTIO_UNKNOWN, VIRTIO_RESET, VIRTIO_FEATURES_OK, VIRTIO_LIVE, VIRTIO_FAILED };

struct virtio_device {
    struct virtio_transport *transport;
    enum virtio_state state;
    uint64_t features; // negotiated
};

// The transport must stay where it is. The device may be in any state.
void virtio_device_init(struct virtio_device *device, struct virtio_transport *transport);

// Resets and waits until the status reads back 0. Sleeps. -E_TIMEDOUT: VIRTIO_RESET_TIMEOUT_NS
// passed.
int virtio_device_reset(struct virtio_device *device);

// After reset. Accepts of what is offered exactly what is in `allowed`; bits in `required` (and
// VERSION_1 unless the transport is a legacy one) must be offered. -E_OPNOTSUPP one is missing,
// -E_PROTO the device refuses the choice; the device is then marked FAILED.
int virtio_device_negotiate(struct virtio_device *device, uint64_t allowed, uint64_t required);

static inline bool virtio_device_has(const struct virtio_device *device, uint64_t feature)
{
    return (device->features & feature) != 0;
}

// After the queues are set up: the device may use them. -E_PROTO: it asks for a reset at once.
int virtio_device_start(struct virtio_device *device);

// True if the device says it is broken; only a reset helps.
bool virtio_device_needs_reset(struct virtio_device *device);

// ---- device-specific configuration ----

// Copies [offset, offset + bytes), consistent: read again while the generation changes (2.5.3), or,
// where there is none, until two readings agree (2.5.4), at most VIRTIO_CONFIG_TRIES times. -E_NXIO
// beyond the structure's end, -E_IO never the same twice.
int virtio_config_read(struct virtio_device *device, uint32_t offset, void *to, uint32_t bytes);

int virtio_config_read8(struct virtio_device *device, uint32_t offset, uint8_t *value);
int virtio_config_read16(struct virtio_device *device, uint32_t offset, uint16_t *value);
int virtio_config_read32(struct virtio_device *device, uint32_t offset, uint32_t *value);
int virtio_config_read64(struct virtio_device *device, uint32_t offset, uint64_t *value);

// Width 1, 2 or 4, aligned. -E_NXIO beyond the end.
int virtio_config_write(struct virtio_device *device, uint32_t offset, unsigned width,
                        uint32_t value);

enum { VIRTIO_CONFIG_TRIES = 100 };
#define VIRTIO_RESET_TIMEOUT_NS 1000000000ull
