// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The session of a block client with its driver: found through devmgr and rs, attached, checked,
// and made anew with the successor when the driver was replaced (client_private.h).

#include <string.h>

#include "abi/devmgr.h"
#include "abi/error.h"
#include "abi/rs.h"
#include "lib/block/client_os.h"
#include "lib/block/client_private.h"

// One call with the lock released. Every wait for somebody else is bounded.
static int call_within(struct block_client *client, handle_t endpoint, struct message *message,
                       uint64_t timeout)
{
    client_unlock(client);
    int status = client_os_call(endpoint, message, client_os_clock() + timeout);
    client_lock(client);
    return status;
}

static int call(struct block_client *client, handle_t endpoint, struct message *message)
{
    return call_within(client, endpoint, message, CLIENT_CALL_TIMEOUT_NS);
}

// A call to the driver, which may answer anything: labels are 0 or an error, and that the endpoint
// is gone for good is not its to say.
static int call_driver(struct block_client *client, struct message *message, uint64_t timeout)
{
    int status = call_within(client, client->endpoint, message, timeout);
    bool is_answer = message_label(message->tag) == status;
    return status > 0 || (status == -E_DEAD && is_answer) ? -E_PROTO : status;
}

static void sleep_until(struct block_client *client, time_ns_t deadline)
{
    uint64_t bits;
    client_unlock(client);
    client_os_wait(HANDLE_NONE, deadline, &bits);
    client_lock(client);
}

// ---- finding ----

static int find_device(struct block_client *client, struct device_info *info, uint64_t timeout)
{
    struct message message = {.tag = message_tag(DEVMGR_FIND, 3, 0), .word = {DEVICE_BLOCK}};
    strncpy((char *)&message.word[1], client->device, DEVICE_NAME_MAX);
    int status = call_within(client, client->devmgr, &message, timeout);
    client_os_close_handles(&message);
    if (status < 0)
        return status;
    memcpy(info, message.word, sizeof(*info));
    info->service[DEVICE_SERVICE_MAX - 1] = '\0';
    client->unit = info->unit;
    return 0;
}

static int connect_driver(struct block_client *client, const struct device_info *info)
{
    if (client->endpoint != HANDLE_NONE)
        return 0; // an endpoint outlives its server
    strncpy(client->service, info->service, sizeof(client->service) - 1);
    struct message message = {.tag = message_tag(RS_CONNECT, RS_NAME_WORDS, 0)};
    strncpy((char *)&message.word[0], info->service, RS_NAME_MAX - 1);
    int status = call(client, client->rs, &message);
    if (status >= 0 && message_handles(message.tag) >= 1) {
        client->endpoint = message.handle[0];
        message.handle[0] = HANDLE_NONE;
    }
    client_os_close_handles(&message);
    if (status < 0)
        return status;
    return client->endpoint != HANDLE_NONE ? 0 : -E_PROTO;
}

// What a device's state means for us: 0 there is a driver, -E_AGAIN wait, -E_NODEV there will be
// none.
static int judge_state(uint32_t state)
{
    switch (state) {
    case DEVICE_RUNNING:
        return 0;
    case DEVICE_STARTING:
    case DEVICE_RESTARTING:
        return -E_AGAIN;
    default:
        return -E_NODEV;
    }
}

int client_session_find(struct block_client *client, time_ns_t deadline)
{
    for (;;) {
        struct device_info info;
        bool waits = client_os_clock() < deadline; // then devmgr can be asked again
        int status =
            find_device(client, &info, waits ? CLIENT_FIND_TIMEOUT_NS : CLIENT_CALL_TIMEOUT_NS);
        if (status == 0)
            status = judge_state(info.state);
        if (status == 0)
            status = connect_driver(client, &info);
        if (status == 0)
            client->told = client->incarnation = info.incarnation;
        bool may_come = status == -E_AGAIN || status == -E_NOENT || status == -E_RESTARTED ||
                        status == -E_TIMEDOUT;
        if (!may_come)
            return status;
        time_ns_t now = client_os_clock();
        if (now >= deadline)
            return status == -E_NOENT ? -E_NODEV : -E_TIMEDOUT;
        time_ns_t next = now + CLIENT_RETRY_PERIOD_NS;
        sleep_until(client, next < deadline ? next : deadline);
    }
}

// ---- attaching ----

static bool info_is_sound(const struct block_info *info)
{
    uint32_t block = info->block_bytes;
    return block >= BLOCK_SECTOR_BYTES && (block & (block - 1)) == 0 &&
           info->capacity % block == 0 && info->request_bytes_max >= PAGE_SIZE &&
           info->request_bytes_max <= BLOCK_REQUEST_BYTES_MAX;
}

