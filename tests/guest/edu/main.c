// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// edu driver: the process. One device, one thread, one loop (lib/driver/driver.h). The device
// manager granted the registers ("bar0") and the interrupt ("irq0"), as edu.svc says.

#include "abi/error.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "tests/guest/edu/edu.h"

// All time-outs of this driver.
#define IDLE_TIMEOUT_NS   100000000ull  // a predecessor's computation ends
#define ANSWER_TIMEOUT_NS 1000000000ull // from a number to its interrupt

enum { REGISTERS_BYTES = 0x80 }; // what edu_hw.h reaches

struct state {
    struct edu edu;
    uint8_t *registers;
    handle_t caller; // who waits for the factorial
};

// ---- registers ----

static uint32_t io_read(void *context, unsigned reg)
{
    return mmio_read32(((struct state *)context)->registers + reg);
}

static void io_write(void *context, unsigned reg, uint32_t value)
{
    mmio_write32(((struct state *)context)->registers + reg, value);
}

// ---- callbacks ----

static bool is_idle(void *context)
{
    return edu_is_idle(context);
}

static int init(struct driver *driver)
{
    struct state *state = driver->state;
    const struct edu_io io = {io_read, io_write, state};
    void *registers;
    uint64_t bytes;
    if (driver->irqs == 0)
        return -E_NODEV;
    int status = driver_map_grant(driver, "bar0", true, &registers, &bytes);
    if (status < 0)
        return status;
    if (bytes < REGISTERS_BYTES)
        return -E_NODEV;
    state->registers = registers;
    status = edu_probe(&state->edu, &io);
    if (status == 0)
        status = driver_wait_until(is_idle, &state->edu, IDLE_TIMEOUT_NS, "edu: idle");
    if (status < 0)
        return status;
    edu_silence(&state->edu);
    log_info("%s: edu", driver->unit_name);
    return 0;
}

// True: the factorial was there, and its caller has it.
static bool try_to_answer(struct driver *driver)
{
    struct state *state = driver->state;
    uint32_t factorial;
    if (edu_finish(&state->edu, &factorial) < 0)
        return false;
    if (state->caller == HANDLE_NONE)
        return true; // it could not be set aside, and has its error
    struct message reply = {.tag = message_tag(0, 1, 0), .word = {factorial}};
    int64_t status = sys_reply_to(state->caller, &reply);
    if (status < 0)
        log_warning("edu: reply failed: error %d", (int)status);
    state->caller = HANDLE_NONE;
    return true;
}

static void handle_irq(struct driver *driver, unsigned irq)
{
    (void)irq;
    if (try_to_answer(driver))
        (void)driver_set_timer(driver, DEADLINE_NEVER); // one that comes all the same is harmless
}

static int handle_message(struct driver *driver, struct message *request, struct message *reply)
{
    struct state *state = driver->state;
    (void)reply;
    if (message_label(request->tag) != EDU_COMPUTE)
        return -E_NOSYS;
    if (message_words(request->tag) != 1)
        return -E_INVAL;
    if (state->caller != HANDLE_NONE)
        return -E_BUSY;
    // The timer first: nobody is ever set aside without an end.
    int status = driver_set_timer(driver, sys_clock() + ANSWER_TIMEOUT_NS);
    if (status == 0)
        status = edu_start(&state->edu, request->word[0]);
    if (status == 0)
        status = driver_defer(driver, &state->caller);
    return status == 0 ? DRIVER_DEFERRED : status;
}

static void handle_timer(struct driver *driver)
{
    struct state *state = driver->state;
    if (state->caller == HANDLE_NONE || try_to_answer(driver))
        return; // perhaps only the interrupt was lost
    driver_fail(driver, "no factorial within %u ms", (unsigned)(ANSWER_TIMEOUT_NS / 1000000));
}

static void quiesce(struct driver *driver)
{
    edu_silence(&((struct state *)driver->state)->edu);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static struct state state = {.caller = HANDLE_NONE};
    static const struct driver_ops ops = {
        .name = "edu",
        .init = init,
        .handle_irq = handle_irq,
        .handle_message = handle_message,
        .handle_timer = handle_timer,
        .quiesce = quiesce,
    };
    return driver_run(&ops, &state);
}
