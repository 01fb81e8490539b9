# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""A session that runs one command: the launcher's side of the protocol in docs/launcher.md."""

import os
import secrets
import selectors
import time

from launcher.qemu import Qemu
from launcher.status import BOOT_FAILED, LAUNCHER, PANIC, QEMU_PANIC, TIMED_OUT, Failure

BOOT_SECONDS = 120.0  # from power-on until init asks for its command
OFF_SECONDS = 20.0  # from "off" until QEMU has gone
READ_BYTES = 65536
LOG_BYTES = 65536  # kept of the console for a failure's report


class Output:
    """One output stream of the command: passed on up to the marker with which init closes it."""

    def __init__(self, descriptor, marker):
        self.descriptor = descriptor
        self.marker = marker
        self.held = b""
        self.done = False

    def write(self, data):
        while data:
            data = data[os.write(self.descriptor, data) :]

    def feed(self, data):
        if self.done:
            return
        self.held += data
        end = self.held.find(self.marker)
        self.done = end >= 0
        # The start of a marker may stand at the end of what has come.
        keep = len(self.marker) - 1
        ready = end if self.done else max(0, len(self.held) - keep)
        self.write(self.held[:ready])
        self.held = b"" if self.done else self.held[ready:]

    def close(self):
        """The stream broke off: what was held back is output after all."""
        if not self.done:
            self.write(self.held)
            self.held = b""


class CommandSession:
    def __init__(self, options):
        self.options = options
        self.marker = secrets.token_hex(16).encode()
        self.outputs = {"stdout": Output(1, self.marker), "stderr": Output(2, self.marker)}
        self.lines = b""
        self.log = b""
        self.log_file = options.log.open("wb", buffering=0) if options.log else None
        self.ready = False
        self.status = None
        self.off_sent = False
        self.started = time.monotonic()
        self.deadline = self.started + min(BOOT_SECONDS, options.timeout)
        self.qemu = None

    def run(self):
        """Returns the command's status or raises Failure."""
        self.qemu = Qemu(self.options, ("console", "control", "stdout", "stderr"))
        try:
            self.serve()
            return self.verdict()
        finally:
            self.qemu.stop()
            if self.log_file:
                self.log_file.close()

    def serve(self):
        with selectors.DefaultSelector() as selector:
            for name, channel in self.qemu.channels.items():
                selector.register(channel, selectors.EVENT_READ, name)
            while selector.get_map():
                left = self.deadline - time.monotonic()
                if left <= 0:
                    self.out_of_time()
                    return
                for key, _ in selector.select(left):
                    if not self.take(key.data, key.fileobj):
                        selector.unregister(key.fileobj)
        for output in self.outputs.values():
            output.close()

    def take(self, name, channel):
        """Handles what has come on a channel; false at its end."""
        try:
            data = channel.recv(READ_BYTES)
        except ConnectionResetError:
            return False
        if name == "console":
            self.log = (self.log + data)[-LOG_BYTES:]
            if self.log_file:
                self.log_file.write(data)
        elif name == "control":
            self.lines += data
            *lines, self.lines = self.lines.split(b"\n")
            for line in lines:
                self.take_line(line)
        else:
            self.outputs[name].feed(data)
        self.send_off()
        return bool(data)

    def take_line(self, line):
        word, _, value = line.partition(b" ")
        if word == b"ready" and not self.ready:
            self.ready = True
            self.deadline = self.started + self.options.timeout
            command = self.options.command.encode()
            self.qemu.send("control", b"run %d %s\n%s" % (len(command), self.marker, command))
        elif word == b"exit" and value.isdigit():
            self.status = int(value)

    def send_off(self):
        if (
            self.status is None
            or self.off_sent
            or not all(output.done for output in self.outputs.values())
        ):
            return
        self.off_sent = True
        self.deadline = time.monotonic() + OFF_SECONDS
        self.qemu.send("control", b"off\n")

    def out_of_time(self):
        if self.off_sent:
            return
        for output in self.outputs.values():
            output.close()
        if not self.ready:
            raise Failure(
                BOOT_FAILED,
                f"the guest took no command within {self.deadline - self.started:.0f} s",
            )
        raise Failure(
            TIMED_OUT, f"the command was still running after {self.options.timeout:.0f} s"
        )

    def verdict(self):
        if self.off_sent:
            return self.status
        code = self.qemu.process.wait()
        if code == QEMU_PANIC:
            raise Failure(PANIC, "the kernel panicked")
        complaint = self.qemu.complaint()
        if code != 0:
            raise Failure(LAUNCHER, f"QEMU ended with {code}: {complaint}")
        if not self.ready:
            raise Failure(BOOT_FAILED, "the machine stopped before init took a command")
        raise Failure(PANIC, "the machine stopped while the command ran")
