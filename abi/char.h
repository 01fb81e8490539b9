// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The character-device class: what a client (posix's ttys) and a driver (UART, virtio-console) say
// to each other.
//
// A driver serves one or more ports, each a pair of byte streams. A client attaches to a port with
// a memory object of its own that holds both rings, so what was written survives the driver: after
// a restart the client attaches the same memory again and the new incarnation goes on at the
// indices it finds.
//
// Session memory: one page that starts with struct char_status, then the RX ring, then the TX ring,
// each laid out as abi/ring.h says with entries of one byte (capacities given at CHAR_ATTACH).
//   - TX: the driver releases bytes when the device has *taken* them, never earlier: a write that a
//   program was told of
//     is sent even if the driver dies. The successor sends again what was under way, unless the
//     driver can tell that the device had taken it (virtio-console can; a UART repeats at most one
//     FIFO).
//   - RX: when the ring is full the driver stops taking bytes from the device where the device can
//   wait
//     (virtio-console, a UART with RTS), and otherwise drops the newest and counts them in
//     rx_dropped.

#pragma once

#include "abi/ring.h"
#include "abi/types.h"

enum {
    CHAR_RING_MIN = 1024,
    CHAR_RING_MAX = RING_CAPACITY_MAX, // capacities are powers of two
    CHAR_NAME_MAX = 64,                // with the terminating NUL
    CHAR_PORTS_MAX = 64,
};

// Modem lines, as seen from this end.
enum char_modem {
    CHAR_DTR = 1 << 0, // output
    CHAR_RTS = 1 << 1, // output
    CHAR_CTS = 1 << 2, // input
    CHAR_DSR = 1 << 3, // input
    CHAR_RI = 1 << 4,  // input
    CHAR_DCD = 1 << 5, // input: carrier; on virtio-console, the other end is open
};

// Written by the driver only, read by the client at any time; each a running count.
struct char_status {
    uint32_t modem;   // enum char_modem, as they are now
    uint32_t changes; // how often `modem` or the window size changed; the client is signalled
    uint32_t breaks;  // breaks received; the client is signalled
    uint32_t tx_idle; // 1: the TX ring is empty and the last byte has left the device
    uint16_t rows;    // window size from the other end; 0: unknown
    uint16_t columns;
    uint32_t ports_generation; // as CHAR_PORTS tells it; the client is signalled
    uint64_t rx_bytes;
    uint64_t tx_bytes;
    uint64_t rx_dropped; // no room in the RX ring
    uint64_t rx_overrun; // the device lost bytes
    uint64_t rx_parity;
    uint64_t rx_framing;
    uint32_t tx_waits; // 1: the driver has seen the bytes in the TX ring, and it is the device that
                       // takes none. A client that finds bytes lie there and this is 0 knows that
                       // the driver does not do its work.
    uint32_t reserved;
    uint64_t session; // identity of this memory, given at its first attachment: zero in fresh
                      // memory, then kept
};

_Static_assert(sizeof(struct char_status) == 88, "shared layout");

// Where things are in the session memory.
#define CHAR_RX_OFFSET                         PAGE_SIZE
#define CHAR_TX_OFFSET(rx_bytes)               (PAGE_SIZE + RING_BYTES(rx_bytes, 1))
#define CHAR_SESSION_BYTES(rx_bytes, tx_bytes) (CHAR_TX_OFFSET(rx_bytes) + RING_BYTES(tx_bytes, 1))

// Operations on a driver's endpoint. Every request names the port in word 0; replies carry 0 or a
// negative error in the label. Errors common to all: E_NODEV no such port, E_BADF not this client's
// session, E_INVAL, E_NOSYS.
enum char_op {
    // () -> 0: number of port slots, 1: generation of the port set (changes when ports come, go or
    // are named)
    CHAR_PORTS = 0x400,
    // (port) -> words: struct char_port_info
    CHAR_PORT_INFO,
    // (port, rx bytes, tx bytes; handles: session memory, client's notification) -> 0: session
    // generation;
    // handle: the driver's notification, to be signalled by the client. Replaces this client's
    // earlier session;
    // E_BUSY if another client has the port, E_PROTO if the indices found in the memory are
    // impossible.
    CHAR_ATTACH,
    // (port): the driver lets go of the memory
    CHAR_DETACH,
    // (port, open): a program has the port open (1) or none has (0): DTR and RTS; virtio-console's
    // PORT_OPEN
    CHAR_OPEN,
    // (port, baud, enum char_format bits) -> 0: the baud rate set, nearest to that asked for
    CHAR_SET_LINE,
    // (port, lines to raise, lines to lower): DTR and RTS
    CHAR_SET_MODEM,
    // (port, ms): send a break
    CHAR_BREAK,
    // (port): forget what is in the TX ring and in the device's transmitter
    CHAR_FLUSH_TX,
};

enum char_format {
    CHAR_BITS_MASK = 15, // 5 .. 8 data bits
    CHAR_STOP2 = 1 << 4,
    CHAR_PARITY = 1 << 5,
    CHAR_PARITY_ODD = 1 << 6,
    CHAR_FLOW_RTSCTS = 1 << 7,
};

enum char_port_flag {
    CHAR_PORT_PRESENT = 1 << 0,
    CHAR_PORT_CONSOLE = 1 << 1,   // wants to be a terminal (virtio-console's CONSOLE_PORT)
    CHAR_PORT_LINE = 1 << 2,      // has line speed and modem lines
    CHAR_PORT_PEER_OPEN = 1 << 3, // the other end is open
};

struct char_port_info {
    uint32_t flags; // enum char_port_flag
    uint32_t reserved;
    char name[CHAR_NAME_MAX]; // given by the device ("org.xinim.stdout"), or empty
};

_Static_assert(sizeof(struct char_port_info) == 72, "nine message words");