// What callers were told must not change under them.
static bool is_same_disk(const struct block_info *a, const struct block_info *b)
{
    return a->block_bytes == b->block_bytes && a->features == b->features && a->start == b->start;
}

// Capacity and longest request may change, but a driver at fault may say so, too: two incarnations
// must agree.
static bool change_is_believed(struct block_client *client, const struct block_info *info)
{
    const struct block_info *now = &client->info, *other = &client->doubtful;
    if (info->capacity == now->capacity && info->request_bytes_max == now->request_bytes_max)
        return true;
    bool agree =
        info->capacity == other->capacity && info->request_bytes_max == other->request_bytes_max;
    if (agree && client->incarnation > client->doubtful_incarnation)
        return true;
    client->doubtful = *info;
    client->doubtful_incarnation = client->incarnation;
    return false;
}

// Takes over what the driver says of itself and of the disk. -E_PROTO: it cannot be so.
static int take_answer(struct block_client *client, const struct message *message)
{
    enum { INCARNATIONS_BEHIND = 1000 }; // that devmgr may be
    struct block_info info;
    bool again = client->info.block_bytes != 0;
    // The driver's word counts: devmgr's may be of the one before, while this call waited.
    uint64_t ahead = message->word[1] - client->told;
    client->incarnation = ahead < INCARNATIONS_BEHIND ? message->word[1] : client->told;
    memcpy(&info, &message->word[2], sizeof(info));
    if (ahead >= INCARNATIONS_BEHIND || !info_is_sound(&info) ||
        (again && !(is_same_disk(&info, &client->info) && change_is_believed(client, &info))))
        return -E_PROTO;
    client->session = (uint32_t)message->word[0];
    client->info = info;
    return 0;
}

static int send_attach(struct block_client *client)
{
    struct message message = {
        .tag = message_tag(BLOCK_ATTACH, 4, 2),
        .word = {client->unit, client->partition, client->depth, client->generation},
        .handle = {client->queue_memory, client->completion_signal}, // the driver gets copies
    };
    int status = call_driver(client, &message, CLIENT_CALL_TIMEOUT_NS);
    if (status >= 0 && (message_handles(message.tag) < 1 ||
                        message_words(message.tag) < 2 + sizeof(client->info) / 8))
        status = -E_PROTO;
    if (status >= 0) {
        status = take_answer(client, &message);
        client->doorbell = message.handle[0];
        message.handle[0] = HANDLE_NONE;
    }
    client_os_close_handles(&message);
    return status < 0 ? status : 0;
}

int client_session_send_memory(struct block_client *client, uint32_t index)
{
    struct message message = {
        .tag = message_tag(BLOCK_ADD_MEMORY, 2, 1),
        .word = {client->session, client->generation},
        .handle = {client->memory[index].handle},
    };
    int status = call_driver(client, &message, CLIENT_CALL_TIMEOUT_NS);
    client_os_close_handles(&message);
    if (status < 0)
        return status;
    return message.word[0] == index ? 0 : -E_PROTO;
}

static int format_rings(struct block_client *client)
{
    uint8_t *completions =
        (uint8_t *)client->queue + RING_BYTES(client->depth, sizeof(struct block_request));
    ring_format(client->queue);
    ring_format(completions);
    int status = ring_producer_init(&client->requests, client->queue, (size_t)client->queue_bytes,
                                    client->depth, sizeof(struct block_request));
    if (status < 0)
        return status;
    return ring_consumer_init(&client->completions, completions,
                              RING_BYTES(client->depth, sizeof(struct block_completion)),
                              client->depth, sizeof(struct block_completion));
}

static int attach(struct block_client *client)
{
    client_os_close(client->doorbell);
    client->doorbell = HANDLE_NONE;
    client->incarnation = client->told; // until the driver says so itself
    client->generation++;
    client_recall(client);
    int status = format_rings(client);
    if (status == 0)
        status = send_attach(client);
    // Memories may be added by other threads while this one talks to the driver: they are sent here
    // too.
    for (uint32_t i = 0; status == 0 && i < client->memories; i++)
        status = client_session_send_memory(client, i);
    return status;
}

int client_session_attach(struct block_client *client)
{
    client->attached = false;
    client->attaching = true;
    int status = attach(client);
    if (status == 0) {
        client_judge(client);
        client->stats.resubmitted += client->in_flight;
    }
    client->attached = status == 0;
    client->attaching = false;
    if (client->attached)
        client_feed(client);
    return status;
}

// ---- checking ----

