// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// poll, select and epoll's calls. One pass asks every file and sits down in its wait queues;
// further passes, after each wake, only ask.

#include <stdlib.h>
#include <string.h>

#include "servers/posix/calls/call.h"
#include "servers/posix/clock.h"
#include "servers/posix/io/epoll.h"

// ---- time-outs ----

static time_ns_t deadline_of_ms(int64_t ms)
{
    if (ms < 0)
        return DEADLINE_NEVER;
    return ms == 0 ? DEADLINE_NOW : deadline_after(clock_monotonic(), (uint64_t)ms * 1000000u);
}

static time_ns_t deadline_of_ns(uint64_t ns)
{
    return ns == 0 ? DEADLINE_NOW : deadline_after(clock_monotonic(), ns);
}

// Address 0: for ever.
static int deadline_get_timespec(struct task *task, uint64_t address, time_ns_t *deadline)
{
    struct timespec_linux time;
    uint64_t ns;
    *deadline = DEADLINE_NEVER;
    if (address == 0)
        return 0;
    int error = user_read(task, &time, address, sizeof(time));
    if (error == 0)
        error = timespec_to_ns(&time, &ns);
    if (error == 0)
        *deadline = deadline_of_ns(ns);
    return error;
}

static uint64_t time_left(time_ns_t deadline)
{
    time_ns_t now = clock_monotonic();
    return deadline > now ? deadline - now : 0;
}

// Linux tells what is left of the time-out; a failure to write it changes nothing.
static void timespec_put_left(struct task *task, uint64_t address, time_ns_t deadline)
{
    if (address == 0)
        return;
    struct timespec_linux left = timespec_from_ns(time_left(deadline));
    (void)user_write(task, address, &left, sizeof(left));
}

// ---- poll ----

struct linux_pollfd {
    int32_t fd;
    int16_t events, revents;
};

enum { POLLFDS_INLINE = 16 };

// The files asked about must outlive the sleep: their wait queues hold our entries. So each is
// counted meanwhile.
struct poll_set {
    struct linux_pollfd *fds;
    struct file **files;
    unsigned count;
};

static void poll_set_hold(struct task *task, struct poll_set *set)
{
    for (unsigned i = 0; i < set->count; i++)
        set->files[i] = set->fds[i].fd < 0 ? NULL : file_get(task, set->fds[i].fd);
}

static void poll_set_release(struct poll_set *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        if (set->files[i] != NULL)
            file_put(set->files[i]);
    }
}

static int poll_set_ask(struct poll_set *set, struct poll_table *table)
{
    int ready = 0;
    for (unsigned i = 0; i < set->count; i++) {
        struct linux_pollfd *entry = &set->fds[i];
        uint32_t wanted = (uint16_t)entry->events | LINUX_POLLERR | LINUX_POLLHUP | LINUX_POLLNVAL;
        uint32_t now = 0;
        if (set->files[i] != NULL)
            now = file_poll(set->files[i], ready == 0 ? table : NULL) & wanted;
        else if (entry->fd >= 0)
            now = LINUX_POLLNVAL;
        entry->revents = (int16_t)now;
        ready += now != 0;
    }
    return ready;
}

// Fills revents; the number of ready ones, or an error (-E_INTR as it is).
static int64_t poll_run(struct task *task, struct poll_set *set, time_ns_t deadline)
{
    struct poll_table table;
    poll_table_init(&table);
    poll_set_hold(task, set);
    int64_t result = poll_set_ask(set, deadline == DEADLINE_NOW ? NULL : &table);
    while (result == 0 && deadline != DEADLINE_NOW) {
        int error = poll_table_sleep(&table, deadline);
        if (error == -E_TIMEDOUT) {
            result = poll_set_ask(set, NULL);
            break;
        }
        result = error != 0 ? error : poll_set_ask(set, NULL);
    }
    poll_table_release(&table);
    poll_set_release(set);
    return result;
}

static int64_t poll_call(struct task *task, uint64_t address, uint64_t count, time_ns_t deadline)
{
    struct linux_pollfd inline_fds[POLLFDS_INLINE];
    struct file *inline_files[POLLFDS_INLINE];
    struct poll_set set = {.fds = inline_fds, .files = inline_files, .count = (unsigned)count};
    if (count > task_rlimit(task, RLIMIT_NOFILE) || count > FILE_TABLE_MAX)
        return -E_INVAL;
    if (count > POLLFDS_INLINE) {
        set.fds = malloc(count * sizeof(*set.fds));
        set.files = malloc(count * sizeof(struct file *));
    }
    int64_t result = -E_NOMEM;
    if (set.fds != NULL && set.files != NULL) {
        result = user_read(task, set.fds, address, count * sizeof(*set.fds));
        if (result == 0)
            result = poll_run(task, &set, deadline);
        if (result >= 0) {
            int error = user_write(task, address, set.fds, count * sizeof(*set.fds));
            if (error != 0)
                result = error;
        }
    }
    if (count > POLLFDS_INLINE) {
        free(set.fds);
        free(set.files);
    }
    return result;
}

