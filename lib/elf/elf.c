// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// ELF64 parser. Every sum of two values from the file is checked in subtraction form.

#include "lib/elf/elf.h"
#include "abi/error.h"
#include "lib/elf/elf_format.h"

#include <string.h>

static int refuse(const char **why, const char *reason)
{
    if (why)
        *why = reason;
    return -E_NOEXEC;
}

int elf_read_header(const void *file, size_t bytes, const struct elf_rules *rules,
                    struct elf_header *header, const char **why)
{
    struct elf64_ehdr ehdr;
    if (bytes < sizeof(ehdr) || rules->file_bytes < sizeof(ehdr))
        return refuse(why, "too short for an ELF header");
    memcpy(&ehdr, file, sizeof(ehdr));
    if (memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0)
        return refuse(why, "not an ELF file");
    if (ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_ident[EI_DATA] != ELFDATA2LSB ||
        ehdr.e_ident[EI_VERSION] != EV_CURRENT)
        return refuse(why, "not a 64-bit little-endian ELF file");
    if (ehdr.e_machine != rules->machine)
        return refuse(why, "built for another processor");
    if (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN)
        return refuse(why, "not an executable");
    if (ehdr.e_phentsize != sizeof(struct elf64_phdr))
        return refuse(why, "program headers of an unknown size");
    if (ehdr.e_phnum == 0 || ehdr.e_phnum > ELF_PHDRS_MAX)
        return refuse(why, "no program headers, or too many");
    uint64_t table = (uint64_t)ehdr.e_phnum * sizeof(struct elf64_phdr);
    if (ehdr.e_phoff > rules->file_bytes || table > rules->file_bytes - ehdr.e_phoff)
        return refuse(why, "program headers beyond the end of the file");
    header->phdr_offset = ehdr.e_phoff;
    header->phdr_count = ehdr.e_phnum;
    header->position_independent = ehdr.e_type == ET_DYN;
    header->entry = ehdr.e_entry;
    return 0;
}

static bool is_power_of_two(uint64_t value)
{
    return value && !(value & (value - 1));
}

static int add_segment(struct elf_image *image, const struct elf64_phdr *phdr,
                       const struct elf_rules *rules, const char **why)
{
    if (phdr->p_memsz == 0)
        return 0;
    if (image->segments == ELF_SEGMENTS_MAX)
        return refuse(why, "too many segments");
    if (phdr->p_filesz > phdr->p_memsz)
        return refuse(why, "a segment is longer in the file than in memory");
    if (phdr->p_offset > rules->file_bytes || phdr->p_filesz > rules->file_bytes - phdr->p_offset)
        return refuse(why, "a segment lies beyond the end of the file");
    if (phdr->p_vaddr > rules->address_max || phdr->p_memsz > rules->address_max - phdr->p_vaddr)
        return refuse(why, "a segment lies outside the address space");
    if ((phdr->p_vaddr ^ phdr->p_offset) % ELF_PAGE)
        return refuse(why, "a segment's address and offset differ within the page");
    if (image->segments) {
        const struct elf_segment *last = &image->segment[image->segments - 1];
        if (phdr->p_vaddr < last->address || phdr->p_vaddr - last->address < last->memory_bytes)
            return refuse(why, "segments overlap or are out of order");
    }
    image->segment[image->segments++] = (struct elf_segment){
        .address = phdr->p_vaddr,
        .memory_bytes = phdr->p_memsz,
        .offset = phdr->p_offset,
        .file_bytes = phdr->p_filesz,
        .prot = phdr->p_flags & (PF_R | PF_W | PF_X),
    };
    if (is_power_of_two(phdr->p_align) && phdr->p_align > image->align)
        image->align = phdr->p_align;
    return 0;
}

static int add_interpreter(struct elf_image *image, const struct elf64_phdr *phdr,
                           const struct elf_rules *rules, const char **why)
{
    if (image->has_interpreter)
        return 0; // the first one counts
    if (phdr->p_filesz < 2 || phdr->p_filesz > ELF_INTERP_MAX)
        return refuse(why, "interpreter path empty or too long");
    if (phdr->p_offset > rules->file_bytes || phdr->p_filesz > rules->file_bytes - phdr->p_offset)
        return refuse(why, "interpreter path beyond the end of the file");
    image->has_interpreter = true;
    image->interpreter_offset = phdr->p_offset;
    image->interpreter_bytes = phdr->p_filesz;
    return 0;
}

static int add_tls(struct elf_image *image, const struct elf64_phdr *phdr, const char **why)
{
    if (phdr->p_filesz > phdr->p_memsz || (phdr->p_align && !is_power_of_two(phdr->p_align)))
        return refuse(why, "bad thread-local segment");
    image->has_tls = true;
    image->tls_address = phdr->p_vaddr;
    image->tls_file_bytes = phdr->p_filesz;
    image->tls_memory_bytes = phdr->p_memsz;
    image->tls_align = phdr->p_align;
    return 0;
}

