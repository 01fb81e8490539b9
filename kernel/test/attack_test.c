// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a hostile process tries: each of these once worked, or would with one check less.

#include "kernel/test/ktest.h"
#include "kernel/test/machine.h"

#include <string.h>

static handle_t endpoint;
static volatile uint32_t *shared; // one page, the same for parent and children

// ---- messages ----

// Answers each message with the tag it came with.
static void tag_server(uint64_t unused)
{
    (void)unused;
    struct ipc_frame frame = {0};
    ipc_receive(endpoint, &frame);
    for (;;) {
        frame.word[0] = frame.tag;
        frame.tag = message_tag(0, 1, 0);
        ipc_reply_receive(endpoint, &frame);
    }
}

// Only the kernel says that a message is a notification, a fault, or has lost handles.
static void check_forged_tags(void)
{
    static const message_tag_t forged[] = {MESSAGE_NOTIFICATION, MESSAGE_FAULT,
                                           MESSAGE_HANDLES_LOST, 1ull << 63};
    struct child server;
    endpoint = new_endpoint();
    child_start(&server, 0, tag_server, 0, (const handle_t[]){endpoint, HANDLE_NONE},
                CHILD_PRIORITY, 0);
    for (unsigned i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
        struct ipc_frame frame = {.tag = message_tag(7, 2, 0) | forged[i], .word = {~0ull}};
        CHECK_EQUAL(ipc_call(endpoint, &frame), 0);
        CHECK_EQUAL(frame.word[0], message_tag(7, 2, 0));
    }
    child_kill(&server);
    child_finish(&server, NULL);
    sys_handle_close(endpoint);
}

// ---- futexes ----

static void wait_on_shared(uint64_t index)
{
    struct futex_wait_args args = {.aspace = HANDLE_SELF,
                                   .address = (uint64_t)&shared[index],
                                   .bitset = ~0u,
                                   .deadline = now() + 20000000000};
    sys_process_exit((int32_t)-sys_futex_wait(&args));
}

// Moved from a word to the same word, a waiter must not be found for ever.
static void check_requeue_to_itself(void)
{
    enum { WAITERS = 2 };
    const time_ns_t PATIENCE_NS = 10000000000;
    struct child children[WAITERS];
    struct process_status status;
    shared = shared_page();
    for (unsigned i = 0; i < WAITERS; i++) {
        child_start(&children[i], i, wait_on_shared, 0, NULL, CHILD_PRIORITY, 0);
    }
    // The waiters need their time to get there, on a busy build machine a long one.
    uint64_t word = (uint64_t)shared;
    int64_t moved = 0;
    for (time_ns_t patience = now() + PATIENCE_NS; moved < WAITERS && now() < patience;) {
        pause_ns(5000000);
        time_ns_t start = now();
        moved = sys_futex_requeue(HANDLE_SELF, word, word, 0, ~0u, 0);
        CHECK(moved >= 0 && now() - start < 1000000000);
    }
    CHECK_EQUAL(moved, WAITERS);
    CHECK_EQUAL(sys_futex_wake(HANDLE_SELF, word, 10, ~0u), WAITERS);
    for (unsigned i = 0; i < WAITERS; i++) {
        child_finish(&children[i], &status);
        CHECK_EQUAL(status.code, 0);
    }
    shared_page_end((void *)shared);
}

// ---- pagers ----

static volatile uint32_t *paged_area;

static void read_paged_area(uint64_t unused)
{
    (void)unused;
    sys_process_exit((int32_t)paged_area[0]);
}

// A fault waits for a pager that never comes; what was mapped there is replaced and the pager's
// endpoint goes away. The thread finds what is there now.
static void check_pager_gone(void)
{
    struct child child;
    struct process_status status;
    handle_t pager = new_endpoint();
    handle_t memory = (handle_t)sys_memory_create(PAGE_SIZE, MEMORY_PAGED, pager);
    struct aspace_map_args args = {.bytes = PAGE_SIZE, .memory = memory, .prot = PROT_READ};
    paged_area = (volatile uint32_t *)sys_aspace_map(HANDLE_SELF, &args);
    CHECK((int64_t)paged_area > 0);
    child_start(&child, 0, read_paged_area, 0, NULL, CHILD_PRIORITY, 0);
    pause_ns(5000000);
    args = (struct aspace_map_args){.address = (uint64_t)paged_area,
                                    .bytes = PAGE_SIZE,
                                    .prot = PROT_READ | PROT_WRITE,
                                    .flags = MAP_FIXED | MAP_PRIVATE};
    CHECK_EQUAL(sys_aspace_map(child.aspace, &args), (int64_t)paged_area);
    uint32_t value = 55;
    CHECK_EQUAL(sys_aspace_write(child.aspace, (uint64_t)paged_area, &value, sizeof(value)),
                sizeof(value));
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)paged_area, PAGE_SIZE), 0);
    sys_handle_close(memory);
    sys_handle_close(pager);
    child_finish(&child, &status);
    CHECK_EQUAL(status.cause, DEATH_EXIT);
    CHECK_EQUAL(status.code, 55);
}

// ---- threads ----

static void set_flag(uint64_t unused)
{
    (void)unused;
    shared[0] = 1;
    sys_process_exit(0);
}

