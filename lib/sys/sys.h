// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel's system calls in C, one function each, in the order of abi/syscall.h.
//
// Common to all, unless the function says otherwise:
// - The result is 0 or positive on success, else a negative enum error.
// - E_BADF: no such handle, or an object of another type. E_PERM: the handle lacks the right named
// in brackets.
//   E_FAULT: a pointer is not the caller's own readable or writable memory. E_NOMEM: memory or a
//   table is exhausted.
// - A handle that a call returns belongs to the caller, who closes it with sys_handle_close.
// - Nothing blocks except what is marked "Blocks". Deadlines are absolute (sys_clock), DEADLINE_NOW
// polls,
//   DEADLINE_NEVER waits for ever. Every function may be called from any thread.
//
// Messages: lib/sys/ipc.h. Threads and locks: lib/sys/thread.h. Grants: lib/sys/start.h. Log lines:
// lib/sys/log.h.

#pragma once

#include "abi/error.h"
#include "abi/guest.h"
#include "abi/memory.h"
#include "abi/message.h"
#include "abi/startup.h"
#include "abi/syscall.h"

#if defined(__x86_64__)
#include "lib/sys/arch/x86_64/syscall.h"
#elif defined(__aarch64__)
#include "lib/sys/arch/aarch64/syscall.h"
#endif

#include "lib/sys/ipc.h"

// ---- notifications and futexes ----

// Does nothing; what a trip into the kernel costs.
static inline int64_t sys_null(void)
{
    return syscall0(SYS_NULL);
}

// ORs the handle's badge into the notification's word [SEND] and wakes its waiter. Never blocks.
static inline int64_t sys_signal(handle_t notification)
{
    return syscall1(SYS_SIGNAL, notification);
}

// Blocks until the notification's word is not 0 [RECEIVE]; stores the word to *bits and clears it.
// With HANDLE_NONE it sleeps until the deadline. E_TIMEDOUT: the deadline passed first.
static inline int64_t sys_wait(handle_t notification, time_ns_t deadline, uint64_t *bits)
{
    uint64_t taken = 0;
    int64_t result = syscall_wait(notification, deadline, &taken);
    if (bits != NULL) {
        *bits = result == 0 ? taken : 0;
    }
    return result;
}

// Blocks while the 32-bit word holds args->expected, until woken. E_AGAIN: it holds something else;
// E_TIMEDOUT; E_INTR: kicked, with FUTEX_INTERRUPTIBLE; E_INVAL: misaligned. Another space: [aspace
// READ].
static inline int64_t sys_futex_wait(const struct futex_wait_args *args)
{
    return syscall1(SYS_FUTEX_WAIT, (uint64_t)args);
}

// Wakes up to `count` waiters whose bitset shares a bit with `bitset`; returns how many.
static inline int64_t sys_futex_wake(handle_t aspace, uint64_t address, uint32_t count,
                                     uint32_t bitset)
{
    return syscall4(SYS_FUTEX_WAKE, aspace, address, count, bitset);
}

// If *from == expected, wakes `wake` of its waiters and moves up to `requeue` others to `to`;
// returns their sum. E_AGAIN: *from holds something else.
static inline int64_t sys_futex_requeue(handle_t aspace, uint64_t from, uint64_t to, uint32_t wake,
                                        uint32_t requeue, uint32_t expected)
{
    return syscall6(SYS_FUTEX_REQUEUE, aspace, from, to, wake, requeue, expected);
}

// Lets another thread of the same priority run.
static inline int64_t sys_yield(void)
{
    return syscall0(SYS_YIELD);
}

// ---- handles and objects ----

// Drops the handle; the object goes with its last handle.
static inline int64_t sys_handle_close(handle_t handle)
{
    return syscall1(SYS_HANDLE_CLOSE, handle);
}

// A second handle to the same object with `rights`, which must be a part of the first's (E_PERM)
// [DUPLICATE]. A badge other than 0 needs an unbadged handle (E_INVAL); 0 keeps the badge.
static inline int64_t sys_handle_duplicate(handle_t handle, uint32_t rights, uint64_t badge)
{
    return syscall3(SYS_HANDLE_DUPLICATE, handle, rights, badge);
}

// Type, rights, badge and size of what the handle names.
static inline int64_t sys_handle_info(handle_t handle, struct handle_info *info)
{
    return syscall2(SYS_HANDLE_INFO, handle, (uint64_t)info);
}

static inline int64_t sys_endpoint_create(void)
{
    return syscall0(SYS_ENDPOINT_CREATE);
}

