// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Fault injection (abi/rs.h, RS_FAULT), only with `xinim.faults=1` on the kernel's command line.
//
// Most faults the service commits itself: rs keeps the word, signals the heartbeat's notification,
// and the answer to RS_HEARTBEAT brings it. Mutations are rs's: each process of the machine then
// has code and constants of its own, in a memory object that rs has mapped writable. In the way of
// Nooks (Swift, Bershad, Levy, SOSP 2003), but blind: bytes are changed without decoding them, so
// some changes are of no consequence. On a processor without coherent instruction caches a change
// may show late.

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

#include <string.h>

enum { MUTATIONS_MAX = 4096 };

bool fault_allowed(void)
{
    static bool looked, allowed;
    char line[1024];
    if (looked)
        return allowed;
    looked = true;
    int64_t bytes = sys_info(INFO_COMMAND_LINE, 0, line, sizeof(line) - 1);
    line[bytes > 0 ? bytes : 0] = 0;
    for (const char *word = line; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        allowed |= length == 14 && !memcmp(word, "xinim.faults=1", 14);
        word += length;
    }
    return allowed;
}

// ---- text of its own ----

void fault_text_drop(struct service *service)
{
    if (service->text.alias)
        (void)sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)service->text.alias,
                               service->text.bytes);
    service_close_handle(&service->text.memory);
    service->text = (struct fault_text){0};
}

handle_t fault_text_make(struct service *service, const struct image *image)
{
    fault_text_drop(service);
    service->fault = RS_FAULT_NONE;
    if (!fault_allowed())
        return HANDLE_NONE;
    struct fault_text text = {.bytes = image_bytes(image)};
    int64_t status = sys_memory_create(text.bytes, 0, HANDLE_NONE);
    if (status < 0)
        return HANDLE_NONE; // it runs all the same, and cannot be mutated
    text.memory = (handle_t)status;
    struct aspace_map_args args = {
        .bytes = text.bytes, .memory = text.memory, .prot = PROT_READ | PROT_WRITE};
    status = sys_aspace_map(HANDLE_SELF, &args);
    if (status >= 0)
        text.alias = (uint8_t *)(uintptr_t)status;
    if (status < 0 || image_contents(image, text.alias) < 0) {
        (void)sys_handle_close(text.memory);
        return HANDLE_NONE;
    }
    service->text = text;
    return text.memory;
}

void fault_text_restore(struct service *service)
{
    if (service->text.memory == HANDLE_NONE)
        return;
    struct aspace_map_args args = {.bytes = service->text.bytes,
                                   .memory = service->text.memory,
                                   .prot = PROT_READ | PROT_WRITE};
    int64_t status = sys_aspace_map(HANDLE_SELF, &args);
    service->text.alias = status < 0 ? NULL : (uint8_t *)(uintptr_t)status; // not to be mutated
}

// ---- mutations ----

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull; // SplitMix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

enum mutation {
    FLIP_BIT, // another register, operation or constant
    RANDOM_BYTE,
    LOSE_WORD,   // four bytes of "no operation"
    REPEAT_WORD, // the four bytes before once more
    STRAY_WORD,  // four bytes from anywhere in the text
    MUTATIONS,
};

enum { WORD = 4 };

static const uint8_t no_operation[WORD] =
#if defined(__x86_64__)
    {0x90, 0x90, 0x90, 0x90};
#elif defined(__aarch64__)
    {0x1f, 0x20, 0x03, 0xd5};
#endif

static void mutate_once(uint8_t *text, uint64_t bytes, uint64_t *random)
{
    uint64_t words = bytes / WORD;
    uint64_t at = (1 + next_random(random) % (words - 1)) * WORD;
    uint8_t *byte = text + at + next_random(random) % WORD;
    switch ((enum mutation)(next_random(random) % MUTATIONS)) {
    case FLIP_BIT:
        *byte ^= (uint8_t)(1 << next_random(random) % 8);
        break;
    case RANDOM_BYTE:
        *byte = (uint8_t)next_random(random);
        break;
    case LOSE_WORD:
        memcpy(text + at, no_operation, WORD);
        break;
    case REPEAT_WORD:
        memcpy(text + at, text + at - WORD, WORD);
        break;
    default:
        memmove(text + at, text + next_random(random) % words * WORD, WORD);
        break;
    }
}

static int mutate(struct service *service, uint64_t seed, uint64_t count)
{
    const char *why = "";
    const struct image *image =
        service->image ? service->image : image_get(service->manifest->binary, &why);
    uint64_t offset, bytes;
    if (!service->text.alias || !image || !image_text(image, &offset, &bytes))
        return -E_OPNOTSUPP;
    if (count > MUTATIONS_MAX)
        return -E_INVAL;
    uint64_t random = seed;
    for (uint64_t i = 0; i < count; i++)
        mutate_once(service->text.alias + offset, bytes, &random);
    return 0;
}

// ---- requests ----

static int inject(struct service *service, const struct message *request)
{
    uint64_t fault = request->word[0];
    if (fault == RS_FAULT_NONE || fault >= RS_FAULTS)
        return -E_INVAL;
    if (service == rs.self)
        return self_fault((enum rs_fault)fault, request->word[2]);
    // One that is being killed would take the fault with it.
    if (service->state != RS_RUNNING || service->process == HANDLE_NONE || service->reason[0])
        return -E_BUSY;
    if (fault == RS_FAULT_MUTATE)
        return mutate(service, request->word[1], request->word[2]);
    if (fault == RS_FAULT_BAD_DMA && service->dma.protection != RS_DMA_CONFINED) {
        log_warning("%s: no IOMMU protects memory from its device: fault refused", service->name);
        return -E_OPNOTSUPP;
    }
    if (service->ping == HANDLE_NONE)
        return -E_OPNOTSUPP;
    service->fault = (enum rs_fault)fault;
    return (int)sys_signal(service->ping);
}

int64_t request_fault(struct service *client, struct message *request, struct message *reply,
                      handle_t *closing)
{
    (void)reply;
    (void)closing;
    const char *name = (const char *)&request->word[3];
    if (!(RS_BADGE_PERMISSIONS(request->badge) & RS_MAY_CONTROL) || !fault_allowed())
        return -E_PERM;
    struct service *service = memchr(name, 0, RS_NAME_MAX) ? service_by_name(name) : NULL;
    if (!service)
        return -E_NOENT;
    int status = inject(service, request);
    service->faulted |= status == 0;
    log_info("%s: fault %llu (seed %llu, count %llu) by %s: %d", name,
             (unsigned long long)request->word[0], (unsigned long long)request->word[1],
             (unsigned long long)request->word[2], client->name, status);
    return status;
}

enum rs_fault fault_take(struct service *service)
{
    enum rs_fault fault = service->fault;
    service->fault = RS_FAULT_NONE;
    return fault;
}
