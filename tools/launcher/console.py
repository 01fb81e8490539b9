# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The interactive session: QEMU has the terminal, the launcher tells the guest its size."""

import contextlib
import os
import selectors
import signal
import socket
import sys
import termios
import time

from launcher.qemu import Qemu
from launcher.status import LAUNCHER, PANIC, QEMU_PANIC, TIMED_OUT, Failure


def console_channel(options):
    words = "stdio,mux=on,signal=off"
    if options.log:
        words += f",logfile={str(options.log).replace(',', ',,')},logappend=off"
    return words


@contextlib.contextmanager
def kept_terminal():
    """QEMU puts the terminal back, unless it is killed."""
    if not sys.stdin.isatty():
        yield
        return
    state = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, state)


@contextlib.contextmanager
def window_changes():
    """A socket that becomes readable when the window's size has changed."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    old_descriptor = signal.set_wakeup_fd(theirs.fileno())
    old_handler = signal.signal(signal.SIGWINCH, lambda *_: None)
    try:
        yield ours
    finally:
        signal.signal(signal.SIGWINCH, old_handler)
        signal.set_wakeup_fd(old_descriptor)
        ours.close()
        theirs.close()


class ConsoleSession:
    def __init__(self, options):
        self.options = options
        self.qemu = None
        self.deadline = None if options.timeout is None else time.monotonic() + options.timeout

    def run(self):
        with kept_terminal(), window_changes() as changes:
            self.qemu = Qemu(
                self.options, ("control",), {"console": console_channel(self.options)}, quiet=False
            )
            try:
                self.serve(changes)
                return self.verdict()
            finally:
                self.qemu.stop()

    def send_size(self):
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(sys.stdout.fileno())
            self.qemu.send("control", b"size %d %d\n" % (size.lines, size.columns))

    def serve(self, changes):
        """Until QEMU ends: sends the size when init asks ("ready") and at each change."""
        control = self.qemu.channels["control"]
        with selectors.DefaultSelector() as selector:
            selector.register(self.qemu.pidfd, selectors.EVENT_READ)
            selector.register(changes, selectors.EVENT_READ)
            selector.register(control, selectors.EVENT_READ)
            while True:
                left = None if self.deadline is None else self.deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise Failure(
                        TIMED_OUT,
                        f"the machine was still running after {self.options.timeout:.0f} s",
                    )
                ready = [key.fileobj for key, _ in selector.select(left)]
                if self.qemu.pidfd in ready:
                    return
                for channel in ready:
                    if not channel.recv(4096):
                        selector.unregister(channel)
                if ready:
                    self.send_size()

    def verdict(self):
        code = self.qemu.process.wait()
        if code == QEMU_PANIC:
            raise Failure(PANIC, "the kernel panicked")
        if code != 0:
            raise Failure(LAUNCHER, f"QEMU ended with {code}")
        return 0
