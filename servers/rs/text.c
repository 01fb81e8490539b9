// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/rs/text.h"
#include "abi/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct writer {
    char *to;
    size_t room, length;
};

__attribute__((format(printf, 2, 3))) static void add(struct writer *writer, const char *format,
                                                      ...)
{
    size_t at = writer->length < writer->room ? writer->length : writer->room;
    va_list list;
    va_start(list, format);
    int length = vsnprintf(writer->to + at, writer->room - at, format, list);
    va_end(list);
    if (length > 0)
        writer->length += (size_t)length;
}

static void add_seconds(struct writer *writer, const char *key, uint64_t ns)
{
    add(writer, "%s%llu.%06llu", key, (unsigned long long)(ns / 1000000000),
        (unsigned long long)(ns % 1000000000 / 1000));
}

static const char *access_name(uint64_t access)
{
    if (access & PROT_EXECUTE)
        return "executing";
    return access & PROT_WRITE ? "writing" : "reading";
}

static void add_address(struct writer *writer, const struct service *service,
                        format_address_t format_address, uint64_t address)
{
    char text[64];
    // The boot archive has no names for a binary that came later.
    format_address(service->image ? "" : service->manifest->binary, address, text, sizeof(text));
    add(writer, "%s", text);
}

// Where it died: the instruction, then the callers. A return address may lie behind the calling
// function's end (a call that does not return), so the address before it is looked up.
static void add_backtrace(struct writer *writer, const struct service *service,
                          format_address_t format_address, const char *between)
{
    const struct process_status *last = &service->last;
    add_address(writer, service, format_address, last->program_counter);
    uint32_t depth =
        last->backtrace_depth < BACKTRACE_DEPTH ? last->backtrace_depth : BACKTRACE_DEPTH;
    for (uint32_t i = 0; i < depth; i++) {
        if (last->backtrace[i] == last->program_counter || !last->backtrace[i])
            continue;
        add(writer, "%s", between);
        add_address(writer, service, format_address, last->backtrace[i] - 1);
    }
}

static bool service_runs(const struct service *service)
{
    return service->state == RS_STARTING || service->state == RS_RUNNING ||
           service->state == RS_STOPPING;
}

// Those of the instruction that failed, or of where its first thread stood when rs killed it for a
// reason of its own: for not answering, say.
static bool has_registers(const struct service *service)
{
    uint32_t cause = service->last.cause;
    if (cause == DEATH_KILLED)
        return service->last_reason[0] && service->last.stack_pointer;
    return cause > DEATH_KILLED;
}

static void add_cause(struct writer *writer, const struct service *service)
{
    const struct process_status *last = &service->last;
    switch (last->cause) {
    case DEATH_EXIT:
        add(writer, "exit code %d", last->code);
        break;
    case DEATH_KILLED:
        add(writer, "killed%s%s", service->last_reason[0] ? ": " : "", service->last_reason);
        break;
    case DEATH_FAULT:
        add(writer, "memory fault at 0x%llx %s", (unsigned long long)last->fault_address,
            access_name(last->fault_access));
        break;
    case DEATH_ILLEGAL:
        add(writer, "illegal instruction (exception %d)", last->code);
        break;
    case DEATH_ARITHMETIC:
        add(writer, "arithmetic exception (%d)", last->code);
        break;
    case DEATH_HUNG:
        add(writer, "its watchdog was not fed");
        break;
    default:
        add(writer, "%s", service->last_reason[0] ? service->last_reason : "unknown");
        break;
    }
}

size_t text_cause(const struct service *service, format_address_t format_address, char *to,
                  size_t room)
{
    struct writer writer = {.to = to, .room = room};
    add_cause(&writer, service);
    if (has_registers(service)) {
        add(&writer, ", in ");
        add_backtrace(&writer, service, format_address, " <- ");
    }
    return writer.length;
}

size_t text_dma_fault(const struct rs_dma *dma, char *to, size_t room)
{
    struct writer writer = {.to = to, .room = room};
    add(&writer, "DMA fault at 0x%llx (%s)", (unsigned long long)dma->fault_bus,
        dma->fault_access & PROT_WRITE ? "write" : "read");
    return writer.length;
}

static void add_needs(struct writer *writer, const struct svc_manifest *manifest)
{
    if (!manifest->needs)
        return;
    add(writer, "needs:       ");
    for (unsigned i = 0; i < manifest->needs; i++)
        add(writer, "%s%s", i ? ", " : "", manifest->need[i].name);
    add(writer, "\n");
}

