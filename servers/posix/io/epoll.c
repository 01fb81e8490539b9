// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// epoll(7): items sit in the wait queues of the files they watch; a wake puts the item on its
// epoll's ready list, and epoll_wait asks only the files of that list again.

#include "servers/posix/io/epoll.h"

#include <stdlib.h>
#include <string.h>

#include "servers/posix/filesystem.h"

#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP    (1u << 29)
#define EPOLLONESHOT   (1u << 30)
#define EPOLLET        (1u << 31)

enum {
    EVENTS_ALWAYS = LINUX_POLLERR | LINUX_POLLHUP,
    NESTING_MAX = 5, // epolls that watch epolls
};
#define EVENT_FLAGS (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)

struct epoll {
    struct list items;
    struct list ready;
    struct wait_queue wait; // epoll_wait, and who polls this epoll
};

struct epoll_item {
    struct epoll *epoll;
    struct file *file; // not counted: the item goes when the file does
    int fd;
    uint32_t events; // 0 after a one-shot
    uint64_t data;
    bool ready;
    struct list item_node, ready_node;
    struct epoll_item *next_of_file;
    struct poll_table table; // our places in the file's wait queues
};

uint32_t file_poll(struct file *file, struct poll_table *table)
{
    if (file->flags & LINUX_O_PATH)
        return LINUX_POLLNVAL;
    if (file->ops->poll == NULL)
        return LINUX_POLLIN | LINUX_POLLOUT | LINUX_POLLRDNORM | LINUX_POLLWRNORM;
    return file->ops->poll(file, table);
}

static uint32_t item_wanted(const struct epoll_item *item)
{
    return item->events == 0 ? 0 : (item->events & ~EVENT_FLAGS) | EVENTS_ALWAYS;
}

static void item_make_ready(struct epoll_item *item)
{
    if (!item->ready) {
        item->ready = true;
        list_add_tail(&item->epoll->ready, &item->ready_node);
    }
    if (!wait_queue_empty(&item->epoll->wait))
        wait_wake_all(&item->epoll->wait);
}

static void item_unready(struct epoll_item *item)
{
    item->ready = false;
    list_remove(&item->ready_node);
}

static void item_wake(struct wait_entry *entry)
{
    struct epoll_item *item = entry->context;
    if (item_wanted(item) != 0)
        item_make_ready(item);
}

static void item_destroy(struct epoll_item *item)
{
    poll_table_release(&item->table);
    item_unready(item);
    list_remove(&item->item_node);
    struct epoll_item **link = (struct epoll_item **)&item->file->watchers;
    while (*link != item)
        link = &(*link)->next_of_file;
    *link = item->next_of_file;
    free(item);
}

void epoll_forget_file(struct file *file)
{
    while (file->watchers != NULL)
        item_destroy(file->watchers);
}

static uint32_t epoll_poll(struct file *file, struct poll_table *table)
{
    struct epoll *epoll = file->data;
    poll_wait(table, &epoll->wait);
    list_for_each(node, &epoll->ready)
    {
        struct epoll_item *item = list_entry(node, struct epoll_item, ready_node);
        if ((file_poll(item->file, NULL) & item_wanted(item)) != 0)
            return LINUX_POLLIN | LINUX_POLLRDNORM;
    }
    return 0;
}

static void epoll_release(struct file *file)
{
    struct epoll *epoll = file->data;
    while (!list_empty(&epoll->items))
        item_destroy(list_entry(epoll->items.next, struct epoll_item, item_node));
    wait_queue_destroy(&epoll->wait);
    free(epoll);
}

static size_t epoll_describe(struct file *file, char *text, size_t size)
{
    static const char name[] = "anon_inode:[eventpoll]";
    (void)file;
    size_t length = sizeof(name) - 1 < size ? sizeof(name) - 1 : size;
    memcpy(text, name, length);
    return length;
}

static const struct file_operations epoll_operations = {
    .poll = epoll_poll,
    .release = epoll_release,
    .describe = epoll_describe,
};

int epoll_create_file(struct file **out)
{
    struct epoll *epoll = calloc(1, sizeof(*epoll));
    struct file *file = file_create(&epoll_operations, LINUX_O_RDWR, epoll);
    if (epoll == NULL || file == NULL) {
        free(epoll);
        free(file);
        return -E_NOMEM;
    }
    list_init(&epoll->items);
    list_init(&epoll->ready);
    wait_queue_init(&epoll->wait);
    *out = file;
    return 0;
}

bool file_is_epoll(const struct file *file)
{
    return file->ops == &epoll_operations;
}

