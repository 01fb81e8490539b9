// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Runs every test, each between two counts of the kernel's objects and handles: a test that leaks
// one has failed. Command line: "ktest.bench" measures instead ("ktest.bench=N": in N rounds);
// "ktest.fuzz=N" sets the number of random calls, "ktest.seed=N" what they follow from,
// "ktest.only=NAME" the one test to run. Ends the machine through QEMU's debug exit, 0 for success.

#include "kernel/test/ktest.h"

#include "lib/sys/start.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTLE_NS = 5000000, SETTLE_TRIES = 400 };
static const uint64_t DEATH_NS =
    10000000000; // detects that somebody does not die; the machine may be slow

handle_t root;
static handle_t first_root; // a test may give `root` less authority for a while
unsigned checks_failed;
uint64_t run_seed;
static char command_line[2048];

static struct {
    uint8_t bytes[NATIVE_STACK_BYTES];
} stacks[CHILDREN_MAX] __attribute__((aligned(NATIVE_STACK_BYTES)));

void say(const char *format, ...)
{
    char line[200];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    size_t bytes = (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1;
    if (sys_log_write(root, line, bytes) < 0) {
        sys_log_write(first_root, line, bytes);
    }
}

time_ns_t now(void)
{
    return (time_ns_t)sys_clock();
}

void pause_ns(uint64_t ns)
{
    sys_wait(HANDLE_NONE, now() + ns, NULL);
}

void spin_ns(uint64_t ns)
{
    time_ns_t end = now() + ns;
    while (now() < end) {
        arch_pause();
    }
}

unsigned cpus_online(void)
{
    struct info_cpu cpus[8];
    return (unsigned)sys_info(INFO_CPUS, 0, cpus, sizeof(cpus)) / (unsigned)sizeof(cpus[0]);
}

uint64_t option(const char *name, uint64_t otherwise)
{
    const char *at = strstr(command_line, name);
    return at != NULL ? strtoull(at + strlen(name), NULL, 0) : otherwise;
}

uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1dull;
}

void *shared_page(void)
{
    struct aspace_map_args args = {
        .bytes = PAGE_SIZE, .prot = PROT_READ | PROT_WRITE, .flags = MAP_SHARED_ANON};
    int64_t at = sys_aspace_map(HANDLE_SELF, &args);
    CHECK(at > 0);
    return (void *)at;
}

void shared_page_end(void *page)
{
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)page, PAGE_SIZE), 0);
}

static handle_t must(int64_t handle, const char *what)
{
    if (handle <= 0) {
        say("cannot %s: %lld\n", what, (long long)handle);
        sys_machine_control(root, MACHINE_EXIT, 1);
    }
    return (handle_t)handle;
}

handle_t new_endpoint(void)
{
    return must(sys_endpoint_create(), "create an endpoint");
}

handle_t with_badge(handle_t handle, uint64_t badge)
{
    return must(sys_handle_duplicate(handle, RIGHTS_ALL, badge), "duplicate a handle");
}

handle_t new_notification(uint64_t badge)
{
    handle_t plain = must(sys_notification_create(), "create a notification");
    handle_t badged = with_badge(plain, badge);
    sys_handle_close(plain);
    return badged;
}

handle_t thread_begin(handle_t process, unsigned slot, void (*fn)(uint64_t), uint64_t argument,
                      uint32_t priority, uint32_t affinity)
{
    uint64_t top = (uint64_t)&stacks[slot].bytes[NATIVE_STACK_BYTES - THREAD_LOCAL_BYTES];
    struct thread_args args = {
        .entry = (uint64_t)fn,
        .stack = top - 8, // as after a call
        .argument = {argument, 0},
        .ipc_buffer = top,
        .priority = priority,
        .affinity = affinity,
    };
    return must(sys_thread_create(process, &args), "create a thread");
}

void child_start(struct child *child, unsigned slot, void (*fn)(uint64_t), uint64_t argument,
                 const handle_t *handles, uint32_t priority, uint32_t affinity)
{
    child->aspace = must(sys_aspace_clone(HANDLE_SELF), "clone the address space");
    child->process = must(sys_process_create("child", 5, child->aspace), "create a process");
    CHECK_EQUAL(sys_process_grant(child->process, root, RIGHTS_ALL, 0, root), root);
    for (; handles != NULL && *handles != HANDLE_NONE; handles++) {
        CHECK_EQUAL(sys_process_grant(child->process, *handles, RIGHTS_ALL, 0, *handles), *handles);
    }
    child->thread = thread_begin(child->process, slot, fn, argument, priority, affinity);
}

