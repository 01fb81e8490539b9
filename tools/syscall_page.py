#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Writes docs/syscalls.md from the table of Linux system calls, servers/posix/syscalls.def."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[1]
TABLE = ROOT / "servers/posix/syscalls.def"
PAGE = ROOT / "docs/syscalls.md"
ROW = re.compile(r"^SYSCALL(_MISSING)?\(\s*(\d+|NO),\s*(\d+|NO),\s*(\w+)(?:,\s*(.*))?\)$")

HEAD = """# Linux system calls

Generated from `servers/posix/syscalls.def` by `tools/syscall_page.py`; do not edit.

{done} calls are implemented. The others known by name answer ENOSYS, and the first such call
of each program is one line in the log. `-`: that processor has no such call. Calls marked with a
star run without the posix server's lock.

| x86_64 | aarch64 | call | arguments |
|---:|---:|---|---|
"""

TAIL = """
## Known, not implemented

{missing}.
"""


def rows():
    for line in TABLE.read_text().splitlines():
        match = ROW.match(line)
        if match:
            yield match.groups()
        elif line.startswith("SYSCALL"):
            raise SystemExit(f"{TABLE.name}: not a row: {line}")


def number(text):
    return "-" if text == "NO" else text


def page():
    done, missing = [], []
    for absent, x86_64, arm64, name, rest in rows():
        if absent:
            missing.append(f"`{name}`")
            continue
        lock, *kinds = [word.strip() for word in rest.split(",")]
        star = "*" if lock == "UNLOCKED" else ""
        words = ", ".join(kind.removeprefix("ARG_").lower() for kind in kinds)
        done.append(f"| {number(x86_64)} | {number(arm64)} | `{name}`{star} | {words} |")
    table = "\n".join(done) + "\n"
    return HEAD.format(done=len(done)) + table + TAIL.format(missing=", ".join(missing))


if __name__ == "__main__":
    PAGE.write_text(page())
