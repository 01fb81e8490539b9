#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Prints the folders whose meson.build the root one enters, sorted, relative to the source root."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACES = ("boot", "drivers", "fs", "kernel", "lib", "servers", "tests", "third_party", "user")


def main():
    found = (path.parent for place in PLACES for path in (ROOT / place).rglob("meson.build"))
    print("\n".join(sorted(path.relative_to(ROOT).as_posix() for path in found)))


if __name__ == "__main__":
    main()
