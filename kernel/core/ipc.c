// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Rendezvous between caller and server.
//
// The fast path serves a message in registers when the partner already waits and nobody more urgent
// is ready here: it checks everything first and changes nothing before its point of no return
// (marked), then goes straight to the partner. Everything else takes the slow path from the start.
// (Liedtke, "Improving IPC by kernel design", SOSP 1993.)
//
// Invariants (object_lock):
//  I1  a thread is in at most one queue; endpoint->senders and ->receivers are not both non-empty,
//  but for threads whose
//      sender arrived while no receiver's bound notification ... was idle (a receiver never queues
//      while a sender waits)
//  I2  server->caller == c  <=>  c->state == BLOCKED_REPLY and c->answerer == server
//  I3  reply->caller == c   <=>  c->state == BLOCKED_REPLY and c->reply == reply

#include "kernel/core/ipc.h"

#include "abi/error.h"
#include "abi/message.h"
#include "kernel/core/cpu.h"
#include "kernel/core/guest.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/process.h"
#include "kernel/core/sched.h"
#include "kernel/core/thread.h"
#include "kernel/mm/heap.h"

#define TAG_SENDER_BITS (MESSAGE_NOTIFICATION - 1) // the rest is the kernel's to say

// No words beyond the registers, no handles and no flags: all of those lie above the words' count.
static inline bool tag_is_short(message_tag_t tag)
{
    return tag >> MESSAGE_WORDS_SHIFT <= MESSAGE_REGISTER_WORDS;
}

static int tag_check(const struct thread *thread, message_tag_t tag)
{
    if (message_words(tag) > MESSAGE_WORDS || message_handles(tag) > MESSAGE_HANDLES) {
        return -E_INVAL;
    }
    bool needs_buffer = message_words(tag) > MESSAGE_REGISTER_WORDS || message_handles(tag) != 0 ||
                        (tag & MESSAGE_DEADLINE) != 0;
    return needs_buffer && thread->ipc_buffer == NULL ? -E_INVAL : 0;
}

static time_ns_t tag_deadline(const struct thread *thread, message_tag_t tag)
{
    if ((tag & MESSAGE_DEADLINE) == 0) {
        return DEADLINE_NEVER;
    }
    return __atomic_load_n(&thread->ipc_buffer->deadline, __ATOMIC_RELAXED);
}

static inline struct thread *first(struct list *queue)
{
    return CONTAINER_OF(queue->next, struct thread, in_queue);
}

static inline struct endpoint *endpoint_lookup(struct thread *self, handle_t handle, uint32_t right,
                                               uint64_t *badge)
{
    struct handle_entry *entry = handle_entry(&self->process->handles, handle);
    if (__builtin_expect(entry == NULL || entry->object->type != OBJECT_ENDPOINT ||
                             (entry->rights & right) == 0,
                         0)) {
        return NULL;
    }
    *badge = entry->badge;
    return CONTAINER_OF(entry->object, struct endpoint, object);
}

static inline bool may_switch_to(struct cpu *cpu, const struct thread *next)
{
    return (cpu->ready >> next->priority) <= 1 && (next->affinity & 1u << cpu->index) != 0 &&
           !next->timeout.queued && cpu->hindered == 0 && next->special == 0;
}

// ---- moving a message ----

static message_tag_t copy_handles(struct thread *to, struct thread *from, message_tag_t tag)
{
    unsigned count = message_handles(tag);
    bool lost = false;
    for (unsigned i = 0; i < count; i++) {
        handle_t handle = __atomic_load_n(&from->ipc_buffer->handle[i], __ATOMIC_RELAXED);
        struct handle_entry *entry = handle_entry(&from->process->handles, handle);
        int64_t copy = -E_BADF;
        if (entry != NULL && (entry->rights & RIGHT_TRANSFER) != 0 && to->ipc_buffer != NULL) {
            copy = handle_install_locked(to->process, entry->object, entry->rights, entry->badge,
                                         HANDLE_NONE);
        }
        if (to->ipc_buffer != NULL) {
            to->ipc_buffer->handle[i] = copy > 0 ? (handle_t)copy : HANDLE_NONE;
        }
        lost = lost || copy <= 0;
    }
    return lost ? tag | MESSAGE_HANDLES_LOST : tag;
}