void child_kill(struct child *child)
{
    CHECK_EQUAL(sys_process_kill(child->process), 0);
}

void child_finish(struct child *child, struct process_status *status)
{
    handle_t dead = new_notification(1);
    uint64_t bits = 0;
    CHECK_EQUAL(sys_process_watch(child->process, dead), 0);
    CHECK_EQUAL(sys_wait(dead, now() + DEATH_NS, &bits), 0);
    if (status != NULL) {
        CHECK_EQUAL(sys_process_status(child->process, status), 0);
        CHECK_EQUAL(status->state, PROCESS_DEAD);
    }
    sys_handle_close(dead);
    sys_handle_close(child->process);
    sys_handle_close(child->thread);
    sys_handle_close(child->aspace);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"handles", test_handles},     {"ipc", test_ipc},
    {"ipc_death", test_ipc_death}, {"notifications", test_notifications},
    {"futex", test_futex},         {"processes", test_processes},
    {"memory", test_memory},       {"pager", test_pager},
    {"guest", test_guest},         {"scheduler", test_scheduler},
    {"attacks", test_attacks},     {"messages", test_messages},
    {"races", test_races},         {"fuzz", test_fuzz},
};

static bool same_objects(const struct info_kernel *before, const struct info_kernel *after)
{
    return before->handles == after->handles &&
           memcmp(before->objects, after->objects, sizeof(before->objects)) == 0;
}

static void say_difference(const struct info_kernel *before, const struct info_kernel *after)
{
    say("handles: %llu before, %llu after\n", (unsigned long long)before->handles,
        (unsigned long long)after->handles);
    for (unsigned i = 0; i < OBJECT_TYPES; i++) {
        if (before->objects[i] != after->objects[i]) {
            say("objects of type %u: %llu before, %llu after\n", i,
                (unsigned long long)before->objects[i], (unsigned long long)after->objects[i]);
        }
    }
}

// Other CPUs may still be destroying what the test left.
static bool objects_settle(const struct info_kernel *before)
{
    struct info_kernel after;
    for (unsigned i = 0; i < SETTLE_TRIES; i++) {
        sys_info(INFO_KERNEL, 0, &after, sizeof(after));
        if (same_objects(before, &after)) {
            return true;
        }
        pause_ns(SETTLE_NS);
    }
    say_difference(before, &after);
    return false;
}

static bool run(const char *name, void (*fn)(void))
{
    struct info_kernel before;
    checks_failed = 0;
    sys_info(INFO_KERNEL, 0, &before, sizeof(before));
    fn();
    bool passed = objects_settle(&before) && checks_failed == 0;
    say("%s %s\n", passed ? "ok" : "FAILED", name);
    return passed;
}

static bool wanted(const char *name)
{
    const char *only = strstr(command_line, "ktest.only=");
    return only == NULL || strncmp(only + strlen("ktest.only="), name, strlen(name)) == 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    root = startup_handle("root");
    first_root = root;
    sys_info(INFO_COMMAND_LINE, 0, command_line, sizeof(command_line));
    const char *bench = strstr(command_line, "ktest.bench");
    if (bench != NULL) {
        bench_all(bench + strlen("ktest.bench"));
        sys_machine_control(root, MACHINE_EXIT, 0);
        return 0;
    }
    sys_info(INFO_ENTROPY, 0, &run_seed, sizeof(run_seed));
    run_seed = option("ktest.seed=", run_seed) | 1;
    say("seed %#llx\n", (unsigned long long)run_seed);
    unsigned failed = 0;
    unsigned count = sizeof(tests) / sizeof(tests[0]);
    for (unsigned i = 0; i < count; i++) {
        if (wanted(tests[i].name)) {
            failed += run(tests[i].name, tests[i].run) ? 0 : 1;
        }
    }
    say("%u passed, %u failed\n", count - failed, failed);
    sys_machine_control(root, MACHINE_EXIT, failed != 0);
    return 0;
}
