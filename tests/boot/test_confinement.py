# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""A driver that points its device where it must not (tests/guest/rogue): with an IOMMU each attack
is stopped and the driver replaced; without one the same attacks succeed, so the test bites."""

import re
import struct
import subprocess

import pytest

import guest
import native

KERNEL_BASE = 0xFFFFFFFF80000000
IMAGE = {"x86_64": 0, "aarch64": 0x40200000}[guest.ARCH]  # where QEMU puts what KERNEL_BASE shows
ATTACKS = 17  # that the rows make and the IOMMU stops
# The second one is the bystander.
DEVICES = " ".join(["-device edu,dma_mask=0xffffffffffffffff"] * 2)


def kernel_address():
    """Where the kernel's copy of its command line lies in memory."""
    text = subprocess.run(
        ["gdb-multiarch", "-batch", "-ex", "print/x (long)&boot_info.command_line"]
        + [guest.BUILD / "xinim.elf"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return int(re.search(r"0x[0-9a-f]+", text).group(), 16) - KERNEL_BASE + IMAGE


def attack(*options):
    return native.run(
        "rogue_client",
        *options,
        *("--qemu", DEVICES),
        archive="boot-rogue.cpio",
        append=f"rogue.kernel=0x{kernel_address():x}",
    )


@pytest.mark.parametrize("processors", [1, 2])
def test_every_attack_is_stopped(processors):
    lines = "\n".join(attack("--smp", processors))
    assert "DMA is confined" in lines
    assert int(re.search(r"(\d+) attacks stopped", lines).group(1)) == ATTACKS


def test_without_an_iommu_they_succeed():
    lines = "\n".join(attack("--no-iommu"))
    assert "DMA is unprotected" in lines
    assert " 0 attacks stopped" in lines


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
