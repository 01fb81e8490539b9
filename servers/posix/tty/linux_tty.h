// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Linux's terminal ABI: termios structures, flags, control characters, ioctl numbers (asm-generic,
// both processors).

#pragma once

#include <stddef.h>
#include <stdint.h>

enum { TTY_CONTROL_CHARS = 19 };

struct termios_linux { // TCGETS
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line;
    uint8_t cc[TTY_CONTROL_CHARS];
};
_Static_assert(sizeof(struct termios_linux) == 36, "struct termios");

struct termios2_linux { // TCGETS2
    struct termios_linux termios;
    uint32_t ispeed, ospeed;
};
_Static_assert(sizeof(struct termios2_linux) == 44, "struct termios2");

struct winsize_linux {
    uint16_t rows, columns, xpixel, ypixel;
};
_Static_assert(sizeof(struct winsize_linux) == 8, "struct winsize");

enum tty_control { // index into cc
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSWTC,
    VSTART,
    VSTOP,
    VSUSP,
    VEOL,
    VREPRINT,
    VDISCARD,
    VWERASE,
    VLNEXT,
    VEOL2,
};

enum { TTY_CONTROL_DISABLED = 0 }; // a control character of this value does nothing

enum tty_iflag {
    IGNBRK = 0001,
    BRKINT = 0002,
    IGNPAR = 0004,
    PARMRK = 0010,
    INPCK = 0020,
    ISTRIP = 0040,
    INLCR = 0100,
    IGNCR = 0200,
    ICRNL = 0400,
    IUCLC = 01000,
    IXON = 02000,
    IXANY = 04000,
    IXOFF = 010000,
    IMAXBEL = 020000,
    IUTF8 = 040000,
};

enum tty_oflag {
    OPOST = 0001,
    OLCUC = 0002,
    ONLCR = 0004,
    OCRNL = 0010,
    ONOCR = 0020,
    ONLRET = 0040,
    OFILL = 0100,
    OFDEL = 0200,
    TABDLY = 014000,
    XTABS = 014000,
};

enum tty_cflag {
    CBAUD = 010017,
    CSIZE = 0060,
    CS5 = 0,
    CS6 = 020,
    CS7 = 040,
    CS8 = 060,
    CSTOPB = 0100,
    CREAD = 0200,
    PARENB = 0400,
    PARODD = 01000,
    HUPCL = 02000,
    CLOCAL = 04000,
    BOTHER = 010000,
    B38400 = 017,
    B115200 = 010002,
};
#define CRTSCTS 020000000000u

enum tty_lflag {
    ISIG = 0001,
    ICANON = 0002,
    XCASE = 0004,
    ECHO = 0010,
    ECHOE = 0020,
    ECHOK = 0040,
    ECHONL = 0100,
    NOFLSH = 0200,
    TOSTOP = 0400,
    ECHOCTL = 01000,
    ECHOPRT = 02000,
    ECHOKE = 04000,
    FLUSHO = 010000,
    PENDIN = 040000,
    IEXTEN = 0100000,
    EXTPROC = 0200000,
};

enum tty_ioctl {
    TCGETS = 0x5401,
    TCSETS,
    TCSETSW,
    TCSETSF,
    TCSBRK = 0x5409,
    TCXONC,
    TCFLSH,
    TIOCEXCL,
    TIOCNXCL,
    TIOCSCTTY,
    TIOCGPGRP,
    TIOCSPGRP,
    TIOCOUTQ,
    TIOCSTI,
    TIOCGWINSZ,
    TIOCSWINSZ,
    TIOCMGET,
    TIOCMBIS,
    TIOCMBIC,
    TIOCMSET,
    TIOCINQ = 0x541b, // also FIONREAD
    TIOCNOTTY = 0x5422,
    TIOCSETD,
    TIOCGETD,
    TCSBRKP,
    TIOCSBRK = 0x5427,
    TIOCCBRK,
    TIOCGSID,
    TIOCVHANGUP = 0x5437,
    TIOCGPTPEER = 0x5441,
};
#define TCGETS2    0x802c542au
#define TCSETS2    0x402c542bu
#define TCSETSW2   0x402c542cu
#define TCSETSF2   0x402c542du
#define TIOCGPTN   0x80045430u
#define TIOCSPTLCK 0x40045431u
#define TIOCGDEV   0x80045432u
#define TIOCGPTLCK 0x80045439u
#define TIOCGEXCL  0x80045440u

enum tcflsh { TCIFLUSH, TCOFLUSH, TCIOFLUSH };
enum tcxonc { TCOOFF, TCOON, TCIOFF, TCION };

enum tty_modem { // TIOCMGET
    TIOCM_DTR = 0x002,
    TIOCM_RTS = 0x004,
    TIOCM_CTS = 0x020,
    TIOCM_CAR = 0x040,
    TIOCM_RNG = 0x080,
    TIOCM_DSR = 0x100,
};

// The settings of a fresh terminal (Linux's tty_std_termios).
#define TERMIOS_DEFAULT                                                                       \
    {                                                                                         \
        .iflag = ICRNL | IXON, .oflag = OPOST | ONLCR, .cflag = B38400 | CS8 | CREAD | HUPCL, \
        .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,            \
        .cc = {                                                                               \
            [VINTR] = 3,     [VQUIT] = 28,   [VERASE] = 127, [VKILL] = 21, [VEOF] = 4,        \
            [VMIN] = 1,      [VSTART] = 17,  [VSTOP] = 19,   [VSUSP] = 26, [VREPRINT] = 18,   \
            [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,                                   \
        },                                                                                    \
    }
