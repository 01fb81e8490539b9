#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Writes the kernel's functions for its backtraces: lines "<16 hex digits> <name>", sorted."""

import argparse
import pathlib
import subprocess


def main():
    parser = argparse.ArgumentParser(description="list the kernel's functions")
    parser.add_argument("--nm", required=True)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("kernel", type=pathlib.Path)
    arguments = parser.parse_args()
    command = [arguments.nm, "--defined-only", "--numeric-sort", arguments.kernel]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    symbols = (line.split() for line in listing.splitlines())
    functions = [f"{int(at, 16):016x} {name}\n" for at, kind, name in symbols if kind in "tTwW"]
    arguments.output.write_text("".join(functions))


if __name__ == "__main__":
    main()
