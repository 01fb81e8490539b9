// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Guests run a few instructions of machine code and come back for each of the reasons there are.

#include "kernel/test/ktest.h"
#include "kernel/test/machine.h"

#include <string.h>

#define GUEST_CODE 0x400000ull
#define GUEST_DATA 0x600000ull

struct test_guest {
    handle_t aspace, memory, handle;
    struct guest_state *state;
};

static void guest_open(struct test_guest *guest, const void *code, size_t bytes)
{
    guest->aspace = (handle_t)sys_aspace_create();
    struct aspace_map_args args = {.address = GUEST_CODE,
                                   .bytes = PAGE_SIZE,
                                   .prot = PROT_READ | PROT_WRITE | PROT_EXECUTE,
                                   .flags = MAP_FIXED | MAP_PRIVATE};
    CHECK_EQUAL(sys_aspace_map(guest->aspace, &args), GUEST_CODE);
    CHECK_EQUAL(sys_aspace_write(guest->aspace, GUEST_CODE, code, bytes), bytes);
    guest->memory = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    struct aspace_map_args state = {
        .bytes = PAGE_SIZE, .memory = guest->memory, .prot = PROT_READ | PROT_WRITE};
    guest->state = (struct guest_state *)sys_aspace_map(HANDLE_SELF, &state);
    guest->handle = (handle_t)sys_guest_create(guest->aspace, guest->memory, 0);
    GUEST_PC(&guest->state->registers) = GUEST_CODE;
    GUEST_SP(&guest->state->registers) = GUEST_DATA;
}

static void guest_close(struct test_guest *guest)
{
    sys_handle_close(guest->handle);
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)guest->state, PAGE_SIZE), 0);
    sys_handle_close(guest->memory);
    sys_handle_close(guest->aspace);
}

static void check_syscall_and_fault(void)
{
    struct test_guest guest;
    guest_open(&guest, code_syscall, sizeof(code_syscall));
    CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_SYSCALL);
    CHECK_EQUAL(GUEST_NUMBER(&guest.state->registers), 39);
    CHECK_EQUAL(GUEST_PC(&guest.state->registers), GUEST_CODE + CODE_SYSCALL_END);
    GUEST_RESULT(&guest.state->registers) = 1234;
    CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_FAULT); // no data page yet
    CHECK_EQUAL(guest.state->fault_address, GUEST_DATA);
    CHECK_EQUAL(guest.state->fault_access, PROT_WRITE);
    CHECK_EQUAL(guest.state->fault_mapped, 0);
    struct aspace_map_args args = {.address = GUEST_DATA,
                                   .bytes = PAGE_SIZE,
                                   .prot = PROT_READ | PROT_WRITE,
                                   .flags = MAP_FIXED | MAP_PRIVATE};
    CHECK_EQUAL(sys_aspace_map(guest.aspace, &args), GUEST_DATA);
    CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_SYSCALL);
    uint64_t word = 0;
    CHECK_EQUAL(sys_aspace_read(guest.aspace, GUEST_DATA, &word, sizeof(word)), sizeof(word));
    CHECK_EQUAL(word, 1234);
    guest_close(&guest);
}

static void check_paged(void)
{
    struct test_guest guest;
    guest_open(&guest, code_syscall, sizeof(code_syscall));
    handle_t memory = (handle_t)sys_memory_create(4 * PAGE_SIZE, MEMORY_PAGED, HANDLE_NONE);
    handle_t pages = (handle_t)sys_memory_create(4 * PAGE_SIZE, 0, HANDLE_NONE);
    struct aspace_map_args args = {.address = GUEST_DATA,
                                   .bytes = PAGE_SIZE,
                                   .memory = memory,
                                   .offset = 2 * PAGE_SIZE,
                                   .prot = PROT_READ | PROT_WRITE,
                                   .flags = MAP_FIXED,
                                   .tag = 99};
    CHECK_EQUAL(sys_aspace_map(guest.aspace, &args), GUEST_DATA);
    CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_SYSCALL);
    CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_PAGE);
    CHECK_EQUAL(guest.state->memory_tag, 99);
    CHECK_EQUAL(guest.state->memory_offset, 2 * PAGE_SIZE);
    CHECK_EQUAL(sys_memory_supply(memory, 2 * PAGE_SIZE, pages, 0, PAGE_SIZE), 0);
    CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_SYSCALL);
    sys_handle_close(memory);
    sys_handle_close(pages);
    guest_close(&guest);
}

