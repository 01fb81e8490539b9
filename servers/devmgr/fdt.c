// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See fdt.h.

#include "servers/devmgr/fdt.h"

#include <string.h>

enum { // 5.4.1
    FDT_BEGIN_NODE = 1,
    FDT_END_NODE = 2,
    FDT_PROP = 3,
    FDT_NOP = 4,
    FDT_END = 9,
    TOKEN_BYTES = 4,
    PROP_HEADER_BYTES = 8, // length and name offset
};

enum { // 5.2: offsets of the header's words
    HEADER_MAGIC = 0,
    HEADER_TOTAL = 4,
    HEADER_STRUCTURE = 8,
    HEADER_STRINGS = 12,
    HEADER_LAST_COMPATIBLE = 24,
    HEADER_STRINGS_BYTES = 32,
    HEADER_STRUCTURE_BYTES = 36,
    HEADER_BYTES = 40,
    VERSION = 17,
};

#define FDT_MAGIC 0xd00dfeedu

static uint32_t load(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           (uint32_t)bytes[3];
}

static uint32_t word(const struct fdt *fdt, uint32_t offset)
{
    return load(fdt->blob + offset);
}

static uint32_t align(uint32_t offset)
{
    return (offset + 3) & ~3u;
}

// ---- checking ----

// The length of the string at `offset` with its NUL; 0: it does not end before `end`.
static uint32_t string_bytes(const struct fdt *fdt, uint32_t offset, uint32_t end)
{
    const uint8_t *nul;

    if (offset >= end)
        return 0;
    nul = memchr(fdt->blob + offset, 0, end - offset);
    return nul == NULL ? 0 : (uint32_t)(nul - (fdt->blob + offset)) + 1;
}

// Behind the token at *at, if what belongs to it lies within the block.
static bool skip_token(const struct fdt *fdt, uint32_t *at)
{
    uint32_t token = word(fdt, *at), left = fdt->structure_end - *at - TOKEN_BYTES, body = 0;

    if (token == FDT_BEGIN_NODE) {
        body = string_bytes(fdt, *at + TOKEN_BYTES, fdt->structure_end);
        if (body == 0)
            return false;
    } else if (token == FDT_PROP) {
        uint32_t length, name;

        if (left < PROP_HEADER_BYTES)
            return false;
        length = word(fdt, *at + TOKEN_BYTES);
        name = word(fdt, *at + 2 * TOKEN_BYTES);
        if (length > left - PROP_HEADER_BYTES || name >= fdt->strings_end - fdt->strings ||
            string_bytes(fdt, fdt->strings + name, fdt->strings_end) == 0)
            return false;
        body = PROP_HEADER_BYTES + length;
    } else if (token != FDT_END_NODE && token != FDT_NOP) {
        return false;
    }
    if (align(body) > left)
        return false;
    *at += TOKEN_BYTES + align(body);
    return true;
}

// One root node, properly nested; within a node properties come before children (5.4.2).
static const char *check_structure(struct fdt *fdt)
{
    uint32_t at = fdt->structure, depth = 0;
    bool children[FDT_DEPTH_MAX + 1] = {false};

    while (fdt->structure_end - at >= TOKEN_BYTES) {
        uint32_t token = word(fdt, at);

        if (token == FDT_END)
            return fdt->root == FDT_NONE || depth != 0 ? "it ends within a node" : NULL;
        if (depth == 0 && (token == FDT_PROP || token == FDT_END_NODE))
            return "something lies outside the root node";
        if (token == FDT_PROP && children[depth])
            return "a property comes behind a child node";
        if (token == FDT_BEGIN_NODE) {
            if (depth == FDT_DEPTH_MAX)
                return "its nodes nest too deep";
            if (depth == 0 && fdt->root != FDT_NONE)
                return "it has two root nodes";
            if (depth == 0)
                fdt->root = at;
            children[depth++] = true;
            children[depth] = false;
        } else if (token == FDT_END_NODE) {
            depth--;
        }
        if (!skip_token(fdt, &at))
            return "a node or property is damaged";
    }
    return "it is cut off";
}

static bool block(const struct fdt *fdt, uint32_t total, uint32_t start_at, uint32_t bytes_at,
                  uint32_t *start, uint32_t *end)
{
    uint32_t bytes = word(fdt, bytes_at);

    *start = word(fdt, start_at);
    if (*start < HEADER_BYTES || *start > total || bytes > total - *start)
        return false;
    *end = *start + bytes;
    return true;
}

