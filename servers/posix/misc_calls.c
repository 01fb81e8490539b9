// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Names, sizes and switches of the system and of a process: uname, sysinfo, prctl, personality,
// reboot, syslog ...

#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/clock.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/load.h"
#include "servers/posix/machine.h"
#include "servers/posix/mm.h"
#include "servers/posix/process.h"
#include "servers/posix/user.h"

// ---- names ----

enum { UTS_BYTES = 65 };

struct uts_linux {
    char sysname[UTS_BYTES], nodename[UTS_BYTES], release[UTS_BYTES], version[UTS_BYTES],
        machine[UTS_BYTES], domainname[UTS_BYTES];
};

// sysname is what programs check to know whose system calls these are.
static struct uts_linux uts = {
    .sysname = "Linux",
    .nodename = "xinim",
    .release = "6.1.0-xinim",
    .version = "#1 SMP XINIM",
    .machine = ARCH_PLATFORM,
    .domainname = "(none)",
};

const char *machine_release(void)
{
    return uts.release;
}

const char *machine_version(void)
{
    return uts.version;
}

char *machine_host_name(void)
{
    return uts.nodename;
}

char *machine_domain_name(void)
{
    return uts.domainname;
}

int64_t linux_uname(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return user_write(task, argument[0], &uts, sizeof(uts));
}

static int64_t set_name(struct task *task, char name[UTS_BYTES], uint64_t address, uint64_t bytes)
{
    char text[UTS_BYTES] = {0};
    if (!cred_capable(task->cred, CAP_SYS_ADMIN))
        return -E_PERM;
    if (bytes >= UTS_BYTES)
        return -E_INVAL;
    if (user_read(task, text, address, bytes) != 0)
        return -E_FAULT;
    memcpy(name, text, UTS_BYTES);
    return 0;
}

int64_t linux_sethostname(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return set_name(task, uts.nodename, argument[0], argument[1]);
}

int64_t linux_setdomainname(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return set_name(task, uts.domainname, argument[0], argument[1]);
}

// ---- sizes ----

struct sysinfo_linux {
    int64_t uptime;
    uint64_t loads[3];
    uint64_t total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
    uint16_t processes, pad;
    uint64_t total_high, free_high;
    uint32_t unit;
    uint32_t pad2;
};
_Static_assert(sizeof(struct sysinfo_linux) == 112, "struct sysinfo");

int64_t linux_sysinfo(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct info_memory memory;
    struct sysinfo_linux out = {.uptime = (int64_t)(clock_monotonic() / NS_PER_SECOND), .unit = 1};
    if (sys_info(INFO_MEMORY, 0, &memory, sizeof(memory)) >= 0) {
        out.total_ram = memory.total_bytes;
        out.free_ram = memory.free_bytes;
    }
    load_averages(out.loads);
    uint32_t count = 0;
    list_for_each(node, &proc_list)
    {
        count += list_entry(node, struct proc, all_node)->thread_count;
    }
    out.processes = count < UINT16_MAX ? (uint16_t)count : UINT16_MAX;
    return user_write(task, argument[0], &out, sizeof(out));
}

int64_t linux_getcpu(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint32_t cpu = arch_current_cpu();
    if (argument[0] != 0 && user_write_u32(task, argument[0], cpu) != 0)
        return -E_FAULT;
    if (argument[1] != 0 && user_write_u32(task, argument[1], 0) != 0)
        return -E_FAULT;
    return 0;
}

// ---- switches of a process ----

enum prctl_option {
    PR_SET_PDEATHSIG = 1,
    PR_GET_PDEATHSIG = 2,
    PR_GET_DUMPABLE = 3,
    PR_SET_DUMPABLE = 4,
    PR_GET_KEEPCAPS = 7,
    PR_SET_KEEPCAPS = 8,
    PR_GET_TIMING = 13,
    PR_SET_NAME = 15,
    PR_GET_NAME = 16,
    PR_GET_SECCOMP = 21,
    PR_CAPBSET_READ = 23,
    PR_GET_TSC = 25,
    PR_GET_SECUREBITS = 27,
    PR_SET_TIMERSLACK = 29,
    PR_GET_TIMERSLACK = 30,
    PR_SET_CHILD_SUBREAPER = 36,
    PR_GET_CHILD_SUBREAPER = 37,
    PR_SET_NO_NEW_PRIVS = 38,
    PR_GET_NO_NEW_PRIVS = 39,
    PR_GET_TID_ADDRESS = 40,
    PR_SVE_SET_VL = 50,
    PR_SVE_GET_VL = 51,
    PR_SET_VMA = 0x53564d41,
};

static int64_t set_name_of_task(struct task *task, uint64_t address)
{
    char name[TASK_NAME] = {0};
    int64_t length = user_read_string(task, name, address, sizeof(name));
    if (length == -E_FAULT)
        return -E_FAULT;
    name[TASK_NAME - 1] = 0; // a longer name is cut
    memcpy(task->name, name, sizeof(name));
    if (task->tid == task->proc->pid)
        memcpy(task->proc->name, name, sizeof(name));
    return 0;
}

static int64_t set_death_signal(struct task *task, uint64_t number)
{
    if (number > SIGNAL_MAX)
        return -E_INVAL;
    task->parent_death_signal = (int32_t)number;
    return 0;
}

static int64_t set_dumpable(struct task *task, uint64_t value)
{
    if (value > 1)
        return -E_INVAL;
    task->mm->dumpable = value == 1;
    return 0;
}