static inline int64_t sys_notification_create(void)
{
    return syscall0(SYS_NOTIFICATION_CREATE);
}

// A timer that signals `notification` with this handle's badge [SEND]. HANDLE_SELF: a watchdog,
// which ends this process (DEATH_HUNG) at its WATCHDOG_TURNS'th turn since it was set.
static inline int64_t sys_timer_create(handle_t notification)
{
    return syscall1(SYS_TIMER_CREATE, notification);
}

// Fires at `deadline` and, if `period` is not 0, every `period` ns after. DEADLINE_NEVER stops it.
static inline int64_t sys_timer_set(handle_t timer, time_ns_t deadline, uint64_t period)
{
    return syscall3(SYS_TIMER_SET, timer, deadline, period);
}

// ---- processes and threads ----

// A process without threads over an address space [MANAGE]. E_INVAL: name longer than
// PROCESS_NAME_MAX - 1.
static inline int64_t sys_process_create(const char *name, size_t length, handle_t aspace)
{
    return syscall3(SYS_PROCESS_CREATE, (uint64_t)name, length, aspace);
}

// Puts a copy of `handle` [DUPLICATE] into the process's table [MANAGE] and returns its slot there.
// slot 0: any free one; E_EXIST: taken. Rights and badge as in sys_handle_duplicate.
static inline int64_t sys_process_grant(handle_t process, handle_t handle, uint32_t rights,
                                        uint64_t badge, handle_t slot)
{
    return syscall5(SYS_PROCESS_GRANT, process, handle, rights, badge, slot);
}

// Ends the process with cause DEATH_KILLED [MANAGE].
static inline int64_t sys_process_kill(handle_t process)
{
    return syscall1(SYS_PROCESS_KILL, process);
}

// Signals `notification` [SEND] once the process is dead, at once if it is.
static inline int64_t sys_process_watch(handle_t process, handle_t notification)
{
    return syscall2(SYS_PROCESS_WATCH, process, notification);
}

// State, cause of death, registers and backtrace of the thread that died [READ].
static inline int64_t sys_process_status(handle_t process, struct process_status *status)
{
    return syscall2(SYS_PROCESS_STATUS, process, (uint64_t)status);
}

// Ends the calling process with cause DEATH_EXIT.
__attribute__((noreturn)) static inline void sys_process_exit(int32_t code)
{
    syscall1(SYS_PROCESS_EXIT, (uint64_t)(int64_t)code);
    __builtin_trap();
}

// Starts a thread in the process [MANAGE]. E_PERM: priority above the caller's own maximum. Inside
// one process use thread_start (lib/sys/thread.h), which brings a stack.
static inline int64_t sys_thread_create(handle_t process, const struct thread_args *args)
{
    return syscall2(SYS_THREAD_CREATE, process, (uint64_t)args);
}

// [MANAGE]; HANDLE_SELF is the calling thread. E_INVAL: no such operation or value out of range.
static inline int64_t sys_thread_control(handle_t thread, enum thread_op op, uint64_t value)
{
    return syscall3(SYS_THREAD_CONTROL, thread, op, value);
}

// ---- memory ----

// A memory object. flags: enum memory_flag. `pager`: endpoint [SEND] for MEMORY_PAGED, or
// HANDLE_NONE.
static inline int64_t sys_memory_create(uint64_t bytes, uint32_t flags, handle_t pager)
{
    return syscall3(SYS_MEMORY_CREATE, bytes, flags, pager);
}

// Device memory: the resource must cover physical .. physical + bytes (E_PERM). cache: enum
// memory_cache.
static inline int64_t sys_memory_create_physical(handle_t resource, uint64_t physical,
                                                 uint64_t bytes, uint32_t cache)
{
    return syscall4(SYS_MEMORY_CREATE_PHYSICAL, resource, physical, bytes, cache);
}

// Grows or shrinks the object [MANAGE]; pages beyond the new end disappear everywhere.
static inline int64_t sys_memory_resize(handle_t memory, uint64_t bytes)
{
    return syscall2(SYS_MEMORY_RESIZE, memory, bytes);
}

// Makes source's pages present in `memory` too, shared [both MANAGE or READ as the kernel page
// says].
static inline int64_t sys_memory_supply(handle_t memory, uint64_t offset, handle_t source,
                                        uint64_t source_offset, uint64_t bytes)
{
    return syscall5(SYS_MEMORY_SUPPLY, memory, offset, source, source_offset, bytes);
}

