// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See button.h.

#include "lib/button/button.h"

#include "abi/button.h"
#include "abi/error.h"
#include "lib/sys/sys.h"

int button_handle_message(struct button *button, struct driver *driver, struct message *request,
                          struct message *reply)
{
    int status;

    if (message_label(request->tag) != BUTTON_WAIT)
        return -E_NOSYS;
    if (button->pressed) {
        button->pressed = false;
        reply->tag = message_tag(0, 0, 0);
        return 0;
    }
    if (button->waiter != HANDLE_NONE)
        return -E_BUSY;
    status = driver_defer(driver, &button->waiter);
    return status < 0 ? status : DRIVER_DEFERRED;
}

void button_press(struct button *button)
{
    struct message message = {.tag = message_tag(0, 0, 0)};

    // A waiter that died takes no answer: the press is kept for its successor.
    if (button->waiter != HANDLE_NONE && sys_reply_to(button->waiter, &message) >= 0)
        button->pressed = false;
    else
        button->pressed = true;
    button->waiter = HANDLE_NONE;
}
