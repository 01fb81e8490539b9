#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Writes the function names of a native binary as the text table that lib/symbol reads: eight
hexadecimal digits, a blank, the name, in the order of addresses."""

import argparse
import pathlib
import subprocess

CODE = "tTwW"


def functions(nm, binary):
    """(address, name) of each function, ascending; of several names for one address the first."""
    listing = subprocess.run(
        [nm, "--defined-only", "--numeric-sort", binary], check=True, capture_output=True, text=True
    )
    last = None
    for line in listing.stdout.splitlines():
        address, kind, name = line.split(maxsplit=2)
        if kind in CODE and not name.startswith((".L", "__text_")) and address != last:
            last = address
            yield int(address, 16), name


def main():
    parser = argparse.ArgumentParser(description="make the symbol table of a native binary")
    parser.add_argument("--nm", required=True)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    arguments = parser.parse_args()
    lines = [
        f"{address:08x} {name}\n" for address, name in functions(arguments.nm, arguments.binary)
    ]
    arguments.output.write_text("".join(lines))


if __name__ == "__main__":
    main()
