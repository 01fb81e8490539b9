// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel's system calls: numbers and arguments. docs/kernel-api.md tells what each does;
// lib/sys/sys.h holds the C stubs, with errors and blocking.
//
// Every call returns a value >= 0 or a negative enum error. Pointers are into the caller's own
// address space. "deadline" is absolute monotonic time; a call without one never blocks, except
// where marked (blocks).
//
// x86_64: SYSCALL; number in rax, arguments a0-a5 in rdi rsi rdx r10 r8 r9; result in rax; rcx and
// r11 are destroyed. Message calls: rdi handle, rsi tag, words 0-5 in rdx r10 r8 r9 r12 r13; on
// return rax status, rdi badge, rsi tag, and the words in the same registers.
//
// aarch64: SVC #0; number in x8, arguments a0-a5 in x0-x5; result in x0; nothing else changes.
// Message calls: x0 handle, x1 tag, words 0-5 in x2-x7; on return x0 status, x8 badge, x1 tag, and
// the words in the same registers.

#pragma once

#include "abi/types.h"

enum syscall {
    // IPC. Message calls use the message registers, not a0-a5.
    SYS_NULL = 0, // () -> 0
    SYS_CALL = 1, // message(endpoint) (blocks): send, wait for the reply
    SYS_REPLY_RECEIVE =
        2,               // message(endpoint) (blocks): answer the current caller, wait for the next
    SYS_RECEIVE = 3,     // message(endpoint) (blocks)
    SYS_REPLY = 4,       // message(HANDLE_NONE, or a reply handle, which is consumed)
    SYS_REPLY_DEFER = 5, // () -> reply handle for the current caller
    SYS_SIGNAL = 6,      // (notification): OR the handle's badge into the word
    SYS_WAIT = 7, // (notification or HANDLE_NONE: sleep, deadline) (blocks): takes all bits; they
                  // are returned as a message's tag is
    SYS_FUTEX_WAIT = 8,     // (struct futex_wait_args *) (blocks)
    SYS_FUTEX_WAKE = 9,     // (aspace, address, count, bitset) -> woken
    SYS_FUTEX_REQUEUE = 10, // (aspace, from, to, wake, requeue, expected) -> woken + requeued
    SYS_YIELD = 11,

    // Handles and objects.
    SYS_HANDLE_CLOSE = 12, // (handle)
    SYS_HANDLE_DUPLICATE =
        13, // (handle, rights, badge) -> handle; badge only from an unbadged (0) handle
    SYS_HANDLE_INFO = 14,         // (handle, struct handle_info *)
    SYS_ENDPOINT_CREATE = 15,     // () -> handle
    SYS_NOTIFICATION_CREATE = 16, // () -> handle
    SYS_TIMER_CREATE = 17,        // (notification) -> handle; signals with that handle's badge.
                                  // HANDLE_SELF: a watchdog, which ends the process when it has
                                  // fired WATCHDOG_TURNS times without having been set anew
    SYS_TIMER_SET = 18,           // (timer, deadline or DEADLINE_NEVER, period_ns or 0)

    // Processes and threads.
    SYS_PROCESS_CREATE = 19, // (name, name_length, aspace) -> handle
    SYS_PROCESS_GRANT =
        20, // (process, handle, rights, badge, slot or 0) -> slot in that process's table
    SYS_PROCESS_KILL = 21,   // (process)
    SYS_PROCESS_WATCH = 22,  // (process, notification): signal when it is dead
    SYS_PROCESS_STATUS = 23, // (process, struct process_status *)
    SYS_PROCESS_EXIT = 24,   // (code) does not return
    SYS_THREAD_CREATE = 25,  // (process, struct thread_args *) -> handle
    SYS_THREAD_CONTROL = 26, // (thread, enum thread_op, value)
    SYS_THREAD_EXIT = 27,    // () does not return

