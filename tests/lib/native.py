# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Runs a test that is a native process inside XINIM (tests/guest/): boots boot-test.cpio, or
another archive, with only that service and what it needs, and reads its result from QEMU's exit
status and the console."""

import shlex
import subprocess

import guest


# tests/guest/guest_test.h; QEMU ends with code << 1 | 1.
PASSED = 0x20 << 1 | 1


def run(
    name,
    *options,
    root="none",
    archive="boot-test.cpio",
    append="",
    seconds=guest.COMMAND_SECONDS,
):
    """The test's lines on the console; fails with them if the test did."""
    line = guest.launcher(
        *("--dry-run", "--root", root, "--initrd", guest.BUILD / archive),
        *("--append", f"start={name} {append}"),
        *options,
    )
    machine = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    done = subprocess.run(
        shlex.split(machine),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        check=False,
    )
    console = done.stdout.decode(errors="replace")
    lines = [text for text in console.splitlines() if f"] {name}: " in text]
    shown = "\n".join(text for text in lines if "FAIL" in text) or console[-4000:]
    assert done.returncode == PASSED, f"status {done.returncode}\n{shown}"
    assert lines and lines[-1].endswith(" 0 failed"), shown
    return lines
