// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What rogue_client asks of the rogue driver, which does it without a question. Its device has a
// buffer; `bus` is any bus address.

#pragma once

enum rogue_op {
    // (bus, bytes): from there into the device's buffer
    ROGUE_READ = 0xe10,
    // (bus, bytes): from the device's buffer to there
    ROGUE_WRITE,
    // (bus, bytes): the same, answered at once; the device does it a tenth of a second later
    ROGUE_WRITE_LATE,
    // (word x ROGUE_WORDS): into the device's buffer, the right way
    ROGUE_FILL,
    // (offset) -> word x ROGUE_WORDS: from the device's buffer, the right way
    ROGUE_SHOW,
    // (bytes; handle: memory) -> 0: its bus address
    ROGUE_MAP,
    // (): takes it away again
    ROGUE_UNMAP,
    // () -> 0: bus address of its own buffer, 1: physical address of its registers; handle: the
    // buffer's memory
    ROGUE_TELL,
    // () -> 0: what the device's liveness register holds
    ROGUE_LIVENESS,
    // (): the device interrupts
    ROGUE_INTERRUPT,
};

enum { ROGUE_WORDS = 16, ROGUE_TRANSFER_MAX = 2048 };
