// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/guest.h"

#include "abi/error.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/fpu.h"
#include "kernel/core/cpu.h"
#include "kernel/core/handlers.h"
#include "kernel/core/lock.h"
#include "kernel/core/process.h"
#include "kernel/core/sched.h"
#include "kernel/core/syscall.h"
#include "kernel/core/thread.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/heap.h"

bool guest_state_is_live(const struct thread *thread)
{
    return thread->guest != NULL && thread->guest->fpu_cpu != GUEST_FPU_NOWHERE;
}

void guest_close_state(struct cpu *cpu)
{
    if (cpu->fpu_open) {
        cpu->fpu_open = false;
        fpu_close();
    }
}

static void open_state(struct cpu *cpu)
{
    if (!cpu->fpu_open) {
        cpu->fpu_open = true;
        fpu_open();
    }
}

static void save_owner(struct cpu *cpu)
{
    struct guest *owner = cpu->fpu_owner;
    fpu_save(owner->fpu);
    owner->fpu_cpu = GUEST_FPU_NOWHERE;
    cpu->fpu_owner = NULL;
}

void guest_release_state(struct cpu *cpu)
{
    if (cpu->fpu_owner != NULL) {
        open_state(cpu);
        save_owner(cpu);
        guest_close_state(cpu); // the registers still show what was saved
    }
}

// Another guest, or other threads, may have run here: they can also change the thread pointers, by
// loading segments.
static __attribute__((noinline)) void take_state(struct cpu *cpu, struct guest *guest)
{
    open_state(cpu);
    if (cpu->fpu_owner != guest) {
        if (cpu->fpu_owner != NULL) {
            save_owner(cpu);
        }
        fpu_restore(guest->fpu);
        cpu->fpu_owner = guest;
        guest->fpu_cpu = cpu->index;
    }
    arch_load_guest_bases(cpu, &guest->state->registers);
}

void guest_resume(struct cpu *cpu, struct thread *thread)
{
    struct guest *guest = thread->guest;
    if (guest == NULL) {
        guest_close_state(cpu);
        cpu->syscall_handler = native_syscall;
        return;
    }
    if (cpu->fpu_owner == guest && cpu->fpu_open) {
        arch_update_guest_bases(cpu, &guest->state->registers);
    } else {
        take_state(cpu, guest);
    }
    cpu->syscall_handler = guest_syscall;
}

// The state is live in another CPU's registers: the thread goes there and makes its system call
// again.
static int64_t move_to_state(struct thread *thread, struct guest *guest)
{
    frame_restart_syscall(&thread->frame);
    thread->fetching_state = true;
    sched_leave_current(this_cpu());
    sched_enqueue_on(thread, guest->fpu_cpu);
    return SYSCALL_BLOCKED;
}

static bool live_elsewhere(const struct guest *guest)
{
    return guest->fpu_cpu != GUEST_FPU_NOWHERE && guest->fpu_cpu != cpu_index();
}

// What the current thread has run.
static inline uint64_t current_ticks(const struct cpu *cpu, const struct thread *thread)
{
    return thread->cpu_ticks + (cpu_counter() - cpu->switched_at);
}

// object_lock held.
static void enter(struct cpu *cpu, struct thread *thread, struct guest *guest)
{
    object_get(&guest->object);
    thread->guest_ticks -= current_ticks(cpu, thread);
    guest->thread = thread;
    thread->guest = guest;
    thread->active_frame = (struct frame *)&guest->state->registers;
    thread->active_aspace = guest->aspace;
    cpu->frame = thread->active_frame;
    mmu_space_load(&guest->aspace->mmu);
    guest_resume(cpu, thread);
}

// The hottest call of the system, so it looks its handle up itself, under the one lock it needs
// anyway.
int64_t sys_guest_run(struct thread *thread, const uint64_t *arg)
{
    int64_t result = SYSCALL_BLOCKED;
    spin_lock(&object_lock);
    struct handle_entry *entry = handle_entry(&thread->process->handles, arg[0]);
    if (__builtin_expect(entry == NULL || entry->object->type != OBJECT_GUEST, 0)) {
        result = -E_BADF;
    } else if (__builtin_expect((entry->rights & RIGHT_MANAGE) == 0, 0)) {
        result = -E_PERM;
    } else if (__builtin_expect(thread->kicked, 0)) {
        thread->kicked = false;
        result = GUEST_EXIT_KICK;
    } else {
        struct guest *guest = CONTAINER_OF(entry->object, struct guest, object);
        if (__builtin_expect(guest->thread != NULL, 0)) {
            result = -E_BUSY;
        } else if (__builtin_expect(live_elsewhere(guest), 0)) {
            result = move_to_state(thread, guest);
        } else {
            enter(this_cpu(), thread, guest);
        }
    }
    spin_unlock(&object_lock);
    return result;
}

