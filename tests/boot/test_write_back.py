# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""What programs write to disks through the page cache reaches them: more than memory holds, without
being asked for, and through shared mappings."""

import hashlib
import random
import time

import guest

MIB = 1 << 20

# The page cache may take a third of this, half of that dirty.
MEMORY = ("--mem", "96M")
DISK_MIB = 64


def make_disk(path, mebibytes):
    with path.open("wb") as file:
        file.truncate(mebibytes * MIB)
    return path


@guest.once
def test_more_than_memory_holds(tmp_path):
    data = random.Random(3).randbytes(MIB)
    source = tmp_path / "source"
    source.write_bytes(data)
    image = make_disk(tmp_path / "disk", DISK_MIB)
    command = (
        f"for i in $(seq 0 {DISK_MIB - 1}); do"
        " dd if=/dev/vdb of=/dev/vdc bs=1M seek=$i conv=notrunc 2>/dev/null || exit; done;"
        " grep Dirty: /proc/meminfo; sha256sum < /dev/vdc"
    )
    options = ("--drive", source, "--drive", image, *MEMORY)
    dirty, digest = guest.check(command, *options).splitlines()
    assert int(dirty.split()[1]) <= 16 * 1024
    expected = hashlib.sha256(data * DISK_MIB).hexdigest()
    assert digest.split()[0] == expected
    assert hashlib.sha256(image.read_bytes()).hexdigest() == expected


@guest.once
def test_one_writer_is_held_up(tmp_path):
    image = make_disk(tmp_path / "disk", DISK_MIB)
    command = (
        f"yes 0123456789abcde | dd of=/dev/vdb bs=64k count={16 * DISK_MIB} iflag=fullblock"
        " 2>/dev/null; echo $?; sha256sum < /dev/vdb"
    )
    lines = guest.check(command, "--drive", image, *MEMORY).splitlines()
    expected = hashlib.sha256(b"0123456789abcde\n" * (DISK_MIB * MIB // 16)).hexdigest()
    assert lines == ["0", f"{expected}  -"]
    assert hashlib.sha256(image.read_bytes()).hexdigest() == expected


def test_nobody_has_to_ask(tmp_path):
    image = make_disk(tmp_path / "disk", 4)
    with guest.Console("--drive", image) as console:
        console.prompt()
        # The descriptor stays open: closing the last one would write back at once.
        console.command("exec 3<>/dev/vdb; echo 'written by nobody' >&3; echo ok$((1+1))", "ok2")
        deadline = time.monotonic() + guest.EXPECT_SECONDS
        while not image.read_bytes().startswith(b"written by nobody\n"):
            assert time.monotonic() < deadline, console.tail()
            time.sleep(0.2)
        console.command("grep Dirty: /proc/meminfo", r"Dirty: +0 kB")


def test_shared_mappings(tmp_path):
    image = make_disk(tmp_path / "disk", DISK_MIB)
    result = guest.run("/usr/lib/xinim/mapped_disk /dev/vdb", "--drive", image, *MEMORY)
    assert result.status == 0, result.text
    assert " passed, 0 failed" in result.text
    words = memoryview(image.read_bytes()).cast("Q")
    for page in range(DISK_MIB * MIB // 4096):
        rounds = 4 if 1 <= page <= 16 else 3 if page % 7 == 0 else 1
        at = page * 512
        assert words[at] == words[at + 511] == page << 8 | rounds, page
