// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Line editing in canonical mode: erasing characters, words and lines, showing the line again; see
// ldisc.h.

#include "servers/posix/tty/ldisc_private.h"

enum { TAB_STOP = 8 };

// Letters and digits of Latin-1, which in UTF-8 are the first bytes of most letters, too.
static bool is_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte >= 0xc0 && byte != 0xd7 && byte != 0xf7);
}

// Columns that the line being edited takes up to `end`, from where it began.
static uint32_t columns_to(const struct ldisc *ldisc, uint32_t end)
{
    uint32_t column = ldisc->line_column;

    for (uint32_t at = ldisc->line_end; at != end; at++) {
        uint8_t byte = ldisc_at(ldisc, at);

        if (byte == '\t')
            column += TAB_STOP - column % TAB_STOP;
        else if (ldisc_is_control(byte))
            column += ldisc_has_l(ldisc, ECHOCTL) ? 2 : 0;
        else if (!ldisc_is_continuation(ldisc, byte))
            column++;
    }
    return column;
}

static void erase_echo(struct ldisc *ldisc, uint8_t byte)
{
    if (byte == '\t') {
        uint32_t before = columns_to(ldisc, ldisc->head); // the tab is gone from the buffer already

        for (uint32_t i = TAB_STOP - before % TAB_STOP; i > 0; i--)
            ldisc_echo_raw(ldisc, '\b');
        return;
    }
    if (ldisc_is_control(byte) && !ldisc_has_l(ldisc, ECHOCTL))
        return; // it took no room
    if (ldisc_is_control(byte))
        ldisc_echo_text(ldisc, "\b \b");
    ldisc_echo_text(ldisc, "\b \b");
}

// Takes one character off the end of the line; returns its first byte.
static uint8_t take_back(struct ldisc *ldisc)
{
    uint8_t byte;

    do {
        byte = ldisc_at(ldisc, --ldisc->head);
    } while (ldisc_is_continuation(ldisc, byte) && ldisc->head != ldisc->line_end);
    return byte;
}

static uint8_t last_char(const struct ldisc *ldisc)
{
    uint32_t at = ldisc->head - 1;

    while (ldisc_is_continuation(ldisc, ldisc_at(ldisc, at)) && at != ldisc->line_end)
        at--;
    return ldisc_at(ldisc, at);
}

static void erase_char(struct ldisc *ldisc)
{
    uint8_t byte = take_back(ldisc);

    if (!ldisc_has_l(ldisc, ECHO))
        return;
    if (ldisc_has_l(ldisc, ECHOE))
        erase_echo(ldisc, byte);
    else
        ldisc_echo_char(ldisc, ldisc->termios.cc[VERASE]);
}

static void erase_word(struct ldisc *ldisc)
{
    bool seen = false;

    while (ldisc->head != ldisc->line_end) {
        uint8_t byte = last_char(ldisc);

        if (is_word(byte))
            seen = true;
        else if (seen)
            break;
        byte = take_back(ldisc);
        if (ldisc_has_l(ldisc, ECHO))
            erase_echo(ldisc, byte);
    }
}

static void erase_line(struct ldisc *ldisc)
{
    bool visual =
        ldisc_has_l(ldisc, ECHOK) && ldisc_has_l(ldisc, ECHOKE) && ldisc_has_l(ldisc, ECHOE);

    if (ldisc_has_l(ldisc, ECHO) && visual) {
        while (ldisc->head != ldisc->line_end)
            erase_echo(ldisc, take_back(ldisc));
        return;
    }
    ldisc->head = ldisc->line_end;
    if (!ldisc_has_l(ldisc, ECHO))
        return;
    ldisc_echo_char(ldisc, ldisc->termios.cc[VKILL]);
    if (ldisc_has_l(ldisc, ECHOK))
        ldisc_echo_raw(ldisc, '\n');
}

void ldisc_erase(struct ldisc *ldisc, enum tty_control which)
{
    if (ldisc->head == ldisc->line_end)
        return;
    if (which == VERASE)
        erase_char(ldisc);
    else if (which == VWERASE)
        erase_word(ldisc);
    else
        erase_line(ldisc);
}

void ldisc_reprint(struct ldisc *ldisc)
{
    ldisc_echo_char(ldisc, ldisc->termios.cc[VREPRINT]);
    ldisc_echo_raw(ldisc, '\n');
    for (uint32_t at = ldisc->line_end; at != ldisc->head; at++)
        ldisc_echo_char(ldisc, ldisc_at(ldisc, at));
}
