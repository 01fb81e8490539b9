// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Handles that rs keeps for devmgr's successor (abi/rs.h, RS_KEEP): each device's DMA window, under
// the place of the device, and the watchers' notifications.

#include <stdio.h>
#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/devmgr/device.h"

int keep(const struct devmgr *devmgr, const char *name, handle_t handle)
{
    struct message message = {.tag = message_tag(RS_KEEP, RS_NAME_WORDS, handle != HANDLE_NONE)};
    char padded[RS_NAME_MAX] = {0};

    snprintf(padded, sizeof padded, "%s", name);
    message_put_bytes(&message, 0, padded, sizeof padded);
    message.handle[0] = handle;
    return (int)message_call_retry(devmgr->rs, &message);
}

bool kept_at(const struct devmgr *devmgr, uint32_t index, struct kept *kept)
{
    struct message message = {.tag = message_tag(RS_KEPT, 1, 0)};

    message.word[0] = index;
    if (message_call_retry(devmgr->rs, &message) < 0 ||
        message_get_bytes(&message, 0, kept->name, sizeof kept->name) < 0)
        return false;
    kept->name[sizeof kept->name - 1] = '\0';
    kept->handle = message.handle[0];
    return true;
}
