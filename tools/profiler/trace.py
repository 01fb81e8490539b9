# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""QEMU's execution log: which instruction ran in which address space.

-d exec,cpu,nochain, with one instruction a block.
"""

import os
import re
import select
import threading

TRACE = re.compile(rb"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/")
CR3 = re.compile(rb"CR3=([0-9a-f]+)")
REGISTER = re.compile(rb"X(\d\d)=([0-9a-f]{16})")
MSR_TTBR0, REGISTER_MASK = 0xD5182000, 0x1F  # msr ttbr0_el1, xN
WORDS = "exec,cpu,nochain"
READ_BYTES = 1 << 20
POLL_SECONDS = 0.2


class Recorder:
    """Reads the log from a pipe while the machine writes it.

    Make it before QEMU opens the pipe (-D path). A processor's own class has take_line.
    """

    def __init__(self, path, kernel):
        self.kernel = kernel
        os.mkfifo(path)
        self.descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.steps = []

    def start(self, stub):
        self.steps = []
        self.rest = b""
        self.address = None
        self.ended = threading.Event()
        stub.monitor("singlestep on")
        stub.monitor("log " + WORDS)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def stop(self, stub):
        """The (address, address space) of each instruction since start."""
        stub.monitor("log none")  # when this is answered, all has been written
        stub.monitor("singlestep off")
        self.ended.set()
        self.reader.join()
        return self.steps

    def read(self):
        while True:
            last = self.ended.is_set()
            if select.select([self.descriptor], [], [], 0 if last else POLL_SECONDS)[0]:
                data = os.read(self.descriptor, READ_BYTES)
                self.take(data)
                last = last and not data
            if last:
                return

    def take(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.take_line(line)


class X86Recorder(Recorder):
    """The registers, logged behind the address, tell the address space."""

    def take_line(self, line):
        if line.startswith(b"Trace"):
            found = TRACE.match(line)
            self.address = int(found.group(1), 16) if found else None
        elif line.startswith(b"CR0") and self.address is not None:
            self.steps.append((self.address, int(CR3.search(line).group(1), 16)))
            self.address = None


class ArmRecorder(Recorder):
    """No log shows TTBR0, so the kernel's instructions that write it are watched.

    Until the first of them, the address space is 0.
    """

    def start(self, stub):
        self.space = 0
        self.wanted = None  # the register that is about to be written there
        self.writers = {}
        for address, offset, size in self.kernel.segments:
            for at in range(0, size & ~3, 4):
                word = int.from_bytes(self.kernel.data[offset + at : offset + at + 4], "little")
                if word & ~REGISTER_MASK == MSR_TTBR0:
                    self.writers[address + at] = word & REGISTER_MASK
        super().start(stub)

    def take_line(self, line):
        if line.startswith(b"Trace"):
            found = TRACE.match(line)
            if found:
                address = int(found.group(1), 16)
                self.steps.append((address, self.space))
                self.wanted = self.writers.get(address)
        elif self.wanted is not None:
            for number, value in REGISTER.findall(line):
                if int(number) == self.wanted:
                    self.space = int(value, 16)
                    self.wanted = None


RECORDERS = {"x86_64": X86Recorder, "aarch64": ArmRecorder}
