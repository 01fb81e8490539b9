# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Can KVM run a guest here? That /dev/kvm exists is not enough: one HLT instruction is run to see.

Numbers and layouts: Linux, Documentation/virt/kvm/api.rst and the structures it names.
"""

import ctypes
import fcntl
import mmap
import os
import struct

GET_API_VERSION = 0xAE00
CREATE_VM = 0xAE01
GET_VCPU_MMAP_SIZE = 0xAE04
CREATE_VCPU = 0xAE41
SET_USER_MEMORY_REGION = 0x4020AE46
RUN = 0xAE80
SET_REGS = 0x4090AE82
GET_SREGS = 0x8138AE83
SET_SREGS = 0x4138AE84

API_VERSION = 12
EXIT_REASON_OFFSET = 8
EXIT_HLT = 5
SREGS_BYTES = 312
REGS_BYTES = 144
CS_BASE_OFFSET, CS_SELECTOR_OFFSET = 0, 12
RIP_OFFSET, RFLAGS_OFFSET = 128, 136
HLT = b"\xf4"


def run_one_instruction(machine, size):
    memory = mmap.mmap(-1, mmap.PAGESIZE)
    memory[:1] = HLT
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    fcntl.ioctl(
        machine, SET_USER_MEMORY_REGION, struct.pack("=IIQQQ", 0, 0, 0, mmap.PAGESIZE, address)
    )
    processor = fcntl.ioctl(machine, CREATE_VCPU, 0)
    try:
        special = bytearray(SREGS_BYTES)
        fcntl.ioctl(processor, GET_SREGS, special)
        struct.pack_into("=Q", special, CS_BASE_OFFSET, 0)
        struct.pack_into("=H", special, CS_SELECTOR_OFFSET, 0)
        fcntl.ioctl(processor, SET_SREGS, special)
        registers = bytearray(REGS_BYTES)
        struct.pack_into("=Q", registers, RIP_OFFSET, 0)
        struct.pack_into("=Q", registers, RFLAGS_OFFSET, 2)
        fcntl.ioctl(processor, SET_REGS, registers)
        with mmap.mmap(processor, size) as state:
            fcntl.ioctl(processor, RUN, 0)
            return struct.unpack_from("=I", state, EXIT_REASON_OFFSET)[0] == EXIT_HLT
    finally:
        os.close(processor)


def processor_has_virtualisation():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        flags = next((line for line in file if line.startswith("flags")), "")
    return bool({"vmx", "svm"} & set(flags.split()))


def works():
    machine = -1
    try:
        if not processor_has_virtualisation():
            return False
        device = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if fcntl.ioctl(device, GET_API_VERSION, 0) != API_VERSION:
            return False
        machine = fcntl.ioctl(device, CREATE_VM, 0)
        return run_one_instruction(machine, fcntl.ioctl(device, GET_VCPU_MMAP_SIZE, 0))
    except (OSError, ValueError):
        return False
    finally:
        os.close(device)
        if machine >= 0:
            os.close(machine)
