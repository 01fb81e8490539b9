// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The ELF parser against sound files, each kind of broken one, and random damage.

#include "abi/error.h"
#include "lib/elf/elf.h"
#include "lib/elf/elf_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILE_BYTES = 0x3000, PHDRS = 6 };

struct file {
    struct elf64_ehdr ehdr;
    struct elf64_phdr phdr[PHDRS];
    uint8_t rest[FILE_BYTES - sizeof(struct elf64_ehdr) - PHDRS * sizeof(struct elf64_phdr)];
};

static const struct elf_rules rules = {
    .machine = EM_X86_64, .file_bytes = FILE_BYTES, .address_max = 0x7ffffffff000};

static void make(struct file *file)
{
    memset(file, 0, sizeof(*file));
    memcpy(file->ehdr.e_ident, "\177ELF\2\1\1", 7);
    file->ehdr.e_type = ET_EXEC;
    file->ehdr.e_machine = EM_X86_64;
    file->ehdr.e_version = 1;
    file->ehdr.e_entry = 0x401010;
    file->ehdr.e_phoff = 64;
    file->ehdr.e_phentsize = sizeof(struct elf64_phdr);
    file->ehdr.e_phnum = 3;
    file->phdr[0] = (struct elf64_phdr){.p_type = PT_LOAD,
                                        .p_flags = PF_R,
                                        .p_vaddr = 0x400000,
                                        .p_filesz = 0x400,
                                        .p_memsz = 0x400,
                                        .p_align = 0x1000};
    file->phdr[1] = (struct elf64_phdr){.p_type = PT_LOAD,
                                        .p_flags = PF_R | PF_X,
                                        .p_offset = 0x1000,
                                        .p_vaddr = 0x401000,
                                        .p_filesz = 0x800,
                                        .p_memsz = 0x800,
                                        .p_align = 0x1000};
    file->phdr[2] = (struct elf64_phdr){.p_type = PT_LOAD,
                                        .p_flags = PF_R | PF_W,
                                        .p_offset = 0x2010,
                                        .p_vaddr = 0x402010,
                                        .p_filesz = 0x20,
                                        .p_memsz = 0x5000,
                                        .p_align = 0x1000};
}

static int parse(const struct file *file, struct elf_image *image)
{
    const char *why = NULL;
    // A copy on the heap of exactly that size: the sanitizer sees any access beyond.
    void *copy = malloc(sizeof(*file));
    memcpy(copy, file, sizeof(*file));
    int status = elf_parse_file(copy, &rules, image, &why);
    free(copy);
    assert_int_equal(status < 0, why != NULL);
    return status;
}

static void test_sound(void **state)
{
    (void)state;
    struct file file;
    struct elf_image image;
    make(&file);
    assert_int_equal(parse(&file, &image), 0);
    assert_int_equal(image.segments, 3);
    assert_int_equal(image.low, 0x400000);
    assert_int_equal(image.high, 0x408000);
    assert_int_equal(image.entry, 0x401010);
    assert_int_equal(image.phdr_address, 0x400040);
    assert_int_equal(image.segment[2].memory_bytes, 0x5000);
    assert_false(image.has_interpreter || image.has_tls || image.has_stack);
    assert_int_equal(elf_check_native(&image, 0x400000, NULL), 0);
}

static void test_dynamic(void **state)
{
    (void)state;
    struct file file;
    struct elf_image image;
    make(&file);
    file.ehdr.e_type = ET_DYN;
    file.ehdr.e_phnum = 6;
    file.phdr[1].p_align = 0x200000;
    file.phdr[3] = (struct elf64_phdr){.p_type = PT_INTERP, .p_offset = 0x300, .p_filesz = 28};
    file.phdr[4] = (struct elf64_phdr){
        .p_type = PT_TLS, .p_vaddr = 0x402010, .p_filesz = 8, .p_memsz = 80, .p_align = 16};
    file.phdr[5] = (struct elf64_phdr){.p_type = PT_GNU_RELRO, .p_vaddr = 0x402010, .p_memsz = 16};
    assert_int_equal(parse(&file, &image), 0);
    assert_true(image.position_independent && image.has_interpreter && image.has_tls);
    assert_int_equal(image.interpreter_offset, 0x300);
    assert_int_equal(image.interpreter_bytes, 28);
    assert_int_equal(image.tls_memory_bytes, 80);
    assert_int_equal(image.relro_bytes, 16);
    assert_int_equal(image.align, 0x200000);
    assert_true(elf_check_native(&image, 0x400000, NULL) < 0);

    file.phdr[5].p_memsz = 0x5001; // beyond its segment: ignored
    assert_int_equal(parse(&file, &image), 0);
    assert_int_equal(image.relro_bytes, 0);
    file.phdr[4].p_vaddr = 0x900000;
    assert_int_equal(parse(&file, &image), -E_NOEXEC);
    file.phdr[4].p_filesz = 0; // nothing to load
    assert_int_equal(parse(&file, &image), 0);
    make(&file);
    file.ehdr.e_phnum = 4;
    file.phdr[3] = (struct elf64_phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W | PF_X};
    assert_int_equal(parse(&file, &image), 0);
    assert_true(image.has_stack && image.stack_executable);
    file.phdr[3] = (struct elf64_phdr){.p_type = PT_PHDR, .p_vaddr = 0x400080};
    assert_int_equal(parse(&file, &image), 0);
    assert_int_equal(image.phdr_address, 0x400080);
    file.phdr[3].p_vaddr = UINT64_MAX - 3; // a lie: found through its segment
    assert_int_equal(parse(&file, &image), 0);
    assert_int_equal(image.phdr_address, 0x400040);
}

