# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The disk of the block tests (tests/guest/block/): two partitions, every word its own offset."""

import array
import binascii
import struct

MIB = 1 << 20
DISK_BYTES = 64 * MIB
SECTOR = 512
ENTRIES = 128
LINUX_DATA = bytes.fromhex("af3dc60f838472478e793d69d8477de4")


def entry(number, start, size, name):
    """A GPT entry for bytes start .. start + size."""
    guid = bytes([number]) * 16
    label = name.encode("utf-16-le").ljust(72, b"\0")
    first, last = start // SECTOR, (start + size) // SECTOR - 1
    return LINUX_DATA + guid + struct.pack("<QQQ", first, last, 0) + label


def header(own, other, array_lba, entries):
    """A GPT header with its checksums."""
    sectors = DISK_BYTES // SECTOR
    fields = struct.pack(
        "<8sIIIIQQQQ16sQIII",
        b"EFI PART", 0x10000, 92, 0, 0, own, other, 34, sectors - 34, b"\1" * 16,
        array_lba, ENTRIES, 128, binascii.crc32(entries),
    )  # fmt: skip
    return fields[:16] + struct.pack("<I", binascii.crc32(fields)) + fields[20:]


def make_disk(path):
    """Words that are their own offset; a GPT with a partition for reading and one for writing."""
    disk = bytearray(array.array("I", range(0, DISK_BYTES, 4)).tobytes())
    entries = entry(1, MIB, 32 * MIB, "reading") + entry(2, 33 * MIB, 16 * MIB, "writing")
    entries = entries.ljust(ENTRIES * 128, b"\0")
    last = DISK_BYTES // SECTOR - 1
    mbr = bytearray(SECTOR)
    mbr[446:462] = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff" * 3, 1, last)
    mbr[510:512] = b"\x55\xaa"
    disk[:SECTOR] = mbr
    disk[SECTOR : 2 * SECTOR] = header(1, last, 2, entries).ljust(SECTOR, b"\0")
    disk[2 * SECTOR : 2 * SECTOR + len(entries)] = entries
    backup = last * SECTOR - len(entries)
    disk[backup : backup + len(entries)] = entries
    disk[-SECTOR:] = header(last, 1, backup // SECTOR, entries).ljust(SECTOR, b"\0")
    path.write_bytes(disk)