// Delivers from's message to to, which will find it in its registers when it next runs.
static void transfer(struct thread *to, struct thread *from, uint64_t badge)
{
    message_tag_t tag = frame_message_tag(&from->frame) & TAG_SENDER_BITS;
    if ((from->special & THREAD_FAULTING) != 0) {
        frame_set_message(&to->frame, 0, badge, MESSAGE_FAULT | message_tag(0, 2, 0));
        frame_set_message_word01(&to->frame, from->fault_offset, from->fault_access);
        return;
    }
    unsigned words = message_words(tag);
    frame_copy_message_words(&to->frame, &from->frame);
    if (words > MESSAGE_REGISTER_WORDS) {
        if (to->ipc_buffer == NULL) {
            words = MESSAGE_REGISTER_WORDS;
            tag = (tag & ~((message_tag_t)63 << MESSAGE_WORDS_SHIFT)) | (message_tag_t)words
                                                                            << MESSAGE_WORDS_SHIFT;
        } else {
            for (unsigned i = MESSAGE_REGISTER_WORDS; i < words; i++) {
                to->ipc_buffer->word[i] = from->ipc_buffer->word[i];
            }
        }
    }
    if (message_handles(tag) != 0) {
        tag = copy_handles(to, from, tag);
    }
    frame_set_message(&to->frame, 0, badge, tag);
}

// Hands a queued or arriving caller to a server that is not in any queue.
static void receive_from(struct thread *server, struct thread *caller, uint64_t badge)
{
    transfer(server, caller, badge);
    caller->state = THREAD_BLOCKED_REPLY;
    caller->answerer = server;
    caller->endpoint = NULL;
    server->caller = caller;
}

static bool take_bound_bits(struct thread *self)
{
    if (self->bound == NULL || self->bound->bits == 0) {
        return false;
    }
    frame_set_message(&self->frame, 0, 0, MESSAGE_NOTIFICATION | message_tag(0, 1, 0));
    frame_set_message_word01(&self->frame, self->bound->bits, 0);
    self->bound->bits = 0;
    return true;
}

void ipc_abandon_caller(struct thread *server, int64_t error)
{
    struct thread *caller = server->caller;
    if (caller != NULL) {
        thread_wake(caller, error); // unlinks both ways
    }
}

// ---- slow paths; object_lock held ----

void endpoint_queue(struct endpoint *endpoint, struct thread *caller, uint64_t badge,
                    time_ns_t deadline)
{
    if (!list_empty(&endpoint->receivers)) {
        struct thread *server = first(&endpoint->receivers);
        thread_unlink(server);
        thread_block(caller, THREAD_BLOCKED_REPLY);
        receive_from(server, caller, badge);
        thread_make_ready(server);
    } else {
        thread_block(caller, THREAD_BLOCKED_SEND);
        caller->badge = badge;
        caller->endpoint = endpoint;
        list_append(&endpoint->senders, &caller->in_queue);
    }
    thread_set_timeout(caller, deadline);
}

static int64_t call_slow(struct thread *self)
{
    message_tag_t tag = frame_message_tag(&self->frame);
    int error = tag_check(self, tag);
    if (error != 0) {
        return error;
    }
    uint64_t badge;
    struct endpoint *endpoint =
        endpoint_lookup(self, frame_message_handle(&self->frame), RIGHT_SEND, &badge);
    if (endpoint == NULL) {
        return -E_BADF;
    }
    endpoint_queue(endpoint, self, badge, tag_deadline(self, tag));
    return SYSCALL_BLOCKED;
}

static int64_t receive_slow(struct thread *self)
{
    message_tag_t tag = frame_message_tag(&self->frame);
    uint64_t badge;
    struct endpoint *endpoint =
        endpoint_lookup(self, frame_message_handle(&self->frame), RIGHT_RECEIVE, &badge);
    if (endpoint == NULL) {
        return -E_BADF;
    }
    int error = tag_check(self, tag & MESSAGE_DEADLINE);
    if (error != 0) {
        return error;
    }
    ipc_abandon_caller(self, -E_RESTARTED);
    if (take_bound_bits(self)) {
        return SYSCALL_BLOCKED;
    }
    if (!list_empty(&endpoint->senders)) {
        struct thread *caller = first(&endpoint->senders);
        list_remove(&caller->in_queue);
        receive_from(self, caller, caller->badge);
        return SYSCALL_BLOCKED;
    }
    time_ns_t deadline = tag_deadline(self, tag);
    if (deadline == DEADLINE_NOW) {
        return -E_TIMEDOUT;
    }
    thread_block(self, THREAD_BLOCKED_RECEIVE);
    self->endpoint = endpoint;
    list_append(&endpoint->receivers, &self->in_queue);
    thread_set_timeout(self, deadline);
    return SYSCALL_BLOCKED;
}

