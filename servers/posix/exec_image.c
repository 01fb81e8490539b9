// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Loading of ELF programs (exec_image.h): lib/elf checks, this file maps.
//
// Addresses, from the top: stack, a gap it may grow into, mappings downwards (interpreter,
// libraries), position- independent programs at two thirds, heap after the program. Each is moved
// by a random number of pages, as many as on Linux, so that tools that know Linux's layout find
// what they expect.

#include "servers/posix/exec_image.h"

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "lib/elf/elf.h"
#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/mm.h"
#include "servers/posix/random.h"
#include "servers/posix/task.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs.h"

#define PIE_BASE           page_down(USER_ADDRESS_END / 3 * 2)
#define STACK_RANDOM_PAGES 0x3fffffull  // 16 GiB
#define MAP_RANDOM_PAGES   0xfffffffull // 28 bits
#define HEAP_RANDOM_PAGES  0x1fffull    // 32 MiB
#define STACK_GAP_LEAST    (128ull << 20)
#define STACK_GAP_MOST     (USER_ADDRESS_END / 6 * 5)
#define STACK_FIRST_BYTES  (132ull << 10) // mapped at once; the rest as it grows

static uint64_t page_down(uint64_t address)
{
    return address & ~(uint64_t)(PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t address)
{
    return page_down(address + PAGE_SIZE - 1);
}

static uint64_t random_offset(bool randomise, uint64_t pages)
{
    return randomise ? (random_u64() & pages) << PAGE_SHIFT : 0;
}

// ---- reading ----

static int read_exactly(struct file *file, void *to, size_t bytes, uint64_t offset)
{
    int64_t got = vfs_pread(file, to, bytes, offset);
    if (got < 0)
        return (int)got;
    return got == (int64_t)bytes ? 0 : -E_NOEXEC;
}

static int read_image(struct file *file, struct elf_image *image)
{
    uint8_t head[ELF_HEADER_BYTES];
    struct elf_header header;
    struct elf_rules rules = {
        .machine = ARCH_ELF_MACHINE,
        .file_bytes = ~0ull >> 1, // a range past the end shows when it is touched, as SIGBUS
        .address_max = USER_ADDRESS_END,
    };
    int error = read_exactly(file, head, sizeof(head), 0);
    if (error == 0)
        error = elf_read_header(head, sizeof(head), &rules, &header, NULL);
    if (error)
        return error;
    size_t bytes = (size_t)header.phdr_count * ELF_PHDR_BYTES;
    void *phdrs = malloc(bytes);
    if (phdrs == NULL)
        return -E_NOMEM;
    error = read_exactly(file, phdrs, bytes, header.phdr_offset);
    if (error == 0)
        error = elf_parse(&header, phdrs, &rules, image, NULL);
    free(phdrs);
    return error;
}

// ---- mapping ----

static uint32_t prot_of_segment(uint32_t prot)
{
    uint32_t result = 0;
    if ((prot & ELF_READ) != 0)
        result |= PROT_READ;
    if ((prot & ELF_WRITE) != 0)
        result |= PROT_READ | PROT_WRITE;
    if ((prot & ELF_EXECUTE) != 0)
        result |= PROT_READ | PROT_EXECUTE;
    return result;
}

// The file's part, the zeroed rest of its last page, and anonymous pages after it.
static int map_segment(struct mm *mm, struct file *file, const struct elf_segment *segment,
                       uint64_t bias)
{
    static const uint8_t zeroes[PAGE_SIZE];
    uint32_t prot = prot_of_segment(segment->prot);
    uint64_t start = segment->address + bias;
    uint64_t file_end = start + segment->file_bytes;
    uint64_t memory_end = page_up(start + segment->memory_bytes);
    uint64_t mapped_end = page_down(start);
    if (segment->file_bytes > 0) {
        mapped_end = page_up(file_end);
        int64_t address = mm_map_file(mm, file, page_down(start), mapped_end - page_down(start),
                                      prot, MAP_FIXED | MAP_PRIVATE, page_down(segment->offset));
        if (address < 0)
            return (int)address;
        bool tail = segment->memory_bytes > segment->file_bytes && file_end < mapped_end;
        if (tail && (prot & PROT_WRITE) != 0 &&
            mm_write(mm, file_end, zeroes, mapped_end - file_end) != 0)
            return -E_FAULT;
    }
    if (memory_end > mapped_end) {
        int64_t address = mm_map_anonymous(mm, mapped_end, memory_end - mapped_end, prot,
                                           MAP_FIXED | MAP_PRIVATE, MM_TAG_NONE);
        if (address < 0)
            return (int)address;
    }
    return 0;
}

static int map_segments(struct mm *mm, struct file *file, const struct elf_image *image,
                        uint64_t bias)
{
    for (unsigned i = 0; i < image->segments; i++) {
        int error = map_segment(mm, file, &image->segment[i], bias);
        if (error)
            return error;
    }
    return 0;
}

// ---- the layout ----

static void choose_stack(struct task *task, struct mm *mm, bool randomise)
{
    uint64_t gap = task_rlimit(task, RLIMIT_STACK);
    if (gap < STACK_GAP_LEAST)
        gap = STACK_GAP_LEAST;
    if (gap > STACK_GAP_MOST)
        gap = STACK_GAP_MOST;
    mm->stack_top = USER_ADDRESS_END - random_offset(randomise, STACK_RANDOM_PAGES);
    uint64_t room = gap + (STACK_RANDOM_PAGES << PAGE_SHIFT);
    mm->mapping_top =
        page_down(USER_ADDRESS_END - room - random_offset(randomise, MAP_RANDOM_PAGES));
    mm->mapping_next = mm->mapping_top;
}

static int map_stack(struct task *task, struct mm *mm, bool executable)
{
    uint64_t limit = page_down(task_rlimit(task, RLIMIT_STACK));
    if (limit < STACK_FIRST_BYTES)
        limit = page_up(STACK_FIRST_BYTES);
    if (limit > STACK_GAP_MOST)
        limit = page_down(STACK_GAP_MOST);
    struct aspace_map_args args = {
        .address = mm->stack_top - STACK_FIRST_BYTES,
        .bytes = STACK_FIRST_BYTES,
        .memory = HANDLE_NONE,
        .prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXECUTE : 0u),
        .flags = MAP_FIXED | MAP_PRIVATE | MAP_GROWS_DOWN,
        .limit = limit,
        .tag = MM_TAG_STACK,
    };
    int64_t address = sys_aspace_map(mm->aspace, &args);
    if (address == -E_INVAL && executable) {
        // The kernel keeps writable and executable apart; old programs ask for such a stack and
        // never use it.
        args.prot = PROT_READ | PROT_WRITE;
        address = sys_aspace_map(mm->aspace, &args);
    }
    return address < 0 ? (int)address : 0;
}