const char *fdt_open(struct fdt *fdt, const void *blob, size_t bytes)
{
    uint32_t total;

    *fdt = (struct fdt){.blob = blob, .root = FDT_NONE};
    if (bytes < HEADER_BYTES || word(fdt, HEADER_MAGIC) != FDT_MAGIC)
        return "there is none (wrong magic number)";
    total = word(fdt, HEADER_TOTAL);
    if (total > bytes || total > FDT_BYTES_MAX)
        return "it is cut off";
    if (word(fdt, HEADER_LAST_COMPATIBLE) > VERSION)
        return "its version is too new";
    if (!block(fdt, total, HEADER_STRUCTURE, HEADER_STRUCTURE_BYTES, &fdt->structure,
               &fdt->structure_end) ||
        !block(fdt, total, HEADER_STRINGS, HEADER_STRINGS_BYTES, &fdt->strings,
               &fdt->strings_end) ||
        fdt->structure % 4 != 0)
        return "its header is damaged";
    return check_structure(fdt);
}

// ---- walking: the tree is sound ----

// The first token behind the node's name that is not a NOP.
static uint32_t node_body(const struct fdt *fdt, fdt_node_t node)
{
    skip_token(fdt, &node);
    return node;
}

static uint32_t skip_nops(const struct fdt *fdt, uint32_t at)
{
    while (word(fdt, at) == FDT_NOP)
        at += TOKEN_BYTES;
    return at;
}

fdt_node_t fdt_first_child(const struct fdt *fdt, fdt_node_t node)
{
    uint32_t at = skip_nops(fdt, node_body(fdt, node));

    while (word(fdt, at) == FDT_PROP) {
        skip_token(fdt, &at);
        at = skip_nops(fdt, at);
    }
    return word(fdt, at) == FDT_BEGIN_NODE ? at : FDT_NONE;
}

fdt_node_t fdt_next_sibling(const struct fdt *fdt, fdt_node_t node)
{
    uint32_t depth = 0, at = node;

    do {
        uint32_t token = word(fdt, at);

        depth += token == FDT_BEGIN_NODE;
        depth -= token == FDT_END_NODE;
        skip_token(fdt, &at);
    } while (depth != 0);
    at = skip_nops(fdt, at);
    return word(fdt, at) == FDT_BEGIN_NODE ? at : FDT_NONE;
}

const char *fdt_name(const struct fdt *fdt, fdt_node_t node)
{
    return (const char *)fdt->blob + node + TOKEN_BYTES;
}

struct fdt_property fdt_property(const struct fdt *fdt, fdt_node_t node, const char *name)
{
    uint32_t at = skip_nops(fdt, node_body(fdt, node));

    while (word(fdt, at) == FDT_PROP) {
        uint32_t name_at = fdt->strings + word(fdt, at + 2 * TOKEN_BYTES);

        if (strcmp((const char *)fdt->blob + name_at, name) == 0)
            return (struct fdt_property){.value = fdt->blob + at + TOKEN_BYTES + PROP_HEADER_BYTES,
                                         .bytes = word(fdt, at + TOKEN_BYTES)};
        skip_token(fdt, &at);
        at = skip_nops(fdt, at);
    }
    return (struct fdt_property){.value = NULL};
}

fdt_node_t fdt_by_phandle(const struct fdt *fdt, uint32_t phandle)
{
    for (uint32_t at = fdt->root; phandle != 0 && word(fdt, at) != FDT_END; skip_token(fdt, &at)) {
        if (word(fdt, at) == FDT_BEGIN_NODE && fdt_number(fdt, at, "phandle", 0) == phandle)
            return at;
    }
    return FDT_NONE;
}

// ---- values ----

uint32_t fdt_cell(struct fdt_property property, uint32_t index)
{
    return index < property.bytes / 4 ? load(property.value + (size_t)index * 4) : 0;
}

uint64_t fdt_cells(struct fdt_property property, uint32_t index, uint32_t count)
{
    uint32_t cells = property.bytes / 4;
    uint64_t value = 0;

    if (count > 2 || index > cells || count > cells - index)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        value = value << 32 | fdt_cell(property, index + i);
    return value;
}

uint32_t fdt_number(const struct fdt *fdt, fdt_node_t node, const char *name, uint32_t otherwise)
{
    struct fdt_property property = fdt_property(fdt, node, name);

    return property.bytes == 4 ? fdt_cell(property, 0) : otherwise;
}

bool fdt_has_string(struct fdt_property list, const char *text)
{
    size_t bytes = strlen(text) + 1;

    for (uint32_t at = 0; at < list.bytes;) {
        const uint8_t *nul = memchr(list.value + at, 0, list.bytes - at);

        if (nul == NULL)
            return false;
        if (list.bytes - at >= bytes && memcmp(list.value + at, text, bytes) == 0)
            return true;
        at = (uint32_t)(nul - list.value) + 1;
    }
    return false;
}
