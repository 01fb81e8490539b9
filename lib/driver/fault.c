// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Faults that a driver commits when rs tells it to (lib/sys/fault.h): those of its loop here, those
// of its class's protocol and of its device by ops->inject.

#include "lib/driver/fault.h"

#include "abi/error.h"
#include "lib/driver/driver.h"
#include "lib/sys/fault.h"
#include "lib/sys/log.h"

void driver_commit_fault(struct driver *driver, enum rs_fault fault)
{
    int status = 0;
    switch (fault) {
    case RS_FAULT_NONE:
        return;
    case RS_FAULT_MUTE:
        driver->mute = true;
        break;
    case RS_FAULT_LOST_IRQ:
        driver->lose_irq = true;
        break;
    case RS_FAULT_GARBAGE:
    case RS_FAULT_BAD_DMA:
        status = driver->ops->inject != NULL ? driver->ops->inject(driver, fault) : -E_OPNOTSUPP;
        break;
    default:
        driver->leaks = fault == RS_FAULT_LEAK;
        status = fault_commit(fault);
        break;
    }
    if (status < 0)
        log_warning("%s: fault %u cannot be injected: error %d", driver->ops->name, fault, status);
}