static void add_last_words(struct writer *writer, const struct service *service,
                           format_address_t format_address)
{
    const struct process_status *last = &service->last;
    if (!service->died_at)
        return;
    add_seconds(writer, "died at:     ", service->died_at);
    add(writer, "\ncause:       ");
    add_cause(writer, service);
    add(writer, "\n");
    if (!has_registers(service))
        return;
    add(writer, "registers:   pc %016llx sp %016llx\n", (unsigned long long)last->program_counter,
        (unsigned long long)last->stack_pointer);
    for (unsigned i = 0; i < sizeof(last->registers) / sizeof(last->registers[0]); i++)
        add(writer, "%s%016llx%s", i % 4 ? " " : "             ",
            (unsigned long long)last->registers[i], i % 4 == 3 ? "\n" : "");
    add(writer, "backtrace:   ");
    add_backtrace(writer, service, format_address, "\n             ");
    add(writer, "\n");
}

size_t text_status(const struct service *service, format_address_t format_address, time_ns_t now,
                   char *to, size_t room)
{
    const struct svc_manifest *manifest = service->manifest;
    struct writer writer = {.to = to, .room = room};
    add(&writer, "name:        %s\n", service->name);
    if (manifest->description[0])
        add(&writer, "description: %s\n", manifest->description);
    add(&writer, "state:       %s\n", service_state_name(service->state));
    add(&writer, "manifest:    %s\n", manifest->file);
    add(&writer, "binary:      %s%s\n", manifest->binary, service->image ? " (updated)" : "");
    if (manifest->class[0])
        add(&writer, "class:       %s\n", manifest->class);
    if (service->owner)
        add(&writer, "started by:  %s\n", service->owner->name);
    add_needs(&writer, manifest);
    if (service->dma.protection != RS_DMA_NONE)
        add(&writer, "device:      DMA %s\n",
            service->dma.protection == RS_DMA_CONFINED ? "confined" : "unprotected");
    add(&writer, "incarnation: %llu\n", (unsigned long long)service->incarnation);
    if (service_runs(service)) {
        add_seconds(&writer, "uptime:      ", now - service->started_at);
        add(&writer, "\n");
    }
    add_last_words(&writer, service, format_address);
    return writer.length;
}

static void add_dma(struct writer *writer, const struct rs_dma *dma)
{
    if (dma->protection == RS_DMA_NONE)
        return;
    add(writer, "dma_faults %llu\n", (unsigned long long)dma->faults);
    if (!dma->faults)
        return;
    add(writer, "dma_fault_address 0x%llx\n", (unsigned long long)dma->fault_bus);
    add(writer, "dma_fault_access %s\n", dma->fault_access & PROT_WRITE ? "write" : "read");
}

// Counts and lengths in us; the histogram as "UPPER_BOUND:COUNT" words.
static void add_outage(struct writer *writer, const char *what, const struct outage *outage)
{
    add(writer, "%ss %u\n", what, outage->count);
    if (!outage->count)
        return;
    add(writer, "%s_last_us %llu\n%s_min_us %llu\n%s_median_us %llu\n%s_max_us %llu\n", what,
        (unsigned long long)(outage->last / 1000), what,
        (unsigned long long)(outage->shortest / 1000), what,
        (unsigned long long)(outage_median(outage) / 1000), what,
        (unsigned long long)(outage->longest / 1000));
    add(writer, "%s_histogram_us", what);
    for (unsigned i = 0; i < OUTAGE_BUCKETS; i++)
        if (outage->histogram[i])
            add(writer, " %llu:%u", (unsigned long long)outage_bucket_us(i), outage->histogram[i]);
    add(writer, "\n");
}

size_t text_stats(const struct service *service, const struct process_status *current,
                  time_ns_t now, char *to, size_t room)
{
    struct writer writer = {.to = to, .room = room};
    bool runs = service_runs(service);
    add(&writer, "crashes %u\nrestarts %u\nincarnation %llu\n", service->crashes, service->restarts,
        (unsigned long long)service->incarnation);
    add(&writer, "uptime_ms %llu\n",
        runs ? (unsigned long long)((now - service->started_at) / 1000000) : 0ull);
    add(&writer, "started_ms %llu\ndied_ms %llu\n",
        (unsigned long long)(service->started_at / 1000000),
        (unsigned long long)(service->died_at / 1000000));
    add(&writer, "hangs %u\ncomplaints %u\n", service->hangs, service->complaints);
    add_outage(&writer, "outage", &service->outage);
    add_outage(&writer, "detection", &service->detection);
    add_dma(&writer, &service->dma);
    if (current)
        add(&writer, "process %u\nthreads %u\nhandles %u\ncpu_us %llu\nresident_bytes %llu\n",
            current->id, current->threads, current->handles,
            (unsigned long long)(current->cpu_ns / 1000),
            (unsigned long long)current->resident_bytes);
    return writer.length;
}
