// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// virtio-console driver: the process. Specification: VIRTIO 1.2, section 5.3 (console device),
// through lib/virtio. Not implemented: emergency write (output of a machine that is going down is
// the kernel's business).
//
// States of the device: those of lib/virtio/device.h. A fault of the device (a broken queue,
// DEVICE_NEEDS_RESET) ends the process: its successor begins with a reset, and the clients' rings
// hold what was not sent.
//
// Interrupts: MSI-X entry 0 for configuration and control queues, entry 1 for all ports if the
// device has a second one.

#include "abi/error.h"
#include "abi/syscall.h"
#include "drivers/char/virtio_console/console.h"
#include "lib/driver/dma_map.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/virtio/attach.h"
#include "lib/virtio/device.h"

// Time-outs.
#define SETTLE_TIMEOUT_NS \
    100000000ull // for the ports to introduce themselves; late ones are served all the same

struct state {
    struct driver *driver;
    struct char_class class;
    struct char_port port[CONSOLE_PORTS_MAX];
    struct console console;
    struct virtio_attachment bus;
    struct virtio_device device;
    uint8_t *saved; // the checkpoint: a page a port
    handle_t saved_object;
};

static void notify(struct console *console, uint16_t queue)
{
    struct state *state = (struct state *)((char *)console - offsetof(struct state, console));

    state->bus.transport->ops->queue_notify(state->bus.transport, queue);
}

// ---- queues ----

static uint16_t queue_size(struct state *state, uint16_t index, uint16_t wanted)
{
    uint16_t most = state->bus.transport->ops->queue_size_max(state->bus.transport, index);

    while (wanted > most)
        wanted /= 2;
    return wanted;
}

// Over memory of its own, or, with `memory` given, there: zeroed by virtqueue_init.
static int queue_set_up(struct state *state, struct virtqueue *queue, uint16_t index,
                        uint16_t wanted, uint16_t vector, const struct dma_buffer *memory)
{
    struct virtqueue_config config = {
        .index = index,
        .size = queue_size(state, index, wanted),
        .event_idx = virtio_device_has(&state->device, VIRTIO_F_EVENT_IDX),
    };
    struct virtqueue_layout layout = virtqueue_layout(config.size, 0);
    struct virtio_queue_setup setup;
    struct dma_buffer own;
    int status;

    if (config.size == 0)
        return -E_NOENT;
    if (memory == NULL) {
        status = dma_buffer_create(state->driver->dma, layout.bytes, DMA_ANYWHERE, &own);
        if (status < 0)
            return status;
        memory = &own;
    }
    config.memory = memory->memory;
    config.bus = memory->bus;
    status = virtqueue_init(queue, &config);
    if (status < 0)
        return status;
    setup = (struct virtio_queue_setup){.size = config.size,
                                        .vector = vector,
                                        .descriptors = memory->bus,
                                        .available = memory->bus + layout.available,
                                        .used = memory->bus + layout.used};
    return state->bus.transport->ops->queue_enable(state->bus.transport, index, &setup);
}

static uint16_t control_vector(const struct state *state)
{
    return state->bus.vectors ? 0 : VIRTIO_MSI_NO_VECTOR;
}

static uint16_t port_vector(const struct state *state)
{
    if (!state->bus.vectors)
        return VIRTIO_MSI_NO_VECTOR;
    return state->driver->irqs > 1 ? 1 : 0;
}

// The port's page of the checkpoint, for the device to reach: behind the record, its TX queue.
static int saved_page(struct state *state, uint32_t index, struct dma_buffer *queue)
{
    uint64_t offset = (uint64_t)index * PAGE_SIZE;
    uint64_t bus;
    int status = dma_map_pages(state->driver->dma, state->saved_object, offset, PAGE_SIZE,
                               RIGHT_READ | RIGHT_WRITE, &bus);

    if (status < 0)
        return status;
    *queue = (struct dma_buffer){.memory = state->saved + offset + CONSOLE_SAVED_QUEUE,
                                 .bus = bus + CONSOLE_SAVED_QUEUE,
                                 .bytes = PAGE_SIZE - CONSOLE_SAVED_QUEUE};
    console_port_recover(&state->console.port[index],
                         (struct console_saved *)(void *)(state->saved + offset));
    return 0;
}

static int port_set_up(struct state *state, uint32_t index)
{
    struct console_port *port = &state->console.port[index];
    uint16_t rx = virtio_console_rx_queue(index);
    struct dma_buffer tx_memory;
    int status =
        queue_set_up(state, &port->rx, rx, CONSOLE_PORT_QUEUE_SIZE, port_vector(state), NULL);

    if (status == 0)
        status = saved_page(state, index, &tx_memory);
    if (status == 0)
        status = queue_set_up(state, &port->tx, (uint16_t)(rx + 1), CONSOLE_PORT_QUEUE_SIZE,
                              port_vector(state), &tx_memory);
    return status == 0 ? console_port_init(&state->console, index) : status;
}

static int ports_set_up(struct state *state)
{
    void *saved;
    uint64_t bytes;
    int status = driver_map_grant(state->driver, "checkpoint", true, &saved, &bytes);

    if (status < 0)
        return status;
    if (bytes < (uint64_t)CONSOLE_PORTS_MAX * PAGE_SIZE)
        return -E_INVAL;
    state->saved = saved;
    state->saved_object = startup_handle("checkpoint");
    for (uint32_t i = 0; i < state->console.ports && status == 0; i++)
        status = port_set_up(state, i);
    return status;
}

