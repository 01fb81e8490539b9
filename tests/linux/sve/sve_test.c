// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// SVE as a Linux program sees it (Linux 6.1, Documentation/arm64/sve.rst): announced, kept apart
// between processes, in signal frames, over fork and exec; and refused where a frame is broken.
// Says "ok" or "FAIL" for each check and closes with "N passed, N failed". Without SVE: that it is
// hidden.

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/linux/results.h"
#include "tests/linux/sve/hold.h"

#define HAS_SVE (1ul << 22) // AT_HWCAP

enum {
    GET_VL = 51, // prctl
    SET_VL = 50,
    SVE_RECORD = 0x53564501,
    FPSIMD_RECORD = 0x46508001,
    RECORD_HEAD = 16,
    LOW_BYTES = 16, // of each vector: what a system call keeps
    NO_CALL = -1,
    SPINNERS = 4,
    SPINS = 10000000, // several time slices
    SPINS_ENDLESS = 2000000000,
    TIMER_US = 20000,
    EXEC_DIED = 9,
};

// In a signal frame: struct sve_context.
struct sve_record {
    uint32_t magic, bytes;
    uint16_t vector_bytes, flags, reserved[2];
};

static long length; // of a vector, in bytes
static volatile int handled, never;

static size_t image_bytes(void)
{
    return (size_t)(length * VECTORS + length / 8 * PREDICATES);
}

static bool same(const struct scalable *a, const struct scalable *b)
{
    return memcmp(a->bytes, b->bytes, image_bytes()) == 0;
}

static void fill(struct scalable *pattern, unsigned seed)
{
    size_t fault = (size_t)(length * VECTORS + length / 8 * (PREDICATES - 1));
    uint32_t word = seed * 0x9e3779b9u;

    for (size_t i = 0; i < image_bytes(); i++) {
        word = word * 1664525 + 1013904223;
        pattern->bytes[i] = (uint8_t)(word >> 24);
    }
    // FFR is ones, then zeros.
    memset(pattern->bytes + fault, 0, (size_t)length / 8);
    pattern->bytes[fault] = (uint8_t)((1u << (seed % 8)) - 1);
}

// The registers hold the pattern of `seed` over spinning and a system call; what comes out.
static long hold_pattern(unsigned seed, struct scalable *in, struct scalable *out, long spins,
                         volatile int *stop, long number, long first)
{
    struct hold what = {in, out, spins, stop, number, {first, 0, 0}};

    fill(in, seed);
    return hold(&what);
}

static int status_of(pid_t child)
{
    int status;

    return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

// ---- what the system says ----

static void announced(void)
{
    check((getauxval(AT_HWCAP) & HAS_SVE) != 0, "AT_HWCAP has SVE");
    check(length >= 16 && length <= VECTOR_BYTES_MOST && length % 16 == 0, "vectors of %ld bytes",
          length);
    check(prctl(GET_VL, 0, 0, 0, 0) == length, "prctl tells the length");
    check(prctl(SET_VL, length, 0, 0, 0) == length, "and can set it to what it is");
    check(prctl(SET_VL, 24, 0, 0, 0) == -1, "but not to what no length is");
}

static void run_sve(void)
{
    (void)sve_vector_bytes();
}

static void hidden(void)
{
    pid_t child = fork();

    if (child == 0) {
        run_sve();
        _exit(0);
    }
    check(WTERMSIG(status_of(child)) == SIGILL, "an SVE instruction is illegal");
    check(prctl(GET_VL, 0, 0, 0, 0) == -1, "prctl knows no vector length");
}

// ---- other processes ----

static void over_preemption(void)
{
    pid_t child[SPINNERS];
    bool good = true;

    for (unsigned i = 0; i < SPINNERS; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            static struct scalable in, out;

            hold_pattern(10 + i, &in, &out, SPINS, &never, NO_CALL, 0);
            _exit(same(&in, &out) ? 0 : 1);
        }
    }
    for (unsigned i = 0; i < SPINNERS; i++)
        good = status_of(child[i]) == 0 && good;
    check(good, "all registers survive preemption by others that use them");
}

// After a system call: the low parts as they were; of the rest only what was there, or zeros.
static bool kept_or_zero(const struct scalable *in, const struct scalable *out)
{
    for (size_t i = 0; i < image_bytes(); i++) {
        bool low = i < (size_t)(length * VECTORS) && i % (size_t)length < (size_t)LOW_BYTES;

        if (out->bytes[i] != in->bytes[i] && (low || out->bytes[i] != 0))
            return false;
    }
    return true;
}

static void over_fork(void)
{
    static struct scalable in, out;
    long child = hold_pattern(2, &in, &out, 0, &never, SYS_clone, SIGCHLD);

    if (child == 0)
        _exit(kept_or_zero(&in, &out) ? 0 : 1);
    check(child > 0 && kept_or_zero(&in, &out), "fork leaves the parent its registers");
    check(status_of((pid_t)child) == 0, "and gives them to the child");
}

// In the new program: nothing of the old one's.
static int fresh(void)
{
    static struct scalable now;
    static const struct scalable zeros;

    sve_store(&now);
    length = sve_vector_bytes();
    for (unsigned i = 0; i < VECTORS; i++)
        memset(now.bytes + i * (size_t)length, 0, LOW_BYTES); // these may have been used since
    return same(&now, &zeros) ? 0 : 1;
}

