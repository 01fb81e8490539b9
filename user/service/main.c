// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// service: looks at the system's services and tells the reincarnation server what to do with them.
// Everything goes through the files below /sys/xinim/services, so scripts need no tool.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/service/record.h"
#include "user/service/table.h"

enum { USAGE = 2, PATH_BYTES = 256, ORDER_BYTES = 512, PERIOD_MS = 1000, PERIOD_MAX_S = 86400 };

static const char usage_text[] =
    "usage: service list                    table of all services\n"
    "       service watch [SECONDS [TIMES]] the same again and again\n"
    "       service status NAME             what it is, how it is, how it died\n"
    "       service log NAME                its last lines\n"
    "       service start|stop|restart|kill NAME\n"
    "       service update NAME [FILE]      replace it by a new program, without a pause for "
    "others\n";

static int usage(void)
{
    fputs(usage_text, stderr);
    return USAGE;
}

static int fail_on(const char *name)
{
    if (errno == ENOENT)
        warnx("%s: no such service; `service list` shows them", name);
    else if (errno == EPERM || errno == EACCES)
        warnx("%s: only root may do that", name);
    else if (errno == EBUSY)
        warnx("%s: not possible in its present state; see `service status %s`", name, name);
    else
        warn("%s", name);
    return EXIT_FAILURE;
}

// The service's file to standard output.
static int show(const char *name, const char *file)
{
    char path[PATH_BYTES], text[4096];
    if (!record_path(path, sizeof(path), name, file))
        return EXIT_FAILURE;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return fail_on(name);
    ssize_t got;
    while ((got = read(descriptor, text, sizeof(text))) > 0)
        fwrite(text, 1, (size_t)got, stdout);
    close(descriptor);
    if (got < 0)
        return fail_on(name);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int order(const char *name, const char *what)
{
    char path[PATH_BYTES];
    if (!record_path(path, sizeof(path), name, "ctl"))
        return EXIT_FAILURE;
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return fail_on(name);
    ssize_t put = write(descriptor, what, strlen(what));
    int error = errno;
    close(descriptor);
    errno = error;
    return put < 0 ? fail_on(name) : EXIT_SUCCESS;
}

static int update(const char *name, const char *file)
{
    char text[ORDER_BYTES];
    int length = snprintf(text, sizeof(text), "update%s%s", file != NULL ? " " : "",
                          file != NULL ? file : "");
    if (length < 0 || (size_t)length >= sizeof(text)) {
        warnx("%s: the path is too long", file);
        return EXIT_FAILURE;
    }
    return order(name, text);
}

static int watch(int count, char **word)
{
    char *end = NULL;
    double seconds = count > 0 ? strtod(word[0], &end) : PERIOD_MS / 1000.0;
    if (count > 2 || (end != NULL && *end != '\0') || !(seconds > 0 && seconds <= PERIOD_MAX_S))
        return usage();
    long times = count > 1 ? strtol(word[1], &end, 10) : 0;
    if (times < 0 || times > INT_MAX || (end != NULL && *end != '\0'))
        return usage();
    return table_watch((unsigned)(seconds * 1000), (unsigned)times);
}

static bool is_order(const char *word)
{
    static const char *const orders[] = {"start", "stop", "restart", "kill"};
    for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (strcmp(word, orders[i]) == 0)
            return true;
    return false;
}

int main(int count, char **word)
{
    if (count < 2)
        return usage();
    const char *command = word[1];
    if (strcmp(command, "list") == 0 && count == 2)
        return table_print();
    if (strcmp(command, "watch") == 0)
        return watch(count - 2, word + 2);
    if (strcmp(command, "update") == 0 && (count == 3 || count == 4))
        return update(word[2], count == 4 ? word[3] : NULL);
    if (count != 3)
        return usage();
    if (strcmp(command, "status") == 0 || strcmp(command, "log") == 0)
        return show(word[2], command);
    return is_order(command) ? order(word[2], command) : usage();
}
