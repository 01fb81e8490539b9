// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The memory of a read or write call, with a cursor (user.h).

#include <stdlib.h>
#include <string.h>

#include "servers/posix/user.h"

enum direction { TO_USER, FROM_USER, CLEAR_USER };

void user_buffer_init(struct user_buffer *buffer, struct task *task, uint64_t address,
                      uint64_t bytes)
{
    if (bytes > USER_BUFFER_MAX)
        bytes = USER_BUFFER_MAX;
    buffer->task = task;
    buffer->storage[0] = (struct user_segment){address, bytes};
    buffer->segment = buffer->storage;
    buffer->segments = 1;
    buffer->current = 0;
    buffer->offset = 0;
    buffer->left = bytes;
}

void user_buffer_init_kernel(struct user_buffer *buffer, void *memory, size_t bytes)
{
    user_buffer_init(buffer, NULL, (uint64_t)(uintptr_t)memory, bytes);
}

// Lengths are checked as Linux does: one that is negative as ssize_t is refused, the sum is cut.
static int check_segments(struct user_buffer *buffer)
{
    for (uint32_t i = 0; i < buffer->segments; i++) {
        uint64_t bytes = buffer->segment[i].bytes;
        if (bytes >> 63)
            return -E_INVAL;
        if (bytes > USER_BUFFER_MAX - buffer->left)
            bytes = USER_BUFFER_MAX - buffer->left;
        buffer->segment[i].bytes = bytes;
        buffer->left += bytes;
    }
    return 0;
}

int user_buffer_init_vector(struct user_buffer *buffer, struct task *task, uint64_t vector,
                            uint64_t count)
{
    user_buffer_init(buffer, task, 0, 0);
    if (count > USER_SEGMENTS_MAX)
        return -E_INVAL;
    if (count > USER_SEGMENTS_INLINE) {
        buffer->segment = malloc(count * sizeof(*buffer->segment));
        if (buffer->segment == NULL)
            return -E_NOMEM;
    }
    buffer->segments = (uint32_t)count;
    int error = user_read(task, buffer->segment, vector, count * sizeof(*buffer->segment));
    if (error == 0)
        error = check_segments(buffer);
    if (error)
        user_buffer_release(buffer);
    return error;
}

void user_buffer_release(struct user_buffer *buffer)
{
    if (buffer->segment != buffer->storage)
        free(buffer->segment);
    buffer->segment = buffer->storage;
    buffer->segments = 0;
    buffer->left = 0;
}

// Moves one piece inside the current segment.
static inline __attribute__((always_inline)) int64_t
move_piece(struct user_buffer *buffer, uint8_t *memory, uint64_t bytes, enum direction direction)
{
    uint64_t address = buffer->segment[buffer->current].address + buffer->offset;
    if (buffer->task == NULL) {
        void *own = (void *)(uintptr_t)address;
        if (direction == TO_USER)
            memcpy(own, memory, bytes);
        else if (direction == FROM_USER)
            memcpy(memory, own, bytes);
        else
            memset(own, 0, bytes);
        return (int64_t)bytes;
    }
    if (direction == TO_USER)
        return user_write_some(buffer->task, address, memory, bytes);
    if (direction == FROM_USER)
        return user_read_some(buffer->task, memory, address, bytes);
    return user_clear(buffer->task, address, bytes) == 0 ? (int64_t)bytes : -E_FAULT;
}

static int64_t move(struct user_buffer *buffer, uint8_t *memory, uint64_t bytes,
                    enum direction direction)
{
    uint64_t done = 0;
    if (bytes > buffer->left)
        bytes = buffer->left;
    if (bytes <= buffer->segment[buffer->current].bytes - buffer->offset) { // the usual case
        int64_t moved = bytes != 0 ? move_piece(buffer, memory, bytes, direction) : 0;
        if (moved > 0) {
            buffer->offset += (uint64_t)moved;
            buffer->left -= (uint64_t)moved;
        }
        return moved;
    }
    while (done < bytes) {
        uint64_t room = buffer->segment[buffer->current].bytes - buffer->offset;
        if (room == 0) {
            buffer->current++;
            buffer->offset = 0;
            continue;
        }
        uint64_t piece = bytes - done < room ? bytes - done : room;
        int64_t moved = move_piece(buffer, memory != NULL ? memory + done : NULL, piece, direction);
        if (moved <= 0)
            return done > 0 ? (int64_t)done : moved;
        done += (uint64_t)moved;
        buffer->offset += (uint64_t)moved;
        buffer->left -= (uint64_t)moved;
        if ((uint64_t)moved < piece)
            break;
    }
    return (int64_t)done;
}

int64_t user_buffer_put(struct user_buffer *buffer, const void *source, uint64_t bytes)
{
    return move(buffer, (uint8_t *)(uintptr_t)source, bytes, TO_USER);
}

int64_t user_buffer_get(struct user_buffer *buffer, void *destination, uint64_t bytes)
{
    return move(buffer, destination, bytes, FROM_USER);
}

int64_t user_buffer_clear(struct user_buffer *buffer, uint64_t bytes)
{
    return move(buffer, NULL, bytes, CLEAR_USER);
}
