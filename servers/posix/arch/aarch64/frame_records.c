// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The list of records in a signal frame of aarch64 (signal_frame.h). Pure. What comes back from a
// program is checked head by head.

#include <string.h>

#include "abi/error.h"
#include "servers/posix/arch/aarch64/signal_frame.h"

enum { RECORD_ALIGN = 16 };

void frame_records_write(uint8_t records[FRAME_RECORDS_BYTES], const struct guest_fpu *fpu,
                         uint64_t syndrome)
{
    const struct frame_record_head end = {0, 0};
    size_t at = 0;
    memcpy(records, fpu, sizeof(*fpu));
    at += sizeof(*fpu);
    if (syndrome != 0) {
        struct frame_esr esr = {{ESR_MAGIC, sizeof(esr)}, syndrome};
        memcpy(records + at, &esr, sizeof(esr));
        at += sizeof(esr);
    }
    memcpy(records + at, &end, sizeof(end));
}

int frame_records_read(const uint8_t records[FRAME_RECORDS_BYTES], struct guest_fpu *fpu)
{
    bool found = false;
    size_t left = FRAME_RECORDS_BYTES;
    while (left >= sizeof(struct frame_record_head)) {
        const uint8_t *record = records + (FRAME_RECORDS_BYTES - left);
        struct frame_record_head head;
        memcpy(&head, record, sizeof(head));
        if (head.magic == 0)
            return head.bytes == 0 && found ? 0 : -E_INVAL;
        if (head.bytes < sizeof(head) || head.bytes > left || head.bytes % RECORD_ALIGN != 0)
            return -E_INVAL;
        if (head.magic == GUEST_FPU_MAGIC) {
            if (found || head.bytes != sizeof(*fpu))
                return -E_INVAL;
            memcpy(fpu, record, sizeof(*fpu));
            found = true;
        } else if (head.magic != ESR_MAGIC) {
            return -E_INVAL;
        }
        left -= head.bytes;
    }
    return -E_INVAL; // no end
}
