// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What /proc tells of the whole machine.

#include <string.h>

#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/clock.h"
#include "servers/posix/fs/proc/proc.h"
#include "servers/posix/io/disk.h"
#include "servers/posix/load.h"
#include "servers/posix/machine.h"
#include "servers/posix/pagecache.h"
#include "servers/posix/process.h"

enum { CPUS_MAX = 64, IRQS_MAX = 256 };

#define SHOW(function)                                                              \
    static int function(struct proc_text *text, const struct proc_subject *subject, \
                        const struct vfs_caller *who)

// INFO_CPUS; returns how many.
static unsigned cpus_get(struct info_cpu cpu[CPUS_MAX])
{
    int64_t bytes = sys_info(INFO_CPUS, 0, cpu, sizeof(struct info_cpu) * CPUS_MAX);
    return bytes > 0 ? (unsigned)((uint64_t)bytes / sizeof(struct info_cpu)) : 0;
}

static unsigned cpu_count(void)
{
    struct info_cpu cpu[CPUS_MAX];
    unsigned count = cpus_get(cpu);
    return count != 0 ? count : 1;
}

SHOW(show_uptime)
{
    struct info_cpu cpu[CPUS_MAX];
    uint64_t idle = 0, now = clock_monotonic();
    unsigned count = cpus_get(cpu);
    (void)subject;
    (void)who;
    for (unsigned i = 0; i < count; i++)
        idle += cpu[i].idle_ns;
    proc_printf(text, "%lu.%02lu %lu.%02lu\n", (unsigned long)(now / NS_PER_SECOND),
                (unsigned long)(now % NS_PER_SECOND / 10000000),
                (unsigned long)(idle / NS_PER_SECOND),
                (unsigned long)(idle % NS_PER_SECOND / 10000000));
    return 0;
}

static void tasks_count(unsigned *total, unsigned *running, unsigned *blocked)
{
    *total = *running = *blocked = 0;
    list_for_each(node, &proc_list)
    {
        const struct proc *proc = list_entry(node, struct proc, all_node);
        list_for_each(link, &proc->threads)
        {
            const struct task *task = list_entry(link, struct task, proc_node);
            ++*total;
            *running += task->sleep_state == SLEEP_NONE && proc->state == PROC_RUNNING;
            *blocked += task->sleep_state == SLEEP_DEEP;
        }
    }
}

SHOW(show_loadavg)
{
    uint64_t load[3];
    unsigned total, running, blocked;
    (void)subject;
    (void)who;
    load_averages(load);
    tasks_count(&total, &running, &blocked);
    for (unsigned i = 0; i < 3; i++)
        proc_printf(text, "%lu.%02lu ", (unsigned long)(load[i] >> LOAD_SHIFT),
                    (unsigned long)((load[i] & ((1u << LOAD_SHIFT) - 1)) * 100 >> LOAD_SHIFT));
    proc_printf(text, "%u/%u %d\n", running, total, pid_last());
    return 0;
}

static void append_kib(struct proc_text *text, const char *name, uint64_t bytes)
{
    size_t start = text->used;
    proc_printf(text, "%s:", name);
    while (text->error == 0 && text->used - start < 16)
        proc_append(text, " ", 1);
    proc_printf(text, "%8lu kB\n", (unsigned long)(bytes / 1024));
}