static void answer(struct thread *self, struct thread *caller)
{
    if ((caller->special & THREAD_FAULTING) != 0) {
        thread_wake(caller, 0);
        return;
    }
    transfer(caller, self, 0);
    thread_unlink(caller);
    thread_make_ready(caller);
}

static int64_t reply_slow(struct thread *self)
{
    int error = tag_check(self, frame_message_tag(&self->frame) & ~MESSAGE_DEADLINE);
    if (error != 0) {
        return error;
    }
    if (self->caller != NULL) {
        answer(self, self->caller);
    }
    return 0;
}

// ---- entry points ----

// object_lock held; the current thread is already blocked or its result written.
static struct frame *finish(struct cpu *cpu, struct thread *self, int64_t result)
{
    if (result != SYSCALL_BLOCKED) {
        frame_set_result(&self->frame, result);
    }
    spin_unlock(&object_lock);
    return kernel_leave(cpu);
}

// The ways out of the fast path are functions of their own, so that it needs no stack frame.

static __attribute__((noinline)) struct frame *call_later(struct cpu *cpu, struct thread *self)
{
    spin_await(&object_lock);
    return ipc_call(cpu, self);
}

static __attribute__((noinline)) struct frame *call_unusual(struct cpu *cpu, struct thread *self)
{
    return finish(cpu, self, call_slow(self));
}

// The server waits, but this CPU may not just go over to it: perhaps only because this thread has
// just left its guest.
static __attribute__((noinline)) struct frame *call_hindered(struct cpu *cpu, struct thread *self)
{
    if (!cpu->fpu_open) {
        return finish(cpu, self, call_slow(self));
    }
    guest_close_state(cpu);
    spin_unlock(&object_lock);
    return ipc_call(cpu, self);
}

__attribute__((noinline)) struct frame *ipc_call(struct cpu *cpu, struct thread *self)
{
    struct frame *frame = &self->frame;
    message_tag_t tag = frame_message_tag(frame);
    uint64_t badge;
    if (!spin_try_lock(&object_lock)) {
        return call_later(cpu, self);
    }
    struct endpoint *endpoint =
        endpoint_lookup(self, frame_message_handle(frame), RIGHT_SEND, &badge);
    if (__builtin_expect(endpoint == NULL || !tag_is_short(tag) || list_empty(&endpoint->receivers),
                         0)) {
        return call_unusual(cpu, self);
    }
    struct thread *server = first(&endpoint->receivers);
    if (__builtin_expect(!may_switch_to(cpu, server), 0)) {
        return call_hindered(cpu, self);
    }
    // Point of no return. (The server's own links are stale until it queues again; its state says
    // that it is in no queue.)
    endpoint->receivers.next = server->in_queue.next;
    server->in_queue.next->previous = &endpoint->receivers;
    server->caller = self;
    self->answerer = server;
    self->state = THREAD_BLOCKED_REPLY;
    frame_copy_message_words(&server->frame, frame);
    frame_set_message(&server->frame, 0, badge, tag);
    sched_switch_native(cpu, self, server);
    spin_unlock(&object_lock);
    return &server->frame;
}

static __attribute__((noinline)) struct frame *reply_receive_later(struct cpu *cpu,
                                                                   struct thread *self)
{
    spin_await(&object_lock);
    return ipc_reply_receive(cpu, self);
}

static __attribute__((noinline)) struct frame *
reply_receive_unusual(struct cpu *cpu, struct thread *self, const struct endpoint *endpoint)
{
    int64_t error = endpoint != NULL ? reply_slow(self) : -E_BADF;
    return finish(cpu, self, error != 0 ? error : receive_slow(self));
}

__attribute__((noinline)) struct frame *ipc_reply_receive(struct cpu *cpu, struct thread *self)
{
    struct frame *frame = &self->frame;
    message_tag_t tag = frame_message_tag(frame);
    uint64_t badge;
    if (!spin_try_lock(&object_lock)) {
        return reply_receive_later(cpu, self);
    }
    struct endpoint *endpoint =
        endpoint_lookup(self, frame_message_handle(frame), RIGHT_RECEIVE, &badge);
    struct thread *caller = self->caller;
    if (__builtin_expect(endpoint == NULL || caller == NULL || !tag_is_short(tag) ||
                             !list_empty(&endpoint->senders) ||
                             (self->bound != NULL && self->bound->bits != 0) ||
                             !may_switch_to(cpu, caller),
                         0)) {
        return reply_receive_unusual(cpu, self, endpoint);
    }
    // Point of no return.
    self->caller = NULL;
    caller->answerer = NULL;
    frame_copy_message_words(&caller->frame, frame);
    frame_set_message(&caller->frame, 0, 0, tag);
    self->state = THREAD_BLOCKED_RECEIVE;
    self->endpoint = endpoint;
    list_append(&endpoint->receivers, &self->in_queue);
    sched_switch_native(cpu, self, caller);
    spin_unlock(&object_lock);
    return &caller->frame;
}

