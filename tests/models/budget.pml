// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Spin model of the retry budget of one request (lib/block/client.c; docs/recovery.md): a request that kills each driver
// that carries it out ends with an error, and no other does, though drivers are also killed from outside.
//
// The client submits all requests in flight to each incarnation. A request that SUSPECT drivers had taken when they died
// is a suspect; while one is in flight the driver gets one request at a time, the oldest. BUDGET deaths end a request.
// From outside a driver is killed KILLS times, at any moment; KILLS is what BUDGET leaves an innocent beyond SUSPECT.
// Besides, EARLY drivers die before they have taken anything.
//
// Checked:
//   B1  only the poison ends with an error
//   B2  no driver dies of the poison more than BUDGET times
//   B3  all requests end (no invalid end state)
//
// Each of these takes one rule away, and then the search must find a fault:
//   NO_ALONE   suspects are submitted together with the others
//   NO_TAKEN   a death counts for what the driver had not taken, too
//   NO_BUDGET  requests are submitted again for ever

#define REQUESTS 3
#define POISON   2
#define SUSPECT  1
#define BUDGET   4
#define KILLS    2
#define EARLY    3

mtype = { IN_FLIGHT, COMPLETED, FAILED };
mtype request[REQUESTS + 1] = IN_FLIGHT; /* entry 0 is not used */
byte deaths[REQUESTS + 1];

/* The session with the present driver: formatted anew by the client. */
chan requests = [REQUESTS] of { byte };
bool submitted[REQUESTS + 1], taken[REQUESTS + 1];
bool alive = true;
bool attached;
byte poison_deaths;

active proctype driver()
{
    byte number, i;
end:
    do
    :: atomic { alive && attached && nempty(requests) -> requests ? number; taken[number] = true; number = 0 }
    :: atomic { alive && taken[POISON] -> alive = false; poison_deaths++ }
    :: atomic { alive ->
        for (i : 1 .. REQUESTS) {
            if
            :: taken[i] && i != POISON && request[i] == IN_FLIGHT -> number = i
            :: else
            fi
        };
        i = 0;
        if
        :: number != 0 -> taken[number] = false; request[number] = COMPLETED; number = 0
        :: else -> skip
        fi
       }
    od
}

active proctype outside()
{
    byte kills, early;
end:
    do
    :: atomic { kills < KILLS && alive -> alive = false; kills++ }
    :: atomic { early < EARLY && alive && !(taken[1] || taken[2] || taken[3]) -> alive = false; early++ }
    od
}

inline judge()
{
    for (i : 1 .. REQUESTS) {
        if
#ifdef NO_TAKEN
        :: request[i] == IN_FLIGHT && submitted[i] -> deaths[i]++
#else
        :: request[i] == IN_FLIGHT && taken[i] -> deaths[i]++
#endif
        :: else
        fi;
#ifndef NO_BUDGET
        if
        :: request[i] == IN_FLIGHT && deaths[i] >= BUDGET ->
            assert(i == POISON); /* B1 */
            request[i] = FAILED
        :: else
        fi;
#endif
        taken[i] = false;
        submitted[i] = false
    }
    i = 0;
    assert(poison_deaths <= BUDGET) /* B2 */
}

inline feed()
{
    suspects = false;
    in_ring = false;
    for (i : 1 .. REQUESTS) {
#ifndef NO_ALONE
        if :: request[i] == IN_FLIGHT && deaths[i] >= SUSPECT -> suspects = true :: else fi;
#endif
        if :: request[i] == IN_FLIGHT && submitted[i] -> in_ring = true :: else fi
    };
    for (i : 1 .. REQUESTS) {
        if
        :: request[i] == IN_FLIGHT && !submitted[i] && !(suspects && in_ring) ->
            requests ! i;
            submitted[i] = true;
            in_ring = true
        :: else
        fi
    };
    i = 0
}

active proctype client()
{
    byte i;
    bool suspects, in_ring;
    do
    :: atomic { !alive || !attached ->
        do
        :: requests ? _
        :: empty(requests) -> break
        od;
        if
        :: !alive -> judge()
        :: else
        fi;
        alive = true;
        attached = true;
        feed()
       }
    :: atomic { alive && attached -> feed() } /* after completions: what waited for a suspect's end */
    :: atomic { request[1] != IN_FLIGHT && request[2] != IN_FLIGHT && request[3] != IN_FLIGHT -> break }
    od;
    assert(request[1] == COMPLETED && request[3] == COMPLETED && request[POISON] == FAILED)
}
