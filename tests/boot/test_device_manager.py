# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""devmgr dies at any moment: its drivers run on, and its successor cares for them as before."""

import os
import re
import shutil
import subprocess

import pytest

import guest
import recovery

SERVICES = "/sys/xinim/services"
DRIVERS = f"for s in {SERVICES}/*_*; do echo $s $(grep -h '^process\\|^restarts' $s/stats); done"


@pytest.fixture(scope="module", name="disk")
def fixture_disk(tmp_path_factory):
    """A file system with devmgr's binary to update to, and one that fails as devmgr."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("devmgr", "virtio_blk"):
        shutil.copy(guest.BUILD / name, folder / name)
    image = folder.parent / "binaries.img"
    tools = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", folder, image, "8M"], check=True, env=tools)
    return image


def stat(name):
    return f"sed -n 's/^{name} //p' {SERVICES}/devmgr/stats"


def test_drivers_run_on(disk):
    """The same processes; then one dies, and is replaced, and a disk is opened."""
    text = guest.check(
        f"{DRIVERS} > /tmp/before; cat /sys/xinim/devices > /tmp/devices; for i in $(seq 5); do"
        f" echo kill > {SERVICES}/devmgr/ctl; sleep 0.3; done; {DRIVERS} > /tmp/after;"
        " cmp /tmp/before /tmp/after && echo same drivers;"
        " cmp /sys/xinim/devices /tmp/devices && echo same devices;"
        f" echo kill > {SERVICES}/virtio_blk.1/ctl; mount -t ext4 -o ro /dev/vdb /mnt;"
        " cmp /mnt/devmgr /mnt/devmgr && ls /mnt/devmgr;"
        f" sed -n 's/^restarts //p' {SERVICES}/virtio_blk.1/stats; {stat('restarts')}",
        "--drive",
        disk,
    )
    assert text.splitlines() == ["same drivers", "same devices", "/mnt/devmgr", "1", "5"]


def test_dies_with_a_driver(tmp_path):
    """Before, at and after the death of a driver under load, and twice in a row."""
    text = guest.check(
        f"{recovery.LOAD} -t 15 {recovery.PARTITIONS} & cd {SERVICES};"
        " kill_it() { echo kill > $1/ctl; }; for i in $(seq 40); do"
        " kill_it devmgr; kill_it virtio_blk.1; usleep 80000;"
        " kill_it virtio_blk.1; kill_it devmgr; usleep 5000; kill_it devmgr; usleep 60000;"
        " done 2> /dev/null; wait; grep -h ^state: devmgr/status virtio_blk.1/status",
        "--drive",
        recovery.make_disk(tmp_path / "disk"),
    )
    assert recovery.counts(text)[2] == 0
    assert len(re.findall(r"^state: +running", text, re.MULTILINE)) == 2


def test_dies_while_it_starts(tmp_path):
    """What successors die of is discarded: all drivers begin anew, and programs see a pause."""
    kill = f"for i in $(seq 80); do echo kill > {SERVICES}/devmgr/ctl; done 2> /dev/null"
    text = guest.check(
        f"{recovery.LOAD} -t 15 {recovery.PARTITIONS} & for r in 1 2 3; do {kill}; sleep 3; done;"
        f" wait; cat {SERVICES}/devmgr/log; grep -h '^state' {SERVICES}/*/status",
        "--drive",
        recovery.make_disk(tmp_path / "disk"),
    )
    assert recovery.counts(text)[2] == 0
    assert "took over 0 devices with their drivers" in text
    assert set(re.findall(r"^state: +(\w+)", text, re.MULTILINE)) == {"running"}


def test_update(disk):
    text = guest.check(
        f"mount -t ext4 -o ro /dev/vdb /mnt; cd {SERVICES}; {DRIVERS} > /tmp/before;"
        " echo update /mnt/devmgr > devmgr/ctl && echo updated;"
        " echo update /mnt/virtio_blk > devmgr/ctl || echo refused;"
        f" {DRIVERS} > /tmp/after; cmp /tmp/before /tmp/after && echo same drivers;"
        " grep -c updated devmgr/status; echo kill > virtio_blk.1/ctl; sleep 1;"
        " sha256sum /mnt/devmgr | wc -l; grep -h ^state devmgr/status virtio_blk.1/status",
        "--drive",
        disk,
    )
    lines = text.splitlines()
    assert lines[:5] == ["updated", "refused", "same drivers", "1", "1"]
    assert [line.split()[1] for line in lines[5:]] == ["running", "running"]