// Unlinks thread and guest; the thread's own registers are its frame again.
static void detach(struct thread *thread)
{
    struct guest *guest = thread->guest;
    guest->thread = NULL;
    thread->guest = NULL;
    thread->active_frame = &thread->frame;
    thread->active_aspace = thread->process->aspace;
    object_put(&guest->object);
}

void guest_leave(struct thread *thread)
{
    detach(thread);
}

static inline void leave_locked(struct cpu *cpu, struct thread *thread, int64_t reason)
{
    detach(thread);
    thread->guest_ticks += current_ticks(cpu, thread);
    thread->leave_guest = false; // a kick that came meanwhile is still in thread->kicked
    frame_set_result(&thread->frame, reason);
    cpu->frame = &thread->frame;
    cpu->syscall_handler = native_syscall;
    mmu_space_load(&thread->active_aspace->mmu);
}

void guest_take_kick(struct cpu *cpu, struct thread *thread)
{
    thread->leave_guest = false;
    if (thread->guest == NULL) {
        return;
    }
    thread->kicked = false;
    if (thread == cpu->current) {
        leave_locked(cpu, thread, GUEST_EXIT_KICK);
    } else {
        detach(thread);
        thread->guest_ticks += thread->cpu_ticks;
        frame_set_result(&thread->frame, GUEST_EXIT_KICK);
    }
}

void guest_exit(struct thread *thread, enum guest_exit reason)
{
    spin_lock(&object_lock);
    if (!thread->dying) {
        leave_locked(this_cpu(), thread, reason);
    }
    spin_unlock(&object_lock);
}

struct frame *guest_syscall(struct frame *frame)
{
    struct cpu *cpu = this_cpu();
    struct thread *thread = cpu->current;
    struct guest_registers *registers = (struct guest_registers *)frame;
    guest_registers_note_syscall(registers);
    guest_exit(thread, GUEST_EXIT_SYSCALL);
    return kernel_leave(cpu);
}

// ---- system calls ----

int64_t sys_guest_create(struct thread *thread, const uint64_t *arg)
{
    struct object *space = NULL;
    struct object *memory = NULL;
    struct page *page = NULL;
    int64_t error = handle_get(thread, arg[0], OBJECT_ASPACE, RIGHT_MANAGE, &space, NULL);
    if (error == 0) {
        error = handle_get(thread, arg[1], OBJECT_MEMORY, RIGHT_WRITE, &memory, NULL);
    }
    if (error == 0 && arg[2] % PAGE_SIZE != 0) {
        error = -E_INVAL;
    }
    if (error == 0) {
        error = memory_page(CONTAINER_OF(memory, struct memory, object), arg[2], true, &page);
        error = error == -E_AGAIN ? -E_FAULT : error;
    }
    struct guest *guest = error == 0 ? heap_allocate(sizeof(*guest)) : NULL;
    void *fpu = guest != NULL ? fpu_allocate() : NULL;
    if (memory != NULL) {
        object_put(memory);
    }
    if (fpu == NULL) {
        heap_free(guest);
        if (page != NULL) {
            page_put(page);
        }
        if (space != NULL) {
            object_put(space);
        }
        return error != 0 ? error : -E_NOMEM;
    }
    object_init(&guest->object, OBJECT_GUEST);
    guest->aspace = CONTAINER_OF(space, struct aspace, object);
    aspace_set_guest(guest->aspace);
    guest->state_page = page;
    guest->state = page_address(page);
    guest->fpu = fpu;
    guest->fpu_cpu = GUEST_FPU_NOWHERE;
    return handle_install(thread->process, &guest->object, RIGHTS_ALL, 0);
}

