# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""A QEMU process and the sockets to its channels."""

import contextlib
import os
import signal
import socket
import subprocess

from launcher import machine
from launcher.status import LAUNCHER, Failure


class Qemu:
    """Starts QEMU: a socket pair for each name in `sockets`, the other channels as given."""

    def __init__(self, options, sockets, others=None, quiet=True):
        self.channels = {}
        theirs = []
        definitions = dict(others or {})
        for name in sockets:
            self.channels[name], end = socket.socketpair()
            self.channels[name].setblocking(False)
            theirs.append(end)
            definitions[name] = f"socket,fd={end.fileno()}"
        command = machine.command_line(options, definitions)
        try:
            self.process = subprocess.Popen(
                command,
                pass_fds=[end.fileno() for end in theirs],
                stdin=subprocess.DEVNULL if quiet else None,
                stdout=subprocess.DEVNULL if quiet else None,
                stderr=subprocess.PIPE if quiet else None,
            )
        except OSError as error:
            raise Failure(LAUNCHER, f"{command[0]}: {error.strerror}") from error
        finally:
            for end in theirs:
                end.close()
        self.pidfd = os.pidfd_open(self.process.pid)

    def send(self, channel, data):
        """Control messages are short; a guest that does not read them loses them."""
        with contextlib.suppress(OSError):
            self.channels[channel].sendall(data)

    def complaint(self):
        return (
            self.process.stderr.read().decode(errors="replace").strip()
            if self.process.stderr
            else ""
        )

    def stop(self):
        """Ends the machine if it still runs, and gives everything back."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        for channel in self.channels.values():
            channel.close()
        os.close(self.pidfd)