static int64_t poll_continue(struct task *task)
{
    int64_t result = poll_call(task, task->restart.argument[0], task->restart.argument[1],
                               task->restart.deadline);
    return result == -E_INTR ? -RESTART_BLOCK : result;
}

int64_t linux_poll(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    time_ns_t deadline = deadline_of_ms((int32_t)argument[2]);
    int64_t result = poll_call(task, argument[0], (uint32_t)argument[1], deadline);
    if (result != -E_INTR)
        return result;
    task->restart = (struct task_restart){
        .function = poll_continue,
        .deadline = deadline,
        .argument = {argument[0], (uint32_t)argument[1]},
    };
    return -RESTART_BLOCK;
}

int64_t linux_ppoll(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    time_ns_t deadline;
    int64_t result = deadline_get_timespec(task, argument[2], &deadline);
    if (result == 0)
        result = signal_mask_temporary(task, argument[3], argument[4]);
    if (result != 0)
        return result;
    result = poll_call(task, argument[0], (uint32_t)argument[1], deadline);
    timespec_put_left(task, argument[2], deadline);
    return result == -E_INTR ? -RESTART_NO_HANDLER : result;
}

// ---- select ----

enum {
    SELECT_IN = LINUX_POLLRDNORM | LINUX_POLLRDBAND | LINUX_POLLIN | LINUX_POLLHUP | LINUX_POLLERR,
    SELECT_OUT = LINUX_POLLWRBAND | LINUX_POLLWRNORM | LINUX_POLLOUT | LINUX_POLLERR,
    SELECT_EXCEPT = LINUX_POLLPRI,
};

static const uint32_t select_events[3] = {SELECT_IN, SELECT_OUT, SELECT_EXCEPT};

// Bit sets of a select call: [0..2] what is asked, [3..5] what is answered.
struct select_sets {
    uint64_t *words[6];
    unsigned count; // descriptors
};

static bool bit_get(const uint64_t *words, unsigned bit)
{
    return words[bit / 64] >> bit % 64 & 1;
}

// One entry of the poll set for each descriptor that is in any set. E_BADF.
static int64_t select_to_poll(struct task *task, const struct select_sets *sets,
                              struct poll_set *set)
{
    set->count = 0;
    for (unsigned fd = 0; fd < sets->count; fd++) {
        uint32_t events = 0;
        for (unsigned kind = 0; kind < 3; kind++) {
            if (bit_get(sets->words[kind], fd))
                events |= select_events[kind];
        }
        if (events == 0)
            continue;
        if (file_table_peek(task->files, (int)fd) == NULL)
            return -E_BADF;
        set->fds[set->count++] = (struct linux_pollfd){.fd = (int)fd, .events = (int16_t)events};
    }
    return 0;
}

static int64_t select_from_poll(const struct select_sets *sets, const struct poll_set *set)
{
    int64_t bits = 0;
    for (unsigned i = 0; i < set->count; i++) {
        unsigned fd = (unsigned)set->fds[i].fd;
        for (unsigned kind = 0; kind < 3; kind++) {
            if (bit_get(sets->words[kind], fd) &&
                ((uint16_t)set->fds[i].revents & select_events[kind]) != 0) {
                sets->words[3 + kind][fd / 64] |= 1ull << fd % 64;
                bits++;
            }
        }
    }
    return bits;
}

static int64_t select_run(struct task *task, const uint64_t address[3], struct select_sets *sets,
                          time_ns_t deadline)
{
    size_t bytes = (size_t)(sets->count + 63) / 64 * 8;
    for (unsigned i = 0; i < 3; i++) {
        int error = address[i] == 0 ? 0 : user_read(task, sets->words[i], address[i], bytes);
        if (error != 0)
            return error;
    }
    struct poll_set set = {
        .fds = malloc(sets->count * sizeof(*set.fds) + 1),
        .files = malloc(sets->count * sizeof(struct file *) + 1),
    };
    int64_t result = -E_NOMEM;
    if (set.fds != NULL && set.files != NULL)
        result = select_to_poll(task, sets, &set);
    if (result == 0)
        result = poll_run(task, &set, deadline);
    if (result >= 0)
        result = select_from_poll(sets, &set);
    free(set.fds);
    free(set.files);
    for (unsigned i = 0; i < 3 && result >= 0; i++) {
        int error = address[i] == 0 ? 0 : user_write(task, address[i], sets->words[3 + i], bytes);
        if (error != 0)
            result = error;
    }
    return result;
}

