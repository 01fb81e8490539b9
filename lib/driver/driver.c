// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The event loop of a driver (driver.h). One thread, so no locks.

#include "lib/driver/driver.h"

#include <stdio.h>
#include <string.h>

#include "lib/driver/fault.h"
#include "lib/sys/log.h"
#include "lib/sys/rs_client.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

// ---- what the manifest granted ----

static int bind_signal(struct driver *driver, uint64_t bit, handle_t *handle)
{
    int64_t badged = sys_handle_duplicate(driver->notification,
                                          RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER, bit);
    if (badged < 0)
        return (int)badged;
    *handle = (handle_t)badged;
    return 0;
}

static int bind_irq(struct driver *driver, unsigned n, handle_t irq)
{
    handle_t signal;
    int status = bind_signal(driver, (uint64_t)1 << n, &signal);
    if (status < 0)
        return status;
    status = (int)sys_irq_bind(irq, signal);
    sys_handle_close(signal);
    if (status < 0)
        return status;
    driver->irq[n] = irq;
    driver->irqs = n + 1;
    return 0;
}

static int bind_irqs(struct driver *driver)
{
    for (unsigned n = 0; n < DRIVER_IRQ_BITS; n++) {
        char name[STARTUP_NAME];
        snprintf(name, sizeof(name), "irq%u", n);
        handle_t irq = startup_handle(name);
        if (irq == HANDLE_NONE)
            continue;
        int status = bind_irq(driver, n, irq);
        if (status < 0) {
            log_error("%s: cannot bind %s: error %d", driver->ops->name, name, status);
            return status;
        }
    }
    return 0;
}

static int create_timer(struct driver *driver)
{
    handle_t signal;
    int status = bind_signal(driver, (uint64_t)1 << DRIVER_TIMER_BIT, &signal);
    if (status < 0)
        return status;
    int64_t timer = sys_timer_create(signal);
    sys_handle_close(signal);
    if (timer < 0)
        return (int)timer;
    driver->timer = (handle_t)timer;
    return 0;
}

static int create_notification(struct driver *driver)
{
    int64_t created = sys_notification_create();
    if (created < 0)
        return (int)created;
    driver->notification = (handle_t)created;
    int status = bind_signal(driver, (uint64_t)1 << DRIVER_WAKE_BIT, &driver->wake);
    if (status < 0)
        return status;
    return (int)sys_thread_control(HANDLE_SELF, THREAD_BIND_NOTIFICATION, driver->notification);
}

// The word of the arguments that starts with `key`, without it; "" if there is none.
static const char *find_argument(const char *key)
{
    size_t length = strlen(key);
    const char *word = startup_page()->arguments;
    while (*word != '\0') {
        if (strncmp(word, key, length) == 0)
            return word + length;
        word += strlen(word) + 1;
    }
    return "";
}

static int set_up(struct driver *driver)
{
    driver->endpoint = startup_handle("endpoint");
    driver->dma = startup_handle("dma");
    driver->unit_name = find_argument("name=");
    if (driver->endpoint == HANDLE_NONE) {
        log_error("%s: no endpoint granted", driver->ops->name);
        return -E_BADF;
    }
    int status = create_notification(driver);
    if (status == 0)
        status = create_timer(driver);
    if (status == 0)
        status = bind_irqs(driver);
    return status;
}

// ---- the reincarnation server ----

static int offer_signals(const struct driver *driver)
{
    return rs_offer_signals(driver->notification, (uint64_t)1 << DRIVER_PING_BIT,
                            (uint64_t)1 << DRIVER_STOP_BIT);
}

static void answer_ping(struct driver *driver)
{
    if (driver->ops->is_healthy != NULL && !driver->ops->is_healthy(driver))
        return; // silence is the answer that makes rs act
    int status = rs_say_alive();
    if (status < 0)
        log_warning("%s: heartbeat refused: error %d", driver->ops->name, status);
    else if (status > 0)
        driver_commit_fault(driver, (enum rs_fault)status);
}

// ---- the loop ----

static void handle_irq(struct driver *driver, unsigned n)
{
    driver->interrupts++;
    if (driver->ops->handle_irq != NULL && !driver->lose_irq)
        driver->ops->handle_irq(driver, n);
    driver->lose_irq = false;
    sys_irq_ack(driver->irq[n]); // after the device was served: it may be level-triggered
}

static void handle_notification(struct driver *driver, uint64_t bits)
{
    const struct driver_ops *ops = driver->ops;
    if ((bits & (uint64_t)1 << DRIVER_PING_BIT) != 0)
        answer_ping(driver);
    if ((bits & (uint64_t)1 << DRIVER_STOP_BIT) != 0)
        driver->stopping = true;
    if (driver->mute)
        return;
    for (unsigned n = 0; n < driver->irqs; n++)
        if ((bits & (uint64_t)1 << n) != 0)
            handle_irq(driver, n);
    if ((bits & (uint64_t)1 << DRIVER_TIMER_BIT) != 0 && ops->handle_timer != NULL)
        ops->handle_timer(driver);
    uint64_t signals = bits & DRIVER_SIGNAL_MASK;
    if (signals != 0 && ops->handle_signal != NULL)
        ops->handle_signal(driver, signals);
}

// Turns the request in *message into the reply to send. False: it will be sent later.
static bool handle_request(struct driver *driver, struct message *message)
{
    struct message reply = {.tag = 0};
    int label = -E_NOSYS;
    if (driver->ops->handle_message != NULL)
        label = driver->ops->handle_message(driver, message, &reply);
    message_close_handles(message);
    if (label == DRIVER_DEFERRED)
        return false;
    reply.tag = message_tag(label, message_words(reply.tag), message_handles(reply.tag));
    *message = reply;
    return true;
}