static void over_exec(const char *program)
{
    static char path[256];
    static char *words[] = {path, "fresh", NULL};
    pid_t child;

    strncpy(path, program, sizeof(path) - 1);
    child = fork();
    if (child == 0) {
        static struct scalable in, out;
        struct hold what = {&in, &out, 0, &never, SYS_execve, {(long)path, (long)words, 0}};

        fill(&in, 3);
        hold(&what);
        _exit(EXEC_DIED);
    }
    check(status_of(child) == 0, "a new program begins without them");
}

// ---- signals ----

static struct scalable interrupted; // what the program had in its registers
static int frame_good;
static enum { KEEP, CHANGE, DROP, BAD_LENGTH, BAD_SHORT, BAD_LONG, BAD_FLAGS, BAD_TWICE } action;

static uint8_t *find_record(ucontext_t *context, uint32_t magic)
{
    uint8_t *record = (uint8_t *)context->uc_mcontext.__reserved;
    uint32_t head[2];

    for (memcpy(head, record, sizeof(head)); head[0] != 0; memcpy(head, record, sizeof(head))) {
        if (head[0] == magic)
            return record;
        record += head[1];
    }
    return NULL;
}

static void change_frame(uint8_t *place, struct sve_record *record)
{
    static const uint8_t end[RECORD_HEAD];
    uint32_t bytes = record->bytes;

    if (action == CHANGE)
        place[RECORD_HEAD + length * VECTORS] ^= 0xff; // of P0
    else if (action == BAD_LENGTH)
        record->vector_bytes = (uint16_t)(record->vector_bytes + 16);
    else if (action == BAD_SHORT)
        record->bytes = 2 * RECORD_HEAD;
    else if (action == BAD_LONG)
        record->bytes = 0xfffffff0;
    else if (action == BAD_FLAGS)
        record->flags = 1; // of SME's streaming mode
    else if (action == DROP)
        record->bytes = RECORD_HEAD;
    memcpy(place, record, sizeof(*record));
    if (action == DROP)
        memcpy(place + RECORD_HEAD, end, sizeof(end));
    if (action == BAD_TWICE) {
        memcpy(place + bytes, record, sizeof(*record)); // over the end, which is zeros behind it
        memset(place + bytes + 4, 0, 4);
        place[bytes + 4] = RECORD_HEAD;
    }
}

// Only what comes while the program spins counts.
static void handler(int signal, siginfo_t *info, void *context)
{
    static const struct itimerval no_more;
    unsigned long pc = ((ucontext_t *)context)->uc_mcontext.pc;
    static struct scalable in, out;
    uint8_t *place = find_record(context, SVE_RECORD);
    uint8_t *vectors = find_record(context, FPSIMD_RECORD);
    struct sve_record record = {0};

    (void)signal;
    (void)info;
    if (pc < (unsigned long)hold_spin || pc >= (unsigned long)hold_spun)
        return;
    setitimer(ITIMER_REAL, &no_more, NULL);
    if (place != NULL && vectors != NULL) {
        memcpy(&record, place, sizeof(record));
        frame_good = record.vector_bytes == length && record.flags == 0 &&
                     record.bytes == RECORD_HEAD + (image_bytes() + 15) / 16 * 16 &&
                     memcmp(place + RECORD_HEAD, interrupted.bytes, image_bytes()) == 0 &&
                     memcmp(vectors + RECORD_HEAD, interrupted.bytes, LOW_BYTES) == 0;
        change_frame(place, &record);
    }
    hold_pattern(77, &in, &out, 1000, &never, NO_CALL, 0);
    handled = same(&in, &out) ? 1 : -1;
}

// A timer's signal comes while all registers are in use; no system call is near.
static void interrupt_spinning(struct scalable *out)
{
    const struct itimerval soon = {{0, TIMER_US}, {0, TIMER_US}};

    handled = 0;
    frame_good = 0;
    setitimer(ITIMER_REAL, &soon, NULL);
    hold_pattern(1, &interrupted, out, SPINS_ENDLESS, &handled, NO_CALL, 0);
}

static void over_signals(void)
{
    static struct scalable out;

    action = KEEP;
    interrupt_spinning(&out);
    check(handled == 1 && same(&interrupted, &out),
          "all registers survive a handler that uses them");
    check(frame_good == 1, "whose frame shows them");

    action = CHANGE;
    interrupt_spinning(&out);
    out.bytes[length * VECTORS] ^= 0xff;
    check(same(&interrupted, &out), "a handler changes a predicate and only this");

    action = DROP;
    interrupt_spinning(&out);
    check(kept_or_zero(&interrupted, &out) && !same(&interrupted, &out),
          "a frame without them leaves the vectors' low parts");
}

static void broken_frames(void)
{
    for (action = BAD_LENGTH; action <= BAD_TWICE; action++) {
        pid_t child = fork();

        if (child == 0) {
            static struct scalable out;

            interrupt_spinning(&out);
            _exit(0);
        }
        check(WTERMSIG(status_of(child)) == SIGSEGV, "broken frame %d ends its program",
              action - BAD_LENGTH);
    }
    action = KEEP;
}

int main(int count, char **words)
{
    struct sigaction on_alarm = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

    if (count > 1 && strcmp(words[1], "fresh") == 0)
        return fresh();
    sigaction(SIGALRM, &on_alarm, NULL);
    if (count > 1 && strcmp(words[1], "hidden") == 0) {
        hidden();
    } else if (!(getauxval(AT_HWCAP) & HAS_SVE)) {
        check(false, "AT_HWCAP has SVE");
    } else {
        length = sve_vector_bytes();
        announced();
        over_preemption();
        over_fork();
        over_exec(words[0]);
        over_signals();
        broken_frames();
        over_preemption();
    }
    return results_end();
}
