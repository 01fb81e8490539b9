// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The terminal line discipline N_TTY: what happens between the bytes of a line and the bytes that
// programs read and write. Pure code: signals and output go through struct ldisc_ops.
//
// Behaviour: POSIX.1-2017, chapter 11 (general terminal interface), and where Linux goes further
// (ECHOCTL, VWERASE, VLNEXT, IUTF8 ...) termios(3). Not implemented: IUCLC, OLCUC and XCASE are
// taken, ECHOPRT behaves as ECHOE, delays other than XTABS are none.
//
// Input: a ring of LDISC_BUFFER bytes. In canonical mode reading stops at `line_end`, one past the
// last finished line; the finished lines' last bytes are marked in `mark`. Invariants (L1-L3:
// assert_ldisc_state):
//   L1  tail <= line_end <= head <= tail + LDISC_BUFFER, as running counts
//   L2  a set mark lies in [tail, line_end)
//   L3  in canonical mode line_end - 1 is marked, or line_end == tail, or `pushed`
//
// Echo that finds no room in the device waits in `echo`, in front of anything programs write later.

#pragma once

#include <stdbool.h>

#include "servers/posix/tty/linux_tty.h"

enum { LDISC_BUFFER = 4096, LDISC_ECHO = 4096 };

struct ldisc;

struct ldisc_ops {
    // How many bytes the device takes now.
    uint32_t (*room)(struct ldisc *ldisc);
    // Gives it up to that many.
    void (*put)(struct ldisc *ldisc, const uint8_t *bytes, uint32_t count);
    // A signal character (SIGINT, SIGQUIT or SIGTSTP) was typed. `flush`: output not sent yet is to
    // be dropped.
    void (*signal)(struct ldisc *ldisc, int number, bool flush);
    // Output was stopped or started by a character (IXON).
    void (*flow)(struct ldisc *ldisc, bool stopped);
};

struct ldisc {
    const struct ldisc_ops *ops;
    struct termios_linux termios;
    uint32_t head, tail, line_end; // running counts
    uint8_t buffer[LDISC_BUFFER];
    uint8_t mark[LDISC_BUFFER / 8];
    bool pushed;                   // what was there when canonical mode began counts as a line
    bool literal;                  // the next byte is taken as it is (VLNEXT)
    bool stopped;                  // output is held back by VSTOP
    uint32_t column;               // of the cursor, as far as output tells
    uint32_t line_column;          // where the line being edited begins
    uint32_t echo_head, echo_tail; // running counts
    uint8_t echo[LDISC_ECHO];
    uint64_t dropped; // input bytes for which there was no room
};

void ldisc_init(struct ldisc *ldisc, const struct ldisc_ops *ops);

// New settings; what is in the buffer is taken over as Linux does.
void ldisc_set_termios(struct ldisc *ldisc, const struct termios_linux *termios);

// ---- the device's side ----

// How many bytes ldisc_receive can use now. In canonical mode never 0 while there is no finished
// line: bytes that do not fit are dropped, so that the line can still be ended or edited.
uint32_t ldisc_receive_room(const struct ldisc *ldisc);
void ldisc_receive(struct ldisc *ldisc, const uint8_t *bytes, uint32_t count);
// A break, or a byte with a parity or framing error (`byte`), came in.
void ldisc_receive_break(struct ldisc *ldisc);
void ldisc_receive_error(struct ldisc *ldisc, uint8_t byte);
// The device has room again: sends echo that waits. False: there is still some.
bool ldisc_echo_flush(struct ldisc *ldisc);

// ---- programs' side ----

// Is there something to read? `minimum`: as many bytes must be there in non-canonical mode.
bool ldisc_readable(const struct ldisc *ldisc, uint32_t minimum);
// Bytes that FIONREAD tells.
uint32_t ldisc_pending(const struct ldisc *ldisc);

// Copies up to `room` bytes out; in canonical mode at most to the end of the line. *end: the line
// ended (or an EOF character was typed: then with 0 bytes it is the end of the file).
uint32_t ldisc_read(struct ldisc *ldisc, uint8_t *bytes, uint32_t room, bool *end);

// Output processing may turn one byte into this many, so it needs as much room for each.
enum { LDISC_WRITE_ROOM = 8 };
// Sends up to `count` bytes through output processing; returns how many were used, 0 when the
// device has less room than LDISC_WRITE_ROOM or output is stopped.
uint32_t ldisc_write(struct ldisc *ldisc, const uint8_t *bytes, uint32_t count);

void ldisc_flush_input(struct ldisc *ldisc);
void ldisc_flush_output(struct ldisc *ldisc);

#ifdef XINIM_CHECKS
void assert_ldisc_state(const struct ldisc *ldisc);
#else
static inline void assert_ldisc_state(const struct ldisc *ldisc)
{
    (void)ldisc;
}
#endif
