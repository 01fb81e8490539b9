// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Faults that a driver commits when rs tells it to (abi/rs.h, RS_FAULT): those of its loop here,
// those of its class's protocol and of its device by ops->inject.

#include "lib/driver/fault.h"

#include "abi/error.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"

void driver_commit_fault(struct driver *driver, enum rs_fault fault)
{
    int status = -E_OPNOTSUPP;
    switch (fault) {
    case RS_FAULT_MUTE:
        driver->mute = true;
        return;
    case RS_FAULT_LOST_IRQ:
        driver->lose_irq = true;
        return;
    case RS_FAULT_GARBAGE:
    case RS_FAULT_BAD_DMA:
        if (driver->ops->inject != NULL)
            status = driver->ops->inject(driver, fault);
        break;
    default: // those of any process: lib/sys has done them
        break;
    }
    if (status < 0)
        log_warning("%s: fault %u cannot be injected: error %d", driver->ops->name, fault, status);
}
