// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Output processing (OPOST) and echo of the line discipline; see ldisc.h.

#include <string.h>

#include "servers/posix/tty/ldisc_private.h"

enum {
    TAB_STOP = 8,
    EXPANSION_MAX = LDISC_WRITE_ROOM,
    WRITE_CHUNK = 256,
};

// What one byte becomes, and where it leaves the cursor. Returns the number of bytes.
static uint32_t process_byte(struct ldisc *ldisc, uint8_t byte, uint8_t out[EXPANSION_MAX])
{
    if (ldisc_has_o(ldisc, OLCUC) && byte >= 'a' && byte <= 'z')
        byte = (uint8_t)(byte - 'a' + 'A');
    if (byte == '\r' && ldisc_has_o(ldisc, ONOCR) && ldisc->column == 0)
        return 0;
    if (byte == '\r' && ldisc_has_o(ldisc, OCRNL)) { // ONLCR does not see this newline
        if (ldisc_has_o(ldisc, ONLRET))
            ldisc->column = ldisc->line_column = 0;
        out[0] = '\n';
        return 1;
    }
    out[0] = byte;
    switch (byte) {
    case '\n':
        if (ldisc_has_o(ldisc, ONLRET) || ldisc_has_o(ldisc, ONLCR))
            ldisc->column = 0;
        ldisc->line_column = ldisc->column;
        if (!ldisc_has_o(ldisc, ONLCR))
            return 1;
        out[0] = '\r';
        out[1] = '\n';
        return 2;
    case '\r':
        ldisc->column = ldisc->line_column = 0;
        return 1;
    case '\t': {
        uint32_t spaces = TAB_STOP - ldisc->column % TAB_STOP;

        ldisc->column += spaces;
        if ((ldisc->termios.oflag & TABDLY) != XTABS)
            return 1;
        memset(out, ' ', spaces);
        return spaces;
    }
    case '\b':
        if (ldisc->column > 0)
            ldisc->column--;
        return 1;
    default:
        if (!ldisc_is_control(byte) && !ldisc_is_continuation(ldisc, byte))
            ldisc->column++;
        return 1;
    }
}

// ---- echo ----

bool ldisc_echo_flush(struct ldisc *ldisc)
{
    while (ldisc->echo_tail != ldisc->echo_head && !ldisc->stopped) {
        uint32_t at = ldisc->echo_tail % LDISC_ECHO;
        uint32_t count = ldisc->echo_head - ldisc->echo_tail;
        uint32_t room = ldisc->ops->room(ldisc);

        if (count > LDISC_ECHO - at)
            count = LDISC_ECHO - at;
        if (count > room)
            count = room;
        if (count == 0)
            return false;
        ldisc->ops->put(ldisc, ldisc->echo + at, count);
        ldisc->echo_tail += count;
    }
    return ldisc->echo_tail == ldisc->echo_head;
}

void ldisc_echo_raw(struct ldisc *ldisc, uint8_t byte)
{
    uint8_t out[EXPANSION_MAX] = {byte};
    uint32_t count = ldisc_has_o(ldisc, OPOST) ? process_byte(ldisc, byte, out) : 1;

    if (LDISC_ECHO - (ldisc->echo_head - ldisc->echo_tail) < count)
        return; // a device that takes nothing for so long misses echo, as Linux's does
    for (uint32_t i = 0; i < count; i++)
        ldisc->echo[ldisc->echo_head++ % LDISC_ECHO] = out[i];
}

void ldisc_echo_char(struct ldisc *ldisc, uint8_t byte)
{
    if (ldisc_has_l(ldisc, ECHOCTL) && ldisc_is_control(byte) && byte != '\t') {
        ldisc_echo_raw(ldisc, '^');
        byte ^= 0x40;
    }
    ldisc_echo_raw(ldisc, byte);
}

void ldisc_echo_text(struct ldisc *ldisc, const char *text)
{
    while (*text != '\0')
        ldisc_echo_raw(ldisc, (uint8_t)*text++);
}

// ---- programs' output ----

static uint32_t write_raw(struct ldisc *ldisc, const uint8_t *bytes, uint32_t count)
{
    uint32_t room = ldisc->ops->room(ldisc);

    if (count > room)
        count = room;
    if (count > 0)
        ldisc->ops->put(ldisc, bytes, count);
    return count;
}

// One chunk through output processing; stops before the first byte whose expansion might not fit.
static uint32_t write_chunk(struct ldisc *ldisc, const uint8_t *bytes, uint32_t count)
{
    uint8_t out[WRITE_CHUNK];
    uint32_t room = ldisc->ops->room(ldisc);
    uint32_t filled = 0, used = 0;

    if (room > WRITE_CHUNK)
        room = WRITE_CHUNK;
    while (used < count && room - filled >= EXPANSION_MAX)
        filled += process_byte(ldisc, bytes[used++], out + filled);
    if (filled > 0)
        ldisc->ops->put(ldisc, out, filled);
    return used;
}

uint32_t ldisc_write(struct ldisc *ldisc, const uint8_t *bytes, uint32_t count)
{
    uint32_t done = 0;

    if (ldisc->stopped || !ldisc_echo_flush(ldisc))
        return 0;
    if (!ldisc_has_o(ldisc, OPOST))
        return write_raw(ldisc, bytes, count);
    while (done < count) {
        uint32_t used = write_chunk(ldisc, bytes + done, count - done);

        if (used == 0)
            break;
        done += used;
    }
    return done;
}

void ldisc_flush_output(struct ldisc *ldisc)
{
    ldisc->echo_tail = ldisc->echo_head;
}