    // Memory.
    SYS_MEMORY_CREATE = 28,          // (bytes, flags, pager endpoint or HANDLE_NONE) -> handle
    SYS_MEMORY_CREATE_PHYSICAL = 29, // (resource, physical, bytes, enum memory_cache) -> handle
    SYS_MEMORY_RESIZE = 30,          // (memory, bytes)
    SYS_MEMORY_SUPPLY =
        31, // (memory, offset, source memory, source offset, bytes): share source's pages
    SYS_MEMORY_DECOMMIT = 32, // (memory, offset, bytes): drop pages, everywhere they are mapped
    SYS_MEMORY_DIRTY = 33,    // (memory, offset, pages, bitmap *, clear) -> number dirty
    SYS_ASPACE_CREATE = 34,   // () -> handle
    SYS_ASPACE_MAP = 35,      // (aspace, struct aspace_map_args *) -> address
    SYS_ASPACE_UNMAP = 36,    // (aspace, address, bytes)
    SYS_ASPACE_PROTECT = 37,  // (aspace, address, bytes, prot)
    SYS_ASPACE_MOVE = 38,     // (aspace, old, old_bytes, new, new_bytes)
    SYS_ASPACE_DISCARD = 39,  // (aspace, address, bytes): drop private pages, keep the mapping
    SYS_ASPACE_CLONE = 40,    // (aspace) -> copy-on-write copy
    SYS_ASPACE_READ = 41,     // (aspace, address, buffer, bytes) -> bytes read
    SYS_ASPACE_WRITE = 42,    // (aspace, address, buffer, bytes) -> bytes written
    SYS_ASPACE_QUERY =
        43, // (aspace, address, struct region_info *): first region at or above address
    SYS_ASPACE_STATS = 44, // (aspace, struct aspace_stats *)

    // Linux programs.
    SYS_GUEST_CREATE =
        45, // (aspace, memory, offset) -> handle; one page of memory becomes its guest_state
    SYS_GUEST_RUN = 46,        // (guest) (blocks) -> enum guest_exit
    SYS_GUEST_SET_ASPACE = 47, // (guest, aspace)
    SYS_GUEST_FPU = 48,        // (guest, enum guest_fpu_op, buffer or other guest, bytes) -> bytes

    // Devices.
    SYS_RESOURCE_CREATE = 49, // (parent, enum resource_kind, base, count) -> narrower resource
    SYS_PORT_READ = 50,  // (resource, port offset, width) -> value                     x86 only
    SYS_PORT_WRITE = 51, // (resource, port offset, width, value)                       x86 only
    SYS_PORT_WRITE_BYTES =
        52,              // (resource, port offset, buffer, count): all to one port     x86 only
    SYS_IRQ_CREATE = 53, // (resource, struct irq_args *) -> handle
    SYS_IRQ_BIND = 54,   // (irq, notification): signal with that handle's badge
    SYS_IRQ_ACK = 55,    // (irq): may fire again
    SYS_DMA_CREATE = 56, // (resource, device id (PCI bus << 8 | device << 3 | function), enum
                         // dma_flag) -> handle
    SYS_DMA_MAP = 57,   // (dma, memory, offset, bytes, rights, bus_address *): one entry a page, or
                        // one if contiguous
    SYS_DMA_UNMAP = 58, // (dma, memory, offset, bytes, bus): as mapped; bus: the first address,
                        // where the same pages are mapped several times, or 0 for any of these
    SYS_DMA_CONTROL = 59, // (dma, enum dma_op, value)

    // The system.
    SYS_CLOCK = 60,     // () -> monotonic ns
    SYS_LOG_WRITE = 61, // (resource, text, bytes)
    SYS_LOG_READ = 62,  // (resource, position, buffer, bytes) -> bytes; position is a running byte
                        // count; E_RANGE: overwritten; position ~0: -> the oldest position kept
    SYS_INFO = 63,      // (enum info_kind, argument, buffer, bytes) -> bytes
    SYS_MACHINE_CONTROL = 64, // (resource, enum machine_op, value)

    SYSCALL_COUNT,
};

// ---- rights ----

enum right {
    RIGHT_READ = 1 << 0,      // memory: map readable; aspace: read; process/thread: status
    RIGHT_WRITE = 1 << 1,     // memory: map writable; aspace: write
    RIGHT_EXECUTE = 1 << 2,   // memory: map executable
    RIGHT_SEND = 1 << 3,      // endpoint: call; notification: signal
    RIGHT_RECEIVE = 1 << 4,   // endpoint: receive; notification: wait, bind
    RIGHT_MANAGE = 1 << 5,    // change, kill, map into, resize, bind, create from
    RIGHT_DUPLICATE = 1 << 6, // handle_duplicate, process_grant
    RIGHT_TRANSFER = 1 << 7,  // send in a message (the receiver gets a copy)
    RIGHTS_ALL = 0xff,
};

