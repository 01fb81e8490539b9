// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors
//
// The texts of RS_TEXT as their readers fetch them, piece by piece: taken once, so that no number
// changes its width between two pieces.

#pragma once

#include "servers/rs/service.h"

// The service's text as it is now. Gives the ticket for its pieces, never 0.
uint64_t snapshot_take(const struct service *service, enum rs_text kind);

// Gives the bytes there, at most RS_TEXT_BYTES, 0 at the end. E_AGAIN: SNAPSHOTS newer ones have
// been taken since, or none ever had this ticket.
int64_t snapshot_piece(uint64_t ticket, uint64_t offset, const char **piece);
