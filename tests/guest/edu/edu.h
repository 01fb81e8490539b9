// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// QEMU's teaching device "edu": the example of docs/driver-guide.md. This half is pure: it reaches
// the device through struct edu_io alone, so the unit test puts a fake one there. One thread;
// nothing blocks.

#pragma once

#include <stdbool.h>
#include <stdint.h>

// What clients ask on the driver's endpoint. May be carried out twice, so clients retry.
enum edu_op {
    EDU_COMPUTE = 0xe00, // (number) -> 0: its factorial. E_RANGE above 12, E_BUSY one at a time
};

// The register-access seam. `reg` is an enum edu_register.
struct edu_io {
    uint32_t (*read)(void *context, unsigned reg);
    void (*write)(void *context, unsigned reg, uint32_t value);
    void *context;
};

struct edu {
    struct edu_io io;
    bool busy; // a number was given to the device, its factorial has not been taken
};

// Is it there and alive? -E_NODEV: another device, or none; -E_IO: it does not answer.
int edu_probe(struct edu *edu, const struct edu_io *io);

// Not computing any more, for whomever.
bool edu_is_idle(const struct edu *edu);

// No interrupt will come, and none is pending.
void edu_silence(struct edu *edu);

// Gives the device a number; an interrupt follows. -E_RANGE, -E_BUSY.
int edu_start(struct edu *edu, uint64_t number);

// Called at an interrupt: takes the factorial. -E_AGAIN: the interrupt was not for one, or too
// early.
int edu_finish(struct edu *edu, uint32_t *factorial);
