// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Runs every test, each between two counts of the kernel's objects and handles: a test that leaks one has failed.
// Command line: "ktest.bench" measures instead ("ktest.bench=N": in N rounds), "ktest.fuzz=N" sets the number of random calls.
// Ends the machine through QEMU's debug exit, 0 for success.

#include "kernel/test/ktest.h"

#include "lib/sys/start.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

handle_t root;
unsigned checks_failed;

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
    sys_log_write(root, line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
}

time_ns_t now(void)
{
    return (time_ns_t)sys_clock();
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

void child_start(struct child *child, unsigned slot, void (*fn)(uint64_t), uint64_t argument, const handle_t *handles,
                 uint32_t priority, uint32_t affinity)
{
    child->aspace = must(sys_aspace_clone(HANDLE_SELF), "clone the address space");
    child->process = must(sys_process_create("child", 5, child->aspace), "create a process");
    CHECK_EQUAL(sys_process_grant(child->process, root, RIGHTS_ALL, 0, root), root);
    for (; handles != NULL && *handles != HANDLE_NONE; handles++) {
        CHECK_EQUAL(sys_process_grant(child->process, *handles, RIGHTS_ALL, 0, *handles), *handles);
    }
    uint64_t top = (uint64_t)&stacks[slot].bytes[NATIVE_STACK_BYTES - THREAD_LOCAL_BYTES];
    struct thread_args args = {
        .entry = (uint64_t)fn,
        .stack = top - 8, // as after a call
        .argument = {argument, 0},
        .ipc_buffer = top,
        .priority = priority,
        .affinity = affinity,
    };
    child->thread = must(sys_thread_create(child->process, &args), "create a thread");
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
    CHECK_EQUAL(sys_wait(dead, now() + 1000000000, &bits), 0);
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
    {"handles", test_handles},         {"ipc", test_ipc},       {"ipc_death", test_ipc_death},
    {"notifications", test_notifications}, {"futex", test_futex},   {"processes", test_processes},
    {"memory", test_memory},           {"pager", test_pager},   {"guest", test_guest},
    {"scheduler", test_scheduler},     {"fuzz", test_fuzz},
};

static bool same_objects(const struct info_kernel *before, const struct info_kernel *after)
{
    bool same = before->handles == after->handles;
    for (unsigned i = 0; i < OBJECT_TYPES; i++) {
        if (before->objects[i] != after->objects[i]) {
            say("objects of type %u: %llu before, %llu after\n", i, (unsigned long long)before->objects[i],
                (unsigned long long)after->objects[i]);
            same = false;
        }
    }
    return same;
}

static bool run(const char *name, void (*fn)(void))
{
    struct info_kernel before;
    struct info_kernel after;
    checks_failed = 0;
    sys_info(INFO_KERNEL, 0, &before, sizeof(before));
    fn();
    sys_wait(HANDLE_NONE, now() + 5000000, NULL); // other CPUs may still be reaping
    sys_info(INFO_KERNEL, 0, &after, sizeof(after));
    bool passed = same_objects(&before, &after) && checks_failed == 0;
    say("%s %s\n", passed ? "ok" : "FAILED", name);
    return passed;
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static char command_line[2048];
    root = startup_handle("root");
    sys_info(INFO_COMMAND_LINE, 0, command_line, sizeof(command_line));
    const char *bench = strstr(command_line, "ktest.bench");
    if (bench != NULL) {
        bench_all(bench + strlen("ktest.bench"));
        sys_machine_control(root, MACHINE_EXIT, 0);
        return 0;
    }
    unsigned failed = 0;
    unsigned count = sizeof(tests) / sizeof(tests[0]);
    for (unsigned i = 0; i < count; i++) {
        failed += run(tests[i].name, tests[i].run) ? 0 : 1;
    }
    say("%u passed, %u failed\n", count - failed, failed);
    sys_machine_control(root, MACHINE_EXIT, failed != 0);
    return 0;
}
