// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Spin model of the session between a block client and its driver (abi/block.h, lib/block): generations, memory that
// belongs to the client, completions of earlier sessions refused, requests submitted again in order around a barrier.
// docs/recovery.md explains the protocol. The rings' indices and doorbells have a model of their own (ring.pml); here a
// ring is a channel.
//
// The driver dies at any moment, KILLS times. The client attaches anew when devmgr shows another incarnation, and
// ATTACHES times besides for reasons of its own (a broken ring, a control message that timed out) while the driver that
// serves the old session lives. The device carries commands out in any order, also a dead driver's until devmgr has
// reset it. Control messages of the client wait for the driver or its successor.
//
// Checked (P1-P3 of docs/recovery.md):
//   P1  the device never touches memory of a request whose completion the client has taken
//   P2  a barrier starts when all earlier requests were carried out, and later ones start after it
//   P3  every request is completed (no invalid end state), and the last write is the one that stays
//
// Each of these takes one rule away, and then the search must find a fault:
//   NO_GENERATION  the client takes completions of earlier generations
//   NO_ORDER       requests are submitted again in another order than at first
//   NO_DRAIN       a session starts while commands of the session it replaces are in the device
//   NO_RESET       a successor starts while the device carries out its predecessor's commands
//   NO_RESUBMIT    requests in flight are not submitted again

#define REQUESTS 4
#define BARRIER  3
#define DEPTH    3 /* requests in flight */
#define KILLS    2
#define ATTACHES 1
#define SESSIONS 5 /* generations 1 .. SESSIONS - 1 */

mtype = { NEW, IN_FLIGHT, COMPLETED };
mtype request[REQUESTS + 1] = NEW; /* as the client sees it; entry 0 of all arrays is not used */
bool carried_out[REQUESTS + 1];
byte last_carried_out;

/* Memory of the client that both sides see, and its control messages. */
chan requests = [DEPTH] of { byte };
chan completions = [2 * DEPTH] of { byte, byte }; /* generation, request */
chan attach = [1] of { byte };
byte answered; /* the generation of the last attachment that a driver answered */

/* The driver's own, gone when it dies. */
bool alive = true;
byte incarnation = 1;
byte session; /* its generation; 0: none */
byte taken;   /* requests of the session in the device */
byte held;    /* the barrier, while it waits or runs */
bool held_runs;

/* Commands in the device, one for each session and request. */
mtype = { IDLE, RUNNING, DONE };
mtype command[SESSIONS * (REQUESTS + 1)] = IDLE;
byte busy[SESSIONS]; /* as far as this incarnation of the driver knows */
#define COMMAND(generation, number) command[(generation) * (REQUESTS + 1) + (number)]

#ifdef NO_DRAIN
#define DRAINED true
#else
#define DRAINED (busy[1] + busy[2] + busy[3] + busy[4] == busy[session])
#endif

inline start(number)
{
    COMMAND(session, number) = RUNNING;
    busy[session]++;
    taken++
}

proctype device_command(byte generation; byte number)
{
end:
    do
    :: d_step {
        COMMAND(generation, number) == RUNNING ->
        assert(request[number] != COMPLETED); /* P1 */
        assert(number < BARRIER || (carried_out[1] && carried_out[2])); /* P2 */
        assert(number <= BARRIER || carried_out[BARRIER]);
        carried_out[number] = true;
        last_carried_out = number;
        COMMAND(generation, number) = DONE
       }
    :: atomic { /* the driver learns of it */
        alive && COMMAND(generation, number) == DONE ->
        COMMAND(generation, number) = IDLE;
        if
        :: busy[generation] > 0 -> busy[generation]--
        :: else
        fi;
        if
        :: generation == session ->
            taken--;
            if
            :: number == held -> held = 0; held_runs = false
            :: else
            fi;
            completions ! generation, number
        :: else /* of a session that was replaced: nobody is told */
        fi
       }
    od
}

active proctype driver()
{
    byte number;
end:
    do
    :: atomic { alive && nempty(attach) ->
        attach ? session;
        taken = 0;
        held = 0;
        held_runs = false;
        answered = session
       }
    :: atomic { alive && session != 0 && held == 0 && DRAINED && nempty(requests) ->
        requests ? number;
        if
        :: number == BARRIER -> held = number
        :: else -> start(number)
        fi
       }
    :: atomic { alive && held != 0 && !held_runs && taken == 0 -> held_runs = true; start(held) }
    od
}

active proctype reaper()
{
    byte kills, i;
end:
    do
    :: kills < KILLS ->
        kills++;
        atomic { alive = false; session = 0; taken = 0; held = 0; held_runs = false };
        atomic {
#ifndef NO_RESET
            for (i : 0 .. SESSIONS * (REQUESTS + 1) - 1) { command[i] = IDLE };
#endif
            for (i : 0 .. SESSIONS - 1) { busy[i] = 0 };
            i = 0;
            incarnation++;
            alive = true
        }
    od
}

byte generation;
byte known; /* incarnation */

inline submit_again()
{
#ifdef NO_ORDER
    i = REQUESTS;
    do
    :: i > 0 -> if :: request[i] == IN_FLIGHT -> requests ! i :: else fi; i--
    :: else -> break
    od;
#elif !defined(NO_RESUBMIT)
    for (i : 1 .. REQUESTS) { if :: request[i] == IN_FLIGHT -> requests ! i :: else fi }
#endif
    i = 0
}

active proctype client()
{
    byte i, next = 1, in_flight, from, number, attaches;
    bool attached;
    do
    :: atomic { next <= REQUESTS && in_flight < DEPTH ->
        request[next] = IN_FLIGHT;
        in_flight++;
        if
        :: attached -> requests ! next
        :: else
        fi;
        next++
       }
    :: atomic { attached && nempty(completions) ->
        completions ? from, number;
        if
#ifdef NO_GENERATION
        :: request[number] == IN_FLIGHT ->
#else
        :: request[number] == IN_FLIGHT && from == generation ->
#endif
            request[number] = COMPLETED;
            in_flight--
        :: else
        fi;
        from = 0;
        number = 0
       }
    :: atomic { !attached || known != incarnation || attaches < ATTACHES ->
        if
        :: attached && known == incarnation -> attaches++
        :: else
        fi;
        attached = false
       };
       known = incarnation;
       atomic {
        generation++;
        do
        :: requests ? _
        :: completions ? _, _
        :: empty(requests) && empty(completions) -> break
        od
       };
       attach ! generation;
       atomic { answered == generation -> submit_again(); attached = true }
    :: atomic { in_flight == 0 && next > REQUESTS -> break }
    od;
    assert(last_carried_out == REQUESTS) /* P3 */
}

init
{
    byte g, r;
    atomic {
        for (g : 1 .. SESSIONS - 1) { for (r : 1 .. REQUESTS) { run device_command(g, r) } }
    }
}
