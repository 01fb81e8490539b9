# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""The driver of a disk is killed and made to misbehave in every way while programs write to the
disk, and no program notices (tests/linux/disk_load)."""

import hashlib
import random
import re
import subprocess

import pytest

import guest
import recovery

pytestmark = guest.once

KILLS = 150
DIGEST_MIB = 256

# What is written to the service's `ctl`, and how often.
EACH_FAULT = {
    "crash": 5,
    "abort": 5,
    "hang": 3,
    "sleep": 3,
    "mute": 1,
    "garbage": 5,
    "baddma": 5,
    "lostirq": 5,
    "leak": 2,
}


@pytest.fixture(name="disk")
def fixture_disk(tmp_path):
    return recovery.make_disk(tmp_path / "disk")


def test_kills_under_load(disk):
    """The processes of the driver come and go; kernel objects and memory do not grow."""
    load = f"{recovery.LOAD} -t 200 -k {recovery.SERVICE} -p 20"
    look = "cat /sys/xinim/kernel"
    result = guest.check(
        f"{load} -n 30 {recovery.PARTITIONS}; {look}; echo ==;"
        f" {load} -n {KILLS} {recovery.PARTITIONS}; {look}; {recovery.OTHERS}",
        "--drive",
        disk,
    )
    first, second = result.split("==\n")
    assert recovery.counts(result)[2] == 0
    assert recovery.pauses(second)[0] == KILLS
    assert recovery.crashes_of_others(second) == {}
    before, after = recovery.values(first), recovery.values(second)
    for name in ("handles", "processes", "threads", "endpoints", "notifications", "memories"):
        assert after[name] <= before[name] + 3, f"{name}: {before[name]} -> {after[name]}"
    assert after["heap_bytes"] <= before["heap_bytes"] + (64 << 10)
    assert after["quarantined_bytes"] == before["quarantined_bytes"]


def test_each_fault(disk):
    command = "; ".join(
        f"{recovery.LOAD} -t 60 -n {count} -p 100 -k {recovery.SERVICE} -f {fault}"
        f" {recovery.PARTITIONS}"
        for fault, count in EACH_FAULT.items()
    )
    command += f"; {recovery.OTHERS}"
    text = guest.check(command, "--drive", disk, *recovery.FAULTS)
    assert recovery.counts(text)[2] == 0
    assert text.count("faults in") == len(EACH_FAULT)
    assert recovery.crashes_of_others(text) == {}


def test_digest_of_a_file(tmp_path):
    """sha256sum over a file reads through posix, ext4 and the driver, which is killed all along."""
    source = random.Random(1)
    data = b"".join(source.randbytes(1 << 20) for _ in range(DIGEST_MIB))
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "file").write_bytes(data)
    image = tmp_path / "disk"
    size = f"{DIGEST_MIB + 64}M"
    subprocess.run(
        ["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-d", folder, image]
        + [size],
        check=True,
    )
    control = f"/sys/xinim/services/{recovery.SERVICE}/ctl"
    text = guest.check(
        "mount -t ext4 -o ro /dev/vdb /mnt || exit 1;"
        f" (while usleep 50000; do echo kill > {control}; done) 2>/dev/null &"
        " sha256sum /mnt/file; kill $!;"
        f" grep ^restarts /sys/xinim/services/{recovery.SERVICE}/stats",
        "--drive",
        image,
    )
    digest, restarts = text.splitlines()
    assert digest.split()[0] == hashlib.sha256(data).hexdigest()
    assert int(restarts.split()[1]) >= 20


def test_last_words_of_one_that_hangs(disk):
    """Who is killed for not answering leaves registers and call chain behind, as in a crash."""
    folder = f"/sys/xinim/services/{recovery.SERVICE}"
    text = guest.check(
        f"echo hang > {folder}/ctl;"
        f" until grep -q 'no heartbeat' {folder}/status; do sleep 0.1; done;"
        f" cat {folder}/status; grep died /sys/xinim/services/rs/log",
        "--drive",
        disk,
        *recovery.FAULTS,
    )
    assert "cause:       killed: no heartbeat\n" in text
    assert "registers:   pc 0" in text
    assert re.search(r"backtrace:   \w*fault\w*\+0x[^<]*driver_run\+0x", text), text
    assert re.search(r"died: killed: no heartbeat, in \w*fault\w*\+0x.* <- driver_run", text), text


# ---- who may ----


def written(fault, who="sh -c"):
    control = f"/sys/xinim/services/{recovery.SERVICE}/ctl"
    return f"{who} 'echo {fault} > {control}' 2>&1"


def test_nothing_without_the_option(disk):
    """The kernel's command line has no xinim.faults=1: EPERM, for root as well."""
    tries = "; ".join(written(fault) for fault in (*EACH_FAULT, "mutate 1 1"))
    status = f"grep ^restarts /sys/xinim/services/{recovery.SERVICE}/stats"
    lines = guest.check(f"{tries}; {status}", "--drive", disk).splitlines()
    assert lines.pop() == "restarts 0"
    assert len(lines) == len(EACH_FAULT) + 1
    assert all(line.endswith("Operation not permitted") for line in lines)


def test_only_by_root_and_only_what_is_known(disk):
    text = guest.check(
        f"{written('crash', 'su -s /bin/sh nobody -c')}; {written('mutate')};"
        f" {written('mutate 1 100000')}; {written('nonsense')};"
        f" grep ^restarts /sys/xinim/services/{recovery.SERVICE}/stats",
        "--drive",
        disk,
        *recovery.FAULTS,
    )
    errors = [line.rsplit(": ", 1)[-1] for line in text.splitlines()]
    assert errors == ["Operation not permitted"] + ["Invalid argument"] * 3 + ["restarts 0"]


def test_no_stray_dma_without_protection(disk):
    text = guest.check(
        f"{written('baddma')}; grep refused /sys/xinim/services/rs/log",
        "--drive",
        disk,
        "--no-iommu",
        *recovery.FAULTS,
    )
    refusal, line = text.splitlines()
    assert refusal.endswith("Operation not supported")
    assert "no IOMMU protects memory from its device" in line
