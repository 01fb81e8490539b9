// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The random number generator and getrandom(2). After each request the key is replaced by fresh
// output, so that an old state says nothing of earlier bytes ("fast key erasure", Bernstein 2017);
// kernel entropy comes in again and again.

#include "servers/posix/random.h"

#include <string.h>

#include "abi/error.h"
#include "lib/sys/sys.h"
#include "servers/posix/blake2s.h"
#include "servers/posix/chacha.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/task.h"
#include "servers/posix/user.h"

enum { RESEED_REQUESTS = 1024, GETRANDOM_PIECE = 1024 };
enum { TIMINGS = 8, WORD_BITS = 64, TIMING_ROTATION = 13 };
enum { GRND_NONBLOCK = 1, GRND_RANDOM = 2, GRND_INSECURE = 4 };

static const uint32_t no_nonce[3];
static uint32_t key[CHACHA_KEY_WORDS];
static unsigned requests;
static uint64_t timings[TIMINGS]; // each the moments of many events, folded

// The key becomes a keyed hash (BLAKE2s) of the data: who knows the data but not the key learns
// nothing, and nothing that was in the key is lost.
void random_mix(const void *data, size_t bytes)
{
    blake2s((uint8_t *)key, sizeof(key), key, sizeof(key), data, bytes);
}

// Two threads at one word at a time lose one of two moments.
void random_add_timing(void)
{
    static unsigned events;
    uint64_t *word = &timings[__atomic_fetch_add(&events, 1, __ATOMIC_RELAXED) % TIMINGS];
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
    old = old << TIMING_ROTATION | old >> (WORD_BITS - TIMING_ROTATION);
    __atomic_store_n(word, old ^ sys_clock(), __ATOMIC_RELAXED);
}

void random_mix_timings(void)
{
    uint64_t copy[TIMINGS];
    for (unsigned i = 0; i < TIMINGS; i++)
        copy[i] = __atomic_load_n(&timings[i], __ATOMIC_RELAXED);
    random_mix(copy, sizeof(copy));
}

static int reseed(void)
{
    random_mix_timings();
    uint8_t entropy[sizeof(key)];
    int64_t got = sys_info(INFO_ENTROPY, 0, entropy, sizeof(entropy));
    if (got < 0)
        return (int)got;
    random_mix(entropy, (size_t)got);
    return 0;
}

int random_init(void)
{
    return reseed();
}

void random_bytes(void *buffer, size_t bytes)
{
    uint8_t *to = buffer;
    uint8_t block[CHACHA_BLOCK_BYTES];
    // Failing here leaves the present key, which is as good as before.
    if (++requests % RESEED_REQUESTS == 0)
        (void)reseed();
    // Block 0: the next key, and the first bytes of the answer.
    uint32_t counter = 0;
    chacha_block(key, counter++, no_nonce, block);
    size_t have = sizeof(block) - sizeof(key);
    uint8_t next_key[sizeof(key)];
    memcpy(next_key, block, sizeof(key));
    const uint8_t *from = block + sizeof(key);
    while (bytes > 0) {
        size_t piece = bytes < have ? bytes : have;
        memcpy(to, from, piece);
        to += piece;
        bytes -= piece;
        if (bytes > 0) {
            chacha_block(key, counter++, no_nonce, block);
            from = block;
            have = sizeof(block);
        }
    }
    memcpy(key, next_key, sizeof(key));
}

uint64_t random_u64(void)
{
    uint64_t value;
    random_bytes(&value, sizeof(value));
    return value;
}

int64_t linux_getrandom(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t bytes = argument[1], flags = argument[2], done = 0;
    uint8_t piece[GETRANDOM_PIECE];
    if ((flags & ~(uint64_t)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) != 0 ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -E_INVAL;
    if (bytes > INT32_MAX)
        bytes = INT32_MAX;
    while (done < bytes) {
        size_t count = bytes - done < sizeof(piece) ? (size_t)(bytes - done) : sizeof(piece);
        random_bytes(piece, count);
        int64_t moved = user_write_some(task, argument[0] + done, piece, count);
        if (moved <= 0)
            return done > 0 ? (int64_t)done : -E_FAULT;
        done += (uint64_t)moved;
        if (signal_pending(task))
            break;
    }
    return (int64_t)done;
}
