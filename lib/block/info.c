// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a unit tells about itself: to clients, to people.

#include <stdio.h>
#include <string.h>

#include "abi/error.h"
#include "lib/block/server.h"
#include "lib/block/server_os.h"

static uint32_t highest_partition(const struct block_table *table)
{
    uint32_t highest = 0;
    for (uint32_t i = 0; i < table->count; i++)
        if (table->partition[i].number > highest)
            highest = table->partition[i].number;
    return highest;
}

int unit_info(const struct block_unit *unit, uint32_t partition, struct block_info *info)
{
    const struct block_unit_config *config = &unit->config;
    *info = (struct block_info){
        .capacity = config->capacity,
        .block_bytes = config->block_bytes,
        .physical_bytes = config->physical_bytes,
        .optimal_bytes = config->optimal_bytes,
        .request_bytes_max = unit->request_bytes_max,
        .buffer_align = config->buffer_align,
        .features = config->features,
        .discard_bytes_max = config->discard_bytes_max,
        .cylinders = config->cylinders,
        .heads = config->heads,
        .sectors = config->sectors,
        .partitions = highest_partition(&unit->table),
    };
    memcpy(info->serial, config->serial, sizeof(info->serial) - 1);
    if (partition == BLOCK_WHOLE) {
        snprintf(info->name, sizeof(info->name), "%s", config->name);
        return 0;
    }
    const struct block_partition *found = block_table_find(&unit->table, partition);
    if (found == NULL)
        return -E_NOENT;
    info->capacity = found->bytes;
    info->start = found->start;
    info->type = found->type;
    memcpy(info->type_guid, found->type_guid, sizeof(info->type_guid));
    memcpy(info->label, found->label, sizeof(info->label));
    snprintf(info->name, sizeof(info->name), "%s%u", config->name, (unsigned)partition);
    return 0;
}

struct text {
    char *to;
    size_t bytes, used;
};

static void put(struct text *text, const char *key, uint64_t value)
{
    int length = snprintf(text->to + text->used, text->bytes - text->used, "%s %llu\n", key,
                          (unsigned long long)value);
    if (length < 0 || (size_t)length >= text->bytes - text->used)
        text->bytes = text->used; // a cut-off line is left out, and all after it
    else
        text->used += (size_t)length;
}

size_t unit_statistics_text(const struct block_unit *unit, char *to, size_t bytes)
{
    const struct block_statistics *s = &unit->statistics;
    struct text text = {.to = to, .bytes = bytes};
    put(&text, "reads", s->requests[BLOCK_READ]);
    put(&text, "read_bytes", s->bytes[BLOCK_READ]);
    put(&text, "writes", s->requests[BLOCK_WRITE]);
    put(&text, "written_bytes", s->bytes[BLOCK_WRITE]);
    put(&text, "flushes", s->requests[BLOCK_FLUSH]);
    put(&text, "discards", s->requests[BLOCK_DISCARD]);
    put(&text, "discarded_bytes", s->bytes[BLOCK_DISCARD]);
    put(&text, "write_zeroes", s->requests[BLOCK_WRITE_ZEROES]);
    put(&text, "zeroed_bytes", s->bytes[BLOCK_WRITE_ZEROES]);
    put(&text, "commands", s->commands);
    put(&text, "merged", s->merged);
    put(&text, "in_flight", unit->in_flight);
    put(&text, "in_flight_max", s->in_flight_max);
    put(&text, "busy_ns", s->busy_ns);
    put(&text, "errors", s->errors);
    put(&text, "refused", s->refused);
    put(&text, "resets", s->resets);
    put(&text, "restarted", s->restarted);
    return text.used;
}

void unit_log(const struct block_unit *unit)
{
    static const char *const kinds[] = {"no partition table", "MBR", "GPT"};
    const struct block_unit_config *config = &unit->config;
    block_os_log("%s: %llu MiB, %u-byte blocks, depth %u%s%s%s%s, %s%s, %u partitions",
                 config->name, (unsigned long long)(config->capacity >> 20),
                 (unsigned)config->block_bytes, (unsigned)config->depth,
                 (config->features & BLOCK_READ_ONLY) != 0 ? ", read-only" : "",
                 (config->features & BLOCK_CAN_FLUSH) != 0 ? ", flush" : "",
                 (config->features & BLOCK_CAN_DISCARD) != 0 ? ", discard" : "",
                 (config->features & BLOCK_CAN_WRITE_ZEROES) != 0 ? ", write-zeroes" : "",
                 kinds[unit->table.kind], unit->table.from_backup ? " (from backup)" : "",
                 (unsigned)unit->table.count);
}
