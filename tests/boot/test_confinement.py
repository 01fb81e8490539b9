# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""A driver that points its device where it must not (tests/guest/rogue): with an IOMMU each attack
is stopped and the driver replaced; without one the same attacks succeed, so the test bites."""

import re
import shlex
import struct
import subprocess

import pytest

import device_tree
import guest
import native

KERNEL_BASE = 0xFFFFFFFF80000000
IMAGE = {"x86_64": 0, "aarch64": 0x40200000}[guest.ARCH]  # where QEMU puts what KERNEL_BASE shows
RAM = {"x86_64": 0, "aarch64": 0x40000000}[guest.ARCH]
MEMORY_MIB = 64
CANARIES = 0.8  # of all memory, at least
ATTACKS = 26  # that the rows make and the IOMMU stops
# The second one is the bystander.
DEVICES = " ".join(["-device edu,dma_mask=0xffffffffffffffff"] * 2)
POISON = b"\x66" * 8
LOAD, WRITABLE = 1, 2  # of program headers


def physical(symbol):
    """Where what the kernel calls so lies in memory."""
    text = subprocess.run(
        ["gdb-multiarch", "-batch", "-ex", f"print/x (long)&{symbol}", guest.BUILD / "xinim.elf"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return int(re.search(r"0x[0-9a-f]+", text).group(), 16) - KERNEL_BASE + IMAGE


def constant_parts():
    """What the kernel never writes, its text and constants: (physical address, bytes)."""
    data = (guest.BUILD / "xinim.elf").read_bytes()
    table, size, number = *struct.unpack_from("<Q", data, 32), *struct.unpack_from("<HH", data, 54)
    for at in range(table, table + size * number, size):
        kind, flags, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, at)
        if kind == LOAD and not flags & WRITABLE and length:
            yield address - KERNEL_BASE + IMAGE, data[offset : offset + length]


def kernel_word(address):
    """What stands there in the kernel's file."""
    for start, data in constant_parts():
        if 0 <= address - start < len(data):
            return struct.unpack_from("<Q", data, address - start)[0]
    raise ValueError(hex(address))


def changes(memory):
    """What differs in a machine's memory, at its end, from the kernel's file: (where, bytes)."""
    with memory.open("rb") as file:
        for start, wanted in constant_parts():
            file.seek(start - RAM)
            found = file.read(len(wanted))
            differ = [at for at in range(len(wanted)) if found[at] != wanted[at]]
            if differ:
                yield start + differ[0], found[differ[0] : differ[-1] + 1]


class Attack:
    """A run of rogue_client to its end, and what came of it."""

    def __init__(self, folder, *options):
        memory = folder / "memory"
        backend = f"memory-backend-file,id=ram,size={MEMORY_MIB}M,share=on,mem-path={memory}"
        self.code = physical("arch_boot")
        append = (
            f"rogue.kernel=0x{physical('boot_info.command_line'):x} "
            f"rogue.code=0x{self.code:x} rogue.code_is=0x{kernel_word(self.code):x}"
        )
        lines = native.run(
            "rogue_client",
            *options,
            *("--mem", f"{MEMORY_MIB}M"),
            *("--qemu", f"{DEVICES} -object {backend} -machine memory-backend=ram"),
            archive="boot-rogue.cpio",
            append=append,
        )
        self.text = "\n".join(lines)
        self.changes = list(changes(memory))
        memory.unlink()

    def number(self, pattern):
        return int(re.search(pattern, self.text).group(1))


@pytest.mark.parametrize("processors", [1, 2])
def test_every_attack_is_stopped(tmp_path, processors):
    attack = Attack(tmp_path, "--smp", processors)
    assert "DMA is confined" in attack.text
    assert attack.number(r"(\d+) attacks stopped") == ATTACKS
    assert attack.number(r"(\d+) of \d+ KiB are canaries") > CANARIES * MEMORY_MIB * 1024
    assert attack.changes == []


def test_without_an_iommu_they_succeed(tmp_path):
    attack = Attack(tmp_path, "--no-iommu")
    assert "DMA is unprotected" in attack.text
    assert " 0 attacks stopped" in attack.text
    assert attack.changes == [(attack.code, POISON)]


def test_iommu_off_leaves_it_alone():
    text = guest.check("cat /sys/xinim/devices", "--append", "iommu=off")
    assert "unprotected" in text and "confined" not in text


PANIC = 242
NO_UNIT = struct.pack("<HHBBHQ", 0, 16, 1, 0, 0, 0xFED91000)  # nothing is there


@guest.x86_64_only
@pytest.mark.parametrize(
    "entry, message",
    [
        (NO_UNIT[:2] + b"\0\0" + NO_UNIT[4:], "an entry has a bad length"),
        (NO_UNIT[:8], "an entry has a bad length"),
        (b"", "it names no unit"),
        (NO_UNIT, "the unit at 0xfed91000 lacks"),
    ],
)
def test_a_table_that_cannot_be_used_ends_the_boot(tmp_path, entry, message):
    table = tmp_path / "dmar"
    table.write_bytes(struct.pack("<BB10x", 38, 1) + entry)  # behind the header, which QEMU makes
    options = ("--no-iommu", "--qemu", f"-acpitable sig=DMAR,rev=1,data={table}")
    result = guest.run("true", *options)
    assert result.status == PANIC
    assert message in result.console.decode() and "iommu=off" in result.console.decode()
    guest.check("true", *options, "--append", "iommu=off")


@guest.aarch64_only
@pytest.mark.parametrize(
    "change, message",
    [
        (lambda tree: None, None),
        (
            lambda tree: device_tree.patch_cell(tree, "iommu-map", 3, 0x8000),
            "its iommu-map does not name all PCI functions",
        ),
        (
            lambda tree: device_tree.patch_cell(tree, "iommu-map", 1, 1),
            "its iommu-map does not name its SMMUv3",
        ),
        (
            lambda tree: device_tree.rename(tree, "iommu-map", "iommu-off"),
            "its iommu-map does not name its SMMUv3",
        ),
        (
            lambda tree: device_tree.rename(tree, "interrupt-names", "interrupt-other"),
            "names no interrupt for the SMMU's events",
        ),
    ],
)
def test_a_tree_that_cannot_be_used_ends_the_boot(tmp_path, change, message):
    file = tmp_path / "tree"
    words = subprocess.run(guest.launcher("--dry-run"), capture_output=True, text=True, check=True)
    tree = device_tree.of_machine(shlex.split(words.stdout), file)
    change(tree)
    file.write_bytes(tree)
    result = guest.run("grep -q confined /sys/xinim/devices", "--qemu", f"-dtb {file}")
    assert result.status == (0 if message is None else PANIC)
    assert message is None or result.console.decode().count(message) == 1
