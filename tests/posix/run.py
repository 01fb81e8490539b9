#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The differential test: the scripts of cases/ run by the same BusyBox here and inside XINIM must
print the same bytes and exit alike. See docs/testing.md. The last line is "N passed, N failed"."""

import argparse
import difflib
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "lib")]
sys.dont_write_bytecode = True

import guest  # noqa: E402  (the path comes first)
import reference  # noqa: E402

BUSYBOX = ROOT / "build/third_party/x86_64/busybox/bin/busybox"
GUEST_SECONDS = 900
SHOWN_LINES = 24
WANTED_APPLETS = 150

# The cases that print the processor's name print the guest's.
OF_THE_PROCESSOR = ("identity",)

# Where a command may stand: at a line's start, behind an operator or keyword, or behind a program
# that runs another.
COMMAND = re.compile(
    r"(?:^|[;&|({`!]|\b(?:do|then|else|if|elif|while|until|exec|time|busybox|setsid)\s|"
    r"\b(?:timeout|usleep|taskset|env|xargs|chroot|watch|nohup)\s(?:[^;|&\n]*?\s)?|"
    r"-exec\s|-c ['\"])\s*"
    r"(?:[A-Za-z_]+=\S*\s+)*([A-Za-z0-9_\[.-]+)",
    re.MULTILINE,
)


def load_cases(pattern):
    cases = {}
    for path in sorted((pathlib.Path(__file__).parent / "cases").glob("*.sh")):
        for part in re.split(r"^### ", path.read_text(), flags=re.MULTILINE)[1:]:
            name, script = part.split("\n", 1)
            if not re.fullmatch(r"[a-z0-9-]+", name) or name in cases:
                raise SystemExit(f"{path.name}: bad or second case name '{name}'")
            cases[name] = script
    return {name: script for name, script in cases.items() if re.search(pattern, name)}


def applets_used(cases):
    names = set(subprocess.check_output([BUSYBOX, "--list"], text=True).split())
    return {word for script in cases.values() for word in COMMAND.findall(script)} & names


def write_cases(folder, cases):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "cases").mkdir(parents=True)
    shutil.copy(pathlib.Path(__file__).parent / "driver.sh", folder)
    for name, script in cases.items():
        (folder / "cases" / name).write_text(script)


def parse(output):
    """The driver's output as {name: (status, bytes)}; what was cut off is absent."""
    results = {}
    at = 0
    while found := re.compile(rb"case (\S+) (\d+) (\d+)\n").match(output, at):
        name, status, length = found.group(1).decode(), int(found.group(2)), int(found.group(3))
        data = output[found.end() : found.end() + length]
        if len(data) < length:
            break
        results[name] = (status, data)
        at = found.end() + length
    return results


def run_reference(work, cases_folder):
    root = work / "root"
    shutil.rmtree(root, ignore_errors=True)
    reference.make_root(root, BUSYBOX, guest.BUSYBOX, ROOT / "user" / "root")
    runs = [parse(reference.run(root, cases_folder)[0]) for _ in range(2)]
    names = [machine.encode() for machine in (platform.machine(), guest.ARCH)]
    for results in runs:
        for name in results.keys() & OF_THE_PROCESSOR:
            status, text = results[name]
            results[name] = (status, text.replace(*names))
    return runs


def run_guest(work, cases_folder):
    image = work / "cases.img"
    image.unlink(missing_ok=True)
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-d", cases_folder, image, "8M"],
        check=True,
        env={**os.environ, "PATH": path},
    )
    command = "mount -t ext4 -o ro /dev/vdb /mnt && sh /mnt/driver.sh /mnt"
    result = guest.run(command, "--drive", image, seconds=GUEST_SECONDS, folder=work)
    if result.status != 0:
        tail = result.err.decode(errors="replace").splitlines()[-SHOWN_LINES:]
        print(f"the guest ended with {result.status}:\n  " + "\n  ".join(tail))
    return parse(result.out)


def difference(expected, got):
    lines = []
    if expected[0] != got[0]:
        lines.append(f"status: expected {expected[0]}, got {got[0]}")
    texts = [side[1].decode(errors="backslashreplace").splitlines() for side in (expected, got)]
    lines += difflib.unified_diff(*texts, "expected", "got", lineterm="", n=1)
    return [line[:200] for line in lines[:SHOWN_LINES]]


def judge(cases, references, results):
    """Prints each failure and returns how many."""
    failed = 0
    for name in cases:
        first, second = (run.get(name) for run in references)
        if first is None or first != second:
            complaint = ["this machine does not give the same result twice"]
            complaint += difference(first, second) if first and second else []
        elif name not in results:
            complaint = ["no result"]
        elif results[name] != first:
            complaint = difference(first, results[name])
        else:
            continue
        failed += 1
        print(f"FAIL {name}\n  " + "\n  ".join(complaint))
    return failed


def main():
    parser = argparse.ArgumentParser(description="compare XINIM with this machine")
    parser.add_argument("--only", default="", metavar="REGEX", help="cases whose name matches")
    parser.add_argument("--reference-only", action="store_true", help="judge only determinism here")
    arguments = parser.parse_args()
    cases = load_cases(arguments.only)
    work = ROOT / "build" / "test" / f"posix-{guest.ARCH}"
    write_cases(work / "cases", cases)
    references = run_reference(work, work / "cases")
    if arguments.reference_only:
        results = references[0]
    else:
        results = run_guest(work, work / "cases")
    failed = judge(cases, references, results)
    applets = applets_used(cases)
    print(f"{len(cases)} cases exercise {len(applets)} applets")
    total = len(cases)
    if not arguments.only:
        total += 1
        if len(applets) < WANTED_APPLETS:
            print(f"FAIL fewer than {WANTED_APPLETS} applets are exercised")
            failed += 1
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
