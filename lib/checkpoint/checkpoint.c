// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "lib/checkpoint/checkpoint.h"

#include <string.h>

#include "abi/error.h"

#define MAGIC     0x31544e494f504b43ull // "CKPOINT1"
#define FNV_PRIME 0x100000001b3ull
#define DATA_START \
    (sizeof(struct checkpoint_header) + sizeof(struct checkpoint_piece[CHECKPOINT_PIECES]))

uint64_t checkpoint_sum(uint64_t sum, const void *data, size_t bytes)
{
    const uint8_t *byte = data;
    for (size_t i = 0; i < bytes; i++)
        sum = (sum ^ byte[i]) * FNV_PRIME;
    return sum;
}

static struct checkpoint_piece *pieces(const struct checkpoint *checkpoint)
{
    return (struct checkpoint_piece *)(void *)(checkpoint->memory +
                                               sizeof(struct checkpoint_header));
}

static uint64_t piece_sum(const struct checkpoint_piece *piece)
{
    return checkpoint_sum(CHECKPOINT_SUM, piece, offsetof(struct checkpoint_piece, sum));
}

static uint64_t copy_sum(const struct checkpoint_copy *copy, const void *contents)
{
    uint64_t sum = checkpoint_sum(CHECKPOINT_SUM, copy, offsetof(struct checkpoint_copy, sum));
    return checkpoint_sum(sum, contents, copy->bytes);
}

static bool piece_is_sound(const struct checkpoint *checkpoint,
                           const struct checkpoint_piece *piece)
{
    return piece->sum == piece_sum(piece) && memchr(piece->name, 0, sizeof(piece->name)) &&
           piece->offset >= DATA_START && piece->offset <= checkpoint->bytes &&
           piece->room <= (checkpoint->bytes - piece->offset) / 2;
}

static bool directory_is_sound(const struct checkpoint *checkpoint)
{
    const struct checkpoint_header *header = (const void *)checkpoint->memory;
    if (header->magic != MAGIC || header->bytes != checkpoint->bytes)
        return false;
    const struct checkpoint_piece *piece = pieces(checkpoint);
    for (unsigned i = 0; i < CHECKPOINT_PIECES && piece[i].name[0]; i++)
        if (!piece_is_sound(checkpoint, &piece[i]))
            return false;
    return true;
}

int checkpoint_open(struct checkpoint *checkpoint, void *memory, size_t bytes)
{
    *checkpoint = (struct checkpoint){.memory = memory, .bytes = bytes};
    if (bytes < DATA_START || bytes > UINT32_MAX)
        return -E_INVAL;
    if (directory_is_sound(checkpoint))
        return 0;
    memset(memory, 0, DATA_START);
    struct checkpoint_header *header = memory;
    header->bytes = bytes;
    header->magic = MAGIC;
    return 0;
}

static struct checkpoint_piece *find(const struct checkpoint *checkpoint, const char *name)
{
    struct checkpoint_piece *piece = pieces(checkpoint);
    for (unsigned i = 0; i < CHECKPOINT_PIECES && piece[i].name[0]; i++)
        if (!strcmp(piece[i].name, name))
            return &piece[i];
    return NULL;
}

static uint8_t *place(const struct checkpoint *checkpoint, const struct checkpoint_piece *piece,
                      unsigned which)
{
    return checkpoint->memory + piece->offset + (size_t)which * piece->room;
}

// The first free piece, given room for `bytes` bytes twice. NULL: there is none.
static struct checkpoint_piece *create(struct checkpoint *checkpoint, const char *name,
                                       size_t bytes)
{
    struct checkpoint_piece *piece = pieces(checkpoint);
    size_t offset = DATA_START;
    unsigned i = 0;
    for (; i < CHECKPOINT_PIECES && piece[i].name[0]; i++)
        offset = piece[i].offset + 2 * (size_t)piece[i].room;
    size_t room = (bytes + 7) & ~(size_t)7;
    if (i == CHECKPOINT_PIECES || room < bytes || room > (checkpoint->bytes - offset) / 2)
        return NULL;
    struct checkpoint_piece new = {.offset = (uint32_t)offset, .room = (uint32_t)room};
    memcpy(new.name, name, strlen(name));
    new.sum = piece_sum(&new);
    new.name[0] = 0; // until the rest is there
    piece[i] = new;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    piece[i].name[0] = name[0];
    return &piece[i];
}

int checkpoint_save(struct checkpoint *checkpoint, const char *name, uint32_t version,
                    const void *data, size_t bytes)
{
    if (!name[0] || strlen(name) >= CHECKPOINT_NAME_MAX)
        return -E_INVAL;
    struct checkpoint_piece *piece = find(checkpoint, name);
    if (!piece)
        piece = create(checkpoint, name, bytes);
    if (!piece || bytes > piece->room)
        return -E_NOMEM;
    unsigned older = piece->copy[0].number > piece->copy[1].number;
    struct checkpoint_copy copy = {
        .number = piece->copy[!older].number + 1, .version = version, .bytes = (uint32_t)bytes};
    piece->copy[older].number = 0; // not to be taken for whole while it changes
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    memcpy(place(checkpoint, piece, older), data, bytes);
    copy.sum = copy_sum(&copy, data);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    piece->copy[older] = copy;
    return 0;
}

static bool copy_is_whole(const struct checkpoint *checkpoint, const struct checkpoint_piece *piece,
                          unsigned which, uint32_t version)
{
    const struct checkpoint_copy *copy = &piece->copy[which];
    return copy->number && copy->version == version && copy->bytes <= piece->room &&
           copy->sum == copy_sum(copy, place(checkpoint, piece, which));
}

int64_t checkpoint_load(const struct checkpoint *checkpoint, const char *name, uint32_t version,
                        void *to, size_t room)
{
    const struct checkpoint_piece *piece = find(checkpoint, name);
    if (!piece)
        return -E_NOENT;
    unsigned newer = piece->copy[1].number > piece->copy[0].number;
    unsigned which = newer;
    if (!copy_is_whole(checkpoint, piece, which, version))
        which = !newer;
    if (!copy_is_whole(checkpoint, piece, which, version))
        return -E_NOENT;
    if (piece->copy[which].bytes > room)
        return -E_2BIG;
    memcpy(to, place(checkpoint, piece, which), piece->copy[which].bytes);
    return piece->copy[which].bytes;
}
