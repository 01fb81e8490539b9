// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// QEMU's edu device as far as the tests need it (QEMU, docs/specs/edu.txt): something that writes
// to any bus address, and sends any interrupt message.

#pragma once

#include "abi/types.h"

struct edu_device {
    uint32_t device; // PCI requester id
    volatile uint8_t *registers;
};

// Finds it on the first bus, with its registers mapped and bus mastering on. False: there is none.
bool edu_open(struct edu_device *edu, handle_t root);
void edu_close(struct edu_device *edu);

// Writes 8 bytes, whatever they are, to a bus address; takes a tenth of a second.
void edu_write(struct edu_device *edu, uint64_t bus);

// Its messages are this one from now on.
void edu_set_message(struct edu_device *edu, handle_t root, uint64_t address, uint32_t data);
void edu_send_message(struct edu_device *edu);
