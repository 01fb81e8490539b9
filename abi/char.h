// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The character-device class: what a client (posix's ttys) and a driver (UART, virtio-console) say to each other.
//
// A driver serves one or more ports, each a pair of byte streams. A client attaches to a port with a memory object of
// its own that holds both rings, so what was written survives the driver: after a restart the client attaches the same
// memory again and the new incarnation goes on at the indices it finds.
//
// Session memory: one page struct char_session, then the RX bytes, then the TX bytes (sizes given at CHAR_ATTACH).
//
// Rings are single-producer single-consumer streams of bytes. `head` counts the bytes ever produced, `tail` those ever
// consumed; both run freely through 2^32, so used = head - tail and free = size - used. A side that finds used > size
// treats the session as broken and detaches it. Only the producer writes head, only the consumer writes tail.
//   - TX: the driver advances tail when the device has *taken* the bytes, never earlier: a write that a program was
//     told of is sent even if the driver dies. The bytes under way at that moment are sent again by the successor.
//   - RX: when the ring is full the driver stops taking bytes from the device where the device can wait
//     (virtio-console, a UART with RTS), and otherwise drops the newest and counts them in rx_dropped.
//
// Sleeping: a consumer about to sleep sets wake_consumer, executes a sequentially consistent fence and looks at head
// again; a producer that moved head executes the fence, and if wake_consumer is set clears it and signals the peer.
// wake_producer and tail work the same way the other way round. With wake_consumer of TX set by the driver while idle,
// a busy stream costs no signal.

#pragma once

#include "abi/types.h"

struct char_ring {
    _Alignas(64) uint32_t head;
    uint32_t wake_consumer; // written 1 by the consumer, 0 by the producer
    _Alignas(64) uint32_t tail;
    uint32_t wake_producer; // written 1 by the producer, 0 by the consumer
};

enum {
    CHAR_RING_MIN = 4096,
    CHAR_RING_MAX = 1 << 20, // sizes are powers of two
    CHAR_NAME_MAX = 64,      // with the terminating NUL
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
    uint32_t modem;      // enum char_modem, as they are now
    uint32_t changes;    // how often `modem` or the window size changed; the client is signalled
    uint32_t breaks;     // breaks received; the client is signalled
    uint32_t tx_idle;    // 1: the TX ring is empty and the last byte has left the device
    uint16_t rows;       // window size from the other end; 0: unknown
    uint16_t columns;
    uint32_t reserved;
    uint64_t rx_bytes;
    uint64_t tx_bytes;
    uint64_t rx_dropped; // no room in the RX ring
    uint64_t rx_overrun; // the device lost bytes
    uint64_t rx_parity;
    uint64_t rx_framing;
};

struct char_session {
    struct char_ring rx;
    struct char_ring tx;
    _Alignas(64) struct char_status status;
};

_Static_assert(sizeof(struct char_ring) == 128, "two cache lines");
_Static_assert(offsetof(struct char_session, tx) == 128, "shared layout");
_Static_assert(offsetof(struct char_session, status) == 256, "shared layout");
_Static_assert(sizeof(struct char_status) == 72, "shared layout");
_Static_assert(sizeof(struct char_session) <= PAGE_SIZE, "one page");

static inline uint64_t char_session_bytes(uint64_t rx_bytes, uint64_t tx_bytes)
{
    return PAGE_SIZE + rx_bytes + tx_bytes;
}

// Operations on a driver's endpoint. Every request names the port in word 0; replies carry 0 or a negative error in the
// label. Errors common to all: E_NODEV no such port, E_BADF not this client's session, E_INVAL, E_NOSYS.
enum char_op {
    // () -> 0: number of port slots, 1: generation of the port set (changes when ports come, go or are named)
    CHAR_PORTS = 0x400,
    // (port) -> words: struct char_port_info
    CHAR_PORT_INFO,
    // (port, rx bytes, tx bytes; handles: session memory, client's notification) -> 0: session generation;
    // handle: the driver's notification, to be signalled by the client. Replaces this client's earlier session;
    // E_BUSY if another client has the port, E_PROTO if the indices found in the memory are impossible.
    CHAR_ATTACH,
    // (port): the driver lets go of the memory
    CHAR_DETACH,
    // (port, open): a program has the port open (1) or none has (0): DTR and RTS; virtio-console's PORT_OPEN
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
    CHAR_BITS_MASK = 15,         // 5 .. 8 data bits
    CHAR_STOP2 = 1 << 4,
    CHAR_PARITY = 1 << 5,
    CHAR_PARITY_ODD = 1 << 6,
    CHAR_FLOW_RTSCTS = 1 << 7,
};

enum char_port_flag {
    CHAR_PORT_PRESENT = 1 << 0,
    CHAR_PORT_CONSOLE = 1 << 1,    // wants to be a terminal (virtio-console's CONSOLE_PORT)
    CHAR_PORT_LINE = 1 << 2,       // has line speed and modem lines
    CHAR_PORT_PEER_OPEN = 1 << 3,  // the other end is open
};

struct char_port_info {
    uint32_t flags; // enum char_port_flag
    uint32_t reserved;
    char name[CHAR_NAME_MAX]; // given by the device ("org.xinim.stdout"), or empty
};

_Static_assert(sizeof(struct char_port_info) == 72, "nine message words");
