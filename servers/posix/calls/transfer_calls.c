// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Moving bytes from file to file inside the server: sendfile, splice, copy_file_range. All pass
// through a buffer of the server. What was read and could not be written is given back by the
// position; what came out of a pipe cannot be, as in a program's own copy loop.

#include <stdlib.h>

#include "servers/posix/calls/call.h"
#include "servers/posix/io/epoll.h"
#include "servers/posix/io/pipe.h"

enum { TRANSFER_BYTES = 32 * 1024 };

struct transfer {
    struct file *in, *out;
    uint64_t *in_position, *out_position; // NULL: the file's own
    uint64_t bytes;
};

static int64_t transfer_piece(const struct transfer *transfer, uint8_t *memory, uint64_t bytes)
{
    struct user_buffer buffer;
    user_buffer_init_kernel(&buffer, memory, (size_t)bytes);
    int64_t read = file_read(transfer->in, &buffer, transfer->in_position);
    if (read <= 0)
        return read;
    user_buffer_init_kernel(&buffer, memory, (size_t)read);
    int64_t written = file_write(transfer->out, &buffer, transfer->out_position);
    int64_t back = written < 0 ? read : read - written;
    if (back > 0 && (transfer->in->kind & FILE_POSITION) != 0) {
        uint64_t *position =
            transfer->in_position != NULL ? transfer->in_position : &transfer->in->position;
        *position -= (uint64_t)back;
    }
    return written;
}

static int64_t transfer_run(struct task *task, const struct transfer *transfer)
{
    uint8_t *memory = malloc(TRANSFER_BYTES);
    if (memory == NULL)
        return -E_NOMEM;
    uint64_t left = transfer->bytes;
    int64_t total = 0, moved = 0;
    while (left > 0) {
        uint64_t piece = left < TRANSFER_BYTES ? left : TRANSFER_BYTES;
        moved = transfer_piece(transfer, memory, piece);
        if (moved <= 0)
            break;
        total += moved;
        left -= (uint64_t)moved;
        // A pipe gave what it had; waiting for more would hold back what has been moved.
        if ((uint64_t)moved < piece || signal_pending(task))
            break;
    }
    free(memory);
    if (moved == -E_PIPE)
        signal_send_task(task, SIGPIPE, NULL);
    return total > 0 ? total : moved;
}

// The two files of a call, checked for direction. Both are counted after success.
static int transfer_files(struct task *task, uint64_t in, uint64_t out, struct transfer *transfer)
{
    transfer->in = file_get(task, (int)(uint32_t)in);
    if (transfer->in == NULL)
        return -E_BADF;
    transfer->out = file_get(task, (int)(uint32_t)out);
    if (transfer->out == NULL) {
        file_put(transfer->in);
        return -E_BADF;
    }
    return 0;
}

static void transfer_put(struct transfer *transfer)
{
    file_put(transfer->in);
    file_put(transfer->out);
}

// An offset argument: address 0 means the file's own position.
static int position_get(struct task *task, uint64_t address, uint64_t *value, uint64_t **position)
{
    *position = NULL;
    if (address == 0)
        return 0;
    *position = value;
    int error = user_read(task, value, address, sizeof(*value));
    return error == 0 && (int64_t)*value < 0 ? -E_INVAL : error;
}

static int position_put(struct task *task, uint64_t address, const uint64_t *value)
{
    return address == 0 ? 0 : user_write(task, address, value, sizeof(*value));
}

int64_t linux_sendfile(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct transfer transfer = {.bytes =
                                    argument[3] < USER_BUFFER_MAX ? argument[3] : USER_BUFFER_MAX};
    uint64_t position;
    int64_t result = position_get(task, argument[2], &position, &transfer.in_position);
    if (result == 0)
        result = transfer_files(task, argument[1], argument[0], &transfer);
    if (result != 0)
        return result;
    if ((transfer.in->kind & FILE_POSITION) == 0 || linux_s_isdir(transfer.in->inode->mode))
        result = -E_INVAL;
    else if (transfer.out->flags & LINUX_O_APPEND)
        result = -E_INVAL;
    else
        result = transfer_run(task, &transfer);
    transfer_put(&transfer);
    if (result >= 0) {
        int error = position_put(task, argument[2], &position);
        if (error != 0)
            return error;
    }
    return result;
}

