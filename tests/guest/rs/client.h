// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// rs's and log's requests as functions, for the test.

#pragma once

#include "abi/rs.h"
#include "lib/sys/sys.h"

int64_t rs_create(const char *template, const char *key, uint32_t *id); // key may be NULL
int64_t rs_argument(uint32_t id, const char *word);
int64_t rs_grant(uint32_t id, const char *name, uint64_t value, handle_t handle);
int64_t rs_start(uint32_t id, handle_t *endpoint);
int64_t rs_on_instance(enum rs_op op, uint32_t id); // CLEARED, REMOVE, RENEW
int64_t rs_instance_at(uint64_t index, struct rs_instance *instance);
int64_t rs_keep(const char *name, handle_t handle);
int64_t rs_kept(uint64_t index, char name[RS_NAME_MAX], handle_t *handle);
int64_t rs_find(const char *name, struct rs_service_info *info);
int64_t rs_connect(const char *name, handle_t *endpoint);
int64_t rs_control(enum rs_control op, const char *name);
int64_t rs_complain(const char *name, uint64_t incarnation, time_ns_t since);

// The whole text, terminated; 0 or an error.
int64_t rs_text(enum rs_text kind, const char *name, char *to, size_t room);

// The service's log from the beginning, cut to the room.
int64_t log_text(const char *name, char *to, size_t room);

// Waits until the service is in the state, at most ten seconds. False: it is not.
bool wait_state(const char *name, enum rs_state state, struct rs_service_info *info);
