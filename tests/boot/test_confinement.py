# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""A driver that points its device where it must not (tests/guest/rogue): with an IOMMU each attack
is stopped and the driver replaced; without one the same attacks succeed, so the test bites."""

import re
import subprocess

import pytest

import guest
import native

KERNEL_BASE = 0xFFFFFFFF80000000
ATTACKS = 17  # that the rows make and the IOMMU stops
# The second one is the bystander.
DEVICES = " ".join(["-device edu,dma_mask=0xffffffffffffffff"] * 2)


def kernel_address():
    """Where the kernel's copy of its command line lies in memory."""
    text = subprocess.run(
        ["gdb", "-batch", "-ex", "print/x (long)&boot_info.command_line"]
        + [guest.ROOT / "build/x86_64/xinim.elf"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return int(re.search(r"0x[0-9a-f]+", text).group(), 16) - KERNEL_BASE


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