static int control_set_up(struct state *state)
{
    struct console *console = &state->console;
    int status;

    if (!console->multiport)
        return 0;
    status = queue_set_up(state, &console->control_rx, VIRTIO_CONSOLE_CONTROL_RX,
                          CONSOLE_CONTROL_BUFFERS, control_vector(state), NULL);
    if (status == 0)
        status = queue_set_up(state, &console->control_tx, VIRTIO_CONSOLE_CONTROL_TX,
                              CONSOLE_PORT_QUEUE_SIZE, control_vector(state), NULL);
    return status == 0 ? console_control_init(console) : status;
}

// ---- the device ----

static int read_configuration(struct state *state)
{
    uint32_t ports = 1;
    int status = 0;

    state->console.multiport = virtio_device_has(&state->device, VIRTIO_CONSOLE_F_MULTIPORT);
    if (state->console.multiport)
        status = virtio_config_read32(&state->device,
                                      offsetof(struct virtio_console_config, max_nr_ports), &ports);
    if (status < 0)
        return status;
    if (ports == 0)
        return -E_PROTO;
    state->console.ports = ports < CONSOLE_PORTS_MAX ? ports : CONSOLE_PORTS_MAX;
    return 0;
}

// The window of port 0; with MULTIPORT sizes come by control message.
static void read_size(struct state *state)
{
    uint16_t columns, rows;

    if (!virtio_device_has(&state->device, VIRTIO_CONSOLE_F_SIZE) || state->console.multiport)
        return;
    if (virtio_config_read16(&state->device, offsetof(struct virtio_console_config, cols),
                             &columns) == 0 &&
        virtio_config_read16(&state->device, offsetof(struct virtio_console_config, rows), &rows) ==
            0)
        console_resize(&state->console, 0, columns, rows);
}

static int device_bring_up(struct state *state)
{
    int status = virtio_attach(state->driver, VIRTIO_ID_CONSOLE, &state->bus);

    if (status < 0)
        return status;
    virtio_device_init(&state->device, state->bus.transport);
    status = virtio_device_reset(&state->device);
    if (status == 0)
        status = virtio_device_negotiate(
            &state->device, VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_F_EVENT_IDX,
            0);
    if (status == 0)
        status = read_configuration(state);
    if (status == 0)
        status = state->bus.transport->ops->set_config_vector(state->bus.transport,
                                                              control_vector(state));
    return status;
}

static bool is_settled(void *context)
{
    struct state *state = context;

    console_service(&state->console);
    return state->console.fault != 0 || console_settled(&state->console);
}

static int init(struct driver *driver)
{
    struct state *state = driver->state;
    int status;

    state->driver = driver;
    char_class_init(&state->class, driver, &console_char_ops, state->port, CONSOLE_PORTS_MAX);
    state->console.class = &state->class;
    state->console.notify = notify;
    state->console.dma = driver->dma;
    status = device_bring_up(state);
    if (status == 0)
        status = ports_set_up(state);
    if (status == 0)
        status = control_set_up(state);
    if (status == 0)
        status = virtio_device_start(&state->device);
    if (status < 0)
        return status;
    console_begin(&state->console);
    read_size(state);
    if (driver_wait_until(is_settled, state, SETTLE_TIMEOUT_NS, "ports") < 0)
        log_warning("%s: the ports take their time", driver->unit_name);
    log_info("%s: virtio console, %u ports%s", driver->unit_name, state->console.ports,
             state->console.multiport ? ", multiport" : "");
    return state->console.fault;
}

// ---- callbacks ----

static void handle_irq(struct driver *driver, unsigned irq)
{
    struct state *state = driver->state;

    if (!state->bus.vectors)
        state->bus.transport->ops->acknowledge(state->bus.transport);
    if (irq == 0) {
        if (virtio_device_needs_reset(&state->device))
            driver_fail(driver, "the device asks for a reset");
        read_size(state);
    }
    console_service(&state->console);
}

static int handle_message(struct driver *driver, struct message *request, struct message *reply)
{
    return char_handle_message(&((struct state *)driver->state)->class, request, reply);
}

static void handle_signal(struct driver *driver, uint64_t bits)
{
    char_handle_signal(&((struct state *)driver->state)->class, bits);
}

static void before_wait(struct driver *driver)
{
    struct state *state = driver->state;

    if (state->console.fault != 0)
        driver_fail(driver, "the device wrote impossible values into a queue");
    char_before_wait(&state->class);
}

static void quiesce(struct driver *driver)
{
    virtio_device_reset(&((struct state *)driver->state)->device);
}

int main(int argc, char **argv)
{
    static const struct driver_ops ops = {
        .name = "virtio_console",
        .init = init,
        .handle_irq = handle_irq,
        .handle_message = handle_message,
        .handle_signal = handle_signal,
        .before_wait = before_wait,
        .quiesce = quiesce,
    };
    static struct state state;

    (void)argc;
    (void)argv;
    return driver_run(&ops, &state);
}