int64_t ipc_receive(struct thread *self)
{
    spin_lock(&object_lock);
    int64_t result = receive_slow(self);
    spin_unlock(&object_lock);
    return result;
}

static int64_t reply_to_deferred(struct thread *self, handle_t handle)
{
    int error = tag_check(self, frame_message_tag(&self->frame) & ~MESSAGE_DEADLINE);
    if (error != 0) {
        return error;
    }
    struct handle_entry *entry = handle_entry(&self->process->handles, handle);
    if (entry == NULL || entry->object->type != OBJECT_REPLY) {
        return -E_BADF;
    }
    struct reply *reply = CONTAINER_OF(entry->object, struct reply, object);
    struct thread *caller = reply->caller;
    if (caller == NULL) {
        return -E_SRCH;
    }
    answer(self, caller);
    return 0;
}

int64_t ipc_reply(struct thread *self)
{
    handle_t handle = frame_message_handle(&self->frame);
    spin_lock(&object_lock);
    int64_t result = handle == HANDLE_NONE ? (self->caller != NULL ? reply_slow(self) : -E_SRCH)
                                           : reply_to_deferred(self, handle);
    spin_unlock(&object_lock);
    if (handle != HANDLE_NONE && (result == 0 || result == -E_SRCH)) {
        handle_close(self->process, handle);
    }
    return result;
}

int64_t ipc_reply_defer(struct thread *self)
{
    struct reply *reply = heap_allocate(sizeof(*reply));
    if (reply == NULL) {
        return -E_NOMEM;
    }
    object_init(&reply->object, OBJECT_REPLY);
    spin_lock(&object_lock);
    struct thread *caller = self->caller;
    int64_t handle = -E_SRCH;
    if (caller != NULL) {
        handle = handle_install_locked(self->process, &reply->object, RIGHTS_ALL, 0, HANDLE_NONE);
    }
    if (handle > 0) {
        reply->caller = caller;
        caller->reply = reply;
        caller->answerer = NULL;
        self->caller = NULL;
    }
    spin_unlock(&object_lock);
    object_put(&reply->object);
    return handle;
}

// ---- objects ----

void reply_destroy(struct object *object)
{
    struct reply *reply = CONTAINER_OF(object, struct reply, object);
    spin_lock(&object_lock);
    if (reply->caller != NULL) {
        thread_wake(reply->caller, -E_RESTARTED);
    }
    spin_unlock(&object_lock);
    heap_free(reply);
}

void endpoint_destroy(struct object *object)
{
    struct endpoint *endpoint = CONTAINER_OF(object, struct endpoint, object);
    spin_lock(&object_lock);
    // A thread that waits for a page here tries its access again: the object that had this pager is
    // gone, and with it every mapping of it.
    while (!list_empty(&endpoint->senders)) {
        thread_wake(first(&endpoint->senders), -E_DEAD);
    }
    while (!list_empty(&endpoint->receivers)) {
        thread_wake(first(&endpoint->receivers), -E_DEAD);
    }
    spin_unlock(&object_lock);
    heap_free(endpoint);
}

void notification_signal(struct notification *notification, uint64_t bits)
{
    notification->bits |= bits;
    if (notification->bits == 0) {
        return;
    }
    struct thread *bound = notification->bound;
    if (bound != NULL && bound->state == THREAD_BLOCKED_RECEIVE) {
        thread_unlink(bound);
        (void)take_bound_bits(bound); // bits are not 0
        thread_make_ready(bound);
        return;
    }
    if (!list_empty(&notification->waiters)) {
        // In this queue, so BLOCKED_WAIT: what thread_unlink does in that state.
        struct thread *waiter = first(&notification->waiters);
        sched_timer_remove(&waiter->timeout);
        list_remove(&waiter->in_queue);
        waiter->waiting_on = NULL;
        frame_set_message(&waiter->frame, 0, 0, notification->bits);
        notification->bits = 0;
        thread_make_ready(waiter);
    }
}

void notification_destroy(struct object *object)
{
    struct notification *notification = CONTAINER_OF(object, struct notification, object);
    spin_lock(&object_lock);
    while (!list_empty(&notification->waiters)) {
        thread_wake(first(&notification->waiters), -E_DEAD);
    }
    spin_unlock(&object_lock);
    heap_free(notification);
}
