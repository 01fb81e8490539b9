# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Disks, commands and figures that the tests of recovery share (tests/fault, make soak)."""

import pathlib
import re
import subprocess

SERVICE = "virtio_blk.1"  # of /dev/vdb; the root disk's is virtio_blk.0
LOAD = "/usr/lib/xinim/disk_load"
FAULTS = ("--append", "xinim.faults=1")
PARTITIONS = "/dev/vdb1 /dev/vdb2"


def make_disk(path, partition_mib=24):
    """A disk with two partitions, for disk_load."""
    with pathlib.Path(path).open("wb") as file:
        file.truncate((2 * partition_mib + 2) << 20)
    sectors = partition_mib * 2048
    script = f"label: gpt\nstart=2048, size={sectors}\nstart={2048 + sectors}\n"
    subprocess.run(["/usr/sbin/sfdisk", "-q", path], input=script.encode(), check=True)
    return path


def counts(text):
    """Blocks written, verified, errors of disk_load's last line."""
    found = re.findall(r"disk_load: (\d+) blocks written, (\d+) verified, (\d+) errors", text)
    assert found, f"disk_load did not end:\n{text[-2000:]}"
    return [sum(int(line[i]) for line in found) for i in range(3)]


def pauses(text):
    """(faults, median, 90 %, longest in us) of disk_load's line about them."""
    found = re.search(
        r"disk_load: (\d+) faults in .*: median (\d+) us, 90% (\d+) us, longest (\d+) us", text
    )
    assert found, f"no faults were injected:\n{text[-2000:]}"
    return tuple(map(int, found.groups()))


def values(text):
    """Lines "key value" as numbers."""
    return {name: int(value) for name, value in re.findall(r"^(\w+) (\d+)$", text, re.MULTILINE)}


def crashes_of_others(text):
    """Lines "NAME crashes N" of the services but the victim, as others_command prints them."""
    found = re.findall(r"^(\S+) crashes (\d+)$", text, re.MULTILINE)
    assert found, text[-2000:]
    return {name: int(count) for name, count in found if name != SERVICE and count != "0"}


OTHERS = (
    "for s in $(ls /sys/xinim/services); do"
    " echo $s $(grep ^crashes /sys/xinim/services/$s/stats); done"
)
