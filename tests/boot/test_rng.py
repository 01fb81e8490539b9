# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Random numbers: virtio entropy devices on both buses, several, silent, killed, and none."""

import time

import pytest

import guest

BUSES = pytest.mark.parametrize(
    "transport, device",
    [
        ("pci", "virtio-rng-pci"),
        ("mmio", "virtio-rng-device"),
        ("mmio-legacy", "virtio-rng-device"),
    ],
)
# A backend that never answers: an entropy daemon's socket with nobody behind it.
SILENT = "-chardev null,id=n -object rng-egd,chardev=n,id=g"
READ = "head -c 4096 /dev/hwrng | sha256sum"
EMPTY = "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7"  # 4096 zero bytes


@BUSES
def test_device_delivers(transport, device):
    text = guest.check(
        f"{READ}; {READ}; sleep 1; cat /sys/xinim/services/posix/log",
        *guest.TRANSPORTS[transport],
        f"--qemu=-device {device}",
    )
    first, second = (line.split()[0] for line in text.splitlines()[:2])
    assert first != second and EMPTY not in (first, second)
    assert "hwrng0 feeds the random number generator" in text


def test_killed_driver_is_replaced():
    text = guest.check(
        f"for i in 1 2 3; do echo kill > /sys/xinim/services/virtio_rng.0/ctl; {READ}; done;"
        " cat /sys/xinim/devices",
        "--qemu=-device virtio-rng-pci",
    )
    digests = {line.split()[0] for line in text.splitlines()[:3]}
    assert len(digests) == 3 and EMPTY not in digests
    assert "hwrng0   misc   running" in text


@BUSES
def test_silent_device_blocks_nobody(transport, device):
    before = time.monotonic()
    text = guest.check(
        "head -c 16 /dev/hwrng || echo no bytes; head -c 32 /dev/random | wc -c;"
        " cat /sys/xinim/services/posix/log",
        *guest.TRANSPORTS[transport],
        f"--qemu={SILENT} -device {device},rng=g",
    )
    assert "no bytes\n32\n" in text
    assert "hwrng0 delivers nothing" in text
    assert time.monotonic() - before < 60


def test_second_device_helps_a_silent_first():
    text = guest.check(
        "head -c 16 /dev/hwrng | wc -c",
        f"--qemu={SILENT} -device virtio-rng-pci,rng=g -device virtio-rng-pci",
    )
    assert text == "16\n"


def test_without_device():
    text = guest.check("head -c 16 /dev/hwrng || echo none; head -c 8 /dev/urandom | wc -c")
    assert text == "none\n8\n"
