// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Spin model of the sleep/doorbell protocol of abi/ring.h on a processor with store buffers (x86-TSO): each thread's
// stores go through a FIFO that drains to memory at any later time; a fence waits for its own FIFO to be empty.
//
// Checked: no reachable state in which both sides sleep or one sleeps with work undone (invalid end state), entries
// arrive in order, R1 holds. Without the fences (NO_FENCE), or without the second look between arming the doorbell and
// going to sleep (NO_RECHECK), the search must find a lost wake-up. Indices are modulo 8 (MODULUS), so the model wraps
// several times.

#define CAPACITY 2
#define MODULUS  8
#define ITEMS    10

#define HEAD 0
#define TAIL 1
#define WAKE_CONSUMER 2
#define WAKE_PRODUCER 3
#define SLOT 4 /* SLOT + i */

byte memory[6];
bool bell_consumer, bell_producer;
chan buffer[2] = [4] of { byte, byte }; /* store buffers of producer (0) and consumer (1) */

#define STORE(who, where, value) buffer[who] ! where, value
#ifdef NO_FENCE
#define FENCE(who) skip
#else
#define FENCE(who) empty(buffer[who])
#endif
#ifdef NO_RECHECK
#define LOOK_AGAIN(seen, where) skip
#else
#define LOOK_AGAIN(seen, where) seen = memory[where]
#endif
#define DISTANCE(from, to)           (((to) + MODULUS - (from)) % MODULUS)
#define PASSED(wake, before, after)  (DISTANCE(before, wake) < DISTANCE(before, after))

active [2] proctype drain()
{
    byte where, value;
end:
    do
    :: atomic { buffer[_pid] ? where, value -> memory[where] = value }
    od
}

active proctype producer()
{
    byte own = 0, published = 0, seen = 0, sent = 0, wake;
    do
    :: sent == ITEMS -> break
    :: sent < ITEMS ->
        seen = memory[TAIL];
        if
        :: DISTANCE(seen, own) < CAPACITY ->
            STORE(0, SLOT + own % CAPACITY, sent);
            own = (own + 1) % MODULUS;
            sent++;
            STORE(0, HEAD, own);
            FENCE(0);
            wake = memory[WAKE_CONSUMER];
            if
            :: PASSED(wake, published, own) -> bell_consumer = true
            :: else
            fi;
            published = own
        :: else ->
            STORE(0, WAKE_PRODUCER, seen);
            FENCE(0);
            LOOK_AGAIN(seen, TAIL);
            if
            :: DISTANCE(seen, own) == CAPACITY -> atomic { bell_producer -> bell_producer = false }
            :: else
            fi
        fi
    od
}

active proctype consumer()
{
    byte own = 0, published = 0, seen = 0, got = 0, wake;
    do
    :: got == ITEMS -> break
    :: got < ITEMS ->
        seen = memory[HEAD];
        assert(DISTANCE(published, seen) <= CAPACITY); /* R1 */
        if
        :: seen != own ->
            assert(memory[SLOT + own % CAPACITY] == got);
            got++;
            own = (own + 1) % MODULUS;
            STORE(1, TAIL, own);
            FENCE(1);
            wake = memory[WAKE_PRODUCER];
            if
            :: PASSED(wake, published, own) -> bell_producer = true
            :: else
            fi;
            published = own
        :: else ->
            STORE(1, WAKE_CONSUMER, seen);
            FENCE(1);
            LOOK_AGAIN(seen, HEAD);
            if
            :: seen == own -> atomic { bell_consumer -> bell_consumer = false }
            :: else
            fi
        fi
    od
}
