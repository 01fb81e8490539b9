// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Guest contexts: a second register set and address space of a server thread, in which a Linux
// thread runs.
//
// guest_run(guest) enters the guest; a system-call instruction, an exception the kernel cannot
// resolve or a kick brings the same thread back. The registers are in the guest_state page that
// both see; the server may change any of them: the kernel takes nothing from it without a check
// (flags, canonical addresses).
//
// After KVM's run loop and Zircon's restricted mode.

#pragma once

#include "abi/types.h"

enum guest_exit {
    GUEST_EXIT_SYSCALL = 0,
    GUEST_EXIT_FAULT = 1, // memory fault: no mapping, or protection: fault_address, fault_access
    GUEST_EXIT_PAGE =
        2, // absent page of a MEMORY_PAGED object without pager: memory_id, memory_offset
    GUEST_EXIT_EXCEPTION = 3, // another processor exception: exception, exception_code
    GUEST_EXIT_KICK = 4,      // thread_control(THREAD_KICK)
    GUEST_EXIT_NOMEM = 5,     // no memory for the page at fault_address
};

#if defined(__x86_64__)
#include "abi/arch/x86_64/guest_registers.h"
#elif defined(__aarch64__)
#include "abi/arch/aarch64/guest_registers.h"
#endif

struct guest_state {
    struct guest_registers registers;
    uint64_t fault_address;
    uint32_t fault_access;  // PROT_* wanted
    uint32_t fault_mapped;  // 1: a mapping exists but forbids the access (SEGV_ACCERR)
    uint64_t memory_tag;    // GUEST_EXIT_PAGE: the region's tag
    uint64_t memory_offset; // GUEST_EXIT_PAGE: byte offset of the absent page in the object
    uint32_t exception;     // the processor's own number
    uint32_t reserved;
    uint64_t exception_code;
};

enum guest_fpu_op {
    GUEST_FPU_GET,   // copy the guest's extended state to the buffer -> its bytes (x86: XSAVE
                     // standard format; ARM: struct guest_fpu and struct guest_sve)
    GUEST_FPU_SET,   // check and load it from the buffer
    GUEST_FPU_RESET, // the state a fresh process has
    GUEST_FPU_COPY,  // from another guest: the third argument is its handle
    GUEST_FPU_SIZE,  // -> bytes that GET needs; more once the guest has used more registers
};
