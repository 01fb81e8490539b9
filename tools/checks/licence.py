# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Every source file begins with the two SPDX lines (behind an interpreter line if it has one)."""

from checks import C_SUFFIXES, text_of, tracked_files

NAME = "licence headers"

SUFFIXES = C_SUFFIXES | {".py", ".lds", ".sh", ".ini", ".toml", ".svc", ".gdb"}
NAMES = {"Makefile", "meson.build", "meson_options.txt", "run"}
LINES = ("SPDX-License-Identifier: MIT", "SPDX-FileCopyrightText: 2026 The XINIM authors")


def check():
    complaints = []
    for path in tracked_files():
        if path.suffix in SUFFIXES or path.name in NAMES:
            lines = text_of(path).splitlines()[:4]
            lines = lines[1:] if lines and lines[0].startswith("#!") else lines
            if len(lines) < 2 or any(want not in line for want, line in zip(LINES, lines)):
                complaints.append(f"{path}: does not begin with the SPDX lines")
    return complaints
