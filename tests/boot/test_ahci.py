# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Disks and CDs at AHCI controllers: the block test, names in order, errors of the medium, drivers
killed under load."""

import hashlib
import random
import re

import pytest

import guest
import native
import recovery
from partitions import make_disk

SERVICE = "ahci.0"
AHCI = ("--disk", "ahci")

# q35 has a controller; virt gets one.
FIRST = {"x86_64": ("", "ide"), "aarch64": ("-device ahci,id=a", "a")}[guest.ARCH]


def at_port(port, device):
    """QEMU's words for a device at a port of the first controller."""
    controller, bus = FIRST
    return f"{controller} -device {device},bus={bus}.{port}"


def make_file(path, mebibytes, seed):
    data = random.Random(seed).randbytes(mebibytes << 20)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("processors", [1, 2])
def test_block(tmp_path, processors):
    disk = tmp_path / "disk.img"
    make_disk(disk)
    drive = f"-drive file={disk},format=raw,if=none,id=t0"
    device = at_port(0, "ide-hd,drive=t0,serial=block-test")
    native.run("ahci_test", "--smp", processors, "--qemu", f"{drive} {device}")


def test_two_controllers_and_root(tmp_path):
    """Root is /dev/sda; the seventh and eighth disk are at another controller."""
    digests, options = [], []
    for number in range(7):
        path = tmp_path / f"disk{number}"
        digests.append(make_file(path, 1, number))
        options += ["--drive", path]
    text = guest.check(
        "sha256sum /dev/sd[b-h]; grep ' / ' /proc/mounts; cat /sys/xinim/devices", *AHCI, *options
    )
    for digest, letter in zip(digests, "bcdefgh"):
        assert f"{digest}  /dev/sd{letter}\n" in text
    assert "/dev/sda / ext4" in text
    assert re.search(r"^sdf +block +running +ahci.0 .* port 5 ", text, re.MULTILINE)
    assert re.search(r"^sdg +block +running +ahci.1 .* port 0 ", text, re.MULTILINE)


def test_cd(tmp_path):
    """One with a medium, and one without."""
    iso = tmp_path / "cd.iso"
    digest = make_file(iso, 3, 1)
    drive = f"-drive file={iso},format=raw,if=none,id=cd,media=cdrom,readonly=on"
    device = at_port(1, "ide-cd,drive=cd")
    text = guest.check(
        "sha256sum /dev/sr0; dd if=/dev/zero of=/dev/sr0 bs=2048 count=1 2>&1 | head -1;"
        " dd if=/dev/sr1 bs=2048 count=1 2>/dev/null | wc -c; ls -l /dev/sr0",
        "--qemu",
        f"{drive} {device} -device ide-cd,bus={FIRST[1]}.3",
    )
    first, refused, empty, listed = text.splitlines()
    assert first == f"{digest}  /dev/sr0"
    assert "Read-only" in refused or "not permitted" in refused, refused
    assert empty.strip() == "0"
    assert " 11, " in listed


BAD_PAGE = 300  # of 4 KiB


def bad_sector(path):
    """A disk with a sector that cannot be read."""
    sector = BAD_PAGE * 8 + 3
    words = ("driver=raw", "node-name=bad", "file.driver=blkdebug", "file.image.driver=file")
    words += (f"file.image.filename={path}", "file.inject-error.0.event=read_aio")
    words += (f"file.inject-error.0.sector={sector}", "file.inject-error.0.errno=5")
    return "-blockdev " + ",".join(words)


def test_media_error(tmp_path):
    """Its page cannot be read; the pages beside it can, and what is in flight beside it."""
    path = tmp_path / "disk"
    make_file(path, 8, 5)
    data = path.read_bytes()
    around = data[: BAD_PAGE << 12] + data[(BAD_PAGE + 1) << 12 :]
    read = "dd if=/dev/sda bs=4096 2>/dev/null"
    text = guest.check(
        f"for i in 1 2 3; do {read} skip=1000 | sha256sum & done;"
        f" {read} skip={BAD_PAGE} count=1 >/dev/null && echo no error;"
        f" ({read} count={BAD_PAGE}; {read} skip={BAD_PAGE + 1}) | sha256sum;"
        f" wait; {read} skip={BAD_PAGE} count=1 >/dev/null || echo still bad;"
        f" grep -c 'task file error' /sys/xinim/services/{SERVICE}/log;"
        f" grep ^crashes /sys/xinim/services/{SERVICE}/stats",
        "--qemu",
        f"{bad_sector(path)} {at_port(2, 'ide-hd,drive=bad')}",
    )
    beside = hashlib.sha256(data[1000 << 12 :]).hexdigest()
    assert text.count(beside) == 3, text
    assert hashlib.sha256(around).hexdigest() in text
    assert "no error" not in text and "still bad" in text
    assert "crashes 0" in text


@pytest.mark.parametrize("options", [(), ("--no-iommu",)], ids=["iommu", "no-iommu"])
def test_kills_under_load(tmp_path, options):
    """The root disk is at the same controller."""
    disk = recovery.make_disk(tmp_path / "disk")
    load = f"{recovery.LOAD} -t 100 -p 20 -k {SERVICE} -n 30 /dev/sdb1 /dev/sdb2"
    text = guest.check(load, "--drive", disk, *AHCI, *options)
    assert recovery.counts(text)[2] == 0
    assert recovery.pauses(text)[0] == 30


EACH_FAULT = {"crash": 3, "hang": 2, "mute": 1, "garbage": 3, "baddma": 3, "lostirq": 3}


def test_each_fault(tmp_path):
    disk = recovery.make_disk(tmp_path / "disk")
    command = "; ".join(
        f"{recovery.LOAD} -t 60 -n {count} -p 100 -k {SERVICE} -f {fault} /dev/sdb1 /dev/sdb2"
        for fault, count in EACH_FAULT.items()
    )
    text = guest.check(command, "--drive", disk, *AHCI, *recovery.FAULTS)
    assert recovery.counts(text)[2] == 0
    assert text.count("faults in") == len(EACH_FAULT)


def test_device_manager_restarts(tmp_path):
    """Its successor knows the names, and gives them to the driver's."""
    digests, options = [], []
    for number in range(2):
        digests.append(make_file(tmp_path / f"disk{number}", 1, number))
        options += ["--drive", tmp_path / f"disk{number}"]
    control = "/sys/xinim/services/{}/ctl"
    text = guest.check(
        f"echo kill > {control.format('devmgr')}; sleep 1;"
        f" echo kill > {control.format(SERVICE)}; sha256sum /dev/sdb /dev/sdc;"
        f" grep ^sd /sys/xinim/devices; grep ^restarts /sys/xinim/services/{SERVICE}/stats",
        *AHCI,
        *options,
    )
    assert f"{digests[0]}  /dev/sdb\n{digests[1]}  /dev/sdc\n" in text
    assert len(re.findall(r"^sd[abc] +block +running +ahci.0 +1 ", text, re.MULTILINE)) == 3, text
    assert "restarts 1" in text
