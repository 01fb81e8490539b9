// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The list of records in a signal frame of aarch64 (signal_frame.h). Pure. What comes back from a
// program is checked head by head.

#include <string.h>

#include "abi/error.h"
#include "servers/posix/arch/aarch64/signal_frame.h"

enum { RECORD_ALIGN = 16 };

static uint8_t *put(uint8_t *at, const void *record, size_t bytes)
{
    memcpy(at, record, bytes);
    return at + bytes;
}

// In Linux's order.
void frame_records_write(uint8_t records[FRAME_RECORDS_BYTES], const struct frame_state *state,
                         uint64_t syndrome)
{
    const struct frame_record_head end = {0, 0};
    const struct frame_esr esr = {{ESR_MAGIC, sizeof(esr)}, syndrome};
    uint8_t *at = put(records, state->image, sizeof(struct guest_fpu));
    if (syndrome != 0)
        at = put(at, &esr, sizeof(esr));
    at = put(at, state->image + sizeof(struct guest_fpu), state->bytes - sizeof(struct guest_fpu));
    put(at, &end, sizeof(end));
}

// A record of the extended state to its place in the image.
static int take(struct frame_state *state, const uint8_t *record,
                const struct frame_record_head *head, bool *taken)
{
    size_t at = head->magic == GUEST_FPU_MAGIC ? 0 : sizeof(struct guest_fpu);
    if (*taken || (at == 0 && head->bytes != sizeof(struct guest_fpu)) ||
        (at != 0 && head->bytes < sizeof(struct guest_sve)) ||
        head->bytes > sizeof(state->image) - at)
        return -E_INVAL;
    memcpy(state->image + at, record, head->bytes);
    state->bytes += head->bytes;
    *taken = true;
    return 0;
}

int frame_records_read(const uint8_t records[FRAME_RECORDS_BYTES], struct frame_state *state)
{
    bool fpu = false, sve = false;
    size_t left = FRAME_RECORDS_BYTES;
    state->bytes = 0;
    while (left >= sizeof(struct frame_record_head)) {
        const uint8_t *record = records + (FRAME_RECORDS_BYTES - left);
        struct frame_record_head head;
        int error = 0;
        memcpy(&head, record, sizeof(head));
        if (head.magic == 0)
            return head.bytes == 0 && fpu ? 0 : -E_INVAL;
        if (head.bytes < sizeof(head) || head.bytes > left || head.bytes % RECORD_ALIGN != 0)
            return -E_INVAL;
        if (head.magic == GUEST_FPU_MAGIC)
            error = take(state, record, &head, &fpu);
        else if (head.magic == GUEST_SVE_MAGIC)
            error = take(state, record, &head, &sve);
        else if (head.magic != ESR_MAGIC)
            error = -E_INVAL;
        if (error)
            return error;
        left -= head.bytes;
    }
    return -E_INVAL; // no end
}
