# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The device tree that QEMU gives a machine, changed: for tests of boards that there are not."""

import struct
import subprocess

BEGIN_NODE, END_NODE, PROPERTY, NOP = 1, 2, 3, 4


def of_machine(words, path):
    """The tree of the machine that QEMU's words describe, by way of a file at the path."""
    at = words.index("-machine") + 1
    dump = [*words[:at], f"{words[at]},dumpdtb={path}", *words[at + 1 :]]
    subprocess.run(dump, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    tree = bytearray(path.read_bytes())
    _, _, _, strings, _, _, _, _, strings_bytes, _ = struct.unpack_from(">10I", tree)
    struct.pack_into(">I", tree, 4, strings + strings_bytes)  # without QEMU's room behind it
    return tree[: strings + strings_bytes]


def values(tree, name):
    """Where the values of all properties with this name lie: (offset, bytes)."""
    structure, strings = struct.unpack_from(">2I", tree, 8)
    at = structure
    while True:
        token = struct.unpack_from(">I", tree, at)[0]
        at += 4
        if token == BEGIN_NODE:
            at = (tree.index(0, at) + 4) & ~3
        elif token == PROPERTY:
            length, name_at = struct.unpack_from(">2I", tree, at)
            name_at += strings
            if tree[name_at : tree.index(0, name_at)] == name.encode():
                yield at + 8, length
            at += 8 + (length + 3 & ~3)
        elif token not in (END_NODE, NOP):
            return


def patch_cell(tree, name, cell, value):
    """Changes a cell of the only property with this name."""
    ((at, _),) = values(tree, name)
    struct.pack_into(">I", tree, at + 4 * cell, value)


def rename(tree, name, other):
    """Gives all properties with this name another one, no longer."""
    _, strings = struct.unpack_from(">2I", tree, 8)
    at = tree.index(b"\0" + name.encode() + b"\0", strings) + 1
    tree[at : at + len(name) + 1] = other.encode().ljust(len(name) + 1, b"\0")
