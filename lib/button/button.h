// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// BUTTON_WAIT (abi/button.h) for a driver that knows how to find out about presses. One client at a
// time; it is set aside until the button is pressed.

#pragma once

#include "lib/driver/driver.h"

struct button {
    handle_t waiter; // HANDLE_NONE: nobody waits
    bool pressed;    // and nobody was told
};

// The driver's handle_message: labels as driver.h has them. -E_NOSYS: another request; -E_BUSY.
int button_handle_message(struct button *button, struct driver *driver, struct message *request,
                          struct message *reply);

// The button was pressed.
void button_press(struct button *button);
