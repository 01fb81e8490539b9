// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// virtio-rng driver: the process. Answers RNG_READ (abi/rng.h). A client whose bytes are not there
// yet is set aside until they come or its time is over; no other client waits for that.

#include <string.h>

#include "abi/error.h"
#include "abi/rng.h"
#include "drivers/misc/virtio_rng/virtio_rng.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "lib/virtio/attach.h"

enum { WAITERS_MAX = 16 };

struct waiter {
    handle_t reply;
    uint32_t bytes;
    time_ns_t deadline;
};

struct state {
    struct virtio_attachment bus;
    struct virtio_rng rng;
    unsigned waiters;
    struct waiter waiter[WAITERS_MAX]; // in the order they came, so in that of their deadlines
};

static int init(struct driver *driver)
{
    struct state *state = driver->state;
    int status;

    if (driver->irqs == 0 || driver->dma == HANDLE_NONE)
        return -E_NODEV;
    status = virtio_attach(driver, VIRTIO_ID_RNG, &state->bus);
    if (status == 0)
        status = virtio_rng_init(&state->rng, state->bus.transport,
                                 state->bus.vectors ? 0 : VIRTIO_MSI_NO_VECTOR, driver->dma);
    if (status == 0)
        log_info("%s: virtio entropy device", driver->unit_name);
    return status;
}

// ---- clients ----

// Up to `bytes` into the message. Returns the label.
static int fill(struct driver *driver, uint32_t bytes, struct message *message)
{
    struct state *state = driver->state;
    uint8_t taken[RNG_BYTES_MAX];
    int count = virtio_rng_take(&state->rng, taken, bytes);
    int64_t words;

    if (count < 0)
        driver_fail(driver, "the device broke its queue");
    words = message_put_bytes(message, 0, taken, (size_t)count);
    memset(taken, 0, sizeof taken);
    message->tag = message_tag(count, words < 0 ? 0 : (unsigned)words, 0);
    return words < 0 ? (int)words : count;
}

static void answer_first(struct state *state, struct message *message)
{
    sys_reply_to(state->waiter[0].reply, message);
    state->waiters--;
    memmove(&state->waiter[0], &state->waiter[1], state->waiters * sizeof state->waiter[0]);
}

// Serves waiters as far as the bytes go, ends those whose time is over.
static void serve_waiters(struct driver *driver)
{
    struct state *state = driver->state;
    time_ns_t now = sys_clock();

    while (state->waiters > 0) {
        struct message message = {.tag = 0};

        if (fill(driver, state->waiter[0].bytes, &message) == 0) {
            if (now < state->waiter[0].deadline)
                break;
            message.tag = message_tag(-E_TIMEDOUT, 0, 0);
        }
        answer_first(state, &message);
    }
    if (state->waiters > 0)
        driver_set_timer(driver, state->waiter[0].deadline);
}

static int set_aside(struct driver *driver, uint32_t bytes)
{
    struct state *state = driver->state;
    struct waiter *waiter = &state->waiter[state->waiters];
    int status;

    if (state->waiters == WAITERS_MAX)
        return -E_BUSY;
    status = driver_defer(driver, &waiter->reply);
    if (status < 0)
        return status;
    waiter->bytes = bytes;
    waiter->deadline = sys_clock() + RNG_TIMEOUT_NS;
    if (state->waiters++ == 0)
        driver_set_timer(driver, waiter->deadline);
    return DRIVER_DEFERRED;
}

static int handle_message(struct driver *driver, struct message *request, struct message *reply)
{
    struct state *state = driver->state;
    uint64_t bytes = request->word[0];
    int count = 0;

    if (message_label(request->tag) != RNG_READ)
        return -E_NOSYS;
    if (message_words(request->tag) < 2 || bytes == 0)
        return -E_INVAL;
    if (bytes > RNG_BYTES_MAX)
        bytes = RNG_BYTES_MAX;
    if (state->waiters == 0)
        count = fill(driver, (uint32_t)bytes, reply);
    if (count != 0)
        return count;
    if ((request->word[1] & RNG_NONBLOCK) != 0)
        return -E_AGAIN;
    return set_aside(driver, (uint32_t)bytes);
}

// ---- events ----

static void handle_irq(struct driver *driver, unsigned irq)
{
    struct state *state = driver->state;

    (void)irq;
    if (!state->bus.vectors)
        state->bus.transport->ops->acknowledge(state->bus.transport);
    if (virtio_rng_handle_queue(&state->rng) < 0)
        driver_fail(driver, "the device broke its queue or asks for a reset");
    serve_waiters(driver);
}

static void quiesce(struct driver *driver)
{
    virtio_rng_quiesce(&((struct state *)driver->state)->rng);
}

int main(int argc, char **argv)
{
    static const struct driver_ops ops = {
        .name = "virtio_rng",
        .init = init,
        .handle_irq = handle_irq,
        .handle_message = handle_message,
        .handle_timer = serve_waiters,
        .quiesce = quiesce,
    };
    static struct state state;

    (void)argc;
    (void)argv;
    return driver_run(&ops, &state);
}