static int64_t select_call(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS],
                           time_ns_t deadline)
{
    int32_t count = (int32_t)argument[0];
    if (count < 0)
        return -E_INVAL;
    // Descriptors that cannot exist are not looked at.
    uint64_t limit = task_rlimit(task, RLIMIT_NOFILE);
    if ((uint64_t)count > limit)
        count = (int32_t)limit;
    if (count > FILE_TABLE_MAX)
        count = FILE_TABLE_MAX;
    size_t words = (size_t)(count + 63) / 64;
    uint64_t *memory = calloc(words * 6 + 1, sizeof(*memory));
    if (memory == NULL)
        return -E_NOMEM;
    struct select_sets sets = {.count = (unsigned)count};
    for (unsigned i = 0; i < 6; i++)
        sets.words[i] = memory + words * i;
    const uint64_t address[3] = {argument[1], argument[2], argument[3]};
    int64_t result = select_run(task, address, &sets, deadline);
    free(memory);
    return result == -E_INTR ? -RESTART_NO_HANDLER : result;
}

int64_t linux_select(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    time_ns_t deadline = DEADLINE_NEVER;
    if (argument[4] != 0) {
        struct timeval_linux time;
        uint64_t ns;
        int error = user_read(task, &time, argument[4], sizeof(time));
        if (error == 0)
            error = timeval_to_ns(&time, &ns);
        if (error != 0)
            return error;
        deadline = deadline_of_ns(ns);
    }
    int64_t result = select_call(task, argument, deadline);
    if (argument[4] != 0) {
        struct timeval_linux left = timeval_from_ns(time_left(deadline));
        (void)user_write(task, argument[4], &left, sizeof(left));
    }
    return result;
}

int64_t linux_pselect6(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    time_ns_t deadline;
    uint64_t mask[2] = {0, 0}; // address and size
    int64_t result = deadline_get_timespec(task, argument[4], &deadline);
    if (result == 0 && argument[5] != 0)
        result = user_read(task, mask, argument[5], sizeof(mask));
    if (result == 0)
        result = signal_mask_temporary(task, mask[0], mask[1]);
    if (result != 0)
        return result;
    result = select_call(task, argument, deadline);
    timespec_put_left(task, argument[4], deadline);
    return result;
}

// ---- epoll ----

static int64_t epoll_install(struct task *task, bool cloexec)
{
    struct file *file;
    int64_t result = epoll_create_file(&file);
    if (result != 0)
        return result;
    result = file_install(task, file, cloexec);
    if (result < 0)
        file_put(file);
    return result;
}

int64_t linux_epoll_create(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return (int32_t)argument[0] <= 0 ? -E_INVAL : epoll_install(task, false);
}

int64_t linux_epoll_create1(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    if ((argument[0] & 0xffffffffu & ~(uint32_t)LINUX_O_CLOEXEC) != 0)
        return -E_INVAL;
    return epoll_install(task, (argument[0] & LINUX_O_CLOEXEC) != 0);
}

int64_t linux_epoll_ctl(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct linux_epoll_event event = {0, 0};
    uint32_t operation = (uint32_t)argument[1];
    int fd = (int)(uint32_t)argument[2];
    if (operation != EPOLL_CTL_DEL) {
        int error = user_read(task, &event, argument[3], sizeof(event));
        if (error != 0)
            return error;
    }
    struct file *epoll = file_table_peek(task->files, (int)(uint32_t)argument[0]);
    struct file *file = file_table_peek(task->files, fd);
    if (epoll == NULL || file == NULL || file_is_path_only(file))
        return -E_BADF;
    return epoll_control(epoll, (enum epoll_operation)operation, file, fd, &event);
}

static int64_t epoll_wait_call(struct task *task, uint64_t fd, uint64_t address, uint64_t maximum,
                               time_ns_t deadline)
{
    enum { EVENTS_ONCE = 128 };
    struct linux_epoll_event events[EVENTS_ONCE];
    const int32_t most = INT32_MAX / (int32_t)sizeof(events[0]);
    if ((int32_t)maximum <= 0 || (int32_t)maximum > most)
        return -E_INVAL;
    struct file *file = file_get(task, (int)(uint32_t)fd);
    if (file == NULL)
        return -E_BADF;
    int64_t result = -E_INVAL;
    if (file_is_epoll(file))
        result = epoll_wait_events(
            file, events, maximum < EVENTS_ONCE ? (unsigned)maximum : EVENTS_ONCE, deadline);
    file_put(file);
    if (result > 0) {
        int error = user_write(task, address, events, (size_t)result * sizeof(events[0]));
        if (error != 0)
            return error;
    }
    return result == -E_INTR ? -RESTART_NO_HANDLER : result;
}

int64_t linux_epoll_wait(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return epoll_wait_call(task, argument[0], argument[1], (uint32_t)argument[2],
                           deadline_of_ms((int32_t)argument[3]));
}

int64_t linux_epoll_pwait(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int error = signal_mask_temporary(task, argument[4], argument[5]);
    return error != 0 ? error : linux_epoll_wait(task, argument);
}

int64_t linux_epoll_pwait2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    time_ns_t deadline;
    int error = deadline_get_timespec(task, argument[3], &deadline);
    if (error == 0)
        error = signal_mask_temporary(task, argument[4], argument[5]);
    return error != 0
               ? error
               : epoll_wait_call(task, argument[0], argument[1], (uint32_t)argument[2], deadline);
}
