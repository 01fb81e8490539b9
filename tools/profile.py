#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Where the instructions of one row of `make bench` go, function by function, in all processes.

    tools/profile.py kernel call-reply-0-words   a row of kernel_test (kernel/test/bench.c)
    tools/profile.py calls pipe-ping-pong        a row of the Linux program (tests/bench/program)

The machine runs as in the counting runs; a debug stub stops it where the row begins and ends, and
between the two QEMU logs each instruction with the address space it ran in. --flow shows the path
of the last rounds, call by call.
"""

import argparse
import collections
import pathlib
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT / "tests" / "bench"))

import machines  # noqa: E402  (the path comes first)
from profiler.stub import Gone, Stub  # noqa: E402
from profiler.symbols import KERNEL_HALF, Image, guess_images  # noqa: E402
from profiler.trace import RECORDERS  # noqa: E402

NAME_BYTES = 64
LOST_AT_START = 40  # characters typed before a driver has taken the UART over may be lost


class Subject:
    """A machine with the row on it and where the row begins and ends."""

    def __init__(self, arguments):
        self.row = arguments.row
        self.rounds = arguments.rounds
        self.hit = arguments.hit
        made = machines.Machines(arguments.arch)
        self.arch = arguments.arch
        made.make_images()
        build = made.build
        self.kernel = Image("kernel", build / "xinim.elf")
        if arguments.kind == "kernel":
            self.program = Image("kernel_test", build / "kernel_test.elf")
            self.begin, self.end = "bench_begin", "bench_end"
            self.line = made.line(
                *machines.COUNTED,
                *("--initrd", made.kernel_test, "--root", "none"),
                *("--append", f"ktest.bench={self.rounds}"),
            )
            self.others = []
        else:
            self.program = Image("bench", build / "bench.linux")
            self.begin, self.end = "watch_start", "watch_stop"
            folder = "/tmp/stage" if arguments.ext4 else "/tmp"
            command = (
                "mkdir -p /tmp/stage && mount -t ext4 /dev/vdb /tmp/stage && "
                "cp /tmp/stage/programs/* /tmp && "
                f"/tmp/bench {folder} {self.row}={self.rounds}"
            )
            self.line = made.line(
                *machines.COUNTED, "--drive", made.programs_disk, "--append", "init.mode=console"
            )
            self.typed = "\n" * LOST_AT_START + command
            self.others = [
                Image(path.stem, path)
                for path in sorted(build.glob("*.elf"))
                if path.stem not in ("xinim", "kernel_test")
            ] + [Image("init", build / "init.linux"), Image("tiny", build / "tiny.linux")]
        self.is_kernel = arguments.kind == "kernel"

    def wanted(self, stub, hits):
        """At the row's end: is this the one asked for?"""
        if not self.is_kernel:
            return hits == self.hit
        name = stub.memory(stub.argument(), NAME_BYTES).split(b"\0")[0].decode()
        return name == self.row


def record(subject, folder):
    log, socket = folder / "log", folder / "stub"
    line = [*subject.line, "-D", str(log), "-gdb", f"unix:{socket},server=on,wait=off", "-S"]
    recorder = RECORDERS[subject.arch](log, subject.kernel)
    qemu = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        if not subject.is_kernel:
            qemu.stdin.write(subject.typed.encode() + b"\n")
            qemu.stdin.flush()
        stub = Stub(socket, subject.arch)
        begin = subject.program.address_of[subject.begin]
        end = subject.program.address_of[subject.end]
        hits = 0
        while True:
            stub.set_break(begin)
            stub.go()
            stub.clear_break(begin)
            back = stub.return_address()
            stub.set_break(back)
            stub.go()
            stub.clear_break(back)
            hits += 1
            recording = subject.is_kernel or hits == subject.hit
            stub.set_break(end)
            if recording:
                recorder.start(stub)
            stub.go()
            steps = recorder.stop(stub) if recording else None
            stub.clear_break(end)
            if recording and subject.wanted(stub, hits):
                return steps
    except Gone:
        sys.exit(f"profile: the machine ended before {subject.row} was seen")
    finally:
        qemu.kill()
        qemu.wait()


def place(step, kernel, images):
    address, space = step
    if address >= KERNEL_HALF:
        return ("kernel", *kernel.function(address))
    image = images.get(space)
    return (image.name, *image.function(address)) if image else (f"{space:#x}", "?", False)


def print_flat(places, rounds, limit):
    total = collections.Counter()
    calls = collections.Counter()
    images = collections.Counter()
    for image, name, first in places:
        total[image, name] += 1
        calls[image, name] += first
        images[image] += 1
    print(f"{'per round':>10}  {'calls':>7}  function")
    for (image, name), count in total.most_common(limit):
        print(f"{count / rounds:10.1f}  {calls[image, name] / rounds:7.2f}  {image}: {name}")
    print()
    for image, count in images.most_common():
        print(f"{count / rounds:10.1f}           {image}")
    print(f"{len(places) / rounds:10.1f}           all")


def print_flow(places, lines):
    """Runs of instructions in one function; the last `lines` of them."""
    runs = []
    for image, name, first in places:
        if runs and runs[-1][0] == (image, name) and not first:
            runs[-1][1] += 1
        else:
            runs.append([(image, name), 1, first])
    for (image, name), count, first in runs[-lines:]:
        print(f"{count:6}  {'>' if first else ' '} {image}: {name}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arch", choices=tuple(RECORDERS), default="x86_64")
    parser.add_argument("kind", choices=("kernel", "calls"))
    parser.add_argument("row")
    parser.add_argument("--rounds", type=int, default=20, help="of the row's loop (default 20)")
    parser.add_argument(
        "--hit", type=int, default=4, help="calls: which measured stretch of the row (default 4)"
    )
    parser.add_argument("--ext4", action="store_true", help="files on a disk instead of tmpfs")
    parser.add_argument("--limit", type=int, default=60, help="functions shown")
    parser.add_argument("--flow", type=int, default=0, metavar="LINES", help="show the path")
    parser.add_argument("--save", type=pathlib.Path, help="keep the trace: address, space a line")
    arguments = parser.parse_args()
    subject = Subject(arguments)
    with tempfile.TemporaryDirectory() as folder:
        steps = record(subject, pathlib.Path(folder))
    if arguments.save:
        arguments.save.write_text("".join(f"{pc:x} {space:x}\n" for pc, space in steps))
    images = guess_images(steps, [subject.program, *subject.others], arguments.arch)
    places = [place(step, subject.kernel, images) for step in steps]
    print_flat(places, arguments.rounds, arguments.limit)
    if arguments.flow:
        print_flow(places, arguments.flow)


if __name__ == "__main__":
    main()
