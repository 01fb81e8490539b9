// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the files of the line discipline share.

#pragma once

#include "servers/posix/tty/ldisc.h"

static inline bool ldisc_has_i(const struct ldisc *ldisc, uint32_t flag)
{
    return (ldisc->termios.iflag & flag) != 0;
}

static inline bool ldisc_has_o(const struct ldisc *ldisc, uint32_t flag)
{
    return (ldisc->termios.oflag & flag) != 0;
}

static inline bool ldisc_has_l(const struct ldisc *ldisc, uint32_t flag)
{
    return (ldisc->termios.lflag & flag) != 0;
}

// Is `byte` this control character?
static inline bool ldisc_is(const struct ldisc *ldisc, uint8_t byte, enum tty_control which)
{
    return byte == ldisc->termios.cc[which] && byte != TTY_CONTROL_DISABLED;
}

static inline bool ldisc_is_control(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7f;
}

// The second and later bytes of a character in UTF-8.
static inline bool ldisc_is_continuation(const struct ldisc *ldisc, uint8_t byte)
{
    return ldisc_has_i(ldisc, IUTF8) && (byte & 0xc0) == 0x80;
}

static inline uint8_t ldisc_at(const struct ldisc *ldisc, uint32_t position)
{
    return ldisc->buffer[position % LDISC_BUFFER];
}

// ---- ldisc_output.c ----

// Echoes one byte, through output processing.
void ldisc_echo_raw(struct ldisc *ldisc, uint8_t byte);
// The same, control characters as ^X if ECHOCTL says so.
void ldisc_echo_char(struct ldisc *ldisc, uint8_t byte);
void ldisc_echo_text(struct ldisc *ldisc, const char *text);

// ---- ldisc_edit.c ----

// VERASE, VWERASE or VKILL was typed.
void ldisc_erase(struct ldisc *ldisc, enum tty_control which);
// VREPRINT: shows the line again.
void ldisc_reprint(struct ldisc *ldisc);
