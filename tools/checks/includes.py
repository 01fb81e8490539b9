# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Includes go one way: abi <- kernel, lib <- servers, drivers, fs; not sideways or into kernel/."""

import re

from checks import ROOT, c_files, text_of

NAME = "include directions"

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)

# What each top-level folder may include besides its own unit (see unit_of).
ALLOWED = {
    "abi": {"abi"},
    "boot": {"abi", "kernel"},
    "kernel": {"abi", "lib"},
    "lib": {"abi", "lib"},
    "servers": {"abi", "lib"},
    "drivers": {"abi", "lib"},
    "fs": {"abi", "lib"},
    "user": {"abi"},
    "tests": {"abi", "lib", "kernel", "servers", "drivers", "fs", "user"},
}
PROCESSORS = ("x86_64", "aarch64")
PORTED = [name for name in PROCESSORS if (ROOT / "kernel" / "arch" / name).is_dir()]


def unit_of(parts):
    """The folder whose files may include each other: one server, driver, file system or program."""
    depth = {"drivers": 3, "servers": 2, "fs": 2, "user": 2}.get(parts[0], 1)
    return parts[:depth]


def processor_of(parts):
    """The processor a path belongs to, when it lies in an arch folder."""
    return next((name for name in PROCESSORS if name in parts[:-1]), None)


def complaint(path, target):
    parts = tuple(target.split("/"))
    if ".." in parts:
        return f"{path}: '{target}' is not written from the root"
    mine, its = processor_of(path.parts), processor_of(parts)
    if not (ROOT / target).exists() and (its is None or its in PORTED):
        return f"{path}: '{target}' does not exist"
    if unit_of(parts) != unit_of(path.parts) and parts[0] not in ALLOWED.get(path.parts[0], set()):
        return f"{path}: may not include '{target}'"
    if its and mine and its != mine:
        return f"{path}: '{target}' belongs to another processor"
    return None


def check():
    found = [(path, target) for path in c_files() for target in INCLUDE.findall(text_of(path))]
    return [text for path, target in found if (text := complaint(path, target))]
