// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The only program the kernel loads itself: member "rs" of the boot archive, a static ELF64
// executable of this processor. It finds a startup page as every native process does
// (abi/startup.h), with three grants: "root", "initrd" and "state", memory for its own use.
//
// When it has died, it is loaded again into the same process: threads and address space are new,
// the handle table, and with it the objects, stay. So nobody else notices, callers wait at its
// endpoint as they would for a busy server, and what is signalled meanwhile is kept. Its status
// tells the new incarnation what its predecessor died of (docs/recovery.md). One that keeps dying
// is a panic.
//
// `startup`, `started_at` and `deaths` belong to the CPU that starts it: the boot CPU, later the
// one on which the dead process's last thread ended. Between two such the process has run, so
// object_lock orders them.

#include "kernel/core/first_process.h"

#include "abi/error.h"
#include "abi/startup.h"
#include "kernel/arch/arch.h"
#include "kernel/arch/clock.h"
#include "kernel/arch/elf_machine.h"
#include "kernel/core/boot_archive.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/process.h"
#include "kernel/core/resource.h"
#include "kernel/core/string.h"
#include "kernel/core/thread.h"
#include "kernel/mm/aspace.h"

// ELF64 (System V ABI, "Object files"): what of it an executable's loader needs.
enum { ELF_TYPE_EXECUTABLE = 2, ELF_SEGMENT_LOAD = 1, ELF_HEADERS_MAX = 16 };
enum { ELF_FLAG_EXECUTE = 1, ELF_FLAG_WRITE = 2, ELF_FLAG_READ = 4 };

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_bytes, program_header_bytes, program_header_count;
    uint16_t section_header_bytes, section_header_count, section_names;
};
_Static_assert(sizeof(struct elf_header) == 64, "System V ABI");

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_bytes, memory_bytes, align;
};
_Static_assert(sizeof(struct elf_segment) == 56, "System V ABI");

enum { STACK_TOP_GAP = 64 * 1024 };
#define STACK_BASE \
    (USER_END / NATIVE_STACK_BYTES * NATIVE_STACK_BYTES - STACK_TOP_GAP - NATIVE_STACK_BYTES)
#define STARTUP_PAGE (STACK_BASE - 16 * PAGE_SIZE)

enum { STATE_BYTES = 16 << 20 }; // at most; pages come when touched

// Each death counts one, each second of life takes one off.
enum { DEATHS_MAX = 30, LIFE_NS = 1000 * 1000 * 1000 };

struct process *first_process;
static struct startup startup = {.magic = STARTUP_MAGIC, .name = "rs"};
static time_ns_t started_at;
static uint64_t deaths;

static void check(int error, const char *what)
{
    if (error != 0) {
        panic("cannot start rs: %s failed (%d)", what, -error);
    }
}

static void map(struct aspace *aspace, uint64_t address, uint64_t bytes, unsigned prot)
{
    struct aspace_map_args args = {
        .address = address, .bytes = bytes, .prot = prot, .flags = MAP_FIXED | MAP_PRIVATE};
    uint64_t at;
    check(aspace_map(aspace, &args, NULL, PROT_READ | PROT_WRITE | PROT_EXECUTE, &at),
          "mapping its memory");
}

static void put(struct aspace *aspace, uint64_t address, const void *data, size_t bytes)
{
    struct fault fault;
    check(aspace_copy_out(aspace, address, data, bytes, &fault), "filling its memory");
}