enum object_type {
    OBJECT_NONE,
    OBJECT_PROCESS,
    OBJECT_THREAD,
    OBJECT_ENDPOINT,
    OBJECT_NOTIFICATION,
    OBJECT_REPLY,
    OBJECT_TIMER,
    OBJECT_MEMORY,
    OBJECT_ASPACE,
    OBJECT_GUEST,
    OBJECT_IRQ,
    OBJECT_DMA,
    OBJECT_RESOURCE,
    OBJECT_TYPES,
};

struct handle_info {
    uint32_t type; // enum object_type
    uint32_t rights;
    uint64_t badge;
    uint64_t size; // memory, resource: bytes or count
    uint64_t base; // resource: first
};

// ---- futex ----

struct futex_wait_args {
    handle_t aspace;  // HANDLE_SELF or another's
    uint32_t flags;   // enum futex_flag
    uint64_t address; // of a 32-bit word, 4-byte aligned
    uint32_t expected;
    uint32_t bitset; // woken by a wake whose bitset shares a bit; ~0 for any
    time_ns_t deadline;
};

enum futex_flag {
    FUTEX_INTERRUPTIBLE = 1, // a kick ends the wait with E_INTR
};

// ---- processes and threads ----

enum { PROCESS_NAME_MAX = 32 };

enum process_state { PROCESS_RUNNING, PROCESS_DEAD };

enum death_cause {
    DEATH_NONE,
    DEATH_EXIT,    // process_exit; code says
    DEATH_KILLED,  // process_kill
    DEATH_FAULT,   // memory fault: fault_address, fault_access
    DEATH_ILLEGAL, // illegal instruction, privileged instruction, breakpoint
    DEATH_ARITHMETIC,
    DEATH_HUNG, // its watchdog was not set in time
};

enum { WATCHDOG_TURNS = 4 };

enum { BACKTRACE_DEPTH = 16 };

#if defined(__x86_64__)
enum { PROCESS_REGISTERS = 16 }; // rax rbx rcx rdx rsi rdi rbp rsp r8 .. r15
#elif defined(__aarch64__)
enum { PROCESS_REGISTERS = 32 }; // x0 .. x30, pstate
#endif

// Of rs, which the kernel starts again when it has died, everything about a death is its
// predecessor's.
struct process_status {
    char name[PROCESS_NAME_MAX];
    uint32_t id;
    uint32_t state; // enum process_state
    uint32_t cause; // enum death_cause
    int32_t code;   // exit code, or the processor's exception number
    uint64_t fault_address;
    uint64_t fault_access; // PROT_* wanted
    uint64_t program_counter;
    uint64_t stack_pointer;
    uint64_t registers[PROCESS_REGISTERS];
    uint64_t backtrace[BACKTRACE_DEPTH];
    uint32_t backtrace_depth;
    uint32_t threads;
    uint32_t handles;
    uint32_t reserved;
    uint64_t cpu_ns;
    uint64_t resident_bytes;
    time_ns_t died_at;
};

struct thread_args {
    uint64_t entry;
    uint64_t stack;       // initial stack pointer
    uint64_t argument[2]; // first two C arguments of entry
    uint64_t ipc_buffer;  // IPC_BUFFER_ALIGN-aligned, in writable private memory; 0: register
                          // messages only
    uint32_t priority;    // 0 .. PRIORITY_MAX; not above the caller's own maximum
    uint32_t affinity;    // bit n: may run on CPU n; 0: any
};

enum {
    PRIORITY_IDLE = 0,
    PRIORITY_USER = 8,    // posix's threads: programs
    PRIORITY_SERVER = 16, // file systems, net, log
    PRIORITY_DRIVER = 24,
    PRIORITY_SYSTEM = 28, // devmgr, rs
    PRIORITY_MAX = 31,
};

enum thread_op {
    THREAD_SET_PRIORITY,
    THREAD_SET_AFFINITY,
    THREAD_BIND_NOTIFICATION, // value: notification handle; what receive also waits for
    THREAD_KICK,              // end, or forestall once, guest_run and FUTEX_INTERRUPTIBLE waits
    THREAD_KILL,
    THREAD_CPU_TIME,   // -> ns it has run
    THREAD_GUEST_TIME, // -> ns of these in guests
};