// Registers that would harm the kernel if it took them as they are.
static void check_hostile_registers(void)
{
    static const uint64_t addresses[] = {0x0000800000000000ull, 0xffff800000000000ull,
                                         0x00007fffffffffffull, 0x8000000000000000ull, ~0ull};
    struct test_guest guest;
    guest_open(&guest, code_syscall, sizeof(code_syscall));
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct guest_registers *registers = &guest.state->registers;
        memset(registers, 0xff, sizeof(*registers));
        GUEST_PC(registers) = addresses[i];
        GUEST_POINTER(registers) = addresses[i];
        guest_set_short_way(registers);
        int64_t reason = sys_guest_run(guest.handle);
        CHECK(reason == GUEST_EXIT_FAULT || reason == GUEST_EXIT_EXCEPTION);
    }
    memset(&guest.state->registers, 0, sizeof(guest.state->registers));
    GUEST_PC(&guest.state->registers) = GUEST_CODE;
    guest_set_all_flags(&guest.state->registers);
    CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_SYSCALL);
    CHECK(guest_flags_harmless(&guest.state->registers));
    CHECK_EQUAL(sys_guest_fpu(guest.handle, GUEST_FPU_SET, 0xdead0000, 512), -E_FAULT);
    guest_close(&guest);
}

// What the server writes over code that has just run is what runs next.
static void check_rewritten_code(void)
{
    struct test_guest guest;
    guest_open(&guest, code_call, sizeof(code_call));
    for (unsigned i = 0; i < 10; i++) {
        GUEST_PC(&guest.state->registers) = GUEST_CODE;
        CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_SYSCALL);
        sys_aspace_write(guest.aspace, GUEST_CODE, code_bad, sizeof(code_bad));
        GUEST_PC(&guest.state->registers) = GUEST_CODE;
        CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_EXCEPTION);
        sys_aspace_write(guest.aspace, GUEST_CODE, code_call, sizeof(code_call));
    }
    guest_close(&guest);
}

// False: this processor's state is too small for that code.
static bool check_extended_state(const void *code, size_t code_bytes, int64_t image_min)
{
    struct test_guest guests[3];
    for (unsigned i = 0; i < 3; i++) {
        guest_open(&guests[i], code, code_bytes);
        if (sys_guest_fpu(guests[i].handle, GUEST_FPU_SIZE, 0, 0) < image_min) {
            guest_close(&guests[i]);
            return false;
        }
        GUEST_INPUT(&guests[i].state->registers) = 0x1111111111111111ull * (i + 1);
        CHECK_EQUAL(sys_guest_run(guests[i].handle), GUEST_EXIT_SYSCALL);
    }
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 3; i++) {
            CHECK_EQUAL(sys_guest_run(guests[i].handle), GUEST_EXIT_SYSCALL);
            CHECK_EQUAL(GUEST_OUTPUT(&guests[i].state->registers), 0x1111111111111111ull * (i + 1));
            sys_yield();
        }
    }
    static uint8_t image[8192] __attribute__((aligned(64)));
    int64_t bytes = sys_guest_fpu(guests[0].handle, GUEST_FPU_SIZE, 0, 0);
    CHECK(bytes >= 512 && bytes <= (int64_t)sizeof(image));
    CHECK_EQUAL(sys_guest_fpu(guests[1].handle, GUEST_FPU_GET, (uint64_t)image, sizeof(image)),
                bytes);
    CHECK_EQUAL(sys_guest_fpu(guests[0].handle, GUEST_FPU_SET, (uint64_t)image, (uint64_t)bytes),
                0);
    CHECK_EQUAL(sys_guest_run(guests[0].handle), GUEST_EXIT_SYSCALL);
    CHECK_EQUAL(GUEST_OUTPUT(&guests[0].state->registers), 0x2222222222222222ull);
    CHECK_EQUAL(sys_guest_fpu(guests[0].handle, GUEST_FPU_COPY, guests[2].handle, 0), 0);
    CHECK_EQUAL(sys_guest_run(guests[0].handle), GUEST_EXIT_SYSCALL);
    CHECK_EQUAL(GUEST_OUTPUT(&guests[0].state->registers), 0x3333333333333333ull);
    for (unsigned i = 0; i < sizeof(bad_images) / sizeof(bad_images[0]); i++) {
        static uint8_t bad[sizeof(image)] __attribute__((aligned(64)));
        uint64_t length = bad_images[i].bytes != 0 ? bad_images[i].bytes : (uint64_t)bytes;
        memcpy(bad, image, sizeof(bad));
        memset(bad + bad_images[i].offset, 0xff, bad_images[i].damaged);
        if (bad_images[i].offset < (uint64_t)bytes) { // else this processor has no such part
            CHECK_EQUAL(sys_guest_fpu(guests[0].handle, GUEST_FPU_SET, (uint64_t)bad, length),
                        -E_INVAL);
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        guest_close(&guests[i]);
    }
    return true;
}

// ---- what others could do to a guest's registers ----

