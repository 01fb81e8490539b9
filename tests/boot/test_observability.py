# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""What a person wants to know at run time is a file: /sys/xinim, /proc, the kernel's log."""

import json
import re

import pytest

import guest

SERVICES = ("rs", "devmgr", "posix", "ext4", "virtio_blk.0", f"{guest.UART}.0", "log")

COMMAND = r"""
for f in /sys/xinim/services/*/status /sys/xinim/services/*/stats /sys/xinim/services/*/log \
         /sys/xinim/devices /sys/xinim/devices/* /proc/meminfo /proc/uptime /proc/stat \
         /proc/self/status \
         /proc/cmdline /proc/mounts /proc/filesystems /proc/cpuinfo /proc/version; do
    [ -f "$f" ] || continue
    printf '@@@ %s\n' "$f"
    cat "$f" || echo "@@@ unreadable"
done
printf '@@@ dmesg\n'; dmesg
"""


@pytest.fixture(scope="module", name="files")
def fixture_files():
    """The text of each file, by path, and of dmesg."""
    parts = guest.check(COMMAND, "--append", "marker.option=1").split("@@@ ")[1:]
    texts = dict(part.split("\n", 1) for part in parts)
    assert "unreadable" not in texts, json.dumps(texts, indent=1)[-3000:]
    return texts


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_shows_its_state(files, service):
    assert "running" in files[f"/sys/xinim/services/{service}/status"]
    assert re.search(r"restarts\S*\s+0", files[f"/sys/xinim/services/{service}/stats"])
    assert f"/sys/xinim/services/{service}/log" in files


def test_devices_name_their_drivers(files):
    text = "\n".join(text for path, text in files.items() if path.startswith("/sys/xinim/devices"))
    assert "virtio_blk" in text
    assert re.search(r"1af4[: ]1042", text)


def test_memory_and_uptime(files):
    total = int(re.search(r"MemTotal:\s+(\d+) kB", files["/proc/meminfo"]).group(1))
    free = int(re.search(r"MemFree:\s+(\d+) kB", files["/proc/meminfo"]).group(1))
    assert 200 * 1024 < total <= 256 * 1024
    assert 0 < free < total
    assert float(files["/proc/uptime"].split()[0]) > 0


def test_command_line(files):
    assert "marker.option=1" in files["/proc/cmdline"].split()


def test_log_of_the_kernel(files):
    assert "CPU" in files["dmesg"]


def test_mounts(files):
    assert re.search(r"^/dev/vda / ext4 ro", files["/proc/mounts"], re.MULTILINE)


def test_user_and_system_time():
    """A program that only calls the system and one that only calculates: both kinds count."""
    text = guest.check(
        "dd if=/dev/zero of=/dev/null bs=1 count=20000 2>/dev/null; times;"
        " sha256sum /bin/busybox > /dev/null; times"
    )
    pattern = r"(\d+)m([\d.]+)s"
    seconds = [
        [60 * float(minutes) + float(rest) for minutes, rest in re.findall(pattern, line)]
        for line in text.splitlines()
    ]
    _, (calls_user, calls_system), _, (all_user, _) = seconds  # the shell's own, its children's
    assert calls_system > calls_user > 0
    assert all_user > calls_user
