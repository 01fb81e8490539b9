// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Two threads push a counted stream through tiny rings and sleep at every chance, with a
// notification (a word of bits behind mutex and condition, as the kernel's) for the doorbells. A
// lost wake-up shows as a hang, which the deadline of the sleep turns into a failure: a sleeper
// that was owed a doorbell and got none.
//
// Plain main, because it also runs under ThreadSanitizer. Exit status 0: passed.

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/ring/ring.h"

enum { ENTRIES = 200000, CAPACITY_MAX = 64, LOST_WAKE_UP_SECONDS = 20 };

struct bell {
    pthread_mutex_t mutex;
    pthread_cond_t rung;
    bool bit;
};

struct stress {
    _Alignas(RING_LINE_BYTES) uint8_t memory[RING_BYTES(CAPACITY_MAX, sizeof(uint64_t))];
    uint32_t capacity;
    uint32_t batch;
    struct bell to_consumer;
    struct bell to_producer;
    uint64_t doorbells;
};

static void fail(const char *what)
{
    fprintf(stderr, "ring stress: %s\n", what);
    exit(1);
}

static void bell_ring(struct bell *bell)
{
    pthread_mutex_lock(&bell->mutex);
    bell->bit = true;
    pthread_cond_signal(&bell->rung);
    pthread_mutex_unlock(&bell->mutex);
}

static void bell_wait(struct bell *bell, const char *who)
{
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += LOST_WAKE_UP_SECONDS;
    pthread_mutex_lock(&bell->mutex);
    while (!bell->bit)
        if (pthread_cond_timedwait(&bell->rung, &bell->mutex, &deadline) != 0)
            fail(who);
    bell->bit = false;
    pthread_mutex_unlock(&bell->mutex);
}

static void *produce(void *argument)
{
    struct stress *s = argument;
    struct ring_producer producer;
    if (ring_producer_init(&producer, s->memory, sizeof(s->memory), s->capacity,
                           sizeof(uint64_t)) != 0)
        fail("producer init");
    uint64_t number = 0;
    while (number < ENTRIES) {
        int status = 0;
        for (uint32_t i = 0; i < s->batch && number < ENTRIES; i++) {
            status = ring_push(&producer, &number);
            if (status < 0)
                break;
            number++;
        }
        if (ring_publish(&producer)) {
            s->doorbells++;
            bell_ring(&s->to_consumer);
        }
        if (status == -E_PROTO)
            fail("producer saw a broken ring");
        if (status == -E_AGAIN && ring_producer_may_sleep(&producer))
            bell_wait(&s->to_producer, "producer not woken");
    }
    return NULL;
}

static void consume(struct stress *s)
{
    struct ring_consumer consumer;
    if (ring_consumer_init(&consumer, s->memory, sizeof(s->memory), s->capacity,
                           sizeof(uint64_t)) != 0)
        fail("consumer init");
    uint64_t expected = 0;
    while (expected < ENTRIES) {
        uint64_t number;
        int status;
        while ((status = ring_pop(&consumer, &number)) == 0)
            if (number != expected++)
                fail("entries out of order");
        if (status != -E_AGAIN)
            fail("consumer saw a broken ring");
        if (ring_release(&consumer))
            bell_ring(&s->to_producer);
        if (expected < ENTRIES && ring_consumer_may_sleep(&consumer))
            bell_wait(&s->to_consumer, "consumer not woken");
    }
    ring_release(&consumer);
}

int main(void)
{
    static const uint32_t shape[][2] = {{1, 1}, {2, 1}, {4, 3}, {64, 1}, {64, 64}};
    for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++) {
        static struct stress s;
        s.capacity = shape[i][0];
        s.batch = shape[i][1];
        s.doorbells = 0;
        s.to_consumer = s.to_producer =
            (struct bell){.mutex = PTHREAD_MUTEX_INITIALIZER, .rung = PTHREAD_COND_INITIALIZER};
        ring_format(s.memory);
        pthread_t producer;
        if (pthread_create(&producer, NULL, produce, &s) != 0)
            fail("no thread");
        consume(&s);
        pthread_join(producer, NULL);
        printf("capacity %2u batch %2u: %u entries, %llu doorbells\n", s.capacity, s.batch, ENTRIES,
               (unsigned long long)s.doorbells);
    }
    return 0;
}
