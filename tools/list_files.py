#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Prints the files below a folder, sorted, relative to the source root."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def main():
    files = (path for path in (ROOT / sys.argv[1]).rglob("*") if path.is_file())
    print("\n".join(sorted(path.relative_to(ROOT).as_posix() for path in files)))


if __name__ == "__main__":
    main()
