// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Reads and checks ELF64 executables: static, static-PIE, and dynamic ones as far as their program
// loader needs. Pure: touches nothing but the buffers given, which may hold anything.
//
// Two steps, since the program headers may lie anywhere in a file that is not in memory as a whole:
//   elf_read_header -> where the program headers are;  elf_parse -> the checked image.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ELF_HEADER_BYTES = 64,
    ELF_PHDR_BYTES = 56,
    ELF_PHDRS_MAX = 128,
    ELF_SEGMENTS_MAX = 24,
    ELF_INTERP_MAX = 4096, // bytes of the interpreter's path, with its NUL
    ELF_PAGE = 4096,
};

// What the caller accepts.
struct elf_rules {
    uint16_t machine;     // EM_X86_64 = 62, EM_AARCH64 = 183
    uint64_t file_bytes;  // length of the file
    uint64_t address_max; // no segment ends above this
};

enum elf_prot { ELF_EXECUTE = 1, ELF_WRITE = 2, ELF_READ = 4 }; // PF_*

// One PT_LOAD. Checked: file_bytes <= memory_bytes, the file range inside the file, address +
// memory_bytes at most address_max and no wrap, address and offset equal modulo ELF_PAGE, segments
// ascending and not overlapping.
struct elf_segment {
    uint64_t address;
    uint64_t memory_bytes;
    uint64_t offset;
    uint64_t file_bytes;
    uint32_t prot; // enum elf_prot
    uint32_t reserved;
};

struct elf_header {
    uint64_t phdr_offset;
    uint16_t phdr_count;
    bool position_independent; // ET_DYN
    uint64_t entry;
};

struct elf_image {
    bool position_independent;
    bool has_interpreter, has_tls, has_stack, stack_executable;
    unsigned segments;
    uint64_t entry;        // not checked to lie in a segment: a program may fault by itself
    uint64_t low, high;    // of all segments, page-rounded
    uint64_t align;        // largest power-of-two alignment of a segment, at least ELF_PAGE
    uint64_t phdr_address; // of the program headers in memory, 0: not loaded
    uint16_t phdr_count;
    uint64_t interpreter_offset,
        interpreter_bytes; // of the path in the file; bytes include the NUL
    uint64_t tls_address, tls_file_bytes, tls_memory_bytes, tls_align;
    uint64_t relro_address, relro_bytes; // 0 bytes: none
    struct elf_segment segment[ELF_SEGMENTS_MAX];
};

// All functions return 0 or -E_NOEXEC, and then *why says what is wrong (static text); why may be
// NULL.

// `bytes` of the file's begin; ELF_HEADER_BYTES are enough.
int elf_read_header(const void *file, size_t bytes, const struct elf_rules *rules,
                    struct elf_header *header, const char **why);

// `phdrs`: the header->phdr_count * ELF_PHDR_BYTES bytes at header->phdr_offset of the file; any
// alignment.
int elf_parse(const struct elf_header *header, const void *phdrs, const struct elf_rules *rules,
              struct elf_image *image, const char **why);

// Both, for a file that is in memory (rules->file_bytes of it).
int elf_parse_file(const void *file, const struct elf_rules *rules, struct elf_image *image,
                   const char **why);

// What native processes must fulfil besides: ET_EXEC, no interpreter, no TLS, no segment both
// writable and executable, no two segments on one page, entry inside an executable segment, all at
// `min` or above.
int elf_check_native(const struct elf_image *image, uint64_t min, const char **why);
