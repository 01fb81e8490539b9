// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What every service says to the reincarnation server (abi/rs.h). A service that serves from one
// event loop offers, before it says that it is ready, bits of the notification bound to that loop;
// at the first it answers with rs_say_alive, at the second it ends. All block until rs has
// answered; without rs (tests) they succeed and do nothing.

#pragma once

#include "abi/message.h"
#include "abi/types.h"

// From now on rs sets these bits of `notification` (a handle without a badge, with RIGHT_DUPLICATE
// and RIGHT_TRANSFER): `ping` each heartbeat, `stop` when the process is to end. 0 or an error.
int rs_offer_signals(handle_t notification, uint64_t ping, uint64_t stop);

// The service serves. 0 or an error.
int rs_say_ready(void);

// The answer to a heartbeat. 0 or an error, after which silence does the rest; a positive number is
// the enum rs_fault that the service is to commit, for tests of recovery, and that only it knows
// how to (abi/rs.h, RS_FAULT).
int rs_say_alive(void);
