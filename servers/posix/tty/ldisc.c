// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Input of the line discipline: what each received byte does, and what programs read; see ldisc.h.

#include "servers/posix/tty/ldisc.h"

#include <assert.h>
#include <string.h>

#include "servers/posix/tty/ldisc_private.h"

enum { SIGNAL_INT = 2, SIGNAL_QUIT = 3, SIGNAL_TSTP = 20 };

// ---- the buffer ----

static bool is_marked(const struct ldisc *ldisc, uint32_t position)
{
    uint32_t bit = position % LDISC_BUFFER;

    return (ldisc->mark[bit / 8] >> (bit % 8) & 1) != 0;
}

static void set_mark(struct ldisc *ldisc, uint32_t position, bool on)
{
    uint32_t bit = position % LDISC_BUFFER;

    if (on)
        ldisc->mark[bit / 8] |= (uint8_t)(1u << (bit % 8));
    else
        ldisc->mark[bit / 8] &= (uint8_t) ~(1u << (bit % 8));
}

static uint32_t buffer_room(const struct ldisc *ldisc)
{
    return LDISC_BUFFER - (ldisc->head - ldisc->tail);
}

// The last place is kept for the end of the line.
static void put_char(struct ldisc *ldisc, uint8_t byte)
{
    if (buffer_room(ldisc) <= 1) {
        ldisc->dropped++;
        if (ldisc_has_i(ldisc, IMAXBEL))
            ldisc_echo_raw(ldisc, '\a');
        return;
    }
    ldisc->buffer[ldisc->head++ % LDISC_BUFFER] = byte;
}

static void put_line_end(struct ldisc *ldisc, uint8_t byte)
{
    if (buffer_room(ldisc) == 0) {
        ldisc->dropped++;
        return;
    }
    set_mark(ldisc, ldisc->head, true);
    ldisc->buffer[ldisc->head++ % LDISC_BUFFER] = byte;
    ldisc->line_end = ldisc->head;
}

void ldisc_flush_input(struct ldisc *ldisc)
{
    ldisc->tail = ldisc->line_end = ldisc->head;
    ldisc->pushed = ldisc->literal = false;
    memset(ldisc->mark, 0, sizeof ldisc->mark);
}

void ldisc_init(struct ldisc *ldisc, const struct ldisc_ops *ops)
{
    static const struct termios_linux standard = TERMIOS_DEFAULT;

    memset(ldisc, 0, sizeof *ldisc);
    ldisc->ops = ops;
    ldisc->termios = standard;
}

void ldisc_set_termios(struct ldisc *ldisc, const struct termios_linux *termios)
{
    bool was_canonical = ldisc_has_l(ldisc, ICANON);

    ldisc->termios = *termios;
    if (was_canonical != ldisc_has_l(ldisc, ICANON)) {
        memset(ldisc->mark, 0, sizeof ldisc->mark);
        ldisc->pushed = !was_canonical && ldisc->head != ldisc->tail;
        ldisc->line_end = ldisc->pushed ? ldisc->head : ldisc->tail;
        ldisc->literal = false;
    }
    if (!ldisc_has_i(ldisc, IXON) && ldisc->stopped) {
        ldisc->stopped = false;
        ldisc->ops->flow(ldisc, false);
    }
    assert_ldisc_state(ldisc);
}

// ---- receiving ----

static void flow(struct ldisc *ldisc, bool stop)
{
    if (ldisc->stopped == stop)
        return;
    ldisc->stopped = stop;
    ldisc->ops->flow(ldisc, stop);
}

static void send_signal(struct ldisc *ldisc, uint8_t byte, int number)
{
    bool flush = !ldisc_has_l(ldisc, NOFLSH);

    if (flush) {
        ldisc_flush_input(ldisc);
        ldisc_flush_output(ldisc);
    }
    ldisc->ops->signal(ldisc, number, flush);
    if (ldisc_has_i(ldisc, IXON))
        flow(ldisc, false);
    if (ldisc_has_l(ldisc, ECHO))
        ldisc_echo_char(ldisc, byte);
}

// Flow control and signals. True: the byte is used up.
static bool receive_special(struct ldisc *ldisc, uint8_t byte)
{
    if (ldisc_has_i(ldisc, IXON)) {
        if (ldisc_is(ldisc, byte, VSTART)) {
            flow(ldisc, false);
            return true;
        }
        if (ldisc_is(ldisc, byte, VSTOP)) {
            flow(ldisc, true);
            return true;
        }
    }
    if (!ldisc_has_l(ldisc, ISIG))
        return false;
    if (ldisc_is(ldisc, byte, VINTR))
        send_signal(ldisc, byte, SIGNAL_INT);
    else if (ldisc_is(ldisc, byte, VQUIT))
        send_signal(ldisc, byte, SIGNAL_QUIT);
    else if (ldisc_is(ldisc, byte, VSUSP))
        send_signal(ldisc, byte, SIGNAL_TSTP);
    else
        return false;
    return true;
}

