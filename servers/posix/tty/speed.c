// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See speed.h.

#include "servers/posix/tty/speed.h"

#include "servers/posix/tty/linux_tty.h"

enum { CBAUD_EXTENDED = 010000 };

uint32_t speed_of(uint32_t cflag, uint32_t other)
{
    static const uint32_t plain[] = {0,   50,   75,   110,  134,  150,  200,   300,
                                     600, 1200, 1800, 2400, 4800, 9600, 19200, 38400};
    static const uint32_t extended[] = {0,       57600,   115200,  230400,  460800,  500000,
                                        576000,  921600,  1000000, 1152000, 1500000, 2000000,
                                        2500000, 3000000, 3500000, 4000000};
    uint32_t code = cflag & CBAUD;

    if (code == BOTHER)
        return other;
    return (code & CBAUD_EXTENDED) != 0 ? extended[code & 15] : plain[code & 15];
}
