# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Checks of the source tree. Each module has NAME and check(): a list of one-line complaints."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
C_SUFFIXES = {".c", ".h", ".S"}


def tracked_files():
    """The repository's files, committed or new, from the root; without git, all but build/."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        names = listing.stdout.splitlines()
    else:
        names = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")]
    paths = [pathlib.PurePosixPath(name) for name in names]
    return sorted(path for path in paths if path.parts[0] != "build" and (ROOT / path).is_file())


def c_files():
    return [path for path in tracked_files() if path.suffix in C_SUFFIXES]


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")