#define refused(change)                                    \
    do {                                                   \
        struct file file;                                  \
        struct elf_image image;                            \
        make(&file);                                       \
        change;                                            \
        assert_int_equal(parse(&file, &image), -E_NOEXEC); \
    } while (0)

static void test_hostile(void **state)
{
    (void)state;
    refused(file.ehdr.e_ident[0] = 0);
    refused(file.ehdr.e_ident[EI_CLASS] = 1);
    refused(file.ehdr.e_ident[EI_DATA] = 2);
    refused(file.ehdr.e_machine = EM_AARCH64);
    refused(file.ehdr.e_type = 1);
    refused(file.ehdr.e_type = 4);
    refused(file.ehdr.e_phentsize = 32);
    refused(file.ehdr.e_phnum = 0);
    refused(file.ehdr.e_phnum = ELF_PHDRS_MAX + 1);
    refused(file.ehdr.e_phnum = PN_XNUM);
    refused(file.ehdr.e_phoff = FILE_BYTES);
    refused(file.ehdr.e_phoff = FILE_BYTES - 3 * 56 + 1);
    refused(file.ehdr.e_phoff = UINT64_MAX - 10);
    refused(file.phdr[0].p_type = file.phdr[1].p_type = file.phdr[2].p_type = 0);
    refused(file.phdr[2].p_filesz = 0x5001);
    refused(file.phdr[1].p_filesz = file.phdr[1].p_memsz = 0x2001);
    refused(file.phdr[1].p_offset = UINT64_MAX & ~0xfffull);
    refused(file.phdr[1].p_offset = 0x1001);
    refused(file.phdr[2].p_memsz = UINT64_MAX);
    refused(file.phdr[2].p_memsz = 0x7ffffffff000);
    refused(file.phdr[2].p_vaddr = UINT64_MAX - 0xfef);
    refused(file.phdr[1].p_vaddr = 0x3ff000);
    refused(file.phdr[1].p_vaddr = 0x400000);
    refused(file.phdr[0].p_memsz = 0x1001);
    refused(file.phdr[0] = ((struct elf64_phdr){.p_type = PT_INTERP, .p_filesz = 1}));
    refused(file.phdr[0] = ((struct elf64_phdr){.p_type = PT_INTERP, .p_filesz = 5000}));
    refused(file.phdr[0] = ((struct elf64_phdr){
                .p_type = PT_INTERP, .p_offset = FILE_BYTES - 1, .p_filesz = 2}));
    refused(file.phdr[0] = ((struct elf64_phdr){.p_type = PT_TLS, .p_filesz = 9, .p_memsz = 8}));
}

static void test_short_files(void **state)
{
    (void)state;
    struct file file;
    make(&file);
    for (size_t bytes = 0; bytes < 64 + 3 * 56; bytes++) {
        struct elf_image image;
        struct elf_rules shorter = rules;
        shorter.file_bytes = bytes;
        void *copy = malloc(bytes ? bytes : 1);
        memcpy(copy, &file, bytes);
        assert_int_equal(elf_parse_file(copy, &shorter, &image, NULL), -E_NOEXEC);
        free(copy);
    }
}

static void test_native_rules(void **state)
{
    (void)state;
    struct file file;
    struct elf_image image;
    make(&file);
    assert_int_equal(parse(&file, &image), 0);
    assert_true(elf_check_native(&image, 0x400001, NULL) < 0);
    image.entry = 0x400010;
    assert_true(elf_check_native(&image, 0, NULL) < 0);
    image.entry = 0x401800;
    assert_true(elf_check_native(&image, 0, NULL) < 0);
    make(&file);
    file.phdr[2].p_flags |= PF_X;
    assert_int_equal(parse(&file, &image), 0);
    assert_true(elf_check_native(&image, 0, NULL) < 0);
    make(&file);
    file.phdr[2].p_vaddr = 0x401810;
    file.phdr[2].p_offset = 0x1810;
    assert_int_equal(parse(&file, &image), 0);
    assert_true(elf_check_native(&image, 0, NULL) < 0);
}

// Random damage to a sound file never makes the parser read outside it or hand out a segment
// outside the rules.
static void test_damage(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15ull;
    for (int round = 0; round < 100000; round++) {
        struct file file;
        struct elf_image image;
        make(&file);
        file.ehdr.e_phnum = (uint16_t)(3 + round % 4);
        for (int i = 0; i < 1 + round % 5; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            size_t where = (seed >> 33) % (64 + PHDRS * 56);
            ((uint8_t *)&file)[where] = (uint8_t)((round & 1) ? 0xff : seed >> 20);
        }
        if (parse(&file, &image) < 0)
            continue;
        for (unsigned i = 0; i < image.segments; i++) {
            const struct elf_segment *s = &image.segment[i];
            assert_true(s->file_bytes <= s->memory_bytes);
            assert_true(s->offset + s->file_bytes <= FILE_BYTES);
            assert_true(s->address + s->memory_bytes <= rules.address_max);
            assert_true(s->address >= image.low && s->address + s->memory_bytes <= image.high);
        }
        (void)elf_check_native(&image, 0x400000, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),        cmocka_unit_test(test_dynamic),
        cmocka_unit_test(test_hostile),      cmocka_unit_test(test_short_files),
        cmocka_unit_test(test_native_rules), cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