// It is the one length for all, so there is nothing to inherit or to put off until exec, either.
static int64_t set_vector_bytes(uint64_t wanted)
{
    int64_t bytes = arch_vector_bytes();
    return bytes < 0 || wanted == (uint64_t)bytes ? bytes : -E_INVAL;
}

int64_t linux_prctl(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const uint64_t timer_slack_ns = 50000;
    switch ((uint32_t)argument[0]) {
    case PR_SET_PDEATHSIG:
        return set_death_signal(task, argument[1]);
    case PR_GET_PDEATHSIG:
        return user_write_u32(task, argument[1], (uint32_t)task->parent_death_signal);
    case PR_GET_DUMPABLE:
        return task->mm->dumpable;
    case PR_SET_DUMPABLE:
        return set_dumpable(task, argument[1]);
    case PR_SET_NAME:
        return set_name_of_task(task, argument[1]);
    case PR_GET_NAME:
        return user_write(task, argument[1], task->name, sizeof(task->name));
    case PR_GET_KEEPCAPS:
    case PR_GET_SECUREBITS:
    case PR_GET_SECCOMP:
    case PR_GET_TIMING:
        return 0;
    case PR_CAPBSET_READ:
        return argument[1] <= CAP_LAST ? 1 : -E_INVAL;
    case PR_GET_TSC:
        return user_write_u32(task, argument[1], 1);
    case PR_SET_TIMERSLACK:
        return 0;
    case PR_GET_TIMERSLACK:
        return (int64_t)timer_slack_ns;
    case PR_SET_CHILD_SUBREAPER:
        task->proc->child_subreaper = argument[1] != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return user_write_u32(task, argument[1], task->proc->child_subreaper);
    case PR_GET_TID_ADDRESS:
        return user_write(task, argument[1], &task->clear_tid, sizeof(task->clear_tid));
    case PR_SVE_SET_VL:
        return set_vector_bytes(argument[1]);
    case PR_SVE_GET_VL:
        return arch_vector_bytes();
    default:
        return -E_INVAL;
    }
}

int64_t linux_personality(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const uint32_t only_ask = 0xffffffff;
    int64_t old = task->personality;
    if ((uint32_t)argument[0] != only_ask)
        task->personality = (int32_t)argument[0];
    return old;
}

// Restartable sequences need help at each preemption, which happens in the kernel and unseen from
// here. glibc asks at every start and goes on without, so this is an answer and not a line in the
// log.
int64_t linux_rseq(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)task;
    (void)argument;
    return -E_NOSYS;
}

// ---- the log ----

enum syslog_action {
    SYSLOG_CLOSE = 0,
    SYSLOG_OPEN = 1,
    SYSLOG_READ = 2,
    SYSLOG_READ_ALL = 3,
    SYSLOG_READ_CLEAR = 4,
    SYSLOG_CLEAR = 5,
    SYSLOG_CONSOLE_OFF = 6,
    SYSLOG_CONSOLE_ON = 7,
    SYSLOG_CONSOLE_LEVEL = 8,
    SYSLOG_SIZE_UNREAD = 9,
    SYSLOG_SIZE_BUFFER = 10,
};

int64_t linux_syslog(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t bytes = argument[2];
    switch ((uint32_t)argument[0]) {
    case SYSLOG_CLOSE:
    case SYSLOG_OPEN:
        return 0;
    case SYSLOG_READ_ALL:
    case SYSLOG_READ_CLEAR:
        if (argument[1] == 0 || (int64_t)bytes < 0)
            return -E_INVAL;
        return machine_log_read(task, argument[1], bytes,
                                (uint32_t)argument[0] == SYSLOG_READ_CLEAR);
    case SYSLOG_CLEAR:
        machine_log_clear();
        return 0;
    case SYSLOG_CONSOLE_OFF:
    case SYSLOG_CONSOLE_ON:
        return 0;
    case SYSLOG_CONSOLE_LEVEL:
        return bytes >= 1 && bytes <= 8 ? 0 : -E_INVAL;
    case SYSLOG_SIZE_UNREAD:
        return 0;
    case SYSLOG_SIZE_BUFFER:
        return MACHINE_LOG_BYTES;
    default:
        return -E_INVAL;
    }
}

// ---- the end ----

int64_t linux_reboot(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const uint32_t magic1 = 0xfee1dead, magic2[] = {0x28121969, 0x05121996, 0x16041998, 0x20112000};
    const uint32_t restart = 0x01234567, halt = 0xcdef0123, power_off = 0x4321fedc,
                   cad_on = 0x89abcdef, cad_off = 0;
    bool known = false;
    if (!cred_capable(task->cred, CAP_SYS_BOOT))
        return -E_PERM;
    for (size_t i = 0; i < sizeof(magic2) / sizeof(magic2[0]); i++)
        known |= (uint32_t)argument[1] == magic2[i];
    if ((uint32_t)argument[0] != magic1 || !known)
        return -E_INVAL;
    uint32_t command = (uint32_t)argument[2];
    if (command == cad_on || command == cad_off)
        return 0; // there is no Ctrl-Alt-Del to switch
    if (command == restart)
        return machine_end(MACHINE_END_RESTART);
    if (command == halt || command == power_off)
        return machine_end(MACHINE_END_POWER_OFF);
    return -E_INVAL;
}