// Bytes that end a line. True: the byte is used up.
static bool receive_line_end(struct ldisc *ldisc, uint8_t byte)
{
    bool extended = ldisc_has_l(ldisc, IEXTEN);

    if (byte == '\n') {
        if (ldisc_has_l(ldisc, ECHO) || ldisc_has_l(ldisc, ECHONL))
            ldisc_echo_raw(ldisc, '\n');
        put_line_end(ldisc, byte);
        return true;
    }
    if (ldisc_is(ldisc, byte, VEOF)) {
        put_line_end(ldisc, TTY_CONTROL_DISABLED);
        return true;
    }
    if (ldisc_is(ldisc, byte, VEOL) || (extended && ldisc_is(ldisc, byte, VEOL2))) {
        if (ldisc_has_l(ldisc, ECHO))
            ldisc_echo_char(ldisc, byte);
        put_line_end(ldisc, byte);
        return true;
    }
    return false;
}

// Line editing. True: the byte is used up.
static bool receive_edit(struct ldisc *ldisc, uint8_t byte)
{
    bool extended = ldisc_has_l(ldisc, IEXTEN);

    if (ldisc_is(ldisc, byte, VERASE)) {
        ldisc_erase(ldisc, VERASE);
    } else if (ldisc_is(ldisc, byte, VKILL)) {
        ldisc_erase(ldisc, VKILL);
    } else if (extended && ldisc_is(ldisc, byte, VWERASE)) {
        ldisc_erase(ldisc, VWERASE);
    } else if (extended && ldisc_is(ldisc, byte, VLNEXT)) {
        ldisc->literal = true;
        if (ldisc_has_l(ldisc, ECHO) && ldisc_has_l(ldisc, ECHOCTL))
            ldisc_echo_text(ldisc, "^\b");
    } else if (extended && ldisc_has_l(ldisc, ECHO) && ldisc_is(ldisc, byte, VREPRINT)) {
        ldisc_reprint(ldisc);
    } else {
        return false;
    }
    return true;
}

static void receive_data(struct ldisc *ldisc, uint8_t byte, bool translated)
{
    if (ldisc->head == ldisc->line_end)
        ldisc->line_column = ldisc->column;
    if (ldisc_has_l(ldisc, ECHO)) {
        if (translated &&
            byte == '\n') // Linux shows a typed newline as ^J here, a made one plainly
            ldisc_echo_raw(ldisc, byte);
        else
            ldisc_echo_char(ldisc, byte);
    }
    if (byte == 0xff && ldisc_has_i(ldisc, PARMRK))
        put_char(ldisc, byte); // doubled, so that it is no mark
    put_char(ldisc, byte);
}

// INLCR, ICRNL, IGNCR. False: the byte is dropped.
static bool translate(const struct ldisc *ldisc, uint8_t *byte)
{
    if (ldisc_has_i(ldisc, ISTRIP))
        *byte &= 0x7f;
    if (ldisc_has_i(ldisc, IUCLC) && ldisc_has_l(ldisc, IEXTEN) && *byte >= 'A' && *byte <= 'Z')
        *byte = (uint8_t)(*byte - 'A' + 'a');
    if (*byte == '\r') {
        if (ldisc_has_i(ldisc, IGNCR))
            return false;
        if (ldisc_has_i(ldisc, ICRNL))
            *byte = '\n';
    } else if (*byte == '\n' && ldisc_has_i(ldisc, INLCR)) {
        *byte = '\r';
    }
    return true;
}

static void receive_byte(struct ldisc *ldisc, uint8_t byte)
{
    bool carriage_return = byte == '\r';

    if (ldisc->literal) {
        ldisc->literal = false;
        if (ldisc_has_i(ldisc, ISTRIP))
            byte &= 0x7f;
        receive_data(ldisc, byte, false);
        return;
    }
    if (ldisc_has_i(ldisc, IXANY) && ldisc_has_i(ldisc, IXON) && ldisc->stopped &&
        !ldisc_is(ldisc, byte, VSTOP))
        flow(ldisc, false);
    if (receive_special(ldisc, ldisc_has_i(ldisc, ISTRIP) ? byte & 0x7f : byte))
        return;
    if (!translate(ldisc, &byte))
        return;
    if (ldisc_has_l(ldisc, ICANON) && (receive_edit(ldisc, byte) || receive_line_end(ldisc, byte)))
        return;
    receive_data(ldisc, byte, carriage_return);
}