// A thread that could not be given a handle must not run.
static void fill_table_and_start(uint64_t unused)
{
    (void)unused;
    static uint8_t stack[4096] __attribute__((aligned(16)));
    while (sys_endpoint_create() > 0) {
    }
    struct thread_args args = {.entry = (uint64_t)set_flag,
                               .stack = (uint64_t)stack + sizeof(stack) - 8,
                               .priority = CHILD_PRIORITY};
    int64_t error = sys_thread_create(HANDLE_SELF, &args);
    pause_ns(5000000);
    sys_process_exit(error == -E_NOMEM && shared[0] == 0 ? 9 : 1);
}

static void check_thread_without_handle(void)
{
    struct child child;
    struct process_status status;
    shared = shared_page();
    child_start(&child, 0, fill_table_and_start, 0, NULL, CHILD_PRIORITY, 0);
    child_finish(&child, &status);
    CHECK_EQUAL(status.code, 9);
    shared_page_end((void *)shared);
}

// Bits that were there before the notification was bound end a receive that already waits.
static void receive_bits(uint64_t unused)
{
    (void)unused;
    struct message message;
    int64_t error = sys_receive_until(endpoint, &message, now() + 500000000);
    sys_process_exit(error != 0 ? (int32_t)-error : (int32_t)message.word[0]);
}

static void check_late_bind(void)
{
    struct child child;
    struct process_status status;
    endpoint = new_endpoint();
    handle_t bits = new_notification(0x21);
    child_start(&child, 0, receive_bits, 0, (const handle_t[]){endpoint, bits, HANDLE_NONE},
                CHILD_PRIORITY, 0);
    pause_ns(5000000);
    sys_signal(bits);
    CHECK_EQUAL(sys_thread_control(child.thread, THREAD_BIND_NOTIFICATION, bits), 0);
    child_finish(&child, &status);
    CHECK_EQUAL(status.code, 0x21);
    sys_handle_close(bits);
    sys_handle_close(endpoint);
}

static void wait_for_ever(uint64_t deadline)
{
    sys_process_exit((int32_t)sys_wait(HANDLE_NONE, deadline, NULL));
}

// Deadlines at the end of time neither pass nor keep the timer firing.
static void check_far_deadlines(void)
{
    static const uint64_t deadlines[] = {DEADLINE_NEVER - 1, 1ull << 63, 1ull << 62,
                                         DEADLINE_NEVER / 3};
    struct info_cpu before[8];
    struct info_cpu after[8];
    struct child children[4];
    for (unsigned i = 0; i < 4; i++) {
        child_start(&children[i], i, wait_for_ever, deadlines[i], NULL, CHILD_PRIORITY, 1);
    }
    pause_ns(5000000);
    sys_info(INFO_CPUS, 0, before, sizeof(before));
    pause_ns(20000000);
    sys_info(INFO_CPUS, 0, after, sizeof(after));
    CHECK(after[0].interrupts - before[0].interrupts < 1000);
    for (unsigned i = 0; i < 4; i++) {
        struct process_status status;
        child_kill(&children[i]);
        child_finish(&children[i], &status);
        CHECK_EQUAL(status.cause, DEATH_KILLED);
    }
}

// ---- rights ----

static void check_weak_handles(void)
{
    int64_t ports = sys_resource_create(root, RESOURCE_PORT, 0x80, 1);
    CHECK(ports > 0);
    CHECK_EQUAL(sys_port_write((handle_t)ports, 0, 1, 0), PORT_CALL(0));
    int64_t weak = sys_handle_duplicate((handle_t)ports, RIGHT_DUPLICATE, 0);
    CHECK_EQUAL(sys_port_read((handle_t)weak, 0, 1), PORT_CALL(-E_PERM));
    CHECK_EQUAL(sys_port_write((handle_t)weak, 0, 1, 0), PORT_CALL(-E_PERM));
    CHECK_EQUAL(sys_port_read((handle_t)ports, 1, 1), PORT_CALL(-E_PERM));
    CHECK_EQUAL(sys_port_read((handle_t)ports, ~0ull, 4), PORT_CALL(-E_PERM));
    CHECK_EQUAL(sys_resource_create((handle_t)ports, RESOURCE_PORT, 0x80, 2), -E_PERM);
    CHECK_EQUAL(sys_resource_create((handle_t)ports, RESOURCE_ROOT, 0, 0), -E_PERM);
    CHECK_EQUAL(sys_resource_create(root, RESOURCE_MMIO, ~0ull, 2), -E_INVAL);
    sys_handle_close((handle_t)weak);
    sys_handle_close((handle_t)ports);
    struct irq_args args = {.flags = IRQ_MSI};
    int64_t irq = sys_irq_create(root, &args);
    CHECK(irq > 0);
    weak = sys_handle_duplicate((handle_t)irq, RIGHT_TRANSFER, 0);
    CHECK_EQUAL(sys_irq_ack((handle_t)weak), -E_PERM);
    CHECK_EQUAL(sys_irq_ack((handle_t)irq), 0);
    sys_handle_close((handle_t)weak);
    sys_handle_close((handle_t)irq);
}

void test_attacks(void)
{
    check_forged_tags();
    check_requeue_to_itself();
    check_pager_gone();
    check_thread_without_handle();
    check_late_bind();
    check_far_deadlines();
    check_weak_handles();
}