int64_t linux_copy_file_range(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct transfer transfer = {.bytes =
                                    argument[4] < USER_BUFFER_MAX ? argument[4] : USER_BUFFER_MAX};
    uint64_t in_position, out_position;
    if (argument[5] != 0)
        return -E_INVAL;
    int64_t result = position_get(task, argument[1], &in_position, &transfer.in_position);
    if (result == 0)
        result = position_get(task, argument[3], &out_position, &transfer.out_position);
    if (result == 0)
        result = transfer_files(task, argument[0], argument[2], &transfer);
    if (result != 0)
        return result;
    const struct inode *in = transfer.in->inode, *out = transfer.out->inode;
    if (in == NULL || out == NULL)
        result = -E_INVAL;
    else if (linux_s_isdir(in->mode) || linux_s_isdir(out->mode))
        result = -E_ISDIR;
    else if (!linux_s_isreg(in->mode) || !linux_s_isreg(out->mode))
        result = -E_INVAL;
    else if (transfer.out->flags & LINUX_O_APPEND)
        result = -E_BADF;
    else if (in->superblock != out->superblock)
        result = -E_XDEV; // as Linux: not from one kind of file system to another
    else
        result = transfer_run(task, &transfer);
    transfer_put(&transfer);
    if (result >= 0) {
        int error = position_put(task, argument[1], &in_position);
        if (error == 0)
            error = position_put(task, argument[3], &out_position);
        if (error != 0)
            return error;
    }
    return result;
}

int64_t linux_splice(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum { SPLICE_NONBLOCK = 2, SPLICE_KNOWN = 15 };
    struct transfer transfer = {.bytes =
                                    argument[4] < USER_BUFFER_MAX ? argument[4] : USER_BUFFER_MAX};
    uint64_t in_position, out_position;
    if ((argument[5] & ~(uint64_t)SPLICE_KNOWN) != 0)
        return -E_INVAL;
    int64_t result = position_get(task, argument[1], &in_position, &transfer.in_position);
    if (result == 0)
        result = position_get(task, argument[3], &out_position, &transfer.out_position);
    if (result == 0)
        result = transfer_files(task, argument[0], argument[2], &transfer);
    if (result != 0)
        return result;
    bool in_pipe = file_is_pipe(transfer.in), out_pipe = file_is_pipe(transfer.out);
    if (!in_pipe && !out_pipe)
        result = -E_INVAL;
    else if ((in_pipe && argument[1] != 0) || (out_pipe && argument[3] != 0))
        result = -E_SPIPE;
    else if (in_pipe && out_pipe && transfer.in->inode == transfer.out->inode)
        result = -E_INVAL;
    else if (transfer.out->flags & LINUX_O_APPEND)
        result = -E_INVAL;
    else if ((argument[5] & SPLICE_NONBLOCK) != 0 &&
             ((in_pipe && (file_poll(transfer.in, NULL) & (LINUX_POLLIN | LINUX_POLLHUP)) == 0) ||
              (out_pipe && (file_poll(transfer.out, NULL) & LINUX_POLLOUT) == 0)))
        result = -E_AGAIN;
    else {
        if (out_pipe && transfer.bytes > LINUX_PIPE_BUF && (transfer.out->flags & LINUX_O_NONBLOCK))
            transfer.bytes = LINUX_PIPE_BUF;
        result = transfer_run(task, &transfer);
    }
    transfer_put(&transfer);
    if (result >= 0) {
        int error = position_put(task, argument[1], &in_position);
        if (error == 0)
            error = position_put(task, argument[3], &out_position);
        if (error != 0)
            return error;
    }
    return result;
}
