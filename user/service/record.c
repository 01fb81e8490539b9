// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "user/service/record.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 256, LINE_BYTES = 512 };

bool record_path(char *path, size_t room, const char *name, const char *file)
{
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL ||
        strlen(name) >= RECORD_NAME_MAX) {
        warnx("%s: not the name of a service; `service list` shows them", name);
        return false;
    }
    int length = snprintf(path, room, "%s/%s/%s", RECORD_FOLDER, name, file);
    return length > 0 && (size_t)length < room;
}

static FILE *open_file(const char *name, const char *file)
{
    char path[PATH_BYTES];
    return record_path(path, sizeof(path), name, file) ? fopen(path, "re") : NULL;
}

// What stands behind the key; NULL: another line.
static const char *value_of(char *line, const char *key)
{
    size_t length = strlen(key);
    if (strncmp(line, key, length) != 0)
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    return line + length + strspn(line + length, " ");
}

static void copy_word(char *to, size_t room, const char *from)
{
    if (from != NULL)
        snprintf(to, room, "%s", from);
}

static void copy_number(unsigned long *to, const char *from)
{
    if (from != NULL)
        *to = strtoul(from, NULL, 10);
}

bool record_read(struct record *record, const char *name)
{
    char line[LINE_BYTES];
    *record = (struct record){0};
    copy_word(record->name, sizeof(record->name), name);

    FILE *status = open_file(name, "status");
    if (status == NULL)
        return false;
    while (fgets(line, sizeof(line), status) != NULL) {
        copy_word(record->state, sizeof(record->state), value_of(line, "state:"));
        copy_word(record->cause, sizeof(record->cause), value_of(line, "cause:"));
    }
    fclose(status);

    FILE *statistics = open_file(name, "stats");
    if (statistics == NULL)
        return false;
    while (fgets(line, sizeof(line), statistics) != NULL) {
        copy_number(&record->process, value_of(line, "process "));
        copy_number(&record->uptime_ms, value_of(line, "uptime_ms "));
        copy_number(&record->restarts, value_of(line, "restarts "));
        copy_number(&record->outages, value_of(line, "outages "));
        copy_number(&record->outage_us, value_of(line, "outage_last_us "));
    }
    fclose(statistics);
    return true;
}

static int by_name(const void *left, const void *right)
{
    const struct record *first = left, *second = right;
    return strcmp(first->name, second->name);
}

int record_read_all(struct record **records)
{
    *records = NULL;
    DIR *folder = opendir(RECORD_FOLDER);
    if (folder == NULL) {
        warn("%s", RECORD_FOLDER);
        return -1;
    }
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        struct record *more = realloc(*records, ((size_t)count + 1) * sizeof(**records));
        if (more == NULL)
            err(EXIT_FAILURE, "the list of services");
        *records = more;
        count += record_read(&more[count], entry->d_name);
    }
    closedir(folder);
    if (count > 0)
        qsort(*records, (size_t)count, sizeof(**records), by_name);
    return count;
}