static uint64_t program_bias(const struct elf_image *image, bool randomise)
{
    if (!image->position_independent)
        return 0;
    uint64_t base = PIE_BASE + random_offset(randomise, MAP_RANDOM_PAGES);
    base &= ~(image->align - 1);
    return base - image->low;
}

static void choose_heap(struct mm *mm, const struct elf_image *image, uint64_t bias, bool randomise)
{
    mm->code_start = image->low + bias;
    mm->code_end = image->high + bias;
    mm->brk_start = page_up(image->high + bias) + random_offset(randomise, HEAP_RANDOM_PAGES);
    mm->brk = mm->brk_start;
}

// ---- the interpreter ----

static int open_interpreter(struct task *task, struct file *file, const struct elf_image *image,
                            struct file **out)
{
    char path[ELF_INTERP_MAX];
    struct vfs_caller who;
    if (image->interpreter_bytes < 2 || image->interpreter_bytes > sizeof(path))
        return -E_NOEXEC;
    int error =
        read_exactly(file, path, (size_t)image->interpreter_bytes, image->interpreter_offset);
    if (error)
        return error;
    if (path[image->interpreter_bytes - 1] != 0)
        return -E_NOEXEC;
    vfs_caller_of(task, &who);
    return vfs_open_exec(&who, NULL, path, LOOKUP_FOLLOW, out);
}

static int load_interpreter(struct task *task, struct mm *mm, struct file *program,
                            const struct elf_image *image, struct exec_image *result)
{
    struct file *file;
    int error = open_interpreter(task, program, image, &file);
    if (error)
        return error;
    struct elf_image *own = malloc(sizeof(*own));
    if (own == NULL) {
        vfs_exec_put(file);
        return -E_NOMEM;
    }
    error = read_image(file, own);
    if (error == 0) {
        uint64_t bytes = page_up(own->high) - page_down(own->low);
        uint64_t bias = 0;
        if (own->position_independent) {
            uint64_t base = (mm->mapping_next - bytes) & ~(own->align - 1);
            bias = base - own->low;
            mm->mapping_next = base;
        }
        error = map_segments(mm, file, own, bias);
        result->interpreter_base = own->low + bias;
        result->entry = own->entry + bias;
    }
    free(own);
    vfs_exec_put(file);
    return error;
}

int exec_image_load(struct task *task, struct mm *mm, struct file *file, bool randomise,
                    struct exec_image *result)
{
    struct elf_image *image = malloc(sizeof(*image));
    if (image == NULL)
        return -E_NOMEM;
    int error = read_image(file, image);
    if (error)
        goto out;
    choose_stack(task, mm, randomise);
    uint64_t bias = program_bias(image, randomise);
    error = map_segments(mm, file, image, bias);
    if (error)
        goto out;
    choose_heap(mm, image, bias, randomise);
    *result = (struct exec_image){
        .entry = image->entry + bias,
        .program_entry = image->entry + bias,
        .phdr_address = image->phdr_address != 0 ? image->phdr_address + bias : 0,
        .phdr_count = image->phdr_count,
        .stack_executable = image->has_stack && image->stack_executable,
    };
    if (image->has_interpreter)
        error = load_interpreter(task, mm, file, image, result);
    if (error == 0)
        error = map_stack(task, mm, result->stack_executable);
out:
    free(image);
    return error;
}
