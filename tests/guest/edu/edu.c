// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The chip's half of the edu driver (edu.h). Document: edu_hw.h.
//
// Not implemented: DMA, the interrupt raised by hand.
//
// States: idle --edu_start--> busy --interrupt, edu_finish--> idle. What a dead predecessor left
// computing ends by itself within microseconds; init waits for that and silences it.

#include "tests/guest/edu/edu.h"

#include "abi/error.h"
#include "tests/guest/edu/edu_hw.h"

static uint32_t read_register(const struct edu *edu, enum edu_register reg)
{
    return edu->io.read(edu->io.context, reg);
}

static void write_register(const struct edu *edu, enum edu_register reg, uint32_t value)
{
    edu->io.write(edu->io.context, reg, value);
}

int edu_probe(struct edu *edu, const struct edu_io *io)
{
    const uint32_t pattern = 0x5aa50ff0;
    *edu = (struct edu){.io = *io};
    if ((read_register(edu, EDU_IDENTIFICATION) & EDU_ID_MASK) != EDU_ID)
        return -E_NODEV;
    write_register(edu, EDU_LIVENESS, pattern);
    return read_register(edu, EDU_LIVENESS) == ~pattern ? 0 : -E_IO;
}

bool edu_is_idle(const struct edu *edu)
{
    return (read_register(edu, EDU_STATUS) & EDU_STATUS_COMPUTING) == 0;
}

void edu_silence(struct edu *edu)
{
    write_register(edu, EDU_STATUS, 0);
    write_register(edu, EDU_INTERRUPT_ACKNOWLEDGE, read_register(edu, EDU_INTERRUPT_STATUS));
    edu->busy = false;
}

int edu_start(struct edu *edu, uint64_t number)
{
    if (number > EDU_NUMBER_MAX)
        return -E_RANGE;
    if (edu->busy)
        return -E_BUSY;
    write_register(edu, EDU_STATUS, EDU_STATUS_RAISE);
    write_register(edu, EDU_FACTORIAL, (uint32_t)number);
    edu->busy = true;
    return 0;
}

int edu_finish(struct edu *edu, uint32_t *factorial)
{
    uint32_t causes = read_register(edu, EDU_INTERRUPT_STATUS);
    write_register(edu, EDU_INTERRUPT_ACKNOWLEDGE, causes);
    if (!edu->busy || (causes & EDU_INTERRUPT_FACTORIAL) == 0 || !edu_is_idle(edu))
        return -E_AGAIN;
    *factorial = read_register(edu, EDU_FACTORIAL);
    edu->busy = false;
    return 0;
}