uint32_t ldisc_receive_room(const struct ldisc *ldisc)
{
    uint32_t room = buffer_room(ldisc);

    if (room > 1)
        return room - 1;
    return ldisc_has_l(ldisc, ICANON) && ldisc->line_end == ldisc->tail ? LDISC_BUFFER : 0;
}

void ldisc_receive(struct ldisc *ldisc, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        receive_byte(ldisc, bytes[i]);
    ldisc_echo_flush(ldisc);
    assert_ldisc_state(ldisc);
}

void ldisc_receive_break(struct ldisc *ldisc)
{
    if (ldisc_has_i(ldisc, IGNBRK))
        return;
    if (ldisc_has_i(ldisc, BRKINT)) {
        ldisc_flush_input(ldisc);
        ldisc_flush_output(ldisc);
        ldisc->ops->signal(ldisc, SIGNAL_INT, true);
        return;
    }
    if (ldisc_has_i(ldisc, PARMRK)) {
        put_char(ldisc, 0xff);
        put_char(ldisc, 0);
    }
    put_char(ldisc, 0);
}

void ldisc_receive_error(struct ldisc *ldisc, uint8_t byte)
{
    if (!ldisc_has_i(ldisc, INPCK)) {
        receive_byte(ldisc, byte);
    } else if (!ldisc_has_i(ldisc, IGNPAR)) {
        if (ldisc_has_i(ldisc, PARMRK)) {
            put_char(ldisc, 0xff);
            put_char(ldisc, 0);
            put_char(ldisc, byte);
        } else {
            put_char(ldisc, 0);
        }
    }
    ldisc_echo_flush(ldisc);
}

// ---- reading ----

bool ldisc_readable(const struct ldisc *ldisc, uint32_t minimum)
{
    if (ldisc_has_l(ldisc, ICANON))
        return ldisc->line_end != ldisc->tail;
    return ldisc->head - ldisc->tail >= (minimum == 0 ? 1 : minimum);
}

uint32_t ldisc_pending(const struct ldisc *ldisc)
{
    uint32_t count = 0;

    if (!ldisc_has_l(ldisc, ICANON))
        return ldisc->head - ldisc->tail;
    for (uint32_t at = ldisc->tail; at != ldisc->line_end; at++)
        count += !is_marked(ldisc, at) || ldisc_at(ldisc, at) != TTY_CONTROL_DISABLED;
    return count;
}

static uint32_t read_plain(struct ldisc *ldisc, uint8_t *bytes, uint32_t room)
{
    uint32_t count = 0;

    while (count < room && ldisc->tail != ldisc->head)
        bytes[count++] = ldisc_at(ldisc, ldisc->tail++);
    ldisc->line_end = ldisc->tail;
    return count;
}

uint32_t ldisc_read(struct ldisc *ldisc, uint8_t *bytes, uint32_t room, bool *end)
{
    uint32_t count = 0;

    *end = false;
    if (!ldisc_has_l(ldisc, ICANON))
        return read_plain(ldisc, bytes, room);
    while (ldisc->tail != ldisc->line_end && !*end) {
        uint8_t byte = ldisc_at(ldisc, ldisc->tail);
        bool marked = is_marked(ldisc, ldisc->tail);
        bool eof = marked && byte == TTY_CONTROL_DISABLED;

        if (count == room && !eof) // an EOF right after what fits belongs to this line
            break;
        if (!eof)
            bytes[count++] = byte;
        set_mark(ldisc, ldisc->tail++, false);
        *end = marked;
    }
    if (ldisc->tail == ldisc->line_end)
        ldisc->pushed = false;
    assert_ldisc_state(ldisc);
    return count;
}

// ---- invariants ----

#ifdef XINIM_CHECKS
void assert_ldisc_state(const struct ldisc *ldisc)
{
    uint32_t held = ldisc->head - ldisc->tail;

    assert(held <= LDISC_BUFFER && ldisc->line_end - ldisc->tail <= held); // L1
    assert(ldisc->echo_head - ldisc->echo_tail <= LDISC_ECHO);
    for (uint32_t i = 0; i < LDISC_BUFFER; i++) { // L2
        bool finished = (i - ldisc->tail) % LDISC_BUFFER < ldisc->line_end - ldisc->tail;

        assert(finished || !is_marked(ldisc, i));
    }
    assert(!ldisc_has_l(ldisc, ICANON) || ldisc->line_end == ldisc->tail || ldisc->pushed ||
           is_marked(ldisc, ldisc->line_end - 1)); // L3
}
#endif