// Two guests of the same thread pointer: that one destroys its own must not show in the other.
static void check_thread_pointers(void)
{
    struct test_guest reader;
    struct test_guest destroyer;
    guest_open(&reader, code_read_pointer, sizeof(code_read_pointer));
    guest_open(&destroyer, code_zero_pointer, sizeof(code_zero_pointer));
    GUEST_POINTER(&reader.state->registers) = GUEST_CODE;
    GUEST_POINTER(&destroyer.state->registers) = GUEST_CODE;
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQUAL(sys_guest_run(destroyer.handle), GUEST_EXIT_SYSCALL);
        GUEST_READ(&reader.state->registers) = 0;
        CHECK_EQUAL(sys_guest_run(reader.handle), GUEST_EXIT_SYSCALL);
        CHECK(GUEST_READ(&reader.state->registers) != 0);
    }
    GUEST_POINTER(&reader.state->registers) = ~0ull; // no address: as good as 0
    CHECK_EQUAL(sys_guest_run(reader.handle), GUEST_EXIT_FAULT);
    CHECK_EQUAL(reader.state->fault_address, BAD_POINTER_FAULTS);
    guest_close(&reader);
    guest_close(&destroyer);
}

static void use_extended(uint64_t unused)
{
    (void)unused;
    touch_extended();
    sys_process_exit(0);
}

static void zero_pointers(uint64_t unused)
{
    (void)unused;
    for (unsigned i = 0; i < 200; i++) {
        zero_thread_pointer();
        sys_yield();
    }
    sys_process_exit(0);
}

// A native process neither sees nor changes the registers of the guest that runs beside it.
static void check_native_neighbours(void)
{
    struct test_guest guest;
    struct test_guest reader;
    struct child child;
    struct process_status status;
    sys_thread_control(HANDLE_SELF, THREAD_SET_AFFINITY, 1);
    guest_open(&guest, code_extended, sizeof(code_extended));
    guest_open(&reader, code_read_pointer, sizeof(code_read_pointer));
    GUEST_POINTER(&reader.state->registers) = GUEST_CODE;
    GUEST_INPUT(&guest.state->registers) = 0x1234;
    CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_SYSCALL);
    child_start(&child, 0, use_extended, 0, NULL, CHILD_PRIORITY, 1);
    child_finish(&child, &status);
    CHECK_EQUAL(status.cause, DEATH_ILLEGAL);
    CHECK_EQUAL(status.code, EXCEPTION_EXTENDED);
    CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_SYSCALL);
    CHECK_EQUAL(GUEST_OUTPUT(&guest.state->registers), 0x1234);
    child_start(&child, 0, zero_pointers, 0, NULL, PRIORITY_MAX, 1);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQUAL(sys_guest_run(reader.handle), GUEST_EXIT_SYSCALL);
        sys_yield();
    }
    child_finish(&child, NULL);
    guest_close(&guest);
    guest_close(&reader);
    sys_thread_control(HANDLE_SELF, THREAD_SET_AFFINITY, ~0u);
}

static handle_t kicked_thread;

static void kicker(uint64_t delay)
{
    sys_wait(HANDLE_NONE, now() + delay, NULL);
    sys_thread_control(kicked_thread, THREAD_KICK, 0);
    sys_process_exit(0);
}

// Runs a spinning guest in a child and kicks it from here.
static void run_spinning(uint64_t unused)
{
    (void)unused;
    struct test_guest guest;
    guest_open(&guest, code_spin, sizeof(code_spin));
    int64_t reason = sys_guest_run(guest.handle);
    sys_process_exit((int32_t)reason);
}

static void check_kick(void)
{
    for (unsigned round = 0; round < 10; round++) {
        struct child child;
        struct child helper;
        struct process_status status;
        child_start(&child, 0, run_spinning, 0, NULL, PRIORITY_USER, 0);
        kicked_thread = child.thread;
        child_start(&helper, 1, kicker, round * 300000,
                    (const handle_t[]){child.thread, HANDLE_NONE}, CHILD_PRIORITY, 0);
        child_finish(&helper, NULL);
        child_finish(&child, &status);
        CHECK_EQUAL(status.code, GUEST_EXIT_KICK);
    }
    // A process that dies while its guest runs takes the guest with it.
    struct child child;
    child_start(&child, 0, run_spinning, 0, NULL, PRIORITY_USER, 0);
    sys_wait(HANDLE_NONE, now() + 3000000, NULL);
    child_kill(&child);
    child_finish(&child, NULL);
}

void test_guest(void)
{
    struct test_guest guest;
    guest_open(&guest, code_bad, sizeof(code_bad));
    CHECK_EQUAL(sys_guest_run(guest.handle), GUEST_EXIT_EXCEPTION);
    CHECK_EQUAL(guest.state->exception, EXCEPTION_BAD);
    guest_close(&guest);
    check_syscall_and_fault();
    check_paged();
    check_hostile_registers();
    check_rewritten_code();
    CHECK(check_extended_state(code_extended, sizeof(code_extended), 1));
    if (check_extended_state(code_wide, sizeof(code_wide), WIDE_IMAGE_MIN)) {
        say("guest: wide registers\n");
    }
    check_thread_pointers();
    check_native_neighbours();
    check_kick();
}
