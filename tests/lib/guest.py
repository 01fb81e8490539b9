# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Runs XINIM through ./run for the tests: one command at a time, or a console to type at."""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import tempfile
import termios
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN = ROOT / "run"

# The processor to test (make test ARCH=...), what was built for it, and its names of things.
ARCH = os.environ.get("XINIM_ARCH", "x86_64")
BUILD = ROOT / "build" / ARCH
BUSYBOX = ROOT / "build" / "third_party" / ARCH / "busybox" / "bin" / "busybox"
UART = {"x86_64": "uart16550", "aarch64": "pl011"}[ARCH]

# The processor's boards, and where virtio devices of each transport are on them.
BOARDS = {"x86_64": ["q35", "microvm"], "aarch64": ["virt"]}[ARCH]
TRANSPORTS = {
    "x86_64": {
        "pci": ("--machine=q35",),
        "mmio": ("--machine=microvm", "--virtio=mmio"),
        "mmio-legacy": ("--machine=microvm", "--virtio=mmio-legacy"),
    },
    "aarch64": {
        name: ("--machine=virt", f"--virtio={name}") for name in ("pci", "mmio", "mmio-legacy")
    },
}[ARCH]

# Scenarios of boards and devices that only one processor has.
x86_64_only = pytest.mark.skipif(ARCH != "x86_64", reason="a board or device of x86_64")
aarch64_only = pytest.mark.skipif(ARCH != "aarch64", reason="a board or device of aarch64")

# Scenarios in which nothing depends on the processor: once is enough, and saves minutes.
once = pytest.mark.skipif(ARCH != "x86_64", reason="the same on every processor")

# Hang detectors, not measurements: generous, because several machines may share the processors.
COMMAND_SECONDS = 300
EXPECT_SECONDS = 90

# More options for every start, such as another kernel to compare with.
EXTRA = shlex.split(os.environ.get("XINIM_RUN_OPTIONS", ""))


@dataclasses.dataclass
class Result:
    status: int
    out: bytes
    err: bytes
    console: bytes

    @property
    def text(self):
        return self.out.decode(errors="replace")


def launcher(*options):
    """The launcher's command line, without building."""
    return [str(RUN), "--no-build", "--arch", ARCH, *EXTRA, *map(str, options)]


def run(command, *options, seconds=COMMAND_SECONDS, folder=None):
    """Runs a shell command in a fresh guest. What it writes can be followed in `folder`."""
    with contextlib.ExitStack() as stack:
        folder = folder or stack.enter_context(tempfile.TemporaryDirectory())
        paths = [pathlib.Path(folder) / name for name in ("stdout", "stderr", "console")]
        out, err = (stack.enter_context(path.open("wb")) for path in paths[:2])
        line = launcher("--timeout", seconds, "--log", paths[2], *options)
        done = subprocess.run(
            [*line, "--", command], stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False
        )
        texts = [path.read_bytes() if path.exists() else b"" for path in paths]
        return Result(done.returncode, *texts)


def check(command, *options, seconds=COMMAND_SECONDS):
    """The same, for a command that must succeed; returns its output as text."""
    result = run(command, *options, seconds=seconds)
    assert result.status == 0, f"status {result.status}\n{result.err.decode(errors='replace')}"
    return result.text


class Console:
    """An interactive guest on a pseudo terminal."""

    def __init__(self, *options, rows=24, columns=80):
        self.seen = b""
        self.all = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            line = launcher(*options)
            os.execv(line[0], line)
        self.resize(rows, columns)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def resize(self, rows, columns):
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, size)
        os.kill(self.pid, signal.SIGWINCH)

    def send(self, text):
        os.write(self.terminal, text.encode())

    def read_some(self, seconds):
        """Reads what comes within the time; false at the end of the terminal."""
        if not select.select([self.terminal], [], [], max(0, seconds))[0]:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            data = b""
        self.seen += data
        self.all += data
        return bool(data)

    def expect(self, pattern, seconds=EXPECT_SECONDS):
        """Waits for a regular expression; returns the match and forgets all up to its end."""
        deadline = time.monotonic() + seconds
        expression = re.compile(pattern.encode(), re.DOTALL)
        while True:
            found = expression.search(self.seen)
            if found:
                self.seen = self.seen[found.end() :]
                return found
            left = deadline - time.monotonic()
            assert left > 0, f"no {pattern!r} within {seconds} s; the console shows\n{self.tail()}"
            assert self.read_some(left), f"the machine ended before {pattern!r}\n{self.tail()}"

    def prompt(self, seconds=EXPECT_SECONDS):
        self.expect(r"[#$] (\x1b\[6n|\x1b\[J)*$", seconds)

    def command(self, line, pattern, seconds=EXPECT_SECONDS):
        """Types a line at the prompt, waits for its output and the next prompt."""
        self.send(line + "\n")
        found = self.expect(pattern, seconds)
        self.prompt(seconds)
        return found

    def tail(self):
        return self.all[-3000:].decode(errors="replace")

    def wait_end(self, seconds=EXPECT_SECONDS):
        """The launcher's status after the machine has stopped."""
        deadline = time.monotonic() + seconds
        while self.read_some(deadline - time.monotonic()):
            assert time.monotonic() < deadline, f"the machine still runs\n{self.tail()}"
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.pid = 0
        return status

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGTERM)
            os.waitpid(self.pid, 0)
            self.pid = 0
        os.close(self.terminal)