// Handles in a reply are copies for the client; the driver's own are closed once they are sent.
static void forget_sent_handles(handle_t *sent, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (sent[i] != HANDLE_NONE)
            sys_handle_close(sent[i]);
}

static void serve(struct driver *driver)
{
    // One message at a time is answered by its own call, so that handles sent can be closed before
    // the next wait.
    while (!driver->stopping) {
        if (driver->ops->before_wait != NULL && !driver->mute)
            driver->ops->before_wait(driver);
        struct message message;
        int64_t status = sys_receive(driver->endpoint, &message);
        if (status < 0) {
            log_error("%s: receive failed: error %d", driver->ops->name, (int)status);
            return;
        }
        if ((message.tag & MESSAGE_NOTIFICATION) != 0) {
            handle_notification(driver, message.word[0]);
            continue;
        }
        if (!handle_request(driver, &message))
            continue;
        status = sys_reply(&message);
        if (status < 0)
            log_warning("%s: reply failed: error %d", driver->ops->name, (int)status);
        forget_sent_handles(message.handle, message_handles(message.tag));
    }
}

int driver_run(const struct driver_ops *ops, void *state)
{
    static struct driver driver;
    driver = (struct driver){.ops = ops, .state = state};
    int status = set_up(&driver);
    if (status == 0)
        status = ops->init(&driver);
    if (status == 0)
        status = offer_signals(&driver);
    if (status == 0)
        status = rs_say_ready();
    if (status < 0) {
        log_error("%s %s: does not come up: error %d", ops->name, driver.unit_name, status);
        return 1;
    }
    serve(&driver);
    if (ops->quiesce != NULL)
        ops->quiesce(&driver);
    return 0;
}

void driver_fail(struct driver *driver, const char *format, ...)
{
    char reason[160];
    va_list list;
    va_start(list, format);
    vsnprintf(reason, sizeof(reason), format, list);
    va_end(list);
    sys_panic("%s %s: %s", driver->ops->name, driver->unit_name, reason);
}

// ---- for callbacks ----

int driver_signal_create(struct driver *driver, unsigned n, handle_t *handle)
{
    if (n >= DRIVER_SIGNAL_COUNT)
        return -E_INVAL;
    return bind_signal(driver, DRIVER_SIGNAL_BIT(n), handle);
}

handle_t driver_take_handle(struct message *request, unsigned index)
{
    if (index >= message_handles(request->tag))
        return HANDLE_NONE;
    handle_t handle = request->handle[index];
    request->handle[index] = HANDLE_NONE;
    return handle;
}

int driver_defer(struct driver *driver, handle_t *reply)
{
    (void)driver;
    int64_t handle = sys_reply_defer();
    if (handle < 0)
        return (int)handle;
    *reply = (handle_t)handle;
    return 0;
}

int driver_set_timer(struct driver *driver, time_ns_t deadline)
{
    return (int)sys_timer_set(driver->timer, deadline, 0);
}

void driver_wake(struct driver *driver)
{
    sys_signal(driver->wake);
}

int driver_map_grant(struct driver *driver, const char *name, bool writable, void **address,
                     uint64_t *bytes)
{
    (void)driver;
    handle_t memory = startup_handle(name);
    if (memory == HANDLE_NONE)
        return -E_NOENT;
    struct handle_info info;
    int64_t status = sys_handle_info(memory, &info);
    if (status < 0)
        return (int)status;
    struct aspace_map_args args = {
        .memory = memory,
        .bytes = (info.size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1),
        .prot = PROT_READ | (writable ? PROT_WRITE : 0u),
    };
    status = sys_aspace_map(HANDLE_SELF, &args);
    if (status < 0)
        return (int)status;
    *address = (void *)(uintptr_t)status;
    *bytes = info.size;
    return 0;
}

int driver_map_registers(struct driver *driver, unsigned index, volatile void **registers,
                         uint64_t *bytes)
{
    char name[STARTUP_NAME];
    snprintf(name, sizeof(name), "mmio%u", index);
    void *page;
    uint64_t mapped;
    int status = driver_map_grant(driver, name, true, &page, &mapped);
    if (status < 0)
        return status;
    uint64_t offset = MMIO_GRANT_OFFSET(startup_value(name));
    *bytes = MMIO_GRANT_BYTES(startup_value(name));
    if (offset > mapped || *bytes > mapped - offset || *bytes == 0)
        return -E_INVAL;
    *registers = (volatile uint8_t *)page + offset;
    return 0;
}

void driver_pause(uint64_t ns)
{
    uint64_t bits;
    sys_wait(HANDLE_NONE, sys_clock() + ns, &bits); // its time-out is the expected result
}

int driver_wait_until(bool (*ready)(void *context), void *context, uint64_t timeout_ns,
                      const char *what)
{
    enum { STEP_MIN_NS = 1000, STEP_MAX_NS = 1000000 };
    time_ns_t end = sys_clock() + timeout_ns;
    uint64_t step = STEP_MIN_NS;
    while (!ready(context)) {
        time_ns_t now = sys_clock();
        if (now >= end) {
            log_error("timed out after %u ms: %s", (unsigned)(timeout_ns / 1000000), what);
            return -E_TIMEDOUT;
        }
        uint64_t bits;
        sys_wait(HANDLE_NONE, now + step,
                 &bits); // only sleeps; its time-out is the expected result
        step = step * 2 < STEP_MAX_NS ? step * 2 : STEP_MAX_NS;
    }
    return 0;
}