// Drops pages wherever they are mapped [MANAGE]; the next access gets fresh zeroes or asks the
// pager.
static inline int64_t sys_memory_decommit(handle_t memory, uint64_t offset, uint64_t bytes)
{
    return syscall3(SYS_MEMORY_DECOMMIT, memory, offset, bytes);
}

// Writes one bit a page to `bitmap` (bit 0 of byte 0 first): written since the last clearing;
// clears if asked. Returns the number of dirty pages.
static inline int64_t sys_memory_dirty(handle_t memory, uint64_t offset, uint64_t pages,
                                       void *bitmap, bool clear)
{
    return syscall5(SYS_MEMORY_DIRTY, memory, offset, pages, (uint64_t)bitmap, clear);
}

static inline int64_t sys_aspace_create(void)
{
    return syscall0(SYS_ASPACE_CREATE);
}

// Maps memory [READ, WRITE, EXECUTE as prot asks] into the space [MANAGE]; returns the address.
// E_INVAL: misaligned, or writable and executable at once; E_EXIST: MAP_NOREPLACE and something is
// there; E_NOMEM: no room.
static inline int64_t sys_aspace_map(handle_t aspace, const struct aspace_map_args *args)
{
    return syscall2(SYS_ASPACE_MAP, aspace, (uint64_t)args);
}

static inline int64_t sys_aspace_unmap(handle_t aspace, uint64_t address, uint64_t bytes)
{
    return syscall3(SYS_ASPACE_UNMAP, aspace, address, bytes);
}

static inline int64_t sys_aspace_protect(handle_t aspace, uint64_t address, uint64_t bytes,
                                         uint32_t prot)
{
    return syscall4(SYS_ASPACE_PROTECT, aspace, address, bytes, prot);
}

// Resizes (from == to) or moves a mapping that lies in one region; `to` == 0: the kernel chooses.
// Returns its address.
static inline int64_t sys_aspace_move(handle_t aspace, uint64_t from, uint64_t from_bytes,
                                      uint64_t to, uint64_t to_bytes)
{
    return syscall5(SYS_ASPACE_MOVE, aspace, from, from_bytes, to, to_bytes);
}

// Drops private pages and keeps the mapping: the next access sees the object, or zeroes.
static inline int64_t sys_aspace_discard(handle_t aspace, uint64_t address, uint64_t bytes)
{
    return syscall3(SYS_ASPACE_DISCARD, aspace, address, bytes);
}

// A copy-on-write copy of the whole space.
static inline int64_t sys_aspace_clone(handle_t aspace)
{
    return syscall1(SYS_ASPACE_CLONE, aspace);
}

// Copies out of another space [READ]; returns the bytes copied, fewer if it meets an inaccessible
// page, E_FAULT if the first is.
static inline int64_t sys_aspace_read(handle_t aspace, uint64_t address, void *buffer,
                                      uint64_t bytes)
{
    return syscall4(SYS_ASPACE_READ, aspace, address, (uint64_t)buffer, bytes);
}

// Copies into another space [WRITE]; results as sys_aspace_read.
static inline int64_t sys_aspace_write(handle_t aspace, uint64_t address, const void *buffer,
                                       uint64_t bytes)
{
    return syscall4(SYS_ASPACE_WRITE, aspace, address, (uint64_t)buffer, bytes);
}

// The first region at or above `address`. E_NOENT: none.
static inline int64_t sys_aspace_query(handle_t aspace, uint64_t address, struct region_info *info)
{
    return syscall3(SYS_ASPACE_QUERY, aspace, address, (uint64_t)info);
}

static inline int64_t sys_aspace_stats(handle_t aspace, struct aspace_stats *stats)
{
    return syscall2(SYS_ASPACE_STATS, aspace, (uint64_t)stats);
}

// ---- Linux programs ----

// A guest over an address space; one page of `memory` at `offset` becomes its struct guest_state.
static inline int64_t sys_guest_create(handle_t aspace, handle_t memory, uint64_t offset)
{
    return syscall3(SYS_GUEST_CREATE, aspace, memory, offset);
}

// Blocks while the guest runs on this thread; returns an enum guest_exit.
static inline int64_t sys_guest_run(handle_t guest)
{
    return syscall1(SYS_GUEST_RUN, guest);
}

static inline int64_t sys_guest_set_aspace(handle_t guest, handle_t aspace)
{
    return syscall2(SYS_GUEST_SET_ASPACE, guest, aspace);
}

