#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""make bench: measures XINIM and Linux on the same emulated machine; docs/performance.md says how.

The table goes to the terminal, the numbers to build/bench.json, and with --write-docs into
docs/performance.md.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import filesystem
import repair
import report
from machines import COUNTED, ROOT, TIMED, Failed, Machines

PROMPT_TURNS = 3
COUNT_TURNS = 3
SPEED_TURNS = 5


@dataclasses.dataclass
class Processor:
    counted: tuple  # the CPU of the counting runs
    timed: tuple  # and of the others
    lean_linux: str  # kernel options with which Linux is quickest


PROCESSORS = {
    # Copies and clears are not counted byte by byte without these two features, on either system.
    "x86_64": Processor(("--cpu", "max,-erms,-fsrm"), (), "mitigations=off nopti"),
    # Linux signs its return addresses; with the architecture's own algorithm QEMU does little else.
    "aarch64": Processor(
        ("--cpu", "max,pauth-impdef=on"),
        ("--cpu", "max,pauth-impdef=on"),
        "mitigations=off kpti=off",
    ),
}
MEMORY_KIB = 256 * 1024  # the launcher's default machine


def parse(text, lead=""):
    """Lines "[LEAD ]NAME COUNT NANOSECONDS"; a "-" is no number."""
    found = re.findall(rf"^{lead}([a-z_][\w-]*) ([\d.]+) ([\d.]+|-)$", text, re.MULTILINE)
    return {
        name: (float(count), None if time == "-" else float(time)) for name, count, time in found
    }


def best_prompt(machines, name, *options):
    return min(machines.at_prompt(name, *options)[0] for _ in range(PROMPT_TURNS))


# A line of tests/guest/block/speed.c ("bare": the client without recoverability), and of
# program/disk.c.
SPEED = re.compile(
    r"^(?:.*block_test: (?:speed: )?)?((?:bare: )?(?:sequential|random) .*)"
    r": \d+ MB/s, (\d+) requests/s, (\d+) ns of CPU each",
    re.MULTILINE,
)


def disk_turns(turns, disk_test, *options):
    """For the machine with the IOMMU and without: the speeds and the counts of each row, turn and
    turn about, for the machine below is not always as quick."""
    found = {(): ({}, {}), ("--no-iommu",): ({}, {})}
    for _ in range(turns):
        for iommu, values in found.items():
            text = disk_test(*options, *iommu)
            lines = SPEED.findall(text)
            if not lines:
                raise Failed(f"no disk was measured\n{text[-2000:]}")
            for what, *numbers in lines:
                for rows, number in zip(values, numbers):
                    rows.setdefault(what, []).append(int(number))
    return list(found.values())


def disk_speeds(disk_test, *options):
    """Requests a second, the median."""
    turns = disk_turns(SPEED_TURNS, disk_test, *options)
    return [{what: statistics.median(s) for what, s in speeds.items()} for speeds, _ in turns]


def disk_counts(disk_test, *options):
    """Instructions a request, the fewest: how many answers come at once depends on the machine
    below."""
    turns = disk_turns(COUNT_TURNS, disk_test, *COUNTED, *options)
    return [{what: min(c) for what, c in counts.items()} for _, counts in turns]


def memory_at_prompt(machines):
    _, shown = machines.at_prompt("XINIM", typed="cat /proc/meminfo")
    free = re.search(r"MemFree: +(\d+) kB", shown)
    return MEMORY_KIB - int(free.group(1)) if free else None


def speedup(text):
    """Best of the turns for each way."""
    turns = [
        [float(value) for value in line.split()[1:]]
        for line in text.splitlines()
        if line.startswith("parallel ")
    ]
    if not turns:
        return None
    return min(m - s for s, m, _ in turns) / min(e - m for _, m, e in turns)


def steps(machines, processor):
    linux = machines.on_linux
    counted = (*COUNTED, *processor.counted)
    timed = (*TIMED, *processor.timed)
    two = ("--accel", "tcg", *processor.timed)
    lean = processor.lean_linux
    return {
        "kernel_counts": lambda: parse(machines.on_kernel(*COUNTED, *processor.timed), "bench "),
        "kernel_times": lambda: parse(machines.on_kernel(*timed), "bench "),
        "xinim_counts": lambda: parse(machines.on_xinim("calls", *counted)),
        "linux_counts": lambda: parse(linux("calls", *counted, append=lean)),
        "linux_default_counts": lambda: parse(linux("calls", *COUNTED, *processor.timed)),
        "xinim_times": lambda: parse(machines.on_xinim("calls", *timed)),
        "linux_times": lambda: parse(linux("calls", *timed, append=lean)),
        "xinim_prompt_seconds": lambda: best_prompt(machines, "XINIM", *two),
        "linux_prompt_seconds": lambda: best_prompt(
            machines, "Linux", *machines.linux_options(""), *two
        ),
        "unprotected_prompt_seconds": lambda: best_prompt(
            machines, "XINIM", *two, "--no-iommu"
        ),
        "disk_counts": lambda: disk_counts(machines.block_test),
        "disk_speeds": lambda: disk_speeds(machines.block_test),
        "linux_disk_counts": lambda: disk_counts(machines.linux_disk_test, *processor.timed),
        "linux_disk_speeds": lambda: disk_speeds(machines.linux_disk_test, *processor.timed),
        "filesystem_counts": lambda: filesystem.counts(machines, *counted),
        "filesystem_seconds": lambda: filesystem.seconds(machines, *two),
        "memory_kib": lambda: memory_at_prompt(machines),
        "parallel_xinim": lambda: speedup(machines.on_xinim("parallel", *two)),
        "parallel_linux": lambda: speedup(linux("parallel", *two)),
        **repair.steps(machines),
    }


def describe_host():
    qemu = subprocess.run(
        ["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split("\n")[0]
    version = re.search(r"version ([\d.]+)", qemu)
    return (
        f"a {platform.machine()} machine with {os.cpu_count()} CPUs, QEMU "
        f"{version.group(1) if version else qemu} (TCG)"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="x86_64", choices=tuple(PROCESSORS))
    parser.add_argument("--only", metavar="REGEX", default="", help="measure these parts only")
    parser.add_argument("--write-docs", action="store_true", help="update docs/performance.md")
    arguments = parser.parse_args()
    machines = Machines(arguments.arch)
    machines.make_images()
    output = ROOT / "build" / f"bench-{arguments.arch}.json"
    measured = steps(machines, PROCESSORS[arguments.arch])
    data = dict.fromkeys(measured)
    for name in data:
        data[name] = {} if name.endswith(("counts", "times")) else None
    if arguments.only and output.exists():
        data.update(json.loads(output.read_text()))
    data["arch"] = arguments.arch
    data["host"] = describe_host()
    failures = 0
    for name, measure in measured.items():
        if not re.search(arguments.only, name):
            continue
        started = time.monotonic()
        print(f"bench: {name} ...", end="", file=sys.stderr, flush=True)
        try:
            data[name] = measure()
            print(f" {time.monotonic() - started:.0f} s", file=sys.stderr)
        except Failed as failure:
            failures += 1
            print(f" failed: {failure}", file=sys.stderr)
    output.write_text(json.dumps(data, indent=1) + "\n")
    print(report.text(data))
    print(f"numbers: {pathlib.Path(output).relative_to(ROOT)}")
    if arguments.write_docs:
        report.update_page(ROOT / "docs" / "performance.md", data)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
