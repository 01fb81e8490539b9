# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""virtio-mmio slots: both versions, several disks, bad slots, a driver's death."""

import hashlib

import pytest

import guest

MEBIBYTE = 1 << 20
VERSIONS = pytest.mark.parametrize("version", ["1", "2"])


def slots(version):
    return guest.TRANSPORTS[{"1": "mmio-legacy", "2": "mmio"}[version]]


@pytest.fixture(name="disk")
def fixture_disk(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(b"".join(hashlib.sha256(bytes([i])).digest() for i in range(256)) * 512)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


@VERSIONS
@pytest.mark.parametrize("processors", [1, 4])
def test_reads_both_disks(version, processors, disk):
    path, digest = disk
    text = guest.check(
        "cat /sys/xinim/devices; sha256sum /bin/busybox /dev/vdb",
        *slots(version),
        "--smp",
        processors,
        "--drive",
        path,
    )
    assert text.count(f"virtio 2 version {version}") == 2
    assert f"virtio 3 version {version}" in text
    assert f"{digest}  /dev/vdb" in text


@VERSIONS
def test_killed_driver_is_replaced_under_load(version, disk):
    path, digest = disk
    text = guest.check(
        "(for i in 1 2 3; do sleep 1; echo kill > /sys/xinim/services/virtio_blk.1/ctl; done) &"
        " for i in 1 2 3 4 5 6; do sleep .5; echo 3 > /proc/sys/vm/drop_caches;"
        " sha256sum /dev/vdb; done; wait; cat /sys/xinim/services/virtio_blk.1/stats",
        *slots(version),
        "--drive",
        path,
    )
    assert text.count(f"{digest}  /dev/vdb") == 6
    assert "restarts 3" in " ".join(text.split())


@guest.x86_64_only
def test_slots_of_the_command_line():
    named = {
        "512@0xfeb00200:25": "named twice",  # the root disk's, which ACPI tells of too
        "512@0xfeb03000:30": "magic value is wrong",  # nothing is there
        "512@feb:1": "should be virtio_mmio.device=SIZE@BASE:IRQ",
    }
    result = guest.run(
        "cat /sys/xinim/services/devmgr/log",
        *guest.TRANSPORTS["mmio"],
        "--append",
        " ".join("virtio_mmio.device=" + slot for slot in named),
    )
    assert result.status == 0
    for message in named.values():
        assert result.text.count(message) == 1