// Reads, loads, resets or copies the guest's extended register state; `buffer` or, for
// GUEST_FPU_COPY, a guest handle.
static inline int64_t sys_guest_fpu(handle_t guest, enum guest_fpu_op op, uint64_t buffer,
                                    uint64_t bytes)
{
    return syscall4(SYS_GUEST_FPU, guest, op, buffer, bytes);
}

// ---- devices ----

// A narrower resource out of a wider one [MANAGE]. E_PERM: base .. base + count is not inside the
// parent.
static inline int64_t sys_resource_create(handle_t parent, enum resource_kind kind, uint64_t base,
                                          uint64_t count)
{
    return syscall4(SYS_RESOURCE_CREATE, parent, kind, base, count);
}

// x86 only (E_NOSYS elsewhere). `port` counts from the resource's base; width 1, 2 or 4 bytes.
static inline int64_t sys_port_read(handle_t resource, uint64_t port, unsigned width)
{
    return syscall3(SYS_PORT_READ, resource, port, width);
}

static inline int64_t sys_port_write(handle_t resource, uint64_t port, unsigned width,
                                     uint32_t value)
{
    return syscall4(SYS_PORT_WRITE, resource, port, width, value);
}

// Writes `count` bytes one after the other to one port.
static inline int64_t sys_port_write_bytes(handle_t resource, uint64_t port, const void *buffer,
                                           uint64_t count)
{
    return syscall4(SYS_PORT_WRITE_BYTES, resource, port, (uint64_t)buffer, count);
}

// An interrupt; for IRQ_MSI args->msi_address and msi_data are filled in.
static inline int64_t sys_irq_create(handle_t resource, struct irq_args *args)
{
    return syscall2(SYS_IRQ_CREATE, resource, (uint64_t)args);
}

// From now on the interrupt signals `notification` with that handle's badge [SEND].
static inline int64_t sys_irq_bind(handle_t irq, handle_t notification)
{
    return syscall2(SYS_IRQ_BIND, irq, notification);
}

// The device is served: the interrupt may fire again.
static inline int64_t sys_irq_ack(handle_t irq)
{
    return syscall1(SYS_IRQ_ACK, irq);
}

// -E_BUSY: the device has a window that was not released. -E_OPNOTSUPP: the firmware uses it.
static inline int64_t sys_dma_create(handle_t resource, uint64_t device, enum dma_flag flags)
{
    return syscall3(SYS_DMA_CREATE, resource, device, flags);
}

// Lets the device reach the pages; writes one bus address a page, or one in all if the object is
// contiguous.
static inline int64_t sys_dma_map(handle_t dma, handle_t memory, uint64_t offset, uint64_t bytes,
                                  uint32_t rights, uint64_t *bus_address)
{
    return syscall6(SYS_DMA_MAP, dma, memory, offset, bytes, rights, (uint64_t)bus_address);
}

static inline int64_t sys_dma_unmap(handle_t dma, handle_t memory, uint64_t offset, uint64_t bytes,
                                    uint64_t bus)
{
    return syscall5(SYS_DMA_UNMAP, dma, memory, offset, bytes, bus);
}

// DMA_STATUS needs RIGHT_READ, the others RIGHT_MANAGE. -E_INVAL: no such operation.
static inline int64_t sys_dma_control(handle_t dma, enum dma_op op, uint64_t value)
{
    return syscall3(SYS_DMA_CONTROL, dma, op, value);
}

// ---- the system ----

// Monotonic time.
static inline time_ns_t sys_clock(void)
{
    return (time_ns_t)syscall0(SYS_CLOCK);
}

// Adds text to the kernel's log [a RESOURCE_LOG].
static inline int64_t sys_log_write(handle_t resource, const char *text, size_t bytes)
{
    return syscall3(SYS_LOG_WRITE, resource, (uint64_t)text, bytes);
}

// Reads the kernel's log from `position`, a running count of bytes; returns bytes read, 0 at the
// end.
static inline int64_t sys_log_read(handle_t resource, uint64_t position, char *buffer, size_t bytes)
{
    return syscall4(SYS_LOG_READ, resource, position, (uint64_t)buffer, bytes);
}

// Fills `buffer` with what `kind` names; returns its bytes. E_NOENT: `argument` is past the end.
static inline int64_t sys_info(enum info_kind kind, uint64_t argument, void *buffer, size_t bytes)
{
    return syscall4(SYS_INFO, kind, argument, (uint64_t)buffer, bytes);
}

static inline int64_t sys_machine_control(handle_t resource, enum machine_op op, uint64_t value)
{
    return syscall3(SYS_MACHINE_CONTROL, resource, op, value);
}
