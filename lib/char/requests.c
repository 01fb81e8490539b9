// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The requests of abi/char.h on a driver's endpoint.

#include <string.h>

#include "abi/error.h"
#include "lib/char/char.h"
#include "lib/char/private.h"
#include "lib/sys/ipc.h"

enum { ATTACH_MEMORY, ATTACH_NOTIFICATION, ATTACH_HANDLES };

void char_session_end(struct char_port *port)
{
    struct char_session *session = &port->session;

    if (session->memory == NULL)
        return;
    char_kernel_unmap(session->memory, session->bytes);
    char_kernel_close(session->notification);
    *session = (struct char_session){0};
}

// ---- attaching ----

static bool ring_size_valid(uint64_t bytes)
{
    return bytes >= CHAR_RING_MIN && bytes <= CHAR_RING_MAX && (bytes & (bytes - 1)) == 0;
}

// Both rings go on at the indices that are in the memory: a predecessor may have left off there.
static int session_rings(struct char_session *session, uint32_t rx_bytes, uint32_t tx_bytes)
{
    uint8_t *rx = session->memory + CHAR_RX_OFFSET;
    uint8_t *tx = session->memory + CHAR_TX_OFFSET(rx_bytes);
    int status = ring_producer_init(&session->rx, rx, RING_BYTES(rx_bytes, 1), rx_bytes, 1);

    if (status == 0)
        status = ring_consumer_init(&session->tx, tx, RING_BYTES(tx_bytes, 1), tx_bytes, 1);
    if (status == 0)
        status = ring_producer_resume(&session->rx);
    if (status == 0)
        status = ring_consumer_resume(&session->tx);
    return status;
}

