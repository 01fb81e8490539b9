# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""./run's own behaviour: what it refuses and prints, and its status when the guest fails."""

import shlex
import subprocess

import pytest

import guest

pytestmark = guest.once

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
        (("--arch", "x86_64", "--machine", "virt"), "not a board of x86_64"),
        (("--arch", "aarch64", "--machine", "q35"), "not a board of aarch64"),
        (("--arch", "x86_64", "--virtio", "mmio"), "no such bus"),
        (("--arch", "aarch64", "--gic", "4"), "gic"),
        (("--arch", "x86_64", "--machine", "microvm", "--disk", "ahci"), "no PCI"),
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
    assert words[0] == f"qemu-system-{guest.ARCH}"
    assert words[words.index("-smp") + 1] == "3"
    assert words[words.index("-m") + 1] == "300M"
    assert words[words.index("-append") + 1].endswith(" one=two")
    assert words[-2:] == ["-name", "a b"]


def test_every_virtio_device_is_behind_the_iommu_and_none_without():
    words = shlex.split(start("--dry-run", "--", "true").stdout)
    virtio = [word for word in words if word.startswith("virtio-") and "-pci" in word]
    assert len(virtio) == 2 and all(",iommu_platform=on," in f"{word}," for word in virtio)
    first = words[words.index("-device") + 1]
    assert first == "intel-iommu,intremap=on"  # QEMU puts behind it only what comes later
    assert "iommu" not in start("--dry-run", "--no-iommu", "--", "true").stdout.replace(
        str(guest.ROOT), ""
    )


def machine_words(folder, *options):
    """The dry run's words, for a build folder of empty files."""
    for name in ("Image", "xinim.elf", "boot.cpio", "root.img"):
        (folder / name).touch()
    result = start("--dry-run", "--build", folder, *options)
    assert result.returncode == 0, result.stderr
    return shlex.split(result.stdout)


@pytest.mark.parametrize("gic", ["2", "3"])
@pytest.mark.parametrize(
    "transport, device, legacy",
    [
        ("pci", "virtio-blk-pci,disable-legacy=on,iommu_platform=on", None),
        ("mmio", "virtio-blk-device,bus=virtio-mmio-bus.1", "off"),
        ("mmio-legacy", "virtio-blk-device,bus=virtio-mmio-bus.1", "on"),
    ],
)
def test_aarch64_machine(tmp_path, gic, transport, device, legacy):
    options = ("--gic", gic, "--virtio", transport, "--cpu", "cortex-a57")
    words = machine_words(tmp_path, "--arch", "aarch64", *options)
    assert words[0] == "qemu-system-aarch64"
    unit = ",iommu=smmuv3" if transport == "pci" else ""
    assert words[words.index("-machine") + 1] == f"virt,gic-version={gic}{unit}"
    assert words[words.index("-cpu") + 1] == "cortex-a57"
    assert words[words.index("-kernel") + 1] == str(tmp_path / "Image")
    assert "console=ttyAMA0" in words[words.index("-append") + 1].split()
    assert f"{device},drive=root" in words
    forced = [word for word in words if word.startswith("virtio-mmio.force-legacy")]
    assert forced == ([f"virtio-mmio.force-legacy={legacy}"] if legacy else [])


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
