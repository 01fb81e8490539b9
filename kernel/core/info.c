// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// SYS_INFO and SYS_MACHINE_CONTROL: what the system tells about itself, and how it is switched off.

#include "kernel/core/info.h"
#include "abi/error.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/core/handlers.h"
#include "kernel/core/irq.h"
#include "kernel/core/lock.h"
#include "kernel/core/log.h"
#include "kernel/core/process.h"
#include "kernel/core/resource.h"
#include "kernel/core/statistics.h"
#include "kernel/core/string.h"
#include "kernel/core/syscall.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"

static int64_t put(struct thread *thread, const uint64_t *arg, const void *data, size_t size)
{
    if (arg[3] < size) {
        return -E_INVAL;
    }
    int64_t error = user_put(thread, arg[2], data, size);
    return error != 0 ? error : (int64_t)size;
}

static int64_t put_memory(struct thread *thread, const uint64_t *arg)
{
    struct info_memory info = {
        .total_bytes = page_total() * PAGE_SIZE,
        .free_bytes = page_free_count() * PAGE_SIZE,
        .kernel_bytes = heap_bytes(),
    };
    return put(thread, arg, &info, sizeof(info));
}

static int64_t put_cpus(struct thread *thread, const uint64_t *arg)
{
    struct info_cpu info[CPU_MAX];
    unsigned count = cpu_count();
    uint64_t now = cpu_counter();
    spin_lock(&object_lock);
    for (unsigned i = 0; i < count; i++) {
        const struct cpu *cpu = &cpus[i];
        uint64_t idle = cpu->idle_ticks;
        if (cpu->current == NULL && now > cpu->switched_at) {
            idle += now - cpu->switched_at;
        }
        uint64_t up = now - cpu->started_at;
        info[i] = (struct info_cpu){
            .user_ns = clock_ticks_to_ns(up > idle ? up - idle : 0),
            .idle_ns = clock_ticks_to_ns(idle),
            .context_switches = cpu->context_switches,
            .interrupts = cpu->interrupts,
        };
    }
    spin_unlock(&object_lock);
    return put(thread, arg, info, sizeof(info[0]) * count);
}

static int64_t put_irqs(struct thread *thread, const uint64_t *arg)
{
    uint64_t done = 0;
    for (unsigned vector = 0; vector < IRQ_VECTORS && arg[3] - done >= sizeof(struct info_irq);
         vector++) {
        struct info_irq info = {0};
        spin_lock(&object_lock);
        const struct irq *irq = irq_table[vector];
        if (irq != NULL) {
            info.line = (irq->flags & IRQ_MSI) != 0 ? vector : irq->line;
            info.flags = irq->flags;
            info.count = irq->count;
            memcpy(info.owner, irq->owner, sizeof(info.owner));
        }
        spin_unlock(&object_lock);
        if (irq == NULL) {
            continue;
        }
        int64_t error = user_put(thread, arg[2] + done, &info, sizeof(info));
        if (error != 0) {
            return error;
        }
        done += sizeof(info);
    }
    return (int64_t)done;
}

static int64_t put_kernel(struct thread *thread, const uint64_t *arg)
{
    struct info_kernel info = {.heap_bytes = heap_bytes()};
    for (unsigned i = 0; i < OBJECT_TYPES; i++) {
        info.objects[i] = __atomic_load_n(&object_counts[i], __ATOMIC_RELAXED);
    }
    spin_lock(&object_lock);
    for (struct list *entry = process_all.next; entry != &process_all; entry = entry->next) {
        info.handles += CONTAINER_OF(entry, struct process, in_all)->handles.used;
    }
    spin_unlock(&object_lock);
    return put(thread, arg, &info, sizeof(info));
}

static int64_t put_entropy(struct thread *thread, const uint64_t *arg)
{
    uint64_t words[8];
    size_t bytes = arg[3] < sizeof(words) ? arg[3] : sizeof(words);
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        words[i] = arch_entropy();
    }
    int64_t error = user_put(thread, arg[2], words, bytes);
    return error != 0 ? error : (int64_t)bytes;
}

static int64_t put_command_line(struct thread *thread, const uint64_t *arg)
{
    return put(thread, arg, boot_info.command_line, strlen(boot_info.command_line) + 1);
}

int64_t sys_info(struct thread *thread, const uint64_t *arg)
{
    switch ((enum info_kind)arg[0]) {
    case INFO_MEMORY:
        return put_memory(thread, arg);
    case INFO_CPUS:
        return put_cpus(thread, arg);
    case INFO_PROCESSES:
        return process_info(thread, arg[1], arg[2], arg[3]);
    case INFO_IRQS:
        return put_irqs(thread, arg);
    case INFO_COMMAND_LINE:
        return put_command_line(thread, arg);
    case INFO_BOOT: {
        struct info_boot info = {
            .acpi_rsdp = boot_info.acpi_rsdp,
            .device_tree = boot_info.device_tree,
            .device_tree_bytes = boot_info.device_tree_bytes,
            .initrd = boot_info.initrd,
            .initrd_bytes = boot_info.initrd_bytes,
        };
        return put(thread, arg, &info, sizeof(info));
    }
    case INFO_ENTROPY:
        return put_entropy(thread, arg);
    case INFO_CLOCK: {
        struct info_clock info;
        clock_parameters(&info);
        return put(thread, arg, &info, sizeof(info));
    }
    case INFO_KERNEL:
        return put_kernel(thread, arg);
    case INFO_PROCESSOR: {
        size_t bytes = 0;
        const void *info = arch_processor_info(&bytes);
        return info != NULL ? put(thread, arg, info, bytes) : -E_INVAL;
    }
    }
    return -E_INVAL;
}

int64_t sys_machine_control(struct thread *thread, const uint64_t *arg)
{
    int error = resource_check(thread, arg[0], RESOURCE_MACHINE, 0, 0);
    if (error != 0) {
        return error;
    }
    switch ((enum machine_op)arg[1]) {
    case MACHINE_CONSOLE_OFF:
        log_console_off();
        return 0;
    case MACHINE_POWER_OFF:
        return arch_power_off();
    case MACHINE_REBOOT:
        return arch_reboot();
    case MACHINE_EXIT:
        return arch_debug_exit((uint32_t)arg[2]);
    case MACHINE_CONSOLE_ON:
        log_console_on();
        return 0;
    }
    return -E_INVAL;
}
