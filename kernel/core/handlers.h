// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// System-call handlers that stand in the file of their object; convention: kernel/core/syscall.h.

#pragma once

#include "abi/types.h"

struct thread;

#define SYSCALL_HANDLER(name) int64_t name(struct thread *thread, const uint64_t *arg)

SYSCALL_HANDLER(sys_futex_wait);
SYSCALL_HANDLER(sys_futex_wake);
SYSCALL_HANDLER(sys_futex_requeue);
SYSCALL_HANDLER(sys_timer_create);
SYSCALL_HANDLER(sys_timer_set);
SYSCALL_HANDLER(sys_process_create);
SYSCALL_HANDLER(sys_process_grant);
SYSCALL_HANDLER(sys_process_kill);
SYSCALL_HANDLER(sys_process_watch);
SYSCALL_HANDLER(sys_process_status);
SYSCALL_HANDLER(sys_process_exit);
SYSCALL_HANDLER(sys_thread_create);
SYSCALL_HANDLER(sys_thread_control);
SYSCALL_HANDLER(sys_thread_exit);
SYSCALL_HANDLER(sys_memory_create);
SYSCALL_HANDLER(sys_memory_create_physical);
SYSCALL_HANDLER(sys_memory_resize);
SYSCALL_HANDLER(sys_memory_supply);
SYSCALL_HANDLER(sys_memory_decommit);
SYSCALL_HANDLER(sys_memory_dirty);
SYSCALL_HANDLER(sys_aspace_create);
SYSCALL_HANDLER(sys_aspace_map);
SYSCALL_HANDLER(sys_aspace_unmap);
SYSCALL_HANDLER(sys_aspace_protect);
SYSCALL_HANDLER(sys_aspace_move);
SYSCALL_HANDLER(sys_aspace_discard);
SYSCALL_HANDLER(sys_aspace_clone);
SYSCALL_HANDLER(sys_aspace_read);
SYSCALL_HANDLER(sys_aspace_write);
SYSCALL_HANDLER(sys_aspace_query);
SYSCALL_HANDLER(sys_aspace_stats);
SYSCALL_HANDLER(sys_guest_create);
SYSCALL_HANDLER(sys_guest_run);
SYSCALL_HANDLER(sys_guest_set_aspace);
SYSCALL_HANDLER(sys_guest_fpu);
SYSCALL_HANDLER(sys_resource_create);
SYSCALL_HANDLER(sys_port_read);
SYSCALL_HANDLER(sys_port_write);
SYSCALL_HANDLER(sys_port_write_bytes);
SYSCALL_HANDLER(sys_irq_create);
SYSCALL_HANDLER(sys_irq_bind);
SYSCALL_HANDLER(sys_irq_ack);
SYSCALL_HANDLER(sys_dma_create);
SYSCALL_HANDLER(sys_dma_map);
SYSCALL_HANDLER(sys_dma_unmap);
SYSCALL_HANDLER(sys_dma_control);
SYSCALL_HANDLER(sys_log_write);
SYSCALL_HANDLER(sys_log_read);
SYSCALL_HANDLER(sys_info);
SYSCALL_HANDLER(sys_machine_control);
