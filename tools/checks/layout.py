# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""C sources are laid out as .clang-format says."""

import re
import subprocess

from checks import ROOT, c_files

NAME = "layout (clang-format)"

TOOL = "clang-format-14"


def files():
    return [str(path) for path in c_files() if path.suffix in (".c", ".h")]


def write():
    subprocess.run([TOOL, "-i", *files()], cwd=ROOT, check=True)


def check():
    names = files()
    if not names:
        return []
    result = subprocess.run(
        [TOOL, "--dry-run", *names], cwd=ROOT, capture_output=True, text=True, check=False
    )
    bad = dict.fromkeys(re.findall(r"^(\S+?):\d+:\d+: warning:", result.stderr, re.MULTILINE))
    complaints = [f"{name}: not as clang-format lays it out (make format)" for name in bad]
    if result.returncode != 0:
        complaints.append(f"{TOOL} ended with {result.returncode}: {result.stderr[:200]}")
    return complaints
