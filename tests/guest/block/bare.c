// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "tests/guest/block/bare.h"

#include <string.h>

#include "abi/devmgr.h"
#include "abi/rs.h"
#include "lib/block/client_os.h"
#include "lib/sys/sys.h"
#include "tests/guest/guest_test.h"

enum { CALL_TIMEOUT_NS = 2000000000, GENERATION = 1 };

static bool call(handle_t endpoint, struct message *message)
{
    return CHECK_EQUAL(client_os_call(endpoint, message, sys_clock() + CALL_TIMEOUT_NS), 0);
}

// The endpoint of the disk's driver.
static bool find(const char *name, handle_t *endpoint)
{
    struct device_info info;
    struct message message = {.tag = message_tag(DEVMGR_FIND, 3, 0), .word = {DEVICE_BLOCK}};
    strlcpy((char *)&message.word[1], name, DEVICE_NAME_MAX);
    if (!call(client_os_startup_handle("devmgr"), &message))
        return false;
    memcpy(&info, message.word, sizeof(info));
    client_os_close_handles(&message);
    message = (struct message){.tag = message_tag(RS_CONNECT, RS_NAME_WORDS, 0)};
    strlcpy((char *)&message.word[0], info.service, RS_NAME_MAX);
    if (!call(client_os_startup_handle("rs"), &message))
        return false;
    *endpoint = message.handle[0];
    return true;
}

static bool attach(struct bare_client *bare, handle_t memory)
{
    struct message message = {
        .tag = message_tag(BLOCK_ATTACH, 4, 2),
        .word = {0, BLOCK_WHOLE, DEPTH, GENERATION},
        .handle = {bare->queue_memory, bare->signal},
    };
    if (!call(bare->endpoint, &message))
        return false;
    bare->doorbell = message.handle[0];
    bare->session = message.word[0];
    message = (struct message){
        .tag = message_tag(BLOCK_ADD_MEMORY, 2, 1),
        .word = {bare->session, GENERATION},
        .handle = {memory},
    };
    return call(bare->endpoint, &message);
}

bool bare_open(struct bare_client *bare, const char *name, handle_t memory)
{
    uint64_t requests = RING_BYTES(DEPTH, sizeof(struct block_request));
    uint64_t completions = RING_BYTES(DEPTH, sizeof(struct block_completion));
    *bare = (struct bare_client){.queue_bytes = (requests + completions + PAGE_SIZE - 1) &
                                                ~(uint64_t)(PAGE_SIZE - 1)};
    client_os_queue_create(bare->queue_bytes, &bare->queue_memory, &bare->queue);
    ring_producer_init(&bare->requests, bare->queue, requests, DEPTH, sizeof(struct block_request));
    ring_consumer_init(&bare->completions, (uint8_t *)bare->queue + requests, completions, DEPTH,
                       sizeof(struct block_completion));
    client_os_notification_create(&bare->notification);
    client_os_signal_handle(bare->notification, 1, &bare->signal);
    return find(name, &bare->endpoint) && attach(bare, memory);
}

void bare_close(struct bare_client *bare)
{
    struct message message = {.tag = message_tag(BLOCK_DETACH, 2, 0),
                              .word = {bare->session, GENERATION}};
    call(bare->endpoint, &message);
    client_os_close(bare->doorbell);
    client_os_close(bare->endpoint);
    client_os_close(bare->signal);
    client_os_close(bare->notification);
    client_os_queue_destroy(bare->queue_bytes, bare->queue_memory, bare->queue);
}

bool bare_submit(struct bare_client *bare, const struct block_io *io)
{
    struct block_request request = {
        .op = (uint16_t)io->op,
        .offset = io->offset,
        .bytes = io->bytes,
        .segments = 1,
        .segment = {io->segment[0]},
    };
    return ring_push(&bare->requests, &request) == 0;
}

unsigned bare_wait(struct bare_client *bare, uint64_t *bytes, unsigned *failed)
{
    unsigned taken = 0;
    while (taken == 0) {
        struct block_completion completion;
        uint64_t bits;
        if (ring_publish(&bare->requests))
            client_os_signal(bare->doorbell);
        while (ring_pop(&bare->completions, &completion) == 0) {
            *bytes += completion.bytes;
            *failed += completion.status != 0;
            taken++;
        }
        (void)ring_release(&bare->completions); // the driver never waits for room (C2)
        if (taken == 0 && ring_consumer_may_sleep(&bare->completions))
            client_os_wait(bare->notification, DEADLINE_NEVER, &bits);
    }
    return taken;
}