static void load_segment(struct aspace *aspace, const char *image, size_t bytes,
                         const struct elf_segment *segment)
{
    uint64_t start = segment->address & ~(uint64_t)(PAGE_SIZE - 1);
    if (segment->offset > bytes || segment->file_bytes > bytes - segment->offset ||
        segment->file_bytes > segment->memory_bytes || segment->address < USER_BASE ||
        segment->address >= STARTUP_PAGE ||
        segment->memory_bytes > STARTUP_PAGE - segment->address) {
        panic("cannot start rs: a segment of its file lies outside the file or the address space");
    }
    uint64_t end =
        (segment->address + segment->memory_bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    unsigned prot = ((segment->flags & ELF_FLAG_READ) != 0 ? PROT_READ : 0u) |
                    ((segment->flags & ELF_FLAG_WRITE) != 0 ? PROT_WRITE : 0u) |
                    ((segment->flags & ELF_FLAG_EXECUTE) != 0 ? PROT_EXECUTE : 0u);
    map(aspace, start, end - start, PROT_READ | PROT_WRITE);
    put(aspace, segment->address, image + segment->offset, segment->file_bytes);
    check(aspace_protect(aspace, start, end - start, prot), "protecting its memory");
}

static uint64_t load_image(struct aspace *aspace)
{
    size_t bytes;
    const char *image = boot_archive_find("rs", &bytes);
    if (image == NULL) {
        panic("the boot archive has no member \"rs\": build it with make");
    }
    struct elf_header header = {.type = 0};
    memcpy(&header, image, bytes < sizeof(header) ? bytes : sizeof(header));
    if (memcmp(header.ident, "\177ELF\2\1\1", 7) != 0 || header.type != ELF_TYPE_EXECUTABLE ||
        header.machine != ELF_MACHINE ||
        header.program_header_bytes != sizeof(struct elf_segment) ||
        header.program_header_count > ELF_HEADERS_MAX || header.program_headers > bytes ||
        header.program_header_count * sizeof(struct elf_segment) > bytes - header.program_headers) {
        panic("cannot start rs: its file is not a static ELF64 executable for this processor");
    }
    for (unsigned i = 0; i < header.program_header_count; i++) {
        struct elf_segment segment;
        memcpy(&segment, image + header.program_headers + i * sizeof(segment), sizeof(segment));
        if (segment.type == ELF_SEGMENT_LOAD && segment.memory_bytes != 0) {
            load_segment(aspace, image, bytes, &segment);
        }
    }
    return header.entry;
}

static void grant(const char *name, struct object *object, uint64_t value)
{
    int64_t handle = handle_install(first_process, object, RIGHTS_ALL, 0);
    if (handle < 0) {
        panic("cannot start rs: no memory for its handles");
    }
    struct startup_grant *entry = &startup.grant[startup.grants++];
    memcpy(entry->name, name, strlen(name) + 1);
    entry->handle = (handle_t)handle;
    entry->value = value;
}

static void grant_all(void)
{
    struct resource *root;
    struct memory *archive, *state;
    uint64_t pages = (boot_info.initrd_bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    check(resource_create(RESOURCE_ROOT, 0, 0, &root), "making the root resource");
    check(memory_create_from_pages(boot_info.initrd, pages, &archive), "wrapping the boot archive");
    check(memory_create(STATE_BYTES, 0, NULL, 0, &state), "making its state");
    grant("root", &root->object, 0);
    grant("initrd", &archive->object, boot_info.initrd_bytes);
    grant("state", &state->object, STATE_BYTES);
}

// The process has an empty address space and no thread.
static void load_and_run(void)
{
    struct aspace *aspace = first_process->aspace;
    struct thread *thread;
    struct thread_args args = {
        .entry = load_image(aspace),
        .stack = STACK_BASE + NATIVE_STACK_BYTES - THREAD_LOCAL_BYTES,
        .argument = {STARTUP_PAGE, 0},
        .ipc_buffer = STACK_BASE + NATIVE_STACK_BYTES - THREAD_LOCAL_BYTES,
        .priority = PRIORITY_MAX,
    };
    map(aspace, STACK_BASE, NATIVE_STACK_BYTES, PROT_READ | PROT_WRITE);
    map(aspace, STARTUP_PAGE, PAGE_SIZE, PROT_READ | PROT_WRITE);
    put(aspace, STARTUP_PAGE, &startup, sizeof(startup));
    check(aspace_protect(aspace, STARTUP_PAGE, PAGE_SIZE, PROT_READ), "protecting its memory");
    started_at = clock_now();
    check(thread_create(first_process, &args, &thread), "making its thread");
    spin_lock(&object_lock);
    first_process->finishing = false;
    check(thread_start(thread), "starting its thread");
    spin_unlock(&object_lock);
    object_put(&thread->object);
}

void first_process_start(void)
{
    struct aspace *aspace;
    check(aspace_create(&aspace), "making its address space");
    check(process_create("rs", 2, aspace, &first_process), "making the process");
    object_put(&aspace->object);
    grant_all();
    load_and_run();
}

void first_process_restart(void)
{
    const struct process_status *status = &first_process->status;
    uint64_t lived = (clock_now() - started_at) / LIFE_NS;
    deaths = deaths > lived ? deaths - lived + 1 : 1;
    if (deaths > DEATHS_MAX) {
        panic("rs died %lu times in a row, at last of cause %u (code %d) at %p", deaths,
              status->cause, status->code, (void *)status->program_counter);
    }
    startup.incarnation++;
    load_and_run();
}