SHOW(show_meminfo)
{
    struct info_memory memory = {0};
    struct pagecache_stats cache;
    (void)subject;
    (void)who;
    (void)sys_info(INFO_MEMORY, 0, &memory, sizeof(memory));
    pagecache_get_stats(&cache);
    uint64_t cached = cache.cached_bytes + cache.shared_bytes;
    uint64_t available = memory.free_bytes + cache.cached_bytes - cache.dirty_bytes;
    uint64_t used = memory.total_bytes - memory.free_bytes - memory.kernel_bytes;
    uint64_t anonymous = used > cached ? used - cached : 0;
    const struct {
        const char *name;
        uint64_t bytes;
    } rows[] = {
        {"MemTotal", memory.total_bytes},
        {"MemFree", memory.free_bytes},
        {"MemAvailable", available},
        {"Buffers", 0},
        {"Cached", cached},
        {"SwapCached", 0},
        {"Active", anonymous},
        {"Inactive", cache.cached_bytes},
        {"SwapTotal", 0},
        {"SwapFree", 0},
        {"Dirty", cache.dirty_bytes},
        {"Writeback", 0},
        {"AnonPages", anonymous},
        {"Mapped", 0},
        {"Shmem", cache.shared_bytes},
        {"KReclaimable", 0},
        {"Slab", memory.kernel_bytes},
        {"SReclaimable", 0},
        {"SUnreclaim", memory.kernel_bytes},
        {"KernelStack", 0},
        {"PageTables", 0},
        {"CommitLimit", memory.total_bytes},
        {"Committed_AS", used},
        {"VmallocTotal", 0},
        {"VmallocUsed", 0},
        {"VmallocChunk", 0},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        append_kib(text, rows[i].name, rows[i].bytes);
    return 0;
}

static void append_cpu_line(struct proc_text *text, const char *name, const struct info_cpu *cpu)
{
    proc_printf(
        text, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name, (unsigned long)(cpu->user_ns / NS_PER_TICK),
        (unsigned long)(cpu->system_ns / NS_PER_TICK), (unsigned long)(cpu->idle_ns / NS_PER_TICK));
}

SHOW(show_stat)
{
    struct info_cpu cpu[CPUS_MAX], sum = {0};
    unsigned count = cpus_get(cpu), total, running, blocked;
    (void)subject;
    (void)who;
    for (unsigned i = 0; i < count; i++) {
        sum.user_ns += cpu[i].user_ns;
        sum.system_ns += cpu[i].system_ns;
        sum.idle_ns += cpu[i].idle_ns;
        sum.context_switches += cpu[i].context_switches;
        sum.interrupts += cpu[i].interrupts;
    }
    append_cpu_line(text, "cpu ", &sum);
    for (unsigned i = 0; i < count; i++) {
        proc_printf(text, "cpu%u", i);
        append_cpu_line(text, "", &cpu[i]);
    }
    tasks_count(&total, &running, &blocked);
    proc_printf(text,
                "intr %lu\nctxt %lu\nbtime %lu\nprocesses %d\nprocs_running %u\nprocs_blocked %u\n",
                (unsigned long)sum.interrupts, (unsigned long)sum.context_switches,
                (unsigned long)((clock_realtime() - clock_monotonic()) / NS_PER_SECOND), pid_last(),
                running, blocked);
    return 0;
}

SHOW(show_interrupts)
{
    struct info_irq irq[IRQS_MAX];
    (void)subject;
    (void)who;
    int64_t bytes = sys_info(INFO_IRQS, 0, irq, sizeof(irq));
    uint64_t count = bytes > 0 ? (uint64_t)bytes / sizeof(irq[0]) : 0;
    proc_printf(text, "            CPU0       \n");
    for (uint64_t i = 0; i < count; i++) {
        irq[i].owner[sizeof(irq[i].owner) - 1] = '\0';
        proc_printf(text, "%4u: %10lu   %s-%s   %s\n", irq[i].line, (unsigned long)irq[i].count,
                    irq[i].flags & IRQ_MSI ? "MSI" : ARCH_INTERRUPT_CHIP,
                    irq[i].flags & IRQ_LEVEL ? "level" : "edge", irq[i].owner);
    }
    return 0;
}

SHOW(show_cpuinfo)
{
    unsigned count = cpu_count();
    (void)subject;
    (void)who;
    for (unsigned i = 0; i < count; i++) {
        char lines[2048];
        proc_printf(text, "processor\t: %u\n", i);
        proc_append(text, lines, arch_cpu_description(lines, sizeof(lines)));
        proc_printf(text, "\n");
    }
    return 0;
}

SHOW(show_version)
{
    (void)subject;
    (void)who;
    proc_printf(text, "Linux version %s (XINIM) %s\n", machine_release(), machine_version());
    return 0;
}

SHOW(show_cmdline)
{
    char line[4096];
    (void)subject;
    (void)who;
    int64_t bytes = sys_info(INFO_COMMAND_LINE, 0, line, sizeof(line));
    if (bytes > 0)
        proc_append(text, line, strnlen(line, (size_t)bytes));
    proc_printf(text, "\n");
    return 0;
}

static void append_filesystem(const struct filesystem *type, void *context)
{
    proc_printf(context, "%s\t%s\n", type->flags & FILESYSTEM_NEEDS_DEVICE ? "" : "nodev",
                type->name);
}

SHOW(show_filesystems)
{
    (void)subject;
    (void)who;
    filesystem_each(append_filesystem, text);
    return 0;
}

SHOW(show_devices)
{
    (void)subject;
    (void)who;
    proc_printf(
        text,
        "Character devices:\n  1 mem\n  4 tty\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n"
        "  5 /dev/ptmx\n136 pts\n204 ttyAMA\n229 hvc\n\nBlock devices:\n  8 sd\n254 virtblk\n");
    return 0;
}

static void append_partition(const struct disk *disk, const char *name, void *context)
{
    uint64_t number = disk_device_number(disk);
    proc_printf(context, "%4u  %7u %10lu %s\n", linux_dev_major(number), linux_dev_minor(number),
                (unsigned long)(disk_capacity(disk) / 1024), name);
}

SHOW(show_partitions)
{
    (void)subject;
    (void)who;
    proc_printf(text, "major minor  #blocks  name\n\n");
    disk_each(append_partition, text);
    return 0;
}

SHOW(show_swaps)
{
    (void)subject;
    (void)who;
    proc_printf(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}

const struct proc_entry proc_root_entries[] = {
    PROC_TEXT("cmdline", show_cmdline),
    PROC_TEXT("cpuinfo", show_cpuinfo),
    PROC_TEXT("devices", show_devices),
    PROC_TEXT("filesystems", show_filesystems),
    PROC_TEXT("interrupts", show_interrupts),
    PROC_TEXT("loadavg", show_loadavg),
    PROC_TEXT("meminfo", show_meminfo),
    {.name = "mounts", .kind = PROC_LINK, .mode = LINUX_S_IFLNK | 0777, .target = "self/mounts"},
    PROC_TEXT("partitions", show_partitions),
    {.name = "self", .kind = PROC_SELF_LINK, .mode = LINUX_S_IFLNK | 0777},
    PROC_TEXT("stat", show_stat),
    PROC_TEXT("swaps", show_swaps),
    PROC_FOLDER("sys", proc_sys_entries),
    {.name = "thread-self", .kind = PROC_THREAD_SELF_LINK, .mode = LINUX_S_IFLNK | 0777},
    PROC_TEXT("uptime", show_uptime),
    PROC_TEXT("version", show_version),
    {.name = NULL},
};
