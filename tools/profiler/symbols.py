# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Function names of programs, and which program an address space holds."""

import bisect
import collections
import struct
import subprocess

KERNEL_HALF = 1 << 63
SYSCALL = {"x86_64": b"\x0f\x05", "aarch64": b"\x01\x00\x00\xd4"}


class Image:
    """An ELF64 file's functions and bytes by address."""

    def __init__(self, name, path, nm="llvm-nm-14"):
        self.name = name
        self.data = path.read_bytes()
        listing = subprocess.run(
            [nm, "--defined-only", "--numeric-sort", path],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        rows = [line.split() for line in listing.splitlines()]
        found = [(int(row[0], 16), row[2]) for row in rows if len(row) == 3 and row[1] in "tTwW"]
        self.addresses = [address for address, _ in found]
        self.names = [symbol for _, symbol in found]
        self.address_of = {symbol: address for address, symbol in found}
        self.segments = list(self.load_segments())

    def load_segments(self):
        (table,) = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        for i in range(count):
            kind, _, offset, address, _, file_bytes = struct.unpack_from(
                "<IIQQQQ", self.data, table + i * size
            )
            if kind == 1:
                yield address, offset, file_bytes

    def bytes_at(self, address, size):
        for start, offset, length in self.segments:
            if start <= address < start + length:
                return self.data[offset + address - start :][:size]
        return b""

    def function(self, address):
        """(name, whether the address is its first)."""
        i = bisect.bisect_right(self.addresses, address) - 1
        if i < 0 or not self.bytes_at(address, 1):
            return f"{address:#x}", False
        return self.names[i], self.addresses[i] == address


def guess_images(steps, images, arch):
    """Address space -> image.

    What was run just before the kernel was entered is most often a system call's instruction, and
    all that was run lies in the program.
    """
    votes = collections.defaultdict(collections.Counter)
    syscall = SYSCALL[arch]
    for (address, space), (following, _) in zip(steps, steps[1:]):
        if address < KERNEL_HALF <= following:
            for image in images:
                if image.bytes_at(address, len(syscall)) == syscall:
                    votes[space][image.name] += 8
                elif image.bytes_at(address, 1):
                    votes[space][image.name] += 1
    by_name = {image.name: image for image in images}
    return {space: by_name[count.most_common(1)[0][0]] for space, count in votes.items() if count}
