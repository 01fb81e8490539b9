# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""QEMU's debug stub: what the profiler needs of GDB's remote serial protocol.

Source: GDB manual, appendix E.
"""

import contextlib
import socket
import time

CONNECT_SECONDS = 30.0
REGISTERS = {"rdi": 5, "rsp": 7}  # numbers of the x86_64 target; each 8 bytes in "g"


class Gone(Exception):
    """The machine ended."""


class Stub:
    def __init__(self, path):
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

    def register(self, name):
        start = REGISTERS[name] * 16
        return int.from_bytes(bytes.fromhex(self.ask("g")[start : start + 16]), "little")

    def program_counter(self):
        return int.from_bytes(bytes.fromhex(self.ask("g")[16 * 16 : 17 * 16]), "little")

    def memory(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))
