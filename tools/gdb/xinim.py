# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""gdb commands for XINIM: connect SOCKET, processes, process NAME."""

import pathlib
import time

import gdb

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(gdb.current_progspace().filename).parent  # the kernel's, of its processor
CONNECT_SECONDS = 20


class Connect(gdb.Command):
    """connect SOCKET: attach to the machine once QEMU listens there."""

    def __init__(self):
        super().__init__("connect", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        deadline = time.monotonic() + CONNECT_SECONDS
        while not pathlib.Path(argument).exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        gdb.execute(f"target remote {argument}")


class Processes(gdb.Command):
    """processes: the native processes whose symbols can be loaded."""

    def __init__(self):
        super().__init__("processes", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        for path in sorted(BUILD.glob("*.elf")):
            if path.name != "xinim.elf":
                print(path.stem)


class Process(gdb.Command):
    """process NAME: take the symbols of this native process beside the kernel's.
    All are linked at one address: load one at a time; "process" alone drops it."""

    def __init__(self):
        super().__init__("process", gdb.COMMAND_FILES)
        self.loaded = None

    def complete(self, text, word):
        return [path.stem for path in BUILD.glob(f"{word}*.elf")]

    def invoke(self, argument, from_tty):
        if self.loaded:
            gdb.execute(f"remove-symbol-file {self.loaded}")
            self.loaded = None
        if argument:
            path = BUILD / f"{argument}.elf"
            gdb.execute(f"add-symbol-file {path}")
            self.loaded = path


gdb.execute("set confirm off")
gdb.execute("set pagination off")
Connect()
Processes()
Process()
