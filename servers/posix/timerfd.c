// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// timerfd: a timer that is read and polled like a file (timerfd_create(2)).

#include <stdlib.h>

#include "abi/error.h"
#include "abi/linux_file.h"
#include "servers/posix/clock.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/file.h"
#include "servers/posix/task.h"
#include "servers/posix/timer.h"
#include "servers/posix/user.h"
#include "servers/posix/wait.h"

enum { TFD_TIMER_ABSTIME = 1, TFD_TIMER_CANCEL_ON_SET = 2 };

struct itimerspec_linux {
    struct timespec_linux interval, value;
};

struct timerfd {
    struct timer_event event;
    struct wait_queue readers;
    bool wall;        // CLOCK_REALTIME
    uint64_t expires; // on its clock; 0: not set
    uint64_t interval;
    uint64_t expired; // times since the last read
};

static uint64_t now_of(const struct timerfd *timer)
{
    return timer->wall ? clock_realtime() : clock_monotonic();
}

static int arm(struct timerfd *timer)
{
    uint64_t now = now_of(timer);
    uint64_t left = timer->expires > now ? timer->expires - now : 0;
    return timer_event_set(&timer->event, deadline_after(clock_monotonic(), left));
}

static void expire(struct timer_event *event)
{
    struct timerfd *timer = list_entry(event, struct timerfd, event);
    uint64_t now = now_of(timer);
    if (timer->expires > now) { // the wall clock was set back
        arm(timer);
        return;
    }
    timer->expired++;
    if (timer->interval != 0) {
        uint64_t missed = (now - timer->expires) / timer->interval;
        timer->expired += missed;
        timer->expires += (missed + 1) * timer->interval;
        arm(timer);
    } else {
        timer->expires = 0;
    }
    wait_wake_all(&timer->readers);
}

static int64_t timerfd_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    struct timerfd *timer = file->data;
    (void)position;
    if (user_buffer_left(out) < sizeof(timer->expired))
        return -E_INVAL;
    while (timer->expired == 0) {
        if ((file->flags & LINUX_O_NONBLOCK) != 0)
            return -E_AGAIN;
        if (wait_sleep(&timer->readers, DEADLINE_NEVER, WAIT_INTERRUPTIBLE) == -E_INTR)
            return -RESTART_SYS;
    }
    uint64_t expired = timer->expired;
    timer->expired = 0;
    return user_buffer_put(out, &expired, sizeof(expired));
}

static uint32_t timerfd_poll(struct file *file, struct poll_table *table)
{
    struct timerfd *timer = file->data;
    poll_wait(table, &timer->readers);
    return timer->expired != 0 ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static void timerfd_release(struct file *file)
{
    struct timerfd *timer = file->data;
    timer_event_clear(&timer->event);
    wait_queue_destroy(&timer->readers);
    free(timer);
}

static const struct file_operations timerfd_operations = {
    .read = timerfd_read,
    .poll = timerfd_poll,
    .release = timerfd_release,
};

int64_t linux_timerfd_create(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int32_t clock = (int32_t)argument[0];
    uint32_t flags = (uint32_t)argument[1];
    bool known = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME;
    if (!known || (flags & ~(uint32_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0)
        return -E_INVAL;
    struct timerfd *timer = calloc(1, sizeof(*timer));
    if (timer == NULL)
        return -E_NOMEM;
    timer->event.function = expire;
    timer->wall = clock == CLOCK_REALTIME;
    wait_queue_init(&timer->readers);
    struct file *file =
        file_create(&timerfd_operations, LINUX_O_RDWR | (flags & LINUX_O_NONBLOCK), timer);
    if (file == NULL) {
        free(timer);
        return -E_NOMEM;
    }
    int fd = file_install(task, file, (flags & LINUX_O_CLOEXEC) != 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

static struct itimerspec_linux describe(const struct timerfd *timer)
{
    uint64_t now = now_of(timer);
    uint64_t left = timer->expires > now ? timer->expires - now : timer->expires != 0;
    return (struct itimerspec_linux){timespec_from_ns(timer->interval), timespec_from_ns(left)};
}

// The timer of a descriptor; *file is counted. E_BADF; E_INVAL: not a timerfd.
static int find(struct task *task, uint64_t fd, struct file **file)
{
    *file = file_get(task, (int)fd);
    if (*file == NULL)
        return -E_BADF;
    if ((*file)->ops != &timerfd_operations) {
        file_put(*file);
        return -E_INVAL;
    }
    return 0;
}

int64_t linux_timerfd_settime(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct itimerspec_linux wanted;
    uint64_t first, interval;
    struct file *file;
    if ((argument[1] & ~(uint64_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) != 0)
        return -E_INVAL;
    if (user_read(task, &wanted, argument[2], sizeof(wanted)) != 0)
        return -E_FAULT;
    if (timespec_to_ns(&wanted.value, &first) != 0 ||
        timespec_to_ns(&wanted.interval, &interval) != 0)
        return -E_INVAL;
    int error = find(task, argument[0], &file);
    if (error)
        return error;
    struct timerfd *timer = file->data;
    struct itimerspec_linux old = describe(timer);
    timer_event_clear(&timer->event);
    if (first != 0 && (argument[1] & TFD_TIMER_ABSTIME) == 0)
        first = deadline_after(now_of(timer), first);
    timer->expires = first;
    timer->interval = interval;
    timer->expired = 0;
    error = first != 0 ? arm(timer) : 0;
    file_put(file);
    if (error)
        return error;
    return argument[3] != 0 ? user_write(task, argument[3], &old, sizeof(old)) : 0;
}

int64_t linux_timerfd_gettime(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct file *file;
    int error = find(task, argument[0], &file);
    if (error)
        return error;
    struct itimerspec_linux out = describe(file->data);
    file_put(file);
    return user_write(task, argument[1], &out, sizeof(out));
}
