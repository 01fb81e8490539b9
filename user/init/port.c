// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// virtio-serial ports by name: /dev/virtio-ports/<name> where somebody made these links, else the
// names that /sys/class/virtio-ports/*/name gives.

#include "user/init/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 320, NAME_BYTES = 64 };

static const char class_folder[] = "/sys/class/virtio-ports";

static int64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool device_has_name(const char *device, const char *name)
{
    char path[PATH_BYTES];
    char text[NAME_BYTES];
    ssize_t length;
    int file;

    if (snprintf(path, sizeof path, "%s/%s/name", class_folder, device) >= (int)sizeof path)
        return false;
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return false;
    text[length] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return strcmp(text, name) == 0;
}

static int open_by_class(const char *name, int flags)
{
    char path[PATH_BYTES];
    struct dirent *entry;
    DIR *folder = opendir(class_folder);
    int port = -1;

    if (!folder)
        return -1;
    errno = ENOENT;
    while (port < 0 && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.' || !device_has_name(entry->d_name, name))
            continue;
        snprintf(path, sizeof path, "/dev/%s", entry->d_name);
        port = open(path, flags);
        if (port < 0)
            break;
    }
    closedir(folder);
    return port;
}

int port_open(const char *name, int flags, int wait_ms)
{
    int64_t deadline = now_ms() + wait_ms;
    char path[PATH_BYTES];
    int port;

    snprintf(path, sizeof path, "/dev/virtio-ports/%s", name);
    for (;;) {
        port = open(path, flags);
        if (port < 0)
            port = open_by_class(name, flags);
        if (port >= 0 || now_ms() >= deadline)
            return port;
        poll(NULL, 0, PORT_POLL_MS);
    }
}

// Linux reads 0 bytes from a port while its other end is not connected.
static bool read_byte(int port, char *byte, int64_t deadline)
{
    struct pollfd wait = {.fd = port, .events = POLLIN};
    ssize_t length;

    for (;;) {
        int64_t left = deadline - now_ms();
        if (left <= 0 || (poll(&wait, 1, (int)left) < 0 && errno != EINTR))
            return false;
        if (!(wait.revents & (POLLIN | POLLHUP)))
            continue;
        length = read(port, byte, 1);
        if (length == 1)
            return true;
        if (length < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (length == 0)
            poll(NULL, 0, PORT_POLL_MS);
    }
}

bool port_read_line(int port, char *line, size_t size, int timeout_ms)
{
    int64_t deadline = timeout_ms < 0 ? INT64_MAX / 2 : now_ms() + timeout_ms;
    size_t length = 0;

    while (length < size && read_byte(port, &line[length], deadline)) {
        if (line[length] == '\n') {
            line[length] = '\0';
            return true;
        }
        length++;
    }
    return false;
}

bool port_read_all(int port, void *data, size_t size)
{
    char *bytes = data;
    ssize_t length;

    while (size > 0) {
        length = read(port, bytes, size);
        if (length < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (length > 0) {
            bytes += length;
            size -= (size_t)length;
        } else {
            poll(NULL, 0, PORT_POLL_MS);
        }
    }
    return true;
}

bool port_write_all(int port, const void *data, size_t size)
{
    const char *bytes = data;
    ssize_t length;

    while (size > 0) {
        length = write(port, bytes, size);
        if (length < 0 && errno != EINTR)
            return false;
        if (length > 0) {
            bytes += length;
            size -= (size_t)length;
        }
    }
    return true;
}
