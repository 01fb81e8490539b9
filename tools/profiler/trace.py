# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""QEMU's execution log: which instruction ran in which address space.

-d exec,cpu,nochain, with one instruction a block.
"""

import os
import re
import select
import threading

LINE = re.compile(rb"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/|CR3=([0-9a-f]+)")
WORDS = "exec,cpu,nochain"
READ_BYTES = 1 << 20
POLL_SECONDS = 0.2


class Recorder:
    """Reads the log from a pipe while the machine writes it.

    Make it before QEMU opens the pipe (-D path).
    """

    def __init__(self, path):
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
            if not line.startswith((b"Trace", b"CR0")):
                continue
            found = LINE.search(line)
            if found and found.group(1):
                self.address = int(found.group(1), 16)
            elif found and self.address is not None:
                self.steps.append((self.address, int(found.group(2), 16)))
                self.address = None
