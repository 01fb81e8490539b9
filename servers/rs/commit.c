// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/rs/commit.h"
#include "abi/error.h"

#include <string.h>

#define MAGIC 0x58494e494d2d7273ull

// In words. The header: what it is, the areas' shape, the number of the last commit and its
// complement, which is written first. After it, for each piece, the two places' numbers: of the
// commit from which they count; 0: none, or being written. Then the places, each a checksum and
// data.
enum { HEADER_MAGIC, HEADER_SHAPE, HEADER_NUMBER, HEADER_INVERSE, HEADER_WORDS };
enum { PLACE_SUM, PLACE_WORDS };

static size_t place_words(const struct commit_area *area)
{
    return PLACE_WORDS + area->bytes / sizeof(uint64_t);
}

static size_t count_pieces(const struct commit_area *area, unsigned areas)
{
    size_t pieces = 0;
    for (unsigned i = 0; i < areas; i++)
        pieces += area[i].pieces;
    return pieces;
}

static uint64_t sum_words(uint64_t sum, const uint64_t *word, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15ull;
        sum ^= sum >> 29;
    }
    return sum;
}

static uint64_t place_sum(const uint64_t *place, uint64_t number, size_t words)
{
    return sum_words(number, place + PLACE_WORDS, words - PLACE_WORDS);
}

static uint64_t shape_of(const struct commit_area *area, unsigned areas)
{
    uint64_t shape = areas;
    for (unsigned i = 0; i < areas; i++) {
        const uint64_t words[] = {area[i].pieces, area[i].bytes};
        shape = sum_words(shape, words, 2);
    }
    return shape;
}

// Words of the first areas' places.
static size_t words_of_places(const struct commit_area *area, unsigned areas)
{
    size_t words = 0;
    for (unsigned i = 0; i < areas; i++)
        words += 2 * area[i].pieces * place_words(&area[i]);
    return words;
}

size_t commit_bytes(const struct commit_area *area, unsigned areas)
{
    return (HEADER_WORDS + 2 * count_pieces(area, areas) + words_of_places(area, areas)) *
           sizeof(uint64_t);
}

// What is written before must be there for a successor that sees what is written after.
static void order(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static uint64_t *number_at(const struct commit *commit, unsigned area, size_t index, unsigned which)
{
    size_t piece = count_pieces(commit->area, area) + index;
    return commit->memory + HEADER_WORDS + 2 * piece + which;
}

static uint64_t *place_at(const struct commit *commit, unsigned area, size_t index, unsigned which)
{
    return commit->memory + HEADER_WORDS + 2 * count_pieces(commit->area, commit->areas) +
           words_of_places(commit->area, area) +
           (2 * index + which) * place_words(&commit->area[area]);
}

// What was put for a commit that never came about must not count from the next one.
static void forget_unfinished(struct commit *commit)
{
    uint64_t *number = commit->memory + HEADER_WORDS;
    for (size_t i = 0; i < 2 * count_pieces(commit->area, commit->areas); i++)
        if (number[i] > commit->memory[HEADER_NUMBER])
            number[i] = 0;
}

int commit_open(struct commit *commit, void *memory, const struct commit_area *area, unsigned areas)
{
    uint64_t *header = memory;
    *commit = (struct commit){.memory = memory, .area = area, .areas = areas};
    if (!header[HEADER_MAGIC] && !header[HEADER_NUMBER]) {
        header[HEADER_SHAPE] = shape_of(area, areas);
        header[HEADER_INVERSE] = ~0ull;
        order();
        header[HEADER_MAGIC] = MAGIC;
    }
    uint64_t number = header[HEADER_NUMBER], begun = ~header[HEADER_INVERSE];
    if (header[HEADER_MAGIC] != MAGIC || header[HEADER_SHAPE] != shape_of(area, areas) ||
        (begun != number && begun != number + 1))
        return -E_IO;
    forget_unfinished(commit);
    return number != 0;
}

// Which of the two places is the newer one; -E_NOENT: none.
static int newest(const struct commit *commit, unsigned area, size_t index)
{
    uint64_t first = *number_at(commit, area, index, 0);
    uint64_t second = *number_at(commit, area, index, 1);
    if (!first && !second)
        return -E_NOENT;
    return second > first;
}

bool commit_has(const struct commit *commit, unsigned area, size_t index, const void *data,
                size_t bytes)
{
    int last = newest(commit, area, index);
    return last >= 0 &&
           !memcmp(place_at(commit, area, index, (unsigned)last) + PLACE_WORDS, data, bytes);
}

void commit_put(struct commit *commit, unsigned area, size_t index, const void *data)
{
    if (commit_has(commit, area, index, data, commit->area[area].bytes))
        return;
    uint64_t next = commit->memory[HEADER_NUMBER] + 1;
    int last = newest(commit, area, index);
    unsigned to = last == 0;
    if (last >= 0 && *number_at(commit, area, index, (unsigned)last) == next)
        to = (unsigned)last; // put before, since the last commit
    uint64_t *place = place_at(commit, area, index, to);
    *number_at(commit, area, index, to) = 0;
    order();
    memcpy(place + PLACE_WORDS, data, commit->area[area].bytes);
    place[PLACE_SUM] = place_sum(place, next, place_words(&commit->area[area]));
    order();
    *number_at(commit, area, index, to) = next;
    commit->changed = true;
}

void commit_end(struct commit *commit)
{
    if (!commit->changed)
        return;
    uint64_t number = commit->memory[HEADER_NUMBER] + 1;
    order();
    commit->memory[HEADER_INVERSE] = ~number;
    order();
    commit->memory[HEADER_NUMBER] = number;
    commit->changed = false;
}

int commit_get(const struct commit *commit, unsigned area, size_t index, void *data)
{
    int last = newest(commit, area, index);
    if (last < 0)
        return last;
    const uint64_t *place = place_at(commit, area, index, (unsigned)last);
    uint64_t number = *number_at(commit, area, index, (unsigned)last);
    if (place[PLACE_SUM] != place_sum(place, number, place_words(&commit->area[area])))
        return -E_IO;
    memcpy(data, place + PLACE_WORDS, commit->area[area].bytes);
    return 0;
}
