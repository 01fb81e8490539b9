# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""QEMU's debug stub: what the profiler needs of GDB's remote serial protocol.

Source: GDB manual, appendix E.
"""

import contextlib
import dataclasses
import socket
import time

CONNECT_SECONDS = 30.0


class Gone(Exception):
    """The machine ended."""


@dataclasses.dataclass
class Target:
    """Numbers of registers, each 8 bytes in the answer to "g"."""

    argument: int  # a function's first
    counter: int  # of the program
    stack: int | None = None  # what a call has pushed on it; or
    link: int | None = None  # the register that a call leaves its return address in


TARGETS = {
    "x86_64": Target(argument=5, counter=16, stack=7),
    "aarch64": Target(argument=0, counter=32, link=30),
}


class Stub:
    def __init__(self, path, arch):
        self.target = TARGETS[arch]
        deadline = time.monotonic() + CONNECT_SECONDS
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(None)
        self.pending = b""
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.close()

    def send(self, text):
        data = text.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xFF))

    def receive(self):
        while True:
            start = self.pending.find(b"$")
            end = self.pending.find(b"#", start)
            if start >= 0 and end >= 0 and len(self.pending) >= end + 3:
                data = self.pending[start + 1 : end]
                self.pending = self.pending[end + 3 :]
                self.socket.sendall(b"+")
                return data.decode()
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Gone
            self.pending += more

    def ask(self, text):
        self.send(text)
        return self.receive()

    def set_break(self, address):
        self.ask(f"Z0,{address:x},1")

    def clear_break(self, address):
        self.ask(f"z0,{address:x},1")

    def go(self):
        """Runs to the next breakpoint."""
        answer = self.ask("c")
        if answer.startswith(("W", "X")):
            raise Gone

    def monitor(self, command):
        answer = self.ask("qRcmd," + command.encode().hex())
        while answer.startswith("O") and answer != "OK":
            answer = self.receive()

    def register(self, number):
        start = number * 16
        return int.from_bytes(bytes.fromhex(self.ask("g")[start : start + 16]), "little")

    def program_counter(self):
        return self.register(self.target.counter)

    def argument(self):
        return self.register(self.target.argument)

    def return_address(self):
        """At a function's first instruction."""
        if self.target.link is not None:
            return self.register(self.target.link)
        return int.from_bytes(self.memory(self.register(self.target.stack), 8), "little")

    def memory(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))
