# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Services seen and driven through /sys/xinim/services: control, live update, and who may."""

import os
import re
import shutil
import subprocess

import pytest

import guest

SERVICES = "/sys/xinim/services"


@pytest.fixture(scope="module", name="disk")
def fixture_disk(tmp_path_factory):
    """A file system with binaries to update to."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("virtio_blk", "virtio_console", "ext4", "log", "rs_victim"):
        shutil.copy(guest.BUILD / name, folder / name)
    (folder / "junk").write_bytes(b"\x7fELF" + bytes(range(256)) * 64)
    image = folder.parent / "binaries.img"
    tools = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", folder, image, "8M"], check=True, env=tools)
    return image


def run(disk, script):
    result = guest.run(f"mount -t ext4 -o ro /dev/vdb /mnt; {script}", "--drive", disk)
    shown = result.text + result.err.decode(errors="replace")
    assert result.status == 0, shown + result.console.decode(errors="replace")[-4000:]
    print(shown)
    return shown


def test_update_under_load(disk):
    """The disk's driver is exchanged while the disk is read; the reader sees a pause at most."""
    text = run(
        disk,
        "for i in $(seq 12); do blockdev --flushbufs /dev/vdb; sha256sum /dev/vdb; done"
        f" > /tmp/sums & cd {SERVICES}/virtio_blk.1;"
        " for i in $(seq 8); do sleep 0.2; echo update /mnt/virtio_blk > ctl || echo refused; done;"
        " wait; sort -u /tmp/sums | wc -l; wc -l < /tmp/sums; cat status stats",
    )
    assert "refused" not in text
    assert text.splitlines()[:2] == ["1", "12"]
    assert "binary:      virtio_blk (updated)" in text
    assert int(re.search(r"^restarts (\d+)", text, re.MULTILINE).group(1)) >= 8
    assert int(re.search(r"^outages (\d+)", text, re.MULTILINE).group(1)) >= 8


@pytest.mark.parametrize("service", ["virtio_console.0", "ext4", "log"])
def test_update_of_each_kind(disk, service):
    """And back to the boot archive's binary."""
    binary = service.split(".", maxsplit=1)[0]
    text = run(
        disk,
        f"cd {SERVICES}/{service}; echo update /mnt/{binary} > ctl && echo first;"
        " grep -c updated status; ls /mnt/junk; echo kill > ctl; sleep 1; grep updated status;"
        " echo update > ctl && echo second; ls /mnt/junk; grep -c updated status;"
        " grep -c running status",
    )
    assert text.splitlines() == [
        "first",
        "1",
        "/mnt/junk",
        f"binary:      {binary} (updated)",
        "second",
        "/mnt/junk",
        "0",
        "1",
    ]


def test_bad_updates_leave_the_old_binary(disk):
    text = run(
        disk,
        f"cd {SERVICES}/virtio_blk.1; for file in junk nothing rs_victim; do"
        " echo update /mnt/$file > ctl; done;"
        " echo update > ../posix/ctl; echo update > ../rs/ctl; echo sing > ctl;"
        " blockdev --flushbufs /dev/vdb; sha256sum /dev/vdb > /dev/null && echo reads;"
        " cat status stats ../rs/log | grep -v '<6>'",
    )
    assert re.search(r"(?i)exec format error", text)
    assert "No such file or directory" in text
    assert re.search(r"(?i)i/o error|input/output error", text)
    assert len(re.findall(r"(?i)not supported", text)) == 2
    assert "Invalid argument" in text
    assert "reads\n" in text
    assert "the new binary does not start: back to the old one" in text
    assert "(updated)" not in text
    assert "state:       running" in text


def test_only_root_may(disk):
    text = run(
        disk,
        f"cd {SERVICES}/virtio_blk.1; su -s /bin/sh nobody -c 'echo kill > ctl';"
        " exec 3> ctl; su -s /bin/sh nobody -c 'echo kill >&3';"
        " su -s /bin/sh nobody -c 'cat status stats'; true",
    )
    assert len(re.findall("Operation not permitted", text)) == 2
    assert "crashes 0\n" in text


def test_stop_and_start(disk):
    text = run(
        disk,
        f"cd {SERVICES}/virtio_console.0; echo stop > ../ext4/ctl; echo stop > ctl; sleep 0.5;"
        " echo start > ctl; sleep 0.5; grep state: status; grep -A20 'last lines' status",
    )
    assert re.search("(?i)resource busy", text)  # posix needs ext4
    assert "state:       running" in text
    assert "virtio_console.0: " in text