static struct epoll_item *item_find(const struct epoll *epoll, const struct file *file, int fd)
{
    for (struct epoll_item *item = file->watchers; item != NULL; item = item->next_of_file) {
        if (item->epoll == epoll && item->fd == fd)
            return item;
    }
    return NULL;
}

// Does `file` lead to `epoll`, or deeper than allowed?
static bool would_loop(const struct epoll *epoll, const struct file *file, unsigned depth)
{
    if (!file_is_epoll(file))
        return false;
    const struct epoll *inner = file->data;
    if (inner == epoll || depth >= NESTING_MAX)
        return true;
    list_for_each(node, &inner->items)
    {
        if (would_loop(epoll, list_entry(node, struct epoll_item, item_node)->file, depth + 1))
            return true;
    }
    return false;
}

static int item_create(struct epoll *epoll, struct file *file, int fd,
                       const struct linux_epoll_event *event)
{
    struct epoll_item *item = calloc(1, sizeof(*item));
    if (item == NULL)
        return -E_NOMEM;
    item->epoll = epoll;
    item->file = file;
    item->fd = fd;
    item->events = event->events;
    item->data = event->data;
    list_init(&item->ready_node);
    list_add_tail(&epoll->items, &item->item_node);
    item->next_of_file = file->watchers;
    file->watchers = item;
    poll_table_init(&item->table);
    item->table.wake = item_wake;
    item->table.context = item;
    uint32_t now = file_poll(file, &item->table);
    if (item->table.error != 0) {
        int error = item->table.error;
        item_destroy(item);
        return error;
    }
    if ((now & item_wanted(item)) != 0)
        item_make_ready(item);
    return 0;
}

int epoll_control(struct file *epoll_file, enum epoll_operation operation, struct file *file,
                  int fd, const struct linux_epoll_event *event)
{
    if (!file_is_epoll(epoll_file) || file == epoll_file)
        return -E_INVAL;
    if (file->ops->poll == NULL)
        return -E_PERM;
    struct epoll *epoll = epoll_file->data;
    struct epoll_item *item = item_find(epoll, file, fd);
    switch (operation) {
    case EPOLL_CTL_ADD:
        if (item != NULL)
            return -E_EXIST;
        if (would_loop(epoll, file, 0))
            return -E_LOOP;
        return item_create(epoll, file, fd, event);
    case EPOLL_CTL_DEL:
        if (item == NULL)
            return -E_NOENT;
        item_destroy(item);
        return 0;
    case EPOLL_CTL_MOD:
        if (item == NULL)
            return -E_NOENT;
        if ((item->events | event->events) & EPOLLEXCLUSIVE)
            return -E_INVAL;
        item->events = event->events;
        item->data = event->data;
        if ((file_poll(file, NULL) & item_wanted(item)) != 0)
            item_make_ready(item);
        return 0;
    default:
        return -E_INVAL;
    }
}

// Takes what is ready: each item of the list once; level-triggered ones go back to its end.
static unsigned epoll_collect(struct epoll *epoll, struct linux_epoll_event *events,
                              unsigned maximum)
{
    unsigned count = 0;
    struct list again = LIST_INIT(again), *node;
    while (count < maximum && (node = list_pop_head(&epoll->ready)) != NULL) {
        struct epoll_item *item = list_entry(node, struct epoll_item, ready_node);
        uint32_t now = file_poll(item->file, NULL) & item_wanted(item);
        item->ready = false;
        if (now == 0)
            continue;
        events[count++] = (struct linux_epoll_event){.events = now, .data = item->data};
        if (item->events & EPOLLONESHOT) {
            item->events = 0;
        } else if ((item->events & EPOLLET) == 0) {
            item->ready = true;
            list_add_tail(&again, &item->ready_node);
        }
    }
    while ((node = list_pop_head(&again)) != NULL)
        list_add_tail(&epoll->ready, node);
    return count;
}

int epoll_wait_events(struct file *epoll_file, struct linux_epoll_event *events, unsigned maximum,
                      time_ns_t deadline)
{
    struct epoll *epoll = epoll_file->data;
    for (;;) {
        unsigned count = epoll_collect(epoll, events, maximum);
        if (count > 0)
            return (int)count;
        if (deadline == DEADLINE_NOW)
            return 0;
        int error = wait_sleep(&epoll->wait, deadline, WAIT_INTERRUPTIBLE);
        if (error == -E_TIMEDOUT)
            return 0;
        if (error != 0)
            return error;
    }
}
