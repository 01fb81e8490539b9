// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Faults that a process commits when rs tells it to, for tests of recovery. rs does so only with
// `xinim.faults=1` on the kernel's command line (abi/rs.h, RS_FAULT).

#pragma once

#include "abi/message.h"
#include "abi/rs.h"

// What the answer to a heartbeat asks for.
static inline enum rs_fault fault_in(const struct message *answer)
{
    bool asked = message_words(answer->tag) > 0 && answer->word[0] < RS_FAULTS;
    return asked ? (enum rs_fault)answer->word[0] : RS_FAULT_NONE;
}

// Commits a fault that any process can: RS_FAULT_CRASH, ABORT, HANG and SLEEP do not return,
// RS_FAULT_LEAK takes some memory for good and returns 0. Others: -E_OPNOTSUPP.
int fault_commit(enum rs_fault fault);