static int add_phdr(struct elf_image *image, const struct elf64_phdr *phdr,
                    const struct elf_rules *rules, const char **why)
{
    switch (phdr->p_type) {
    case PT_LOAD:
        return add_segment(image, phdr, rules, why);
    case PT_INTERP:
        return add_interpreter(image, phdr, rules, why);
    case PT_TLS:
        return add_tls(image, phdr, why);
    case PT_PHDR:
        image->phdr_address = phdr->p_vaddr;
        return 0;
    case PT_GNU_STACK:
        image->has_stack = true;
        image->stack_executable = phdr->p_flags & PF_X;
        return 0;
    case PT_GNU_RELRO:
        image->relro_address = phdr->p_vaddr;
        image->relro_bytes = phdr->p_memsz;
        return 0;
    default:
        return 0;
    }
}

static const struct elf_segment *segment_at(const struct elf_image *image, uint64_t address,
                                            uint64_t bytes)
{
    for (unsigned i = 0; i < image->segments; i++) {
        const struct elf_segment *segment = &image->segment[i];
        if (address >= segment->address && address - segment->address <= segment->memory_bytes &&
            bytes <= segment->memory_bytes - (address - segment->address))
            return segment;
    }
    return NULL;
}

// The program headers' address: what PT_PHDR says if that is loaded, else from the segment that
// covers them.
static void find_phdrs(struct elf_image *image, const struct elf_header *header)
{
    uint64_t table = (uint64_t)header->phdr_count * ELF_PHDR_BYTES;
    if (image->phdr_address && segment_at(image, image->phdr_address, table))
        return;
    image->phdr_address = 0;
    for (unsigned i = 0; i < image->segments; i++) {
        const struct elf_segment *segment = &image->segment[i];
        if (header->phdr_offset < segment->offset)
            continue;
        uint64_t inside = header->phdr_offset - segment->offset;
        if (inside <= segment->file_bytes && table <= segment->file_bytes - inside) {
            image->phdr_address = segment->address + inside;
            return;
        }
    }
}

int elf_parse(const struct elf_header *header, const void *phdrs, const struct elf_rules *rules,
              struct elf_image *image, const char **why)
{
    memset(image, 0, sizeof(*image));
    image->position_independent = header->position_independent;
    image->entry = header->entry;
    image->align = ELF_PAGE;
    image->phdr_count = header->phdr_count;
    for (unsigned i = 0; i < header->phdr_count; i++) {
        struct elf64_phdr phdr;
        memcpy(&phdr, (const uint8_t *)phdrs + i * sizeof(phdr), sizeof(phdr));
        int status = add_phdr(image, &phdr, rules, why);
        if (status < 0)
            return status;
    }
    if (!image->segments)
        return refuse(why, "no loadable segment");
    const struct elf_segment *last = &image->segment[image->segments - 1];
    uint64_t end = last->address + last->memory_bytes;
    if (end > UINT64_MAX - ELF_PAGE)
        return refuse(why, "a segment lies outside the address space");
    image->low = image->segment[0].address & ~(uint64_t)(ELF_PAGE - 1);
    image->high = (end + ELF_PAGE - 1) & ~(uint64_t)(ELF_PAGE - 1);
    find_phdrs(image, header);
    if (image->relro_bytes && !segment_at(image, image->relro_address, image->relro_bytes))
        image->relro_bytes = 0; // of no use to anybody
    // Without initial data the linker gives the segment an address of no meaning.
    if (image->tls_file_bytes != 0 && !segment_at(image, image->tls_address, image->tls_file_bytes))
        return refuse(why, "thread-local segment is not loaded");
    return 0;
}

int elf_parse_file(const void *file, const struct elf_rules *rules, struct elf_image *image,
                   const char **why)
{
    struct elf_header header;
    int status = elf_read_header(file, rules->file_bytes, rules, &header, why);
    if (status < 0)
        return status;
    return elf_parse(&header, (const uint8_t *)file + header.phdr_offset, rules, image, why);
}

int elf_check_native(const struct elf_image *image, uint64_t min, const char **why)
{
    if (image->position_independent)
        return refuse(why, "position-independent");
    if (image->has_interpreter || image->has_tls)
        return refuse(why, "needs an interpreter or thread-local storage");
    if (image->low < min)
        return refuse(why, "linked at too low an address");
    uint64_t page = 0; // end of the segment before, page-rounded
    for (unsigned i = 0; i < image->segments; i++) {
        const struct elf_segment *segment = &image->segment[i];
        if ((segment->prot & ELF_WRITE) && (segment->prot & ELF_EXECUTE))
            return refuse(why, "a segment is both writable and executable");
        if (segment->address < page)
            return refuse(why, "two segments share a page");
        page =
            (segment->address + segment->memory_bytes + ELF_PAGE - 1) & ~(uint64_t)(ELF_PAGE - 1);
    }
    const struct elf_segment *entered = segment_at(image, image->entry, 1);
    if (!entered || !(entered->prot & ELF_EXECUTE))
        return refuse(why, "entry point is not executable");
    return 0;
}