// ---- devices ----

enum resource_kind {
    RESOURCE_ROOT,    // everything; held by rs
    RESOURCE_MMIO,    // physical addresses base .. base + count
    RESOURCE_PORT,    // x86 I/O ports
    RESOURCE_IRQ,     // interrupt lines (GSI / SPI); count 0: message-signalled only
    RESOURCE_DMA,     // device ids
    RESOURCE_LOG,     // kernel log
    RESOURCE_MACHINE, // machine_control
};

enum irq_flag {
    IRQ_LEVEL = 1,      // else edge
    IRQ_ACTIVE_LOW = 2, // else high
    IRQ_MSI = 4,        // message-signalled: line is ignored, msi_address and msi_data are results
};

struct irq_args {
    uint32_t line;
    uint32_t flags;  // enum irq_flag
    uint32_t device; // IRQ_MSI: device id, for interrupt remapping and the ITS
    uint32_t msi_data;
    uint64_t msi_address;
};

enum dma_flag {
    // The device's accesses do not pass the IOMMU, as those of a virtio device without
    // VIRTIO_F_ACCESS_PLATFORM: bus addresses are physical ones.
    DMA_PAST_IOMMU = 1 << 0,
};

enum dma_op {
    DMA_RELEASE_QUARANTINE, // the device is reset: pages of its dead driver may be reused; final
    DMA_BLOCK,              // the device reaches nothing any more; what is mapped stays held
    DMA_WATCH,              // value: notification, signalled at each access that was stopped
    DMA_STATUS,             // value: struct dma_status *
};

struct dma_status {
    uint64_t mapped_bytes, mappings;
    uint64_t faults;       // accesses of the device that the IOMMU stopped
    uint64_t fault_bus;    // the last one's page
    uint32_t fault_access; // PROT_READ or PROT_WRITE
    uint32_t confined;     // 0: no IOMMU, the device reaches all memory
};

enum machine_op {
    MACHINE_CONSOLE_OFF, // the kernel's own early output stops (a driver has the UART)
    MACHINE_POWER_OFF,   // by firmware call (PSCI); E_NOSYS where a driver does it (ACPI)
    MACHINE_REBOOT,
    MACHINE_EXIT,       // QEMU's debug exit, for tests; E_NODEV without the device
    MACHINE_CONSOLE_ON, // it goes on, whoever has the UART: for last words
};

// ---- information ----

enum info_kind {
    INFO_MEMORY,       // struct info_memory
    INFO_CPUS,         // struct info_cpu[]
    INFO_PROCESSES,    // struct process_status, argument = index; E_NOENT past the end
    INFO_IRQS,         // struct info_irq[]
    INFO_COMMAND_LINE, // text
    INFO_BOOT,         // struct info_boot: firmware tables for devmgr
    INFO_ENTROPY,      // random bytes
    INFO_CLOCK,        // struct info_clock
    INFO_KERNEL,       // struct info_kernel: object counts, for leak checks
    INFO_PROCESSOR,    // abi/arch/<cpu>/processor.h; E_INVAL where programs can ask the CPU itself
};

struct info_memory {
    uint64_t total_bytes, free_bytes, kernel_bytes, quarantined_bytes;
};

struct info_cpu {
    uint64_t user_ns, system_ns, idle_ns;
    uint64_t context_switches, interrupts;
};

struct info_irq {
    uint32_t line, flags;
    uint64_t count;
    char owner[PROCESS_NAME_MAX];
};

struct info_boot {
    uint64_t acpi_rsdp;   // physical, 0 if none
    uint64_t device_tree; // physical, 0 if none
    uint64_t device_tree_bytes;
    uint64_t initrd;
    uint64_t initrd_bytes;
};

// ns = (((counter - counter_base) * multiplier) >> shift) + ns_base, the counter being TSC or
// CNTVCT.
struct info_clock {
    uint64_t counter_base, ns_base, multiplier, shift, counter_hz;
};

struct info_kernel {
    uint64_t objects[OBJECT_TYPES];
    uint64_t handles;
    uint64_t heap_bytes;
};
