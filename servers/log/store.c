// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/log/store.h"

void store_open(struct store *store, char *text, size_t room)
{
    *store = (struct store){.text = text, .room = room};
}

void store_append(struct store *store, const char *line, size_t bytes)
{
    // `first` moves to the start of the line behind the last one that is overwritten.
    uint64_t end = store->written + bytes;
    uint64_t kept = end > store->room ? end - store->room : 0;
    if (store->first < kept) {
        while (store->first < store->written &&
               (store->first < kept || store->text[(store->first - 1) % store->room] != '\n'))
            store->first++;
    }
    for (size_t i = 0; i < bytes; i++)
        store->text[store->written++ % store->room] = line[i];
    store->lines++;
}

size_t store_read(const struct store *store, uint64_t position, char *to, size_t bytes,
                  uint64_t *begin)
{
    if (position < store->first)
        position = store->first;
    *begin = position;
    size_t copied = 0;
    while (position < store->written && copied < bytes)
        to[copied++] = store->text[position++ % store->room];
    return copied;
}

void store_clear(struct store *store)
{
    store->first = store->written;
}