// 0: the driver knows our session. -E_AGAIN: cannot be told now. -E_RESTARTED: attach anew, for
// whatever reason it has.
static int ask_driver(struct block_client *client)
{
    struct message message = {
        .tag = message_tag(BLOCK_CHECK, 2, 0),
        .word = {client->session, client->generation},
    };
    int status = call_driver(client, &message, CLIENT_CHECK_TIMEOUT_NS);
    client_os_close_handles(&message);
    client->deaf = status == -E_TIMEDOUT;
    client->mute = status == 0 && message_words(message.tag) > 0 && message.word[0] == 0;
    if (client->deaf)
        return -E_AGAIN;
    return status == 0 ? 0 : -E_RESTARTED;
}

// 0: the session is good. -E_AGAIN: the device has no driver at present. -E_NODEV: never again.
// Else: attach anew.
static int examine(struct block_client *client)
{
    struct device_info info;
    int status = find_device(client, &info, CLIENT_FIND_TIMEOUT_NS);
    if (status == 0)
        status = judge_state(info.state);
    if (status == -E_NODEV)
        return -E_NODEV;
    if (status < 0)
        return -E_AGAIN; // also when devmgr itself is being replaced
    client->told = info.incarnation;
    if (client->shuns && info.incarnation <= client->shunned)
        return -E_AGAIN; // devmgr does not know yet
    client->shuns = false;
    if (!client->attached || info.incarnation > client->incarnation)
        return -E_RESTARTED;
    return ask_driver(client);
}

// The driver knows neither disk nor partition.
static bool is_denial(int status)
{
    return status == -E_NODEV || status == -E_NOENT;
}

static void give_up(struct block_client *client)
{
    client->dead = true;
    client->attached = false;
    client_fail_all(client, -E_NODEV);
}

// May an attachment that failed so be tried again with the same driver? For a while: it may be
// ending, or short of memory. One that goes on like that would keep us for ever.
static bool may_try_again(struct block_client *client, int status)
{
    if (status == -E_PROTO || is_denial(status))
        return false;
    if (status == -E_RESTARTED)
        return true;
    return ++client->refusals < CLIENT_REFUSALS_MAX;
}

// A driver that tells nonsense is replaced; that the disk is gone is believed of the second one.
static void attach_failed(struct block_client *client, int status)
{
    bool second = client->denied_by != 0 && client->denied_by < client->told + 1;
    if (status == -E_DEAD || (is_denial(status) && second)) {
        give_up(client);
        return;
    }
    if (may_try_again(client, status))
        return;
    client->refusals = 0;
    if (is_denial(status) && client->denied_by == 0)
        client->denied_by = client->told + 1;
    client_session_complain(client, client_os_clock());
}

static void attach_again(struct block_client *client)
{
    int status = client_session_attach(client);
    if (status < 0) {
        attach_failed(client, status);
        return;
    }
    client->denied_by = 0;
    client->refusals = 0;
    client->stats.reattached++;
    client_os_log("%s: attached to a new driver, %u requests submitted again", client->device,
                  (unsigned)client->in_flight);
}

static void check(struct block_client *client)
{
    client->attaching = true;
    int status = examine(client);
    client->attaching = false;
    if (status == -E_NODEV)
        give_up(client);
    else if (status != 0 && status != -E_AGAIN)
        attach_again(client);
}

void client_session_check(struct block_client *client)
{
    client->changed = true;
    if (client->attaching || client->dead)
        return; // another thread is at it, and looks again
    while (client->changed && !client->dead) {
        client->changed = false;
        check(client);
    }
    client_wake_waiters(client);
}

void client_session_complain(struct block_client *client, time_ns_t since)
{
    // A driver at fault may have told a wrong incarnation; devmgr's is right, or too old for rs.
    uint64_t incarnation = client->incarnation < client->told ? client->incarnation : client->told;
    struct message message = {
        .tag = message_tag(RS_COMPLAIN, 2 + RS_NAME_WORDS, 0),
        .word = {incarnation, since},
    };
    memcpy(&message.word[2], client->service, sizeof(client->service));
    client->stats.complaints++;
    client->attaching = true;
    int status = call(client, client->rs, &message);
    client->attaching = false;
    client_os_close_handles(&message);
    client->shuns = status == 0;
    if (client->shuns) {
        client->shunned = incarnation;
        client->attached = false;
    }
    client_os_log("%s: its driver is to be replaced: %s (%d)", client->device,
                  client->shuns ? "rs agrees" : "rs refuses", status);
}

void client_session_detach(struct block_client *client)
{
    if (!client->attached)
        return;
    struct message message = {
        .tag = message_tag(BLOCK_DETACH, 2, 0),
        .word = {client->session, client->generation},
    };
    int status = call(client, client->endpoint, &message);
    client_os_close_handles(&message);
    client->attached = false;
    if (status < 0)
        client_os_log("%s: not detached in order: error %d", client->device, status);
}