static int session_begin(const struct message *request, struct char_session *session)
{
    uint64_t rx_bytes = request->word[1], tx_bytes = request->word[2];
    int status;

    if (!ring_size_valid(rx_bytes) || !ring_size_valid(tx_bytes))
        return -E_INVAL;
    session->bytes = CHAR_SESSION_BYTES((uint32_t)rx_bytes, (uint32_t)tx_bytes);
    session->bytes = (session->bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    status = char_kernel_map(request->handle[ATTACH_MEMORY], session->bytes, &session->memory);
    if (status < 0)
        return status;
    status = session_rings(session, (uint32_t)rx_bytes, (uint32_t)tx_bytes);
    if (status < 0)
        char_kernel_unmap(session->memory, session->bytes);
    return status;
}

// Memory that an earlier incarnation, or this driver, was attached to before keeps its identity.
static uint64_t session_identity(const struct char_session *session)
{
    uint64_t identity;

    memcpy(&identity, session->memory + offsetof(struct char_status, session), sizeof identity);
    return identity != 0 ? identity : char_kernel_unique();
}

static int handle_attach(struct char_port *port, struct message *request, struct message *reply)
{
    struct char_session session = {.client = request->badge};
    handle_t doorbell;
    int status;

    if (port->session.memory != NULL && port->session.client != request->badge)
        return -E_BUSY;
    if (message_handles(request->tag) != ATTACH_HANDLES)
        return -E_INVAL;
    status =
        driver_signal_create(port->class->driver, port->index % DRIVER_SIGNAL_COUNT, &doorbell);
    if (status < 0)
        return status;
    status = session_begin(request, &session);
    if (status < 0) {
        char_kernel_close(doorbell);
        return status;
    }
    session.notification = driver_take_handle(request, ATTACH_NOTIFICATION);
    session.rx_low = true; // the chip's code is told of the room
    session.signal = true; // a predecessor may have died between moving an index and the doorbell
    char_session_end(port);
    port->session = session;
    port->status.session = session_identity(&session);
    port->tx_epoch++;
    port->status_changed = true;
    reply->word[0] = ++port->class->sessions_generation;
    reply->handle[0] = doorbell;
    reply->tag = message_tag(0, 1, 1);
    char_port_serve(port);
    return 0;
}

// ---- the others ----

static int handle_port_info(struct char_port *port, struct message *reply)
{
    struct char_port_info info = {.flags = port->flags};
    int64_t words;

    memcpy(info.name, port->name, sizeof info.name);
    words = message_put_bytes(reply, 0, &info, sizeof info);
    if (words < 0)
        return (int)words;
    reply->tag = message_tag(0, (unsigned)words, 0);
    return 0;
}

static int handle_set_line(struct char_port *port, const struct message *request,
                           struct message *reply)
{
    uint32_t baud = (uint32_t)request->word[1];
    int status;

    if (port->class->ops->set_line == NULL)
        return -E_NOSYS;
    if (request->word[1] > UINT32_MAX || request->word[2] > UINT32_MAX)
        return -E_INVAL;
    status = port->class->ops->set_line(port, &baud, (uint32_t)request->word[2]);
    reply->word[0] = baud;
    reply->tag = message_tag(0, 1, 0);
    return status;
}

static int handle_flush_tx(struct char_port *port)
{
    struct char_session *session = &port->session;
    int ready = ring_consumer_ready(&session->tx);
    int status = 0;

    if (port->class->ops->flush_tx != NULL)
        status = port->class->ops->flush_tx(port);
    port->tx_epoch++;
    if (ready > 0) {
        session->tx.side.own += (uint32_t)ready;
        if (ring_release(&session->tx))
            session->signal = true;
    }
    return status;
}

// Requests that only the client whose session it is may make.
static int handle_session_request(struct char_port *port, const struct message *request,
                                  struct message *reply)
{
    const struct char_ops *ops = port->class->ops;

    switch (message_label(request->tag)) {
    case CHAR_DETACH:
        char_session_end(port);
        return 0;
    case CHAR_OPEN:
        return ops->open == NULL ? 0 : ops->open(port, request->word[1] != 0);
    case CHAR_SET_LINE:
        return handle_set_line(port, request, reply);
    case CHAR_SET_MODEM:
        return ops->set_modem == NULL
                   ? -E_NOSYS
                   : ops->set_modem(port, (uint32_t)request->word[1], (uint32_t)request->word[2]);
    case CHAR_BREAK:
        if (request->word[1] > UINT32_MAX)
            return -E_INVAL;
        return ops->send_break == NULL ? -E_NOSYS
                                       : ops->send_break(port, (uint32_t)request->word[1]);
    case CHAR_FLUSH_TX:
        return handle_flush_tx(port);
    default:
        return -E_NOSYS;
    }
}

// How many words a request has at least.
static unsigned words_needed(int32_t label)
{
    switch (label) {
    case CHAR_PORTS:
        return 0;
    case CHAR_ATTACH:
    case CHAR_SET_LINE:
    case CHAR_SET_MODEM:
        return 3;
    case CHAR_OPEN:
    case CHAR_BREAK:
        return 2;
    default:
        return 1;
    }
}

int char_handle_message(struct char_class *class, struct message *request, struct message *reply)
{
    int32_t label = message_label(request->tag);
    struct char_port *port;

    if (label < CHAR_PORTS || label > CHAR_FLUSH_TX)
        return -E_NOSYS;
    if (message_words(request->tag) < words_needed(label))
        return -E_INVAL;
    if (label == CHAR_PORTS) {
        reply->word[0] = class->ports;
        reply->word[1] = class->ports_generation;
        reply->tag = message_tag(0, 2, 0);
        return 0;
    }
    if (request->word[0] >= class->ports)
        return -E_NODEV;
    port = &class->port[request->word[0]];
    if ((port->flags & CHAR_PORT_PRESENT) == 0)
        return -E_NODEV;
    if (label == CHAR_PORT_INFO)
        return handle_port_info(port, reply);
    if (label == CHAR_ATTACH)
        return handle_attach(port, request, reply);
    if (port->session.memory == NULL || port->session.client != request->badge)
        return -E_BADF;
    return handle_session_request(port, request, reply);
}
