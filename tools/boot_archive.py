#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Packs files into the boot archive: cpio "newc", flat names, sorted, without times or owners, so
that the same files give the same bytes. Each file's data starts on a 4-byte boundary."""

import argparse
import pathlib

TRAILER = "TRAILER!!!"
FILE_MODE = 0o100755


def padding(length):
    return b"\0" * (-length % 4)


def entry(number, name, data):
    """One newc member: 13 fields of 8 hexadecimal digits, the name, the data."""
    mode, links = (FILE_MODE, 1) if name != TRAILER else (0, 1)
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
    return header + padding(len(header)) + data + padding(len(data))


def pack(paths):
    names = [path.name for path in paths]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SystemExit("boot_archive: two files of one name: " + " ".join(sorted(twice)))
    members = sorted(paths, key=lambda path: path.name)
    archive = b"".join(
        entry(number + 1, path.name, path.read_bytes()) for number, path in enumerate(members)
    )
    return archive + entry(0, TRAILER, b"")


def main():
    parser = argparse.ArgumentParser(description="make the boot archive")
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.output.write_bytes(pack(arguments.files))


if __name__ == "__main__":
    main()
