# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""./run's own behaviour: what it refuses and prints, and its status when the guest fails."""

import shlex
import subprocess

import pytest

import guest

LAUNCHER, BOOT_FAILED, TIMED_OUT = 240, 241, 243


def start(*options):
    return subprocess.run(
        guest.launcher(*options),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    "options, message",
    [
        (("--arch", "aarch64"), "aarch64"),
        (("--disk", "ahci"), "AHCI"),
        (("--nic", "virtio"), "network"),
        (("--nic", "e1000e"), "network"),
        (("--smp", "0"), "1 to 8"),
        (("--smp", "9"), "1 to 8"),
        (("--mem", "lots"), "size"),
        (("--drive", "/nonexistent"), "/nonexistent"),
        (("--timeout", "-1"), "seconds"),
        (("--frobnicate",), "frobnicate"),
        (("word",), "behind '--'"),
        (("--", ""), "nothing behind"),
        (("--", "x" * 100000, "y" * 100000), "longer than"),
    ],
)
def test_refusals(options, message):
    result = start(*options)
    assert result.returncode == LAUNCHER
    assert message in result.stderr
    assert result.stdout == ""


def test_dry_run_prints_the_command_and_starts_nothing():
    options = (
        "--dry-run",
        "--smp",
        "3",
        "--mem",
        "300M",
        "--append",
        "one=two",
        "--qemu",
        "-name 'a b'",
    )
    result = start(*options)
    words = shlex.split(result.stdout)
    assert result.returncode == 0
    assert words[0] == "qemu-system-x86_64"
    assert words[words.index("-smp") + 1] == "3"
    assert words[words.index("-m") + 1] == "300M"
    assert words[words.index("-append") + 1].endswith(" one=two")
    assert words[-2:] == ["-name", "a b"]


def test_every_virtio_device_is_behind_the_iommu_and_none_without():
    words = shlex.split(start("--dry-run", "--", "true").stdout)
    virtio = [word for word in words if word.startswith("virtio-") and "-pci" in word]
    assert len(virtio) == 2 and all(word.endswith(",iommu_platform=on") for word in virtio)
    first = words[words.index("-device") + 1]
    assert first == "intel-iommu,intremap=on"  # QEMU puts behind it only what comes later
    assert "iommu" not in start("--dry-run", "--no-iommu", "--", "true").stdout.replace(
        str(guest.ROOT), ""
    )


def test_time_out_kills_the_machine_and_keeps_the_output():
    result = guest.run("echo before; sleep 1000", seconds=40)
    assert result.status == TIMED_OUT
    assert result.out == b"before\n"
    assert b"still running" in result.err


def test_failed_boot_shows_the_console():
    result = guest.run("true", "--root", "none", seconds=60)
    assert result.status in (BOOT_FAILED, 242)
    assert b"the console's last lines" in result.err


def test_several_words_are_one_command():
    result = subprocess.run(
        [*guest.launcher(), "--", "echo", "a", "b;", "echo", "c"],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert (result.returncode, result.stdout) == (0, b"a b\nc\n")