int64_t sys_guest_set_aspace(struct thread *thread, const uint64_t *arg)
{
    struct object *object;
    struct object *space;
    int error = handle_get(thread, arg[0], OBJECT_GUEST, RIGHT_MANAGE, &object, NULL);
    if (error != 0) {
        return error;
    }
    error = handle_get(thread, arg[1], OBJECT_ASPACE, RIGHT_MANAGE, &space, NULL);
    if (error == 0) {
        struct guest *guest = CONTAINER_OF(object, struct guest, object);
        aspace_set_guest(CONTAINER_OF(space, struct aspace, object));
        spin_lock(&object_lock);
        if (guest->thread != NULL) {
            error = -E_BUSY;
        } else {
            struct object *old = &guest->aspace->object;
            guest->aspace = CONTAINER_OF(space, struct aspace, object);
            space = old;
        }
        spin_unlock(&object_lock);
        object_put(space);
    }
    object_put(object);
    return error;
}

// Brings a guest's extended state into its memory. False: it is live elsewhere, and the thread is
// on its way there.
static bool state_to_memory(struct thread *thread, struct guest *guest)
{
    bool here = true;
    spin_lock(&object_lock);
    if (live_elsewhere(guest)) {
        (void)move_to_state(thread, guest);
        here = false;
    } else if (guest->fpu_cpu != GUEST_FPU_NOWHERE) {
        guest_release_state(this_cpu());
    }
    spin_unlock(&object_lock);
    return here;
}

static int64_t fpu_copy_from(struct thread *thread, struct guest *guest, handle_t handle)
{
    struct object *object;
    int error = handle_get(thread, handle, OBJECT_GUEST, RIGHT_MANAGE, &object, NULL);
    if (error != 0) {
        return error;
    }
    struct guest *other = CONTAINER_OF(object, struct guest, object);
    int64_t result = 0;
    if (other == guest) {
        result = -E_INVAL;
    } else if (!state_to_memory(thread, other)) {
        result = SYSCALL_BLOCKED;
    } else {
        fpu_copy(guest->fpu, other->fpu);
    }
    object_put(object);
    return result;
}

static int64_t fpu_operate(struct thread *thread, struct guest *guest, const uint64_t *arg)
{
    size_t bytes = fpu_image_bytes(guest->fpu);
    switch ((enum guest_fpu_op)arg[1]) {
    case GUEST_FPU_SIZE:
        return (int64_t)bytes;
    case GUEST_FPU_RESET:
        fpu_reset(guest->fpu);
        return 0;
    case GUEST_FPU_COPY:
        return fpu_copy_from(thread, guest, (handle_t)arg[2]);
    case GUEST_FPU_GET: {
        if (arg[3] < bytes) {
            return -E_INVAL;
        }
        int64_t error = user_put(thread, arg[2], guest->fpu, bytes);
        return error != 0 ? error : (int64_t)bytes;
    }
    case GUEST_FPU_SET: {
        void *image = heap_allocate(arg[3]);
        if (image == NULL) {
            return -E_NOMEM;
        }
        int64_t error = user_get(thread, image, arg[2], arg[3]);
        if (error == 0) {
            error = fpu_load_checked(guest->fpu, image, arg[3]);
        }
        heap_free(image);
        return error;
    }
    }
    return -E_INVAL;
}

int64_t sys_guest_fpu(struct thread *thread, const uint64_t *arg)
{
    struct object *object;
    int error = handle_get(thread, arg[0], OBJECT_GUEST, RIGHT_MANAGE, &object, NULL);
    if (error != 0) {
        return error;
    }
    struct guest *guest = CONTAINER_OF(object, struct guest, object);
    int64_t result = SYSCALL_BLOCKED;
    if (state_to_memory(thread, guest)) {
        result = fpu_operate(thread, guest, arg);
    }
    object_put(object);
    return result;
}

void guest_destroy(struct object *object)
{
    struct guest *guest = CONTAINER_OF(object, struct guest, object);
    spin_lock(&object_lock);
    if (guest->fpu_cpu != GUEST_FPU_NOWHERE) {
        cpus[guest->fpu_cpu].fpu_owner = NULL;
    }
    spin_unlock(&object_lock);
    fpu_free(guest->fpu);
    page_put(guest->state_page);
    object_put(&guest->aspace->object);
    heap_free(guest);
}
