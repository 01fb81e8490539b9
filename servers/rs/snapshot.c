// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/rs/snapshot.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"
#include "servers/rs/text.h"

enum { SNAPSHOTS = 8, SNAPSHOT_BYTES = 8192 };

// The one with ticket t lies at t % SNAPSHOTS.
static struct {
    uint64_t ticket;
    size_t length;
    char text[SNAPSHOT_BYTES];
} snapshots[SNAPSHOTS];

static uint64_t last_ticket;

static size_t write_text(const struct service *service, enum rs_text kind, char *to, size_t room)
{
    if (kind == RS_TEXT_STATUS)
        return text_status(service, image_format_address, sys_clock(), to, room);
    struct process_status current;
    handle_t process = service == rs.self ? HANDLE_SELF : service->process;
    bool runs = process != HANDLE_NONE && sys_process_status(process, &current) >= 0;
    return text_stats(service, runs ? &current : NULL, sys_clock(), to, room);
}

uint64_t snapshot_take(const struct service *service, enum rs_text kind)
{
    if (!last_ticket)
        last_ticket = rs.self->incarnation << 32; // no ticket of a predecessor is good here
    uint64_t ticket = ++last_ticket;
    size_t length = write_text(service, kind, snapshots[ticket % SNAPSHOTS].text, SNAPSHOT_BYTES);
    snapshots[ticket % SNAPSHOTS].ticket = ticket;
    snapshots[ticket % SNAPSHOTS].length = length < SNAPSHOT_BYTES ? length : SNAPSHOT_BYTES - 1;
    return ticket;
}

int64_t snapshot_piece(uint64_t ticket, uint64_t offset, const char **piece)
{
    if (ticket == 0 || snapshots[ticket % SNAPSHOTS].ticket != ticket)
        return -E_AGAIN;
    size_t length = snapshots[ticket % SNAPSHOTS].length;
    size_t left = offset < length ? length - offset : 0;
    *piece = snapshots[ticket % SNAPSHOTS].text + (length - left);
    return (int64_t)(left < RS_TEXT_BYTES ? left : RS_TEXT_BYTES);
}
